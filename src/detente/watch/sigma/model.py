"""What comes of reading rules: a program, correlations, and every rule that was refused."""

from dataclasses import dataclass, field

from detente.watch.kernel import Program
from detente.watch.sigma.correlation.model import Correlation


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file of rules, as the operator named it.

    Attributes:
        name: path, or archive and path in it.
        data: its bytes.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule, filter or correlation that is not carried.

    Attributes:
        file: where it stands.
        line: of the first line of its document, counted from 1.
        rule: its id, name or title; empty where not even that could be read.
        title: as written.
        reason: what was expected and what was seen.
    """

    file: str
    line: int
    rule: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything compiled from some files of rules.

    Attributes:
        program: what the kernel runs.
        correlations: what looks at several matches together.
        refused: what is not carried, in the order of reading.
        notes: what an operator should know and nothing was refused for, such as an
            exclusion that has expired.
    """

    program: Program = field(default_factory=Program)
    correlations: list[Correlation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

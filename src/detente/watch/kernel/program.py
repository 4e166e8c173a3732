"""What the kernel runs: rules reduced to atoms, trees and routes. Plain data, easily kept.

An *atom* is one question about one field ("CommandLine contains ' -enc '"). A
*tree* joins atoms: a number is an atom, true and false are themselves, and a
list is `["and", ...]`, `["or", ...]` or `["not", tree]`. A *variant* is one way
in which one log shows what a rule looks for: where to look (its route) and what
must hold there (its tree). A rule fires if any of its variants does.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Event = dict[str, Any]
"""Field name -> scalar or list of scalars; names beginning with `_` are never matched."""

Tree = int | bool | list[Any]
"""A condition over atoms, as above."""

Operand = Any
"""What an operation takes; `Op` says which shape for which."""

KEYWORDS = ""
"""The name of the field that stands for every field: what a keyword asks."""

CHANNEL = "Channel"
EVENT_ID = "EventID"
"""What tells Windows events apart."""

SOURCE = "_ls"
"""Where an event carries its log source: category, product, service."""


class Op(StrEnum):
    """What an atom asks of the text of a field. Text operations compare in lower case.

    `IS`, `CONTAINS`, `STARTS`, `ENDS` and `GLOB` take text, those with `CASED_` as it is
    written; a `GLOB` value is a list of texts, `0` for any run and `1` for any one
    character. `REGEX` takes an expression of RE2, searched. `NETWORK` takes an address
    with a prefix length. `NUMBER` takes `[lt|lte|gt|gte|ne, number]`, `TIME` takes
    `[unit, eq|lt|..., number]`. `FIELD` takes `[other field, is|starts|ends|contains]`.
    `EXISTS` and `MISSING` take nothing.
    """

    IS = "is"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    GLOB = "glob"
    CASED_IS = "cased is"
    CASED_CONTAINS = "cased contains"
    CASED_STARTS = "cased starts"
    CASED_ENDS = "cased ends"
    CASED_GLOB = "cased glob"
    REGEX = "regex"
    NETWORK = "network"
    NUMBER = "number"
    TIME = "time"
    FIELD = "field"
    EXISTS = "exists"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FieldAtoms:
    """The questions about one field.

    Attributes:
        name: as most rules spell it; `KEYWORDS` for questions about every field.
        first: the number of the first atom; the others follow it.
        atoms: operation and its value.
    """

    name: str
    first: int
    atoms: list[tuple[str, Operand]]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a variant looks.

    Attributes:
        channels: Windows event channels in lower case; empty: every channel.
        event_ids: Windows event numbers as text; empty: every number.
        source: category, product and service that an event's log source must have, each
            empty for any; None for a variant that reads Windows events by channel.
    """

    channels: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    source: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which one log shows what a rule looks for.

    Attributes:
        rule: the number of its rule.
        route: where to look.
        tree: what must hold there.
        fields: places in the program's fields of those that the tree asks.
        witnesses: sets of atoms; wherever the tree is true, one of each set holds. None at
            all where it can be true while no atom holds.
    """

    rule: int
    route: Route
    tree: Tree
    fields: tuple[int, ...]
    witnesses: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is told about a rule that fired.

    Attributes:
        id: the Sigma rule id; its name or title where it has none.
        title: one line.
        level: informational, low, medium, high, critical; empty where not said.
        status: stable, test, experimental, deprecated, unsupported; empty where not said.
        tags: as written, `attack.t1059.001`.
        source: category, product, service; each empty where not said.
        file: where it was read.
        line: of the first line of its document, counted from 1.
        is_told: whether a match is a detection; false for a rule that only feeds a correlation.
        excluded_by: exclusions that were joined to its condition.
    """

    id: str
    title: str
    level: str = ""
    status: str = ""
    tags: tuple[str, ...] = ()
    source: tuple[str, str, str] = ("", "", "")
    file: str = ""
    line: int = 1
    is_told: bool = True
    excluded_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Rules in the form the kernel runs."""

    fields: list[FieldAtoms] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)


def plain_name(name: str) -> str:
    """Return a field's name as names are compared: without spaces, in lower case."""
    return name.replace(" ", "").lower()


def text_of(value: object) -> str:
    """Return the text of a scalar as rules compare it; true is `true`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)

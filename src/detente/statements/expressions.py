"""What a STIX 2.1 pattern means, as frozen values: comparisons, observations, qualifiers.

Source: STIX 2.1 part 9. `pattern.parse_pattern` is the way in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum


class Operator(StrEnum):
    """How a comparison compares (STIX 2.1, 9.6.1)."""

    EQ = "="
    NE = "!="
    GT = ">"
    LT = "<"
    GE = ">="
    LE = "<="
    IN = "IN"
    LIKE = "LIKE"
    MATCHES = "MATCHES"
    ISSUBSET = "ISSUBSET"
    ISSUPERSET = "ISSUPERSET"
    EXISTS = "EXISTS"


class Joint(StrEnum):
    """How expressions are joined; FOLLOWEDBY stands between observations only."""

    AND = "AND"
    OR = "OR"
    FOLLOWEDBY = "FOLLOWEDBY"


class ConstantKind(StrEnum):
    """How a constant was written (STIX 2.1, 9.2)."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    HEX = "hex"
    BINARY = "binary"
    TIMESTAMP = "timestamp"


class AnyElement(Enum):
    """The step `[*]`: any element of a list."""

    ANY = "*"


Step = str | int | AnyElement


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """Where to look.

    Attributes:
        object_type: of the cyber-observable, such as `file`.
        steps: property names, list indices, or `AnyElement.ANY`; at least one name.
    """

    object_type: str
    steps: tuple[Step, ...]

    @property
    def key(self) -> str:
        """A text for indexes, one for each path: `file:hashes.SHA-256`."""
        return f"{self.object_type}:{'.'.join(map(_step_text, self.steps))}"


@dataclass(frozen=True, slots=True)
class Constant:
    """What a value is compared with.

    Attributes:
        kind: how it was written.
        value: text (of timestamps too: the grammar lets 30 February pass), a number, a
            truth, or the bytes of a hex or binary constant.
        text: as it stands in the pattern.
    """

    kind: ConstantKind
    value: str | int | float | bool | bytes
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of one property.

    Attributes:
        path: where to look.
        operator: how to compare.
        negated: True for NOT before the operator.
        constants: one; several for IN; none for EXISTS.
    """

    path: ObjectPath
    operator: Operator
    negated: bool
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """Comparisons joined within one observation: AND or OR, two parts or more."""

    joint: Joint
    parts: "tuple[Test, ...]"


Test = Comparison | Compound


@dataclass(frozen=True, slots=True)
class Observation:
    """`[...]`: one observation for which the test holds."""

    test: Test


@dataclass(frozen=True, slots=True)
class Within:
    """All within so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """So many different observations."""

    times: int


@dataclass(frozen=True, slots=True)
class StartStop:
    """Observed from `start`, before `stop`; STIX timestamps as text."""

    start: str
    stop: str


@dataclass(frozen=True, slots=True)
class Qualified:
    """An observation expression with a qualifier."""

    expression: "Expression"
    qualifier: Within | Repeats | StartStop


@dataclass(frozen=True, slots=True)
class Combined:
    """Observation expressions joined: AND, OR or FOLLOWEDBY, two parts or more."""

    joint: Joint
    parts: "tuple[Expression, ...]"


Expression = Observation | Qualified | Combined


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern.

    Attributes:
        text: as it was written.
        expression: what it means.
    """

    text: str
    expression: Expression

    def comparisons(self) -> Iterator[Comparison]:
        """Yield every comparison, left to right."""
        waiting: list[Expression | Test] = [self.expression]
        while waiting:
            match waiting.pop():
                case Comparison() as comparison:
                    yield comparison
                case Observation(test=inner):
                    waiting.append(inner)
                case Qualified(expression=inner_expression):
                    waiting.append(inner_expression)
                case Combined(parts=expressions):
                    waiting += reversed(expressions)
                case Compound(parts=tests):
                    waiting += reversed(tests)


def _step_text(step: Step) -> str:
    match step:
        case str():
            return step
        case int():
            return f"[{step}]"
        case _:
            return "[*]"

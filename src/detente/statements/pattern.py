"""STIX 2.1 patterns as frozen values: what an indicator asks to be looked for.

Single comparisons, nearly all of what is shared, are read by one regular
expression; the rest by the OASIS grammar (stix2-patterns), behind caps,
because its parser recurses. Source: STIX 2.1 part 9.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

from detente.statements.errors import PatternError

PATTERN_CHARS_MAX = 32_768
NESTING_MAX = 32


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


_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_QUOTED = r"'[^'\\]*'"
_SINGLE = re.compile(
    rf"\[ *({_IDENTIFIER}(?:-[A-Za-z0-9_-]*)?):"
    rf"((?:{_IDENTIFIER}|{_QUOTED})(?:\.(?:{_IDENTIFIER}|{_QUOTED}))*) *= *'([^'\\]*)' *\]"
)
_STEP = re.compile(rf"{_IDENTIFIER}|{_QUOTED}")
KEYWORDS = frozenset(
    (
        "AND",
        "OR",
        "NOT",
        "FOLLOWEDBY",
        "LIKE",
        "MATCHES",
        "ISSUPERSET",
        "ISSUBSET",
        "EXISTS",
        "LAST",
        "IN",
        "START",
        "STOP",
        "SECONDS",
        "WITHIN",
        "REPEATS",
        "TIMES",
        "true",
        "false",
    )
)
# Everything a pattern can be made of. It is read once before ANTLR, whose lexer takes
# minutes over what never becomes a token.
_PIECE = re.compile(
    r"(?P<string>'(?:[^'\\]|\\['\\])*')|(?P<comment>/\*.*?\*/|//[^\r\n]*)"
    r"|(?P<open>[\[(])|(?P<close>[\])])|(?P<plain>[A-Za-z0-9_:.,=!<>*+\-\s]+)",
    re.DOTALL,
)
_HASH_DIGITS = {"MD5": 32, "SHA1": 40, "SHA256": 64, "SHA512": 128}
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]+")


def parse_pattern(text: str) -> Pattern:
    """Read a STIX 2.1 pattern.

    Raises:
        PatternError: not a pattern by the OASIS grammar, a constant that is no
            hash of the kind it is compared with, a qualifier twice on one
            observation, or over 32,768 characters or 32 nested brackets.
    """
    if len(text) > PATTERN_CHARS_MAX:
        raise PatternError(f"a pattern has at most 32,768 characters, this one {len(text)}")
    single = _SINGLE.fullmatch(text)
    if single is not None and (comparison := _read_single(single)) is not None:
        return Pattern(text=text, expression=Observation(comparison))
    _check_pieces(text)
    # Loaded here: ANTLR costs 50 ms and is needed by few.
    from detente.statements.pattern_grammar import parse_by_grammar

    return Pattern(text=text, expression=parse_by_grammar(text))


def single_equality(text: str) -> tuple[str, str] | None:
    """Return (path key, value) of a pattern that is one equality with a text, else None."""
    single = _SINGLE.fullmatch(text)
    if single is None:
        return None
    object_type, path, value = single.groups()
    if path == "value" and object_type not in KEYWORDS:
        return f"{object_type}:value", value
    comparison = _read_single(single)
    return None if comparison is None else (comparison.path.key, value)


def is_hash(algorithm: str, value: str) -> bool | None:
    """Say whether `value` is a hash by `algorithm`; None where the algorithm is not known here."""
    digits = _HASH_DIGITS.get(algorithm.upper().replace("-", ""))
    if digits is None:
        return None
    return len(value) == digits and _HEX_DIGITS.fullmatch(value) is not None


def _read_single(single: re.Match[str]) -> Comparison | None:
    """Return the comparison, or None where only the grammar can tell."""
    object_type, path, value = single.groups()
    written = _STEP.findall(path)
    if object_type in KEYWORDS or not KEYWORDS.isdisjoint(written):
        return None
    steps = tuple(step.strip("'") for step in written)
    if "hashes" in steps and not is_hash(steps[-1], value):
        return None
    return Comparison(
        path=ObjectPath(object_type=object_type, steps=steps),
        operator=Operator.EQ,
        negated=False,
        constants=(Constant(kind=ConstantKind.STRING, value=value, text=f"'{value}'"),),
    )


def _check_pieces(text: str) -> None:
    place = depth = 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise PatternError(f"not a STIX pattern: unexpected {text[place]!r} at 1:{place}")
        place = piece.end()
        depth += (piece.lastgroup == "open") - (piece.lastgroup == "close")
        if depth > NESTING_MAX:
            raise PatternError(f"a pattern nests at most {NESTING_MAX} brackets")


def _step_text(step: Step) -> str:
    match step:
        case str():
            return step
        case int():
            return f"[{step}]"
        case _:
            return "[*]"

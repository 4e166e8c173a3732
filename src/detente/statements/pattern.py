"""STIX 2.1 patterns: what an indicator asks to be looked for.

Single comparisons, nearly all of what is shared, are read by one regular
expression; the rest by the OASIS grammar (stix2-patterns), behind caps,
because its parser recurses. Source: STIX 2.1 part 9.
"""

import re

from detente.statements.errors import PatternError
from detente.statements.expressions import (
    Comparison,
    Constant,
    ConstantKind,
    ObjectPath,
    Observation,
    Operator,
    Pattern,
)

PATTERN_CHARS_MAX = 32_768
NESTING_MAX = 32

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_QUOTED = r"'[^'\\]*'"
_SINGLE = re.compile(
    rf"\[ *({_IDENTIFIER}(?:-[A-Za-z0-9_-]*)?):"
    rf"((?:{_IDENTIFIER}|{_QUOTED})(?:\.(?:{_IDENTIFIER}|{_QUOTED}))*) *= *'([^'\\]*)' *\]"
)
# What half of all shared indicators start with, and the key they are found by.
_VALUE_KEYS = {
    f"[{object_type}:value = '": f"{object_type}:value"
    for object_type in ("domain-name", "email-addr", "ipv4-addr", "ipv6-addr", "mac-addr", "url")
}
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
    quote = text.find("'") + 1
    key = _VALUE_KEYS.get(text[:quote])
    if key is not None and text.endswith("']") and text.find("'", quote) == len(text) - 2:
        value = text[quote:-2]
        return None if "\\" in value else (key, value)
    single = _SINGLE.fullmatch(text)
    if single is None:
        return None
    value = single[3]
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

"""JSON that every node reads the same way, or refuses the same way.

Two parsers that differ on a duplicate key or a huge number are two opinions
about one signature. What is odd is refused here, before anybody gives it meaning.
"""

import json
import re
from dataclasses import dataclass
from typing import NoReturn, cast

import orjson

from detente.signing.canonical import JsonValue, canonical, differs_from_rfc8785
from detente.signing.errors import JsonError

INTEGER_MAX = 2**53 - 1
_DIGITS_MAX = 400  # of one number token: a float needs no more, int() is quadratic
# One that never ends is taken to the end: tried anew from each quote it would cost the square.
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DEPTH = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """What is refused before parsing.

    Attributes:
        size_bytes: of the whole document.
        depth: nested objects and arrays.
        values: members and elements in the whole document, about.
    """

    size_bytes: int = 65_536
    depth: int = 32
    values: int = 16_384


DEFAULT_LIMITS = JsonLimits()


def parse_strict(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> JsonValue:
    """Parse one JSON document (RFC 8259, UTF-8, no BOM) and refuse what parsers disagree on.

    Raises:
        JsonError: over a limit, not JSON, a duplicate key, NaN or Infinity, an
            integer beyond 2^53 - 1, a number too large for a double, a lone
            surrogate.
    """
    return _parse(data, limits)[0]


def parse_canonical(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> JsonValue:
    """Parse JSON that must already be in its RFC 8785 form.

    Raises:
        JsonError: as `parse_strict`, or the bytes are not canonical.
    """
    value, is_canonical = _parse(data, limits)
    if not is_canonical and canonical(value) != data:
        raise JsonError("the JSON is not in its RFC 8785 form")
    return value


def canonical_and_parsed(
    value: object, limits: JsonLimits = DEFAULT_LIMITS
) -> tuple[bytes, JsonValue]:
    """Return the RFC 8785 bytes of a value, and what `parse_canonical` reads from them.

    Raises:
        JsonError: no canonical form, or over a limit.
    """
    data = canonical(value)
    _check_limits(data, limits)
    return data, cast("JsonValue", orjson.loads(data))


def _parse(data: bytes, limits: JsonLimits) -> tuple[JsonValue, bool]:
    """Return the value, and True where its canonical form is already known to be `data`."""
    _check_limits(data, limits)
    try:
        value = orjson.loads(data)
        # Equal bytes after sorting prove: no duplicate key, no white space, no odd number.
        if orjson.dumps(value, option=_SORTED) == data and not differs_from_rfc8785(data):
            return cast("JsonValue", value), True
    except (orjson.JSONDecodeError, TypeError, RecursionError):
        pass
    return _parse_slowly(data), False


def _check_limits(data: bytes, limits: JsonLimits) -> None:
    if len(data) > limits.size_bytes:
        raise JsonError(f"{len(data)} bytes of JSON, at most {limits.size_bytes} are read")
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > limits.depth or brackets + data.count(b",") > limits.values:
        _count_exactly(data, limits)


def _count_exactly(data: bytes, limits: JsonLimits) -> None:
    """Count outside strings, where the quick bound was exceeded."""
    outside = _STRINGS.sub(b"", data)
    brackets = outside.translate(None, _NOT_BRACKETS)
    if brackets.count(b"{") + brackets.count(b"[") + outside.count(b",") > limits.values:
        raise JsonError(f"more than {limits.values} values in one JSON document")
    depth = 0
    for bracket in brackets:
        depth += _DEPTH[bracket]
        if depth > limits.depth:
            raise JsonError(f"JSON nested deeper than {limits.depth}")


def _parse_slowly(data: bytes) -> JsonValue:
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_double,
            parse_constant=_constant,
        )
        # A lone surrogate came in as an escape; it has no UTF-8 form.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeError, ValueError, RecursionError) as error:
        raise JsonError(f"not strict JSON: {error}") from None
    return cast("JsonValue", value)


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a key stands twice in one JSON object")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX or abs(value := int(digits)) > INTEGER_MAX:
        raise JsonError("an integer beyond 2^53 - 1")
    return value


def _double(digits: str) -> float:
    if len(digits) > _DIGITS_MAX or abs(value := float(digits)) == float("inf"):
        raise JsonError("a number that no double can hold")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")

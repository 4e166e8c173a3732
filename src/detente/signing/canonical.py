"""RFC 8785: the one byte form of a JSON value.

orjson writes the same bytes for nearly everything and ten times faster; the
exceptions are floats and keys outside the basic plane, which take the slow way.
"""

import re
from typing import cast

import orjson
import rfc8785

from detente.signing.errors import JsonError

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

# A float as orjson prints it always has a digit followed by "." or "e". Text that
# only looks so takes the slow way too and comes out right there.
# Each pattern starts with a literal: such a search is five times faster than one for
# all of them together, and this runs over every object of a batch.
_FLOAT_MEMBER, _FLOAT_ELEMENT, _FLOAT_FIRST = (
    re.compile(begin + rb"-?[0-9]+[.e]") for begin in (rb'":', rb",", rb"\[")
)
_FLOAT_ALONE = re.compile(rb"-?[0-9]+[.e]")
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")
_EXPONENT_FROM = 1e21  # ECMAScript writes smaller floats without an exponent
_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)


def canonical(value: object) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        JsonError: not JSON: NaN, an integer beyond 2^53 - 1, a lone surrogate,
            a key that is no text, another type.
    """
    try:
        fast = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return _slow(value)
    return _slow(value) if differs_from_rfc8785(fast) else fast


def differs_from_rfc8785(sorted_json: bytes) -> bool:
    """Say whether orjson's sorted output *may* differ from RFC 8785 (errs towards yes)."""
    if (
        _FLOAT_MEMBER.search(sorted_json)
        or _FLOAT_ELEMENT.search(sorted_json)
        or _FLOAT_FIRST.search(sorted_json)
        or _FLOAT_ALONE.match(sorted_json)
    ):
        return True
    if not sorted_json.isascii() and _BEYOND_BMP.search(sorted_json):
        return True
    return b"null" in sorted_json  # orjson writes NaN as null; the slow way refuses it


def _slow(value: object) -> bytes:
    try:
        printed = rfc8785.dumps(cast("JsonValue", value))
    except (rfc8785.CanonicalizationError, TypeError, ValueError, RecursionError) as error:
        raise JsonError(f"this value has no canonical JSON form: {error}") from None
    _refuse_unreadable(value)
    return printed


def _refuse_unreadable(value: object) -> None:
    """Refuse a float that prints as an integer beyond 2^53 - 1: nobody here reads that again."""
    match value:
        case dict():
            for member in value.values():
                _refuse_unreadable(member)
        case list() | tuple():
            for element in value:
                _refuse_unreadable(element)
        case float() if 2**53 <= abs(value) < _EXPONENT_FROM:
            raise JsonError(f"{value} has no canonical form that fits a 53-bit integer")
        case _:
            pass

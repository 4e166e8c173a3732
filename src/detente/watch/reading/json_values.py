"""JSON as logs hold it: what strict readers refuse although an event can be told from it."""

import json
import re
from typing import NoReturn

import orjson

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.text import as_text

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER_DIGITS = 19


def load(line: bytes) -> object:
    """Return the JSON value; bytes that are no UTF-8 are read as Latin-1.

    Lone surrogates become U+FFFD.

    Raises:
        UnreadableLine: no JSON, nested too deep, or a number JSON does not have.
    """
    text = as_text(line)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        # Only an unpaired \\ud800 is refused by orjson and known to others: a name
        # holding one must not take its event out of sight.
        if "\\ud" not in text and "\\uD" not in text:
            raise UnreadableLine(f"not JSON: {wrong.msg} (column {wrong.colno})") from None
    value, end = load_next(text, 0)
    if text[end:].strip():
        raise UnreadableLine("not JSON: more than one value")
    return value


def load_next(text: str, at: int) -> tuple[object, int]:
    """Return the JSON value that begins at a character, and where it ends.

    Raises:
        UnreadableLine: there is none.
    """
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise UnreadableLine(f"not JSON from character {at} on") from None
    return _without_surrogates(value), end


def _integer(digits: str) -> int | float:
    """As orjson: beyond 64 bits a number is only near."""
    return int(digits) if len(digits) < _INTEGER_DIGITS else float(digits)


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer)


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case dict():
            return {
                _without_surrogates(name): _without_surrogates(item) for name, item in value.items()
            }
        case list():
            return [_without_surrogates(item) for item in value]
    return value

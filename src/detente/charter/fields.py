"""Reading JSON objects strictly: exactly the fields that are known, each in its one form.

An unknown field is refused, not ignored: a clause that some nodes do not read
is a clause that some members did not agree to.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from detente.charter.errors import CharterFormatError
from detente.signing import INTEGER_MAX, JsonValue, TimeError, parse_time

_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_SHOWN_CHARACTERS = 40
_Item = TypeVar("_Item")


class Fields:
    """One JSON object under strict reading.

    Args:
        value: parsed JSON.
        what: names the object in errors.
        names: the fields it must have, no more and no fewer.
    """

    def __init__(self, value: JsonValue, *, what: str, names: frozenset[str]) -> None:
        if not isinstance(value, dict):
            raise CharterFormatError(f"{what} is a JSON object, not {_kind(value)}")
        if value.keys() != names:
            unknown = sorted(name[:_SHOWN_CHARACTERS] for name in value.keys() - names)
            raise CharterFormatError(
                f"{what} has other fields than it should: missing {sorted(names - value.keys())},"
                f" unknown {unknown[:8]}"
            )
        self._value = value
        self.what = what

    def text(self, name: str, *, characters: int) -> str:
        """Return a text of at most that many characters; may be empty."""
        text = self._value[name]
        if not isinstance(text, str) or len(text) > characters:
            raise self._wrong(name, f"a text of at most {characters} characters")
        return text

    def hexadecimal(self, name: str, *, length: int) -> str:
        """Return lower-case hex of `length` bytes, as text."""
        return self._hex(self._value[name], name, length)

    def raw(self, name: str, *, length: int) -> bytes:
        """Return `length` bytes written in lower-case hex."""
        return bytes.fromhex(self.hexadecimal(name, length=length))

    def optional_hex(self, name: str, *, length: int) -> str | None:
        """Return lower-case hex of `length` bytes, or None where null is written."""
        return None if self._value[name] is None else self.hexadecimal(name, length=length)

    def integer(self, name: str, *, least: int = 0, most: int = INTEGER_MAX) -> int:
        """Return an integer within bounds, both inclusive."""
        number = self._value[name]
        # bool is an int to Python, not to JSON
        if type(number) is not int or not least <= number <= most:
            raise self._wrong(name, f"an integer from {least} to {most}")
        return number

    def flag(self, name: str) -> bool:
        """Return true or false."""
        flag = self._value[name]
        if not isinstance(flag, bool):
            raise self._wrong(name, "true or false")
        return flag

    def time(self, name: str) -> datetime:
        """Return a wire time."""
        try:
            return parse_time(self.text(name, characters=20))
        except TimeError as error:
            raise CharterFormatError(f"{self.what}: {name}: {error}") from None

    def hashes(self, name: str, *, most: int) -> tuple[str, ...]:
        """Return SHA-256 hashes in ascending order, none twice."""
        found = tuple(self._hex(each, name, 32) for each in self.items(name, most=most))
        if list(found) != sorted(set(found)):
            raise self._wrong(name, "a list in ascending order without repetition")
        return found

    def items(self, name: str, *, most: int) -> list[JsonValue]:
        """Return a list of at most that many elements."""
        items = self._value[name]
        if not isinstance(items, list) or len(items) > most:
            raise self._wrong(name, f"a list of at most {most}")
        return items

    def each(
        self, name: str, read: Callable[[JsonValue], _Item], *, most: int
    ) -> tuple[_Item, ...]:
        """Return a list of at most that many objects, each read by `read`."""
        return tuple(read(item) for item in self.items(name, most=most))

    def value(self, name: str) -> JsonValue:
        """Return a field as it is, for a reader of its own."""
        return self._value[name]

    def _hex(self, text: JsonValue, name: str, length: int) -> str:
        if not isinstance(text, str) or len(text) != 2 * length or _HEX.fullmatch(text) is None:
            raise self._wrong(name, f"{length} bytes in lower-case hex")
        return text

    def _wrong(self, name: str, wanted: str) -> CharterFormatError:
        seen = repr(self._value[name])[:_SHOWN_CHARACTERS]
        return CharterFormatError(f"{self.what}: {name} is {wanted}, not {seen}")


def _kind(value: JsonValue) -> str:
    return type(value).__name__

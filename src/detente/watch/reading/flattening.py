"""Nested objects to one level: dotted names, lists of scalars, nothing null."""

from typing import Any

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.model import Event, Limits

NAME_LENGTH_MAX = 1_024


def plain_name(name: str) -> str:
    """Return the name without spaces, as rules write it; underscores stay."""
    return name.replace(" ", "") if " " in name else name


def flatten(nested: dict[str, Any], limits: Limits) -> Event:
    """Return the object in one level.

    A list of scalars stays a list; a list of objects becomes one list for each
    dotted name; two values under one name become a list, so that neither hides
    the other. Null values, empty lists and empty objects are absent.

    Raises:
        UnreadableLine: beyond a limit of depth, names, their length, or values.
    """
    flat = _Flat(limits)
    flat.add_object("", nested, limits.depth, listed=False)
    return flat.event


class _Flat:
    """The object being built, and what it may still cost."""

    __slots__ = ("_limits", "_values", "event")

    def __init__(self, limits: Limits) -> None:
        self.event: Event = {}
        self._limits = limits
        self._values = limits.values

    def add_object(self, prefix: str, nested: dict[str, Any], depth: int, *, listed: bool) -> None:
        if depth == 0:
            raise UnreadableLine(f"nested deeper than {self._limits.depth} levels")
        for key, value in nested.items():
            name = plain_name(key)
            if prefix:
                name = f"{prefix}.{name}"
            if isinstance(value, str):
                self._put(name, value, listed=listed)
            elif value is not None:
                self._add(name, value, depth - 1, listed=listed)

    def _add(self, name: str, value: object, depth: int, *, listed: bool) -> None:
        if len(name) > NAME_LENGTH_MAX:
            raise UnreadableLine(f"a field name longer than {NAME_LENGTH_MAX} characters")
        if isinstance(value, dict):
            self.add_object(name, value, depth, listed=listed)
        elif isinstance(value, list):
            if depth == 0:
                raise UnreadableLine(f"nested deeper than {self._limits.depth} levels")
            for item in value:
                self._add(name, item, depth - 1, listed=True)
        elif value is not None:
            self._put(name, value, listed=listed)

    def _put(self, name: str, value: object, *, listed: bool) -> None:
        self._values -= 1
        if self._values < 0:
            raise UnreadableLine(f"more than {self._limits.values} values in one event")
        event = self.event
        if name not in event:
            if len(name) > NAME_LENGTH_MAX:
                raise UnreadableLine(f"a field name longer than {NAME_LENGTH_MAX} characters")
            if len(event) >= self._limits.fields:
                raise UnreadableLine(f"more than {self._limits.fields} fields in one event")
            event[name] = [value] if listed else value
            return
        old = event[name]
        if isinstance(old, list):
            old.append(value)
        else:
            event[name] = [old, value]

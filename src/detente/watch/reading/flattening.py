"""Nested objects to one level: dotted names, lists of scalars, nothing null."""

from typing import Any

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.model import Event, Limits

NAME_LENGTH_MAX = 1_024
_SCALARS = frozenset({str, int, float, bool})


def plain_name(name: str) -> str:
    """Return the name without spaces, as rules write it; underscores stay."""
    return name.replace(" ", "") if " " in name else name


def flatten(nested: dict[str, Any], limits: Limits) -> Event:
    """Return the object in one level.

    A list of scalars stays a list; the objects of a list share their dotted names;
    two values under one name become a list, so that neither hides the other. Null
    values, empty lists and empty objects are absent.

    Raises:
        UnreadableLine: beyond a limit of depth, names, their length, or values.
    """
    if _is_flat(nested, limits):
        return dict(nested)
    flat = _Flat(limits)
    flat.add_object("", nested, limits.depth, in_list=False)
    return flat.event


def _is_flat(record: dict[str, Any], limits: Limits) -> bool:
    """Say whether a record is what flattening would make of it: most lines of a log are."""
    return (
        len(record) <= min(limits.fields, limits.values)
        and _SCALARS.issuperset(map(type, record.values()))
        and " " not in "".join(record)
        and max(map(len, record), default=0) <= NAME_LENGTH_MAX
        and limits.depth > 0
    )


class _Flat:
    """The object being built, and what it may still cost."""

    __slots__ = ("_limits", "_values", "event")

    def __init__(self, limits: Limits) -> None:
        self.event: Event = {}
        self._limits = limits
        self._values = limits.values

    def add_object(self, prefix: str, nested: dict[str, Any], depth: int, *, in_list: bool) -> None:
        if depth == 0:
            raise UnreadableLine(f"nested deeper than {self._limits.depth} levels")
        for key, value in nested.items():
            name = plain_name(key)
            if prefix:
                name = f"{prefix}.{name}"
            if len(name) > NAME_LENGTH_MAX:
                raise UnreadableLine(f"a field name longer than {NAME_LENGTH_MAX} characters")
            if isinstance(value, dict):
                self.add_object(name, value, depth - 1, in_list=in_list)
            elif isinstance(value, list):
                self._add_list(name, value, depth - 1, in_list=in_list)
            elif value is not None:
                self._put(name, value, listed=False)

    def _add_list(self, name: str, items: list[Any], depth: int, *, in_list: bool) -> None:
        if depth == 0:
            raise UnreadableLine(f"nested deeper than {self._limits.depth} levels")
        for item in items:
            if isinstance(item, dict):
                self.add_object(name, item, depth - 1, in_list=True)
            elif isinstance(item, list):
                self._add_list(name, item, depth - 1, in_list=in_list)
            elif item is not None:
                self._put(name, item, listed=not in_list)

    def _put(self, name: str, value: object, *, listed: bool) -> None:
        self._values -= 1
        if self._values < 0:
            raise UnreadableLine(f"more than {self._limits.values} values in one event")
        event = self.event
        if name not in event:
            if len(event) >= self._limits.fields:
                raise UnreadableLine(f"more than {self._limits.fields} fields in one event")
            event[name] = [value] if listed else value
            return
        old = event[name]
        if isinstance(old, list):
            old.append(value)
        else:
            event[name] = [old, value]

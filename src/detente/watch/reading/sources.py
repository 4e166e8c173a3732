"""Which log a JSON record comes from, and its fields under the names rules use."""

from collections.abc import Iterator
from typing import Any

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import flatten
from detente.watch.reading.model import Event, Options

Record = dict[str, Any]
"""One JSON object as it was read."""

WRAPPERS = ("Records", "records", "events", "items", "value", "logEvents", "data")


def records_of(value: object) -> Iterator[Record]:
    """Yield the records of a line or document: itself, an array's, or a wrapper's.

    Raises:
        UnreadableLine: neither an object nor an array of objects.
    """
    match value:
        case list():
            for item in value:
                if not isinstance(item, dict):
                    raise UnreadableLine("an array that holds more than objects")
                yield item
        case dict():
            yield from wrapped(value) or (value,)
        case _:
            raise UnreadableLine("JSON, but not an object")


def wrapped(value: Record) -> list[Record] | None:
    """Return the records an object is only a wrapper of (CloudTrail, Azure), or None."""
    if len(value) > 3:  # noqa: PLR2004 - a wrapper names its list and little else
        return None
    for name in WRAPPERS:
        inner = value.get(name)
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            return inner
    return None


def normalise(record: Record, options: Options) -> Event:
    """Return the record as a flat event with its log source.

    Raises:
        UnreadableLine: beyond a limit.
    """
    return flatten(record, options.limits)

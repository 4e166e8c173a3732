"""Fresh events into files: described for hunts, a bounded number at a time."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from detente.storage.events import Described, EventShelf, StoredEvent
from detente.watch.classes import class_of
from detente.watch.indicators.marks import Marker
from detente.watch.kernel import SOURCE
from detente.watch.reading import Event

ROWS_AT_ONCE = 200
EVENTS_AT_ONCE = 50_000


def write_out(shelf: EventShelf, *, least: int = 1) -> int:
    """Move fresh events into files where there are at least so many; say how many moved.

    Raises:
        StorageFault, DamagedStore: the disk or the database refused, or is damaged.
    """
    if shelf.waiting()[0] < least:
        return 0
    marker = Marker()
    moved = 0
    while True:
        rows = shelf.fresh(limit=ROWS_AT_ONCE)
        if not rows:
            return moved
        described: list[Described] = []
        last = rows[0][0]
        for number, events in rows:
            described += [_described(each, marker) for each in events]
            last = number
            if len(described) >= EVENTS_AT_ONCE:
                break
        shelf.write_out(rows[0][0], last, described)
        moved += len(described)


def event_of(stored: StoredEvent) -> Event:
    """Return an event as it was matched when it came."""
    data = stored.raw if stored.event is None else stored.event
    try:
        event: Event = orjson.loads(data)
    except orjson.JSONDecodeError:  # a number or half a character that only the other reads
        event = json.loads(data.decode("utf-8", "surrogatepass"))
    return event


def _described(stored: StoredEvent, marker: Marker) -> Described:
    event: Mapping[str, Any] = event_of(stored)
    channel, number = event.get("Channel"), event.get("EventID")
    return Described(
        stored,
        class_of(event),
        # An event with a source of its own is asked by that, whatever its fields are called.
        channel if isinstance(channel, str) and SOURCE not in event else "",
        str(number) if isinstance(number, int | str) else "",
        marker.marks(event),
    )

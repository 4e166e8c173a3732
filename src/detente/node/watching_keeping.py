"""Fresh events into files: described for hunts, a bounded number at a time; small files merged."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from detente.storage.event_parts import (
    Described,
    Part,
    StoredEvent,
    merge_parts,
    unpack,
    write_parts,
)
from detente.watch.classes import class_of
from detente.watch.indicators.marks import Marker
from detente.watch.kernel import SOURCE
from detente.watch.reading import Event

if TYPE_CHECKING:
    from detente.storage.events import EventFile, EventShelf

ROWS_AT_ONCE = 400
EVENTS_AT_ONCE = 8_000  # some 200 MB of the process beside
MERGED_AT_ONCE = 64
WORTH_MERGING = 16
SIZES = (2 << 20, 16 << 20, 128 << 20)  # bytes; like is merged with like, so each goes few times
LET_GO_S = 3_600.0  # a hunt that listed the files before they were merged has ended by then


class PartWriter(Protocol):
    """Writes what becomes files of events. TRUSTED: it is this program, here or beside."""

    def write(self, folder: Path, rows: Sequence[bytes]) -> list[Part]:
        """Write the events of packed rows; raises StorageFault."""
        ...

    def merge(self, folder: Path, files: Sequence[Path]) -> Path:
        """Write files as one; raises StorageFault."""
        ...


class Here:
    """Implements `PartWriter` in this process."""

    def write(self, folder: Path, rows: Sequence[bytes]) -> list[Part]:
        """Write the events of packed rows as parts.

        Raises:
            StorageFault, DamagedStore: the disk refused, or a row is damaged.
        """
        marker = Marker()
        events = (_described(each, marker) for row in rows for each in unpack(row))
        return write_parts(folder, events)

    def merge(self, folder: Path, files: Sequence[Path]) -> Path:
        """Write files as one part.

        Raises:
            StorageFault: the disk refused, or a file is damaged.
        """
        return merge_parts(folder, files)


def write_out(shelf: "EventShelf", writer: PartWriter, *, least: int = 1) -> int:
    """Move fresh events into files where there are at least so many; say how many moved.

    Raises:
        StorageFault, DamagedStore: the disk or the database refused, or is damaged.
    """
    if shelf.waiting()[0] < least:
        return 0
    moved = 0
    while rows := _some(shelf.packed(limit=ROWS_AT_ONCE)):
        parts = writer.write(shelf.folder, [data for _, _, data in rows])
        shelf.place(rows[0][0], rows[-1][0], parts)
        moved += sum(count for _, count, _ in rows)
    return moved


def _some(rows: Sequence[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Return the first rows, up to about as many events as are written at once."""
    some: list[tuple[int, int, bytes]] = []
    events = 0
    for row in rows:
        some.append(row)
        events += row[1]
        if events >= EVENTS_AT_ONCE:
            break
    return some


def merge_small(shelf: "EventShelf", writer: PartWriter, *, now: datetime) -> int:
    """Merge files that are many and small, and remove those that were merged long ago.

    Returns:
        How many files were merged.

    Raises:
        StorageFault: the disk or the database refused; what there is still counts once.
    """
    shelf.drop_merged(before=now.timestamp() - LET_GO_S)
    merged = 0
    for group in _worth_merging(shelf.files()):
        part = writer.merge(shelf.folder, [each.path for each in group])
        shelf.merged(group, part)
        merged += len(group)
    return merged


def _worth_merging(files: Iterable["EventFile"]) -> Iterator[list["EventFile"]]:
    def place(each: "EventFile") -> str:
        return str(each.path.parent)

    for _, several in groupby(sorted(files, key=lambda each: (place(each), each.first)), place):
        of_class = list(several)
        found = (run for size in SIZES for run in _runs(of_class, size))
        run = next(found, None)
        if run is not None:
            yield run


def _runs(files: Sequence["EventFile"], size: int) -> Iterator[list["EventFile"]]:
    """Yield runs of small files that follow each other: a larger between them would be covered."""
    for small, several in groupby(files, lambda each: each.size < size):
        run = list(several)[:MERGED_AT_ONCE]
        # Rows of one flush in several files of a folder have one range: it can cover none.
        ranges = {(each.first, each.last) for each in run}
        if small and len(run) >= WORTH_MERGING and (run[0].first, run[-1].last) not in ranges:
            yield run


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

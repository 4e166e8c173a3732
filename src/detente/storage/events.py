"""Events a node saw: fresh ones in its database, older ones in Parquet by day and class.

A row of fresh events is kept in the transaction that keeps what was found in them. Later
they move to files `DIR/day=D/class=C/FIRST-LAST.parquet`, named for the rows they hold,
and the rows go once every file of them is durable. A file whose rows are still there
does not count; so whenever a process is killed, each event is here exactly once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update

from detente.storage.database import Database
from detente.storage.disk import Disk, make_private_folder
from detente.storage.errors import DamagedStore, storage_faults
from detente.storage.schema import progress
from detente.storage.watch_tables import watch_fresh

FRESH_BYTES_MAX = 256 << 20  # what one row may unpack to
CLASSES_A_DAY_MAX = 256
_FLUSHED = "watch events in files"
_NAME = re.compile(r"([0-9]{16})-([0-9]{16})\.parquet")
_DAY = re.compile(r"day=([0-9]{4}-[0-9]{2}-[0-9]{2})")
_LEVEL = 1


class StoredEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event as it is kept.

    Attributes:
        source: name of the source.
        position: of the event in it.
        time: seconds since 1970 as the event says; None where it says none.
        received: seconds since 1970 at which this node read it.
        raw: as it came.
        event: as JSON, where it is more than `raw` decoded; None where it is not.
    """

    source: str
    position: str
    time: float | None
    received: float
    raw: bytes
    event: bytes | None


@dataclass(frozen=True, slots=True)
class Described:
    """What an event is found by in a file.

    Attributes:
        stored: the event.
        of_class: a short name that is safe in a path.
        channel: of a Windows event; empty for others.
        event_id: of a Windows event, as text; empty for others.
        marks: numbers of 64 bits by which values in it are found.
    """

    stored: StoredEvent
    of_class: str
    channel: str
    event_id: str
    marks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long events are kept.

    Attributes:
        days: whole days after the one they came on.
        size_bytes: of all files together; the oldest day goes first.
    """

    days: int = 30
    size_bytes: int = 50 * 10**9


@dataclass(frozen=True, slots=True)
class EventFile:
    """One file of events.

    Attributes:
        path: of the file.
        day: on which its events came.
        first: number of the first row in it.
        last: number of the last.
        size: bytes.
    """

    path: Path
    day: str
    first: int
    last: int
    size: int


def pack(events: Sequence[StoredEvent]) -> bytes:
    """Return events as one row keeps them."""
    import zstandard

    encoded = msgspec.msgpack.encode(events)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(encoded)


def unpack(data: bytes) -> list[StoredEvent]:
    """Return the events of a row.

    Raises:
        DamagedStore: it is not what `pack` wrote.
    """
    import zstandard

    try:
        encoded = zstandard.ZstdDecompressor().decompress(data, max_output_size=FRESH_BYTES_MAX)
        return msgspec.msgpack.decode(encoded, type=list[StoredEvent])
    except (zstandard.ZstdError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DamagedStore(
            f"events in the database are damaged: {error}",
            remedy="Restore the node from a back-up, or go on without those events",
        ) from error


class EventShelf:
    """The events of one node.

    Args:
        database: of the node.
        folder: where files of events lie; made when the first is written.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._disk = Disk()

    def waiting(self) -> tuple[int, float]:
        """Return how many events are in no file yet, and since when (0 for none).

        Raises:
            StorageFault: the database refused.
        """
        query = select(func.sum(watch_fresh.c["count"]), func.min(watch_fresh.c.kept_at))
        with self._database.reading("counting fresh events") as connection:
            count, oldest = connection.execute(query).one()
        return int(count or 0), (oldest or 0) / 1_000

    def fresh(self, *, after: int = 0, limit: int = 1_000) -> list[tuple[int, list[StoredEvent]]]:
        """Return rows of fresh events with their numbers, in order.

        Raises:
            StorageFault, DamagedStore: the database refused, or is damaged.
        """
        query = (
            select(watch_fresh.c.number, watch_fresh.c.data)
            .where(watch_fresh.c.number > after)
            .order_by(watch_fresh.c.number)
            .limit(limit)
        )
        with self._database.reading("reading fresh events") as connection:
            rows = connection.execute(query).all()
        return [(row.number, unpack(bytes(row.data))) for row in rows]

    def write_out(self, first: int, last: int, events: Iterable[Described]) -> list[Path]:
        """Move rows of fresh events into files; the files are durable before the rows go.

        Args:
            first: number of the first row.
            last: number of the last.
            events: all that stand in them.

        Raises:
            StorageFault: the disk or the database refused; the rows are still there.
        """
        groups: dict[tuple[str, str], list[Described]] = {}
        for each in events:
            day = f"{datetime.fromtimestamp(each.stored.received, UTC):%Y-%m-%d}"
            groups.setdefault((day, each.of_class), []).append(each)
        written = []
        for (day, name), group in groups.items():
            folder = self._class_folder(day, name)
            path = folder / f"{first:016d}-{last:016d}.parquet"
            with storage_faults(doing="writing events", where=str(path)):
                self._write(path, group)
            written.append(path)
        self._forget_rows(last)
        return written

    def files(self, *, since_day: str = "") -> list[EventFile]:
        """Return the files that count, the oldest first.

        Raises:
            StorageFault: the disk or the database refused.
        """
        flushed = self._flushed()
        with storage_faults(doing="listing events", where=str(self._folder)):
            return sorted(
                (each for each in self._every() if each.last <= flushed and each.day >= since_day),
                key=lambda each: (each.day, each.first, str(each.path)),
            )

    def tidy(self) -> int:
        """Remove files whose rows were never given up, and pieces of files; call at the start.

        Raises:
            StorageFault: the disk or the database refused.
        """
        flushed = self._flushed()
        with storage_faults(doing="tidying events", where=str(self._folder)):
            gone = [each.path for each in self._every() if each.last > flushed]
            gone += self._folder.glob("day=*/class=*/*.part")
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    def prune(self, keeping: Keeping, *, now: datetime) -> int:
        """Remove whole days that are too old, and the oldest while there is too much.

        Returns:
            How many days went.

        Raises:
            StorageFault: the disk refused.
        """
        oldest = f"{now - timedelta(days=keeping.days):%Y-%m-%d}"
        with storage_faults(doing="removing old events", where=str(self._folder)):
            sizes: dict[str, int] = {}
            for each in self._every():
                sizes[each.day] = sizes.get(each.day, 0) + each.size
            total, gone = sum(sizes.values()), 0
            for day in sorted(sizes):
                if day >= oldest and total <= keeping.size_bytes:
                    break
                rmtree(self._folder / f"day={day}", ignore_errors=True)
                total -= sizes[day]
                gone += 1
        return gone

    def _class_folder(self, day: str, name: str) -> Path:
        above = self._folder / f"day={day}"
        with storage_faults(doing="making a folder for events", where=str(above)):
            known = {each.name for each in above.iterdir()} if above.is_dir() else set()
            folder = above / f"class={name}"
            if folder.name not in known and len(known) >= CLASSES_A_DAY_MAX:
                folder = above / "class=other"
            for each in (self._folder, above, folder):
                make_private_folder(each)
        return folder

    def _write(self, path: Path, group: Sequence[Described]) -> None:
        import pyarrow.parquet

        part = path.with_suffix(".part")
        pyarrow.parquet.write_table(
            _table(group), part, compression="zstd", row_group_size=50_000, use_dictionary=True
        )
        part.chmod(0o600)
        with part.open("rb") as file:
            self._disk.sync(file.fileno())
        self._disk.rename(part, path)
        self._disk.sync_folder(path.parent)

    def _forget_rows(self, last: int) -> None:
        with self._database.writing("giving up fresh events") as connection:
            moved = update(progress).where(progress.c.name == _FLUSHED).values(value=last)
            if connection.execute(moved).rowcount == 0:
                connection.execute(insert(progress).values(name=_FLUSHED, value=last))
            connection.execute(delete(watch_fresh).where(watch_fresh.c.number <= last))

    def _flushed(self) -> int:
        query = select(progress.c.value).where(progress.c.name == _FLUSHED)
        with self._database.reading("reading how far events are in files") as connection:
            return int(connection.execute(query).scalar() or 0)

    def _every(self) -> Iterator[EventFile]:
        for path in self._folder.glob("day=*/class=*/*.parquet"):
            named, day = _NAME.fullmatch(path.name), _DAY.fullmatch(path.parent.parent.name)
            if named is not None and day is not None:
                first, last = int(named[1]), int(named[2])
                yield EventFile(path, day[1], first, last, path.stat().st_size)


def _table(group: Sequence[Described]) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    stored = [each.stored for each in group]
    return pa.table(
        {
            "source": pa.array([each.source for each in stored], pa.string()),
            "position": pa.array([each.position for each in stored], pa.string()),
            "time": pa.array([each.time for each in stored], pa.float64()),
            "received": pa.array([each.received for each in stored], pa.float64()),
            "channel": pa.array([each.channel for each in group], pa.string()),
            "event_id": pa.array([each.event_id for each in group], pa.string()),
            "marks": pa.array([each.marks for each in group], pa.list_(pa.uint64())),
            "raw": pa.array([each.raw for each in stored], pa.binary()),
            "event": pa.array([each.event for each in stored], pa.binary()),
        }
    )

"""Events a node saw: fresh ones in its database, older ones in Parquet by day and class.

A row of fresh events is kept in the transaction that keeps what was found in them. Later
they move to files `DIR/day=D/class=C/FIRST-LAST.parquet`, named for the rows they hold,
and the rows go once every file of them is durable. A file whose rows are still there
does not count; so whenever a process is killed, each event is here exactly once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree

from sqlalchemy import delete, func, insert, select, update

from detente.storage.database import Database
from detente.storage.disk import TEMPORARY_SUFFIX, Disk, make_private_folder
from detente.storage.errors import storage_faults
from detente.storage.event_parts import PARTS_FOLDER, Part, StoredEvent, unpack
from detente.storage.schema import progress
from detente.storage.watch_tables import watch_fresh

CLASSES_A_DAY_MAX = 256
_FLUSHED = "watch events in files"
_NAME = re.compile(r"([0-9]{16})-([0-9]{16})(?:\.[0-9]+)?\.parquet")
_NAMED = "{:016d}-{:016d}.parquet"
_DAY = re.compile(r"day=([0-9]{4}-[0-9]{2}-[0-9]{2})")


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


class EventShelf:
    """The events of one node.

    Args:
        database: of the node.
        folder: where files of events lie; made when the first is written.

    Attributes:
        folder: the same.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder
        self._disk = Disk()
        self._is_placing = False

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
        rows = self.packed(after=after, limit=limit)
        return [(number, unpack(data)) for number, _, data in rows]

    def packed(self, *, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, bytes]]:
        """Return rows of fresh events as they are: number, how many events, and `pack`ed.

        Raises:
            StorageFault: the database refused.
        """
        query = (
            select(watch_fresh.c.number, watch_fresh.c["count"], watch_fresh.c.data)
            .where(watch_fresh.c.number > after)
            .order_by(watch_fresh.c.number)
            .limit(limit)
        )
        with self._database.reading("reading fresh events") as connection:
            return [
                (number, count, bytes(data)) for number, count, data in connection.execute(query)
            ]

    def place(self, first: int, last: int, parts: Iterable[Part]) -> list[Path]:
        """Let parts be the files of some rows, and give up these rows: once all are durable.

        Args:
            first: number of the first row.
            last: number of the last.
            parts: all that stands in them.

        Raises:
            StorageFault: the disk or the database refused; the rows are still there.
        """
        if self._is_placing:  # an earlier attempt failed half-way
            self._drop_uncounted()
        self._is_placing = True
        placed = []
        for part in parts:
            folder = self._class_folder(part.day, part.of_class)
            path = _free_name(folder, first, last)
            with storage_faults(doing="writing events", where=str(path)):
                self._disk.rename(Path(part.path), path)
                self._disk.sync_folder(folder)
            placed.append(path)
        self._forget_rows(last)
        self._is_placing = False
        return placed

    def merged(self, files: Sequence[EventFile], part: Path) -> Path:
        """Let a part stand for some files that follow each other; they go an hour later.

        Raises:
            StorageFault: the disk refused; the files still count.
        """
        path = files[0].path.with_name(_NAMED.format(files[0].first, files[-1].last))
        with storage_faults(doing="merging files of events", where=str(path)):
            self._disk.rename(part, path)
            self._disk.sync_folder(path.parent)
        return path

    def files(self, *, since_day: str = "") -> list[EventFile]:
        """Return the files that count, the oldest first.

        Raises:
            StorageFault: the disk or the database refused.
        """
        flushed = self._flushed()
        with storage_faults(doing="listing events", where=str(self.folder)):
            standing = [
                each for each in self._every() if each.last <= flushed and each.day >= since_day
            ]
        return sorted(
            (each for each, whole in _within(standing) if whole is None),
            key=lambda each: (each.day, each.first, str(each.path)),
        )

    def tidy(self) -> int:
        """Remove files whose rows were never given up, and parts; call at the start.

        Raises:
            StorageFault: the disk or the database refused.
        """
        with storage_faults(doing="tidying events", where=str(self.folder)):
            parts = list(self.folder.glob(f"{PARTS_FOLDER}/.*{TEMPORARY_SUFFIX}"))
            for path in parts:
                path.unlink(missing_ok=True)
        return len(parts) + self._drop_uncounted()

    def drop_merged(self, *, before: float) -> int:
        """Remove files that stand in a larger one made before a time; hunts have let go of them.

        Raises:
            StorageFault: the disk refused.
        """
        gone = 0
        with storage_faults(doing="removing merged files", where=str(self.folder)):
            for each, whole in _within(list(self._every())):
                if whole is not None and whole.path.stat().st_mtime < before:
                    each.path.unlink(missing_ok=True)
                    gone += 1
        return gone

    def prune(self, keeping: Keeping, *, now: datetime) -> int:
        """Remove whole days that are too old, and the oldest while there is too much.

        Returns:
            How many days went.

        Raises:
            StorageFault: the disk refused.
        """
        oldest = f"{now - timedelta(days=keeping.days):%Y-%m-%d}"
        with storage_faults(doing="removing old events", where=str(self.folder)):
            sizes: dict[str, int] = {}
            for each in self._every():
                sizes[each.day] = sizes.get(each.day, 0) + each.size
            total, gone = sum(sizes.values()), 0
            for day in sorted(sizes):
                if day >= oldest and total <= keeping.size_bytes:
                    break
                rmtree(self.folder / f"day={day}", ignore_errors=True)
                total -= sizes[day]
                gone += 1
        return gone

    def _class_folder(self, day: str, name: str) -> Path:
        above = self.folder / f"day={day}"
        with storage_faults(doing="making a folder for events", where=str(above)):
            known = {each.name for each in above.iterdir()} if above.is_dir() else set()
            folder = above / f"class={name}"
            if folder.name not in known and len(known) >= CLASSES_A_DAY_MAX:
                folder = above / "class=other"
            for each in (self.folder, above, folder):
                make_private_folder(each)
        return folder

    def _drop_uncounted(self) -> int:
        flushed = self._flushed()
        with storage_faults(doing="tidying events", where=str(self.folder)):
            gone = [each.path for each in self._every() if each.last > flushed]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

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
        for path in self.folder.glob("day=*/class=*/*.parquet"):
            named, day = _NAME.fullmatch(path.name), _DAY.fullmatch(path.parent.parent.name)
            if named is not None and day is not None:
                first, last = int(named[1]), int(named[2])
                yield EventFile(path, day[1], first, last, path.stat().st_size)


def _within(files: Sequence[EventFile]) -> Iterator[tuple[EventFile, EventFile | None]]:
    """Yield each file with the larger one of its class that holds its rows too; None for none."""
    ordered = sorted(files, key=lambda each: (str(each.path.parent), each.first, -each.last))
    whole: EventFile | None = None
    for each in ordered:
        if (
            whole is not None
            and each.path.parent == whole.path.parent
            and each.last <= whole.last
            and (each.first, each.last) != (whole.first, whole.last)
        ):
            yield each, whole
        else:
            whole = each
            yield each, None


def _free_name(folder: Path, first: int, last: int) -> Path:
    """Return a name: two classes of one flush may share the folder of those that are too many."""
    path = folder / _NAMED.format(first, last)
    number = 0
    while path.exists():
        number += 1
        path = folder / _NAMED.format(first, last).replace(".", f".{number}.")
    return path

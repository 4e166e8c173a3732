"""Entries that were acknowledged, durable before anybody is told.

The journal is what makes an acknowledgement true; tiles follow behind it. A
group commit is one row, its entries framed as in an entry bundle: an insert
per entry would cost the log a tenth of its speed. A row may go only when full
and durable bundles hold the same entries.
"""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    LargeBinary,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from detente.storage.database import Database
from detente.storage.errors import RESTORE, DamagedStore, StoreInUse
from detente.storage.schema import journal
from detente.tlog.errors import TileError
from detente.tlog.tiles import pack_entries, unpack_entries

# Appends only where the last row ended: a second writer is refused by the database itself,
# and no position is ever skipped.
_LAST_END = (
    select(func.max(journal.c.end_seq))
    .where(journal.c.origin == bindparam("origin"))
    .scalar_subquery()
)
_APPEND = (
    insert(journal)
    .from_select(
        ["origin", "start_seq", "end_seq", "entries"],
        select(
            cast(bindparam("origin"), Text),
            cast(bindparam("start_seq"), BigInteger),
            cast(bindparam("end_seq"), BigInteger),
            bindparam("entries", type_=LargeBinary),
        ).where(func.coalesce(_LAST_END, bindparam("start_seq")) == bindparam("start_seq")),
    )
    .execution_options(preserve_rowcount=True)
)


class EntryJournal:
    """The journals of this node's logs, by origin.

    TRUSTED: it holds what was acknowledged and is perhaps nowhere else yet.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, origin: str, start: int, entries: Sequence[bytes]) -> None:
        """Make entries durable at the positions from `start`, all in one transaction, or none.

        Raises:
            StoreInUse: the journal does not end at `start`: somebody else appends to this log.
            TileError: more than 256 entries, or one above 65,535 bytes.
            StorageFault: the database refused; only reading tells whether they are in.
        """
        row = {
            "origin": origin,
            "start_seq": start,
            "end_seq": start + len(entries),
            "entries": pack_entries(entries),
        }
        with self._database.writing("appending to the journal") as connection:
            try:
                appended = connection.execute(_APPEND, row).rowcount
            except IntegrityError:
                appended = 0
            if appended != 1:
                raise StoreInUse(
                    f"the journal of log {origin} does not end at position {start}",
                    remedy="Only one process may append to a log: stop the others",
                )

    def end(self, origin: str) -> int:
        """Return the position after the last entry kept, 0 when none is.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("reading the journal") as connection:
            return int(connection.execute(select(_LAST_END), {"origin": origin}).scalar() or 0)

    def read(self, origin: str, *, start: int, end: int) -> list[bytes]:
        """Return the entries of [start, end), every one of them.

        Raises:
            DamagedStore: one is missing, or a row does not hold what it says.
            StorageFault: the database refused.
        """
        wanted = (
            select(journal.c.start_seq, journal.c.end_seq, journal.c.entries)
            .where(journal.c.origin == origin, journal.c.start_seq < end, journal.c.end_seq > start)
            .order_by(journal.c.start_seq)
        )
        with self._database.reading("reading the journal") as connection:
            rows = connection.execute(wanted).all()
        entries: list[bytes] = []
        for row in rows:
            skipped = max(0, start - row.start_seq)
            if row.start_seq + skipped != start + len(entries):
                break
            packed = _unpack(origin, row.entries, start=row.start_seq, end=row.end_seq)
            entries += packed[skipped : end - row.start_seq]
        if len(entries) != max(0, end - start):
            raise DamagedStore(
                f"the journal of {origin} should hold positions {start} to {end - 1} and lacks "
                f"position {start + len(entries)}",
                remedy=RESTORE,
            )
        return entries

    def drop_below(self, origin: str, seq: int) -> None:
        """Forget rows that end at or before `seq`: full and durable bundles hold their entries.

        Raises:
            StorageFault: the database refused.
        """
        covered = delete(journal).where(journal.c.origin == origin, journal.c.end_seq <= seq)
        with self._database.writing("shortening the journal") as connection:
            connection.execute(covered)


def _unpack(origin: str, packed: bytes, *, start: int, end: int) -> list[bytes]:
    try:
        return unpack_entries(packed, end - start)
    except TileError as error:
        raise DamagedStore(
            f"the journal of {origin} is damaged at positions {start} to {end - 1}: {error}",
            remedy=RESTORE,
        ) from None

"""Entries that were acknowledged, durable before anybody is told.

The journal is what makes an acknowledgement true; tiles follow behind it. A
row may go only when a full entry bundle on disk holds the same entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from detente.storage.database import Database
from detente.storage.errors import RESTORE, DamagedStore, StoreInUse
from detente.storage.schema import journal


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One log entry with its place.

    Attributes:
        seq: index in the log, from 0.
        entry: the entry's bytes.
        payload_hash: hex SHA-256 of the signed payload: the statement's id.
    """

    seq: int
    entry: bytes
    payload_hash: str


class EntryJournal:
    """The journals of this node's logs, by origin. TRUSTED: it holds what was acknowledged."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, origin: str, entries: Sequence[JournalEntry]) -> None:
        """Make all entries durable in one transaction, or none.

        Raises:
            StoreInUse: a position is taken: somebody else appends to this log.
            StorageFault: the database refused; only reading tells whether they are in.
        """
        rows = [
            {
                "origin": origin,
                "seq": entry.seq,
                "entry": entry.entry,
                "payload_hash": entry.payload_hash,
            }
            for entry in entries
        ]
        with self._database.writing("appending to the journal") as connection:
            try:
                connection.execute(insert(journal), rows)
            except IntegrityError:
                raise StoreInUse(
                    f"position {entries[0].seq} or one after it of log {origin} is taken already",
                    remedy="Only one process may append to a log: stop the others",
                ) from None

    def end(self, origin: str) -> int:
        """Return the position after the last entry kept, 0 when none is.

        Raises:
            StorageFault: the database refused.
        """
        last = select(func.max(journal.c.seq)).where(journal.c.origin == origin)
        with self._database.reading("reading the journal") as connection:
            seq = connection.execute(last).scalar_one()
        return 0 if seq is None else int(seq) + 1

    def read(self, origin: str, *, start: int, end: int) -> list[JournalEntry]:
        """Return the entries of [start, end), every one of them.

        Raises:
            DamagedStore: one is missing.
            StorageFault: the database refused.
        """
        wanted = (
            select(journal.c.seq, journal.c.entry, journal.c.payload_hash)
            .where(journal.c.origin == origin, journal.c.seq >= start, journal.c.seq < end)
            .order_by(journal.c.seq)
        )
        with self._database.reading("reading the journal") as connection:
            rows = [JournalEntry(*row) for row in connection.execute(wanted)]
        if [row.seq for row in rows] != list(range(start, end)):
            raise DamagedStore(
                f"the journal of {origin} should hold entries {start} to {end - 1} "
                f"and holds {len(rows)} of them",
                remedy=RESTORE,
            )
        return rows

    def drop_below(self, origin: str, seq: int) -> None:
        """Forget the entries before `seq`, which full and durable bundles hold.

        Raises:
            StorageFault: the database refused.
        """
        covered = delete(journal).where(journal.c.origin == origin, journal.c.seq < seq)
        with self._database.writing("shortening the journal") as connection:
            connection.execute(covered)

"""Recoveries of other members that were received and do not count yet.

TRUSTED for the moment of receipt: the 72 hours in which a member may object run from it.
Losing it begins them anew.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from detente.storage.database import Database
from detente.storage.schema import pending_recovery


@dataclass(frozen=True, slots=True)
class PendingRecovery:
    """One recovery.

    Attributes:
        member: hex id.
        epoch: that it opens.
        entry: the statement.
        evidence: a cosigned checkpoint of the epoch before, as it was then; or empty.
        cut: entries of the epoch before that were taken then.
        seen: when it came.
    """

    member: str
    epoch: int
    entry: bytes = field(repr=False)
    evidence: bytes = field(repr=False)
    cut: int
    seen: datetime


class PendingRecoveries:
    """Recoveries in the node's database, one of a member at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[PendingRecovery]:
        """Return every one, by member.

        Raises:
            StorageFault: the database refused.
        """
        query = select(pending_recovery).order_by(pending_recovery.c.member)
        with self._database.reading("reading recoveries") as connection:
            return [
                PendingRecovery(
                    member=row.member.hex(),
                    epoch=row.epoch,
                    entry=row.entry,
                    evidence=row.evidence,
                    cut=row.cut,
                    seen=datetime.fromtimestamp(row.seen_at, UTC),
                )
                for row in connection.execute(query)
            ]

    def keep(self, recovery: PendingRecovery) -> PendingRecovery:
        """Keep a recovery unless one of that member is kept; return the one that is kept.

        Raises:
            StorageFault: the database refused.
        """
        for known in self.all():
            if known.member == recovery.member:
                return known
        row = {
            "member": bytes.fromhex(recovery.member),
            "epoch": recovery.epoch,
            "entry": recovery.entry,
            "evidence": recovery.evidence,
            "cut": recovery.cut,
            "seen_at": int(recovery.seen.timestamp()),
        }
        with self._database.writing("keeping a recovery") as connection:
            connection.execute(insert(pending_recovery).values(row))
        return recovery

    def drop(self, member: str) -> None:
        """Forget the recovery of one member: it counts, or never will.

        Raises:
            StorageFault: the database refused.
        """
        here = pending_recovery.c.member == bytes.fromhex(member)
        with self._database.writing("settling a recovery") as connection:
            connection.execute(delete(pending_recovery).where(here))

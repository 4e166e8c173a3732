"""The newest checkpoint this node signed (implements `tlog.ports.LastCheckpoint`).

TRUSTED: losing it, or finding an older one, lets the node fork its own log.
"""

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from detente.storage.database import Database
from detente.storage.schema import last_checkpoint, signed_time
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.errors import StaleCheckpoint

_LOST = "Stop every process but one; if only one runs, its log was continued elsewhere: " + (
    "open a new epoch with `detente keys recover`"
)


class SqliteCheckpoints:
    """Own checkpoints and signing times, by origin, in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint, None before the first.

        Raises:
            StorageFault: the database refused.
        """
        wanted = select(last_checkpoint.c.size, last_checkpoint.c.root).where(
            last_checkpoint.c.origin == origin
        )
        with self._database.reading("reading the last checkpoint") as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else Checkpoint(origin, row.size, row.root)

    def advance(self, old: Checkpoint | None, new: Checkpoint) -> None:
        """Replace `old` by `new`, durably and in one step, before `new` is shown to anybody.

        Raises:
            StaleCheckpoint: what is stored is not `old`, or `new` does not grow from it.
            StorageFault: the database refused; only reading tells whether it advanced.
        """
        if old is not None:
            _require_growth(old, new)
        # The comparison lives in the SQL, not in a read before it: two
        # sequencers started by mistake must not both believe they won.
        with self._database.writing("advancing the last checkpoint") as connection:
            if old is None:
                first = insert(last_checkpoint).values(
                    origin=new.origin, size=new.size, root=new.root
                )
                try:
                    connection.execute(first)
                except IntegrityError:
                    raise _stale(new.origin, None) from None
                return
            step = (
                update(last_checkpoint)
                .where(
                    last_checkpoint.c.origin == old.origin,
                    last_checkpoint.c.size == old.size,
                    last_checkpoint.c.root == old.root,
                )
                .values(size=new.size, root=new.root)
            )
            if connection.execute(step).rowcount != 1:
                raise _stale(new.origin, old)

    def signed_at(self, origin: str) -> int:
        """Return the latest time signed over this log's checkpoints (POSIX seconds), 0 for none.

        Raises:
            StorageFault: the database refused.
        """
        wanted = select(signed_time.c.timestamp).where(signed_time.c.origin == origin)
        with self._database.reading("reading the last signing time") as connection:
            return int(connection.execute(wanted).scalar_one_or_none() or 0)

    def claim_time(self, origin: str, timestamp: int) -> int:
        """Keep the later of `timestamp` and the time kept, durably, and return it.

        A clock that was set back so never makes a signature earlier than one before.

        Raises:
            StorageFault: the database refused.
        """
        kept = select(signed_time.c.timestamp).where(signed_time.c.origin == origin)
        with self._database.writing("advancing the signing time") as connection:
            before = connection.execute(kept).scalar_one_or_none()
            if before is None:
                first = insert(signed_time).values(origin=origin, timestamp=timestamp)
                connection.execute(first)
            elif before < timestamp:
                later = update(signed_time).where(signed_time.c.origin == origin)
                connection.execute(later.values(timestamp=timestamp))
            else:
                return int(before)
        return timestamp


def _require_growth(old: Checkpoint, new: Checkpoint) -> None:
    if old.origin != new.origin:
        raise StaleCheckpoint(f"{old.origin} cannot be replaced by a tree of {new.origin}")
    if new.size < old.size or (new.size == old.size and new.root != old.root):
        raise StaleCheckpoint(
            f"{new.origin}: size {old.size} was signed; size {new.size} with root "
            f"{new.root.hex()[:16]}… does not grow from it"
        )


def _stale(origin: str, old: Checkpoint | None) -> StaleCheckpoint:
    expected = "no checkpoint yet" if old is None else f"size {old.size}"
    return StaleCheckpoint(f"{origin}: expected {expected}, found another state", remedy=_LOST)

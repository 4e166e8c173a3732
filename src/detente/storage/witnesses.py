"""What this node cosigned last, by origin (implements `tlog.ports.WitnessStates`).

TRUSTED: losing it lets a log obtain our cosignature on a second history.
"""

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from detente.storage.database import Database
from detente.storage.schema import witness_state
from detente.tlog.errors import StaleCheckpoint
from detente.tlog.ports import WitnessState


class SqliteWitnessStates:
    """The states of one cosigner in the node's database.

    Args:
        database: the node's.
        cosigner: the key name it cosigns under; witness and mirror keep apart.
    """

    def __init__(self, database: Database, *, cosigner: str) -> None:
        self._database = database
        self._cosigner = cosigner

    def read(self, origin: str) -> WitnessState | None:
        """Return the state, None for an origin never cosigned.

        Raises:
            StorageFault: the database refused.
        """
        columns = witness_state.c
        wanted = select(columns.size, columns.root, columns.timestamp).where(
            columns.cosigner == self._cosigner, columns.origin == origin
        )
        with self._database.reading("reading a witness state") as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else WitnessState(row.size, row.root, row.timestamp)

    def advance(self, origin: str, old: WitnessState | None, new: WitnessState) -> None:
        """Replace `old` by `new`, durably and in one step, before the cosignature leaves.

        Raises:
            StaleCheckpoint: what is stored is not `old`, or `new` is smaller or earlier.
            StorageFault: the database refused; only reading tells whether it advanced.
        """
        if old is not None and (new.size < old.size or new.timestamp < old.timestamp):
            raise StaleCheckpoint(
                f"{origin}: size {old.size} at time {old.timestamp} was cosigned; "
                f"never size {new.size} at time {new.timestamp} after it"
            )
        # One statement compares and replaces, so of two requests at once only one wins.
        with self._database.writing("advancing a witness state") as connection:
            if old is None:
                first = insert(witness_state).values(
                    cosigner=self._cosigner,
                    origin=origin,
                    size=new.size,
                    root=new.root,
                    timestamp=new.timestamp,
                )
                try:
                    connection.execute(first)
                except IntegrityError:
                    raise _stale(origin, None) from None
                return
            columns = witness_state.c
            step = (
                update(witness_state)
                .where(
                    columns.cosigner == self._cosigner,
                    columns.origin == origin,
                    columns.size == old.size,
                    columns.root == old.root,
                    columns.timestamp == old.timestamp,
                )
                .values(size=new.size, root=new.root, timestamp=new.timestamp)
            )
            if connection.execute(step).rowcount != 1:
                raise _stale(origin, old)


def _stale(origin: str, old: WitnessState | None) -> StaleCheckpoint:
    expected = "nothing cosigned yet" if old is None else f"size {old.size}"
    return StaleCheckpoint(f"{origin}: expected {expected}, found another state")

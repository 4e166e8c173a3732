"""What a store can refuse, with what happened, where, and what to do.

A database speaks in codes; an operator needs a sentence. This is where its
codes are translated; `disk` does the same for the operating system's.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detente.errors import EnvironmentFault, InputError, UnitError


class StorageFault(EnvironmentFault):
    """The database or a store refused; what was acknowledged before is still there."""


class DamagedStore(StorageFault):
    """Bytes on disk are not those that were written: truncated, altered, missing or older."""


class StoreInUse(StorageFault):
    """Another process holds the store; a log has one writer."""


class WrongSchema(StorageFault):
    """The database is not ours, or was made by a newer program."""


RESTORE = (
    "Keep the damaged files, then restore the newest back-up with `detente restore`; "
    "the node will say if its peers hold newer state than the back-up"
)
class WrongUnlock(InputError):
    """The passphrase or unlock file does not open these keys."""


class KeyFileError(InputError):
    """A key file that is malformed, was altered, or is not the one it says it is."""


class NoSuchKey(UnitError):
    """The key asked for is not in this ring."""


class DamagedBlob(DamagedStore):
    """The bytes under a hash do not have that hash; the hash tells, so nothing wrong is used."""


class MissingBlob(UnitError):
    """Nothing is kept under this hash."""


class ErasedBlob(MissingBlob):
    """What had this hash was erased here on purpose, and is not taken again."""


class BlobRefused(UnitError):
    """Bytes that are not what their hash promises, or more of them than allowed."""


class BackupError(InputError):
    """A back-up that is incomplete or altered, or a place where it cannot be restored."""


_SPACE = "Free space (or lift the quota) on this disk and start again; nothing acknowledged is lost"
_WRITABLE = "Make the directory and its files writable for the user that runs the node"
_ONE_WRITER = "Stop the other process, or give this one its own directory"
_LOOK = "Look at the system's log for this disk, then start again"

# Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code.
_BY_SQLITE: dict[int, tuple[type[StorageFault], str]] = {
    3: (StorageFault, _WRITABLE),  # PERM
    5: (StoreInUse, _ONE_WRITER),  # BUSY
    6: (StoreInUse, _ONE_WRITER),  # LOCKED
    8: (StorageFault, _WRITABLE),  # READONLY
    11: (DamagedStore, RESTORE),  # CORRUPT
    13: (StorageFault, _SPACE),  # FULL
    14: (StorageFault, _WRITABLE),  # CANTOPEN
    26: (DamagedStore, RESTORE),  # NOTADB
}


def database_fault(error: SQLAlchemyError, *, doing: str, where: str) -> StorageFault:
    """Translate a database's error into one with a remedy.

    Args:
        error: what was caught.
        doing: the operation, as "appending to the journal".
        where: the file or URL, never with a password in it.
    """
    cause = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    kind, remedy = _BY_SQLITE.get(code, (StorageFault, _LOOK))
    return kind(f"{doing} in {where} failed: {cause or error}", remedy=remedy)


@contextmanager
def database_faults(*, doing: str, where: str) -> Iterator[None]:
    """Let none of the database's own errors out of a block.

    Raises:
        StorageFault: for any error of SQLAlchemy's raised inside.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise database_fault(error, doing=doing, where=where) from error

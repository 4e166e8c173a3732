"""What a store can refuse, with what happened, where, and what to do.

The operating system and the database speak in codes; an operator needs a
sentence. This is the only place that translates.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detente.errors import EnvironmentFault


class StorageFault(EnvironmentFault):
    """The disk or the database refused; what was acknowledged before is still there."""


class DiskFull(StorageFault):
    """No room, or a quota or file-size limit was reached; nothing was acknowledged."""


class ReadOnlyStore(StorageFault):
    """The store may be read but not written."""


class DamagedStore(StorageFault):
    """Bytes on disk are not those that were written: truncated, altered or missing."""


class StoreInUse(StorageFault):
    """Another process holds the store; a log has one writer."""


class WrongSchema(StorageFault):
    """The database is not ours, or was made by a newer program."""


_SPACE = "Free space (or lift the quota) on this disk and start again; nothing acknowledged is lost"
_WRITABLE = "Make the directory and its files writable for the user that runs the node"
_RESTORE = (
    "Keep the damaged files, then restore the newest back-up with `detente restore`; "
    "the node will say if its peers hold newer state than the back-up"
)
_ONE_WRITER = "Stop the other process, or give this one its own directory"
_EXISTS = "Choose another directory, or run the node that is already there"
_LOOK = "Look at the system's log for this disk, then start again"

_BY_ERRNO: dict[int, tuple[type[StorageFault], str]] = {
    errno.ENOSPC: (DiskFull, _SPACE),
    errno.EDQUOT: (DiskFull, _SPACE),
    errno.EFBIG: (DiskFull, _SPACE),
    errno.EACCES: (ReadOnlyStore, _WRITABLE),
    errno.EPERM: (ReadOnlyStore, _WRITABLE),
    errno.EROFS: (ReadOnlyStore, _WRITABLE),
    errno.ENOENT: (DamagedStore, _RESTORE),
    errno.EEXIST: (StorageFault, _EXISTS),
    errno.EIO: (StorageFault, _LOOK),
}

# Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code.
_BY_SQLITE: dict[int, tuple[type[StorageFault], str]] = {
    3: (ReadOnlyStore, _WRITABLE),  # PERM
    5: (StoreInUse, _ONE_WRITER),  # BUSY
    6: (StoreInUse, _ONE_WRITER),  # LOCKED
    8: (ReadOnlyStore, _WRITABLE),  # READONLY
    10: (StorageFault, _LOOK),  # IOERR
    11: (DamagedStore, _RESTORE),  # CORRUPT
    13: (DiskFull, _SPACE),  # FULL
    14: (ReadOnlyStore, _WRITABLE),  # CANTOPEN
    23: (ReadOnlyStore, _WRITABLE),  # AUTH
    26: (DamagedStore, _RESTORE),  # NOTADB
}


def storage_fault(error: OSError | SQLAlchemyError, *, doing: str, where: str) -> StorageFault:
    """Translate an error of the system or the database into one with a remedy.

    Args:
        error: what was caught.
        doing: the operation, as "writing a tile".
        where: the file, directory or database (never with a password in it).
    """
    if isinstance(error, OSError):
        kind, remedy = _BY_ERRNO.get(error.errno or 0, (StorageFault, _LOOK))
        return kind(f"{doing} in {where} failed: {error.strerror or error}", remedy=remedy)
    cause = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    kind, remedy = _BY_SQLITE.get(code, (StorageFault, _LOOK))
    return kind(f"{doing} in {where} failed: {cause or error}", remedy=remedy)


@contextmanager
def storage_faults(*, doing: str, where: str) -> Iterator[None]:
    """Let nothing of the system's or the database's own errors out of a block."""
    try:
        yield
    except (OSError, SQLAlchemyError) as error:
        raise storage_fault(error, doing=doing, where=where) from error

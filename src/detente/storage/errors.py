"""What a store can refuse, with what happened, where, and what to do.

The operating system and the database speak in codes; an operator needs a
sentence. This is the only place that translates.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detente.errors import EnvironmentFault, InputError, UnitError


class StorageFault(EnvironmentFault):
    """The disk or the database refused; what was acknowledged before is still there."""


class DamagedStore(StorageFault):
    """Bytes on disk are not those that were written: truncated, altered, missing or older."""


class StoreInUse(StorageFault):
    """Another process holds the store; a log has one writer."""


class WrongSchema(StorageFault):
    """The database is not ours, or was made by a newer program."""


class WrongUnlock(InputError):
    """The passphrase or unlock file does not open these keys."""


class KeyFileError(InputError):
    """A key file that is malformed, was altered, or is not the one it says it is."""


class NoSuchKey(UnitError):
    """The key asked for is not in this ring."""


class DamagedBlob(DamagedStore):
    """The bytes under a hash do not have that hash; the hash tells, so nothing wrong is used."""

    @classmethod
    def named(cls, what: str) -> Self:
        """Return the error about what is kept at a place."""
        remedy = "Fetch it again from a member that mirrors it: keeping it anew mends it"
        return cls(f"{what} does not hash to its name", remedy=remedy)


class MissingBlob(UnitError):
    """Nothing is kept under this hash."""


class ErasedBlob(MissingBlob):
    """What had this hash was erased here on purpose, and is not taken again."""

    @classmethod
    def named(cls, digest: str) -> Self:
        """Return the error about a blob."""
        return cls(f"blob {digest} was erased here; what was said of it stays provable")


class BlobRefused(UnitError):
    """Bytes that are not what their hash promises, or more of them than allowed."""


class ConflictingStatement(UnitError):
    """Two statements claim one place in one log: a double statement or a fork, never stored."""


class CharterConflict(UnitError):
    """A charter that cannot stand in the chain kept here."""


class RestoredState(StorageFault):
    """The state came out of a back-up and may be older than what this node signed."""


class BackupError(InputError):
    """A back-up that is incomplete or altered, or a place where it cannot be restored."""


RESTORE = (
    "Keep the damaged files, then restore the newest back-up with `detente restore`; "
    "the node will say if its peers hold newer state than the back-up"
)
_SPACE = "Free space (or lift the quota) on that disk, then try again; nothing acknowledged is lost"
_WRITABLE = "Give the user who runs detente read and write access to it"
_ONE_WRITER = "Stop the other process, or give this one its own directory"
_LOOK = "Look at the system's log for that disk, then try again"

_REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "Raise the file size limit of this process (ulimit -f), then try again",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: "The disk is mounted read-only: check it for errors and mount it for writing",
    errno.ENOENT: "Check the path; if a disk should be mounted there, mount it",
    errno.EEXIST: "Choose another place; what is already there is left alone",
    errno.ENOTDIR: "Part of that path is a file where a folder should be: move it away",
    errno.EISDIR: "A folder stands where a file should be: move it away",
    errno.EMFILE: "Raise the number of open files this process may have (ulimit -n)",
    errno.ENFILE: "This machine has too many open files: stop something and try again",
    errno.EIO: "The disk reports an error: check its health and restore from a back-up if it fails",
}

_FULL = os.strerror(errno.ENOSPC)
_SQLITE_FULL = 13
# It says IOERR or CANTOPEN, and never why, where a file beside the database cannot grow or begin.
_MAYBE_FULL = frozenset((10, 14))
_SQLITE_ROOM_BYTES = 64 * 1024  # the index of its write-ahead log alone takes 32 KiB

# Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code.
_BY_SQLITE: dict[int, tuple[type[StorageFault], str]] = {
    3: (StorageFault, _WRITABLE),  # PERM
    5: (StoreInUse, _ONE_WRITER),  # BUSY
    6: (StoreInUse, _ONE_WRITER),  # LOCKED
    8: (StorageFault, _WRITABLE),  # READONLY
    11: (DamagedStore, RESTORE),  # CORRUPT
    14: (StorageFault, _WRITABLE),  # CANTOPEN
    26: (DamagedStore, RESTORE),  # NOTADB
}


# Classes and codes of PostgreSQL (Appendix A of its manual), the longest beginning first.
_SERVER = "Start the database server, and look at its log and at the address in detente.toml"
_BY_SQLSTATE: tuple[tuple[str, type[StorageFault], str], ...] = (
    ("", StorageFault, _SERVER),  # no answer came
    ("08", StorageFault, _SERVER),
    ("57P", StorageFault, _SERVER),
    (
        "28",
        StorageFault,
        "Give the role and its password in ~/.pgpass (mode 0600); see pg_hba.conf",
    ),
    ("3D000", StorageFault, "Make the database with `createdb`, or correct its name"),
    ("42501", StorageFault, "Make the role of this node the owner of its database"),
    ("53100", StorageFault, _SPACE),
    ("53300", StorageFault, "Raise max_connections of the server: a node takes up to 16"),
    ("55P03", StoreInUse, _ONE_WRITER),
    ("25006", StorageFault, "This server is a standby: name the one that takes writes"),
    ("XX001", DamagedStore, RESTORE),
    ("XX002", DamagedStore, RESTORE),
)

_REFUSALS = (
    ("authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("does not exist", "3D000"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
)


def storage_fault(error: OSError | SQLAlchemyError, *, doing: str, where: str) -> StorageFault:
    """Translate an error of the system or the database into one with a remedy.

    Args:
        error: what was caught.
        doing: the operation, as "writing a tile".
        where: the file, directory or database (never with a password in it).
    """
    if isinstance(error, OSError):
        remedy = _REMEDIES.get(error.errno or 0, _LOOK)
        reason = error.strerror or type(error).__name__
        return StorageFault(f"{doing} in {where} failed: {reason}", remedy=remedy)
    cause = error.orig if isinstance(error, DBAPIError) else None
    if hasattr(cause, "sqlstate"):
        return _server_fault(cause, doing=doing, where=where)
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == _SQLITE_FULL or (code in _MAYBE_FULL and _has_no_room(where)):
        return StorageFault(f"{doing} in {where} failed: {_FULL} ({cause})", remedy=_SPACE)
    kind, remedy = _BY_SQLITE.get(code, (StorageFault, _LOOK))
    return kind(f"{doing} in {where} failed: {cause or error}", remedy=remedy)


def _server_fault(cause: BaseException | None, *, doing: str, where: str) -> StorageFault:
    state = getattr(cause, "sqlstate", None) or _state_in_words(str(cause))
    kind, remedy = next(
        (
            (kind, remedy)
            for begin, kind, remedy in reversed(_BY_SQLSTATE)
            if (state.startswith(begin) if begin else not state)
        ),
        (StorageFault, "Look at the log of the database server, then try again"),
    )
    reason = " ".join(str(cause).split())
    return kind(f"{doing} in {where} failed: {reason}", remedy=remedy)


def _state_in_words(words: str) -> str:
    """Return the code of a refused connection; the client library hands on the words alone."""
    return next((state for part, state in _REFUSALS if part in words), "")


def _has_no_room(where: str) -> bool:
    """Say whether the disk of a database has no room left; SQLite keeps the system's reason."""
    try:
        disk = os.statvfs(os.path.dirname(where) or ".")
    except (OSError, ValueError):
        return False
    return disk.f_bavail * disk.f_frsize < _SQLITE_ROOM_BYTES or disk.f_favail == 0 < disk.f_files


@contextmanager
def storage_faults(*, doing: str, where: str) -> Iterator[None]:
    """Let none of the system's or the database's own errors out of a block.

    Raises:
        StorageFault: for any `OSError` or error of SQLAlchemy's raised inside.
    """
    try:
        yield
    except (OSError, SQLAlchemyError) as error:
        raise storage_fault(error, doing=doing, where=where) from error

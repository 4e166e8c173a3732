"""How this room touches a disk: whole files or none, and errors an operator can act on.

Everything that must survive a power cut goes through `Disk`, so a test can put
another one in its place that fails at any step, before the step or after it.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from detente.storage.errors import StorageFault, storage_faults

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
TEMPORARY_SUFFIX = ".part"


class Disk:
    """The steps that make bytes durable, one method each."""

    def create(self, path: Path, mode: int = PRIVATE_FILE) -> int:
        """Open a new file for writing and return its descriptor; never an existing one."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        """Return when what was written is on the medium."""
        os.fsync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in `folder` are on the medium."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, folder: Path) -> None:
        """Make a folder, durably, in one that exists; fine if it is there already."""
        try:
            folder.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:
            return
        self.sync_folder(folder.parent)

    def rename(self, source: Path, target: Path) -> None:
        """Give the file its name, replacing what had it, in one step."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Take the name away; fine if it has none."""
        path.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, disk: Disk, mode: int = PRIVATE_FILE) -> None:
    """Make `path` hold exactly `data`, durably; a crash leaves the old file or the new one.

    Raises:
        StorageFault: the disk refused; `path` holds the old bytes or the new, whole.
    """
    with storage_faults(doing="writing", where=str(path)):
        temporary = stage(path.parent, data, disk=disk, mode=mode)
        try:
            disk.rename(temporary, path)
        except OSError:
            discard(temporary)
            raise
        disk.sync_folder(path.parent)


def stage(folder: Path, data: bytes, *, disk: Disk, mode: int = PRIVATE_FILE) -> Path:
    """Write `data` to a synced temporary file in `folder` and return its path.

    Raises:
        OSError: the disk refused; no temporary file remains.
    """
    temporary = temporary_path(folder)
    try:
        descriptor = disk.create(temporary, mode)
        try:
            disk.write(descriptor, data)
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        discard(temporary)
        raise
    return temporary


def temporary_path(folder: Path) -> Path:
    """Return a name that nobody uses in `folder`."""
    return folder / f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"


def discard(temporary: Path) -> None:
    """Remove a temporary file as far as the disk lets us; `sweep` takes what stays."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> int:
    """Remove the temporary files a crash left in `folder` and return how many there were.

    Only for the one process that owns the folder: another's work in progress looks the same.

    Raises:
        StorageFault: the disk refused.
    """
    with storage_faults(doing="clearing temporary files", where=str(folder)):
        left_over = list(folder.glob(f".*{TEMPORARY_SUFFIX}"))
        for path in left_over:
            path.unlink(missing_ok=True)
    return len(left_over)


def make_private_folder(folder: Path) -> None:
    """Make `folder` (and its parents) so that only this user can enter it.

    Raises:
        StorageFault: the disk refused.
    """
    with storage_faults(doing="making the folder", where=str(folder)):
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def read_capped(path: Path, *, bytes_max: int) -> bytes:
    """Read a file that should be small.

    Raises:
        StorageFault: it cannot be read, or it is larger than `bytes_max`.
    """
    with storage_faults(doing="reading", where=str(path)), path.open("rb") as file:
        data = file.read(bytes_max + 1)
    if len(data) > bytes_max:
        raise StorageFault(
            f"{path} is larger than {bytes_max} bytes, which no such file is",
            remedy="Another program may have replaced it: restore it from a back-up",
        )
    return data


def read_if_there(path: Path, *, bytes_max: int) -> bytes | None:
    """Read a small file that another thread or command may remove at any moment.

    Raises:
        StorageFault: as `read_capped`; a file that is not there is None instead.
    """
    try:
        return read_capped(path, bytes_max=bytes_max)
    except StorageFault as fault:
        if isinstance(fault.__cause__, FileNotFoundError):
            return None
        raise


def refuse_if_shared(path: Path) -> None:
    """Refuse a secret that others on this machine can read or replace.

    Raises:
        StorageFault: group or world have any access, it is no plain file,
            or it belongs to another user.
    """
    with storage_faults(doing="checking", where=str(path)):
        state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        raise StorageFault(f"{path} is not a plain file", remedy="Put the key file itself there")
    if state.st_mode & 0o077:
        raise StorageFault(
            f"{path} is open to others on this machine (mode {stat.S_IMODE(state.st_mode):04o})",
            remedy=f"chmod 600 {path}; if others may have read it, rotate the key",
        )
    if state.st_uid not in (os.geteuid(), 0):
        raise StorageFault(
            f"{path} belongs to user {state.st_uid}, not to the one who runs detente",
            remedy=f"chown it to user {os.geteuid()}, after checking where it came from",
        )

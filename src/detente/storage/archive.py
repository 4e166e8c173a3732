"""The form of a back-up: a tar of plain files, and last their SHA-256 sums in the same order.

`tar -xf` and `sha256sum -c SHA256SUMS` read it without this program. Reading
trusts nothing in it: names, kinds, order and sums are checked, and it can only
write inside the folder it is given. Neither way holds more than one file's
chunk in memory.
"""

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from detente.storage.disk import Disk
from detente.storage.errors import BackupError

SUMS = "SHA256SUMS"
_CHUNK_BYTES = 2**20
_PART = re.compile(r"(?!\.{1,2}\Z)[0-9A-Za-z_.@+-]{1,255}", re.ASCII)
_DEPTH_MAX = 16
_USTAR_BYTES = 8**11
_END_BYTES_MAX = 65_536  # other programs end a tar with more zeros than two blocks


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a back-up holds.

    Attributes:
        files: how many, the list of sums not counted.
        total_bytes: of these files.
        sums: hex SHA-256 of the list of sums: noted elsewhere, it shows whether
            somebody changed the back-up.
    """

    files: int
    total_bytes: int
    sums: str


class Pack:
    """A back-up being written.

    Args:
        write: takes the next bytes of the tar.
        moment: POSIX seconds, the time of every file in it.
        sums: an empty file to note the sums in.
    """

    def __init__(self, write: Callable[[bytes], None], *, moment: int, sums: IO[bytes]) -> None:
        self._write = write
        self._moment = moment
        self._sums = sums
        self._files = 0
        self._total = 0

    def add(self, path: Path, name: str) -> None:
        """Add one file as it is now.

        Raises:
            BackupError: a name that a back-up cannot hold.
            OSError: it cannot be read, or became shorter meanwhile.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                digest = self._add(_checked(name), size, file)
            except EOFError:
                raise BackupError(
                    "it changed while it was being backed up", file=str(path), remedy="Try again"
                ) from None
        self._sums.write(_line(digest, name))
        self._files += 1
        self._total += size

    def finish(self) -> BackupReport:
        """Add the list of sums and end the tar."""
        size = self._sums.tell()
        self._sums.seek(0)
        digest = self._add(SUMS, size, self._sums)
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        return BackupReport(self._files, self._total, digest)

    def _add(self, name: str, size: int, source: IO[bytes]) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, self._moment
        self._write(_print_header(info))
        hasher = hashlib.sha256()
        for chunk in _chunks(source, size):
            hasher.update(chunk)
            self._write(chunk)
        self._write(bytes(-size % tarfile.BLOCKSIZE))
        return hasher.hexdigest()


def unpack(archive: Path, into: Path, *, disk: Disk) -> BackupReport:
    """Write every file of a back-up into the empty folder `into`, durably, and check all sums.

    Raises:
        BackupError: not such a back-up, or not every byte of it is as it was.
        OSError: the disk refused.
    """
    try:
        with archive.open("rb") as tar, tempfile.TemporaryFile(dir=into.parent) as sums:
            return _unpack_files(tar, into, sums, disk)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(f"it ends early or is no tar file ({error})", archive) from None
    except FileExistsError as error:
        raise _damaged(f"it holds {error.filename} twice", archive) from None
    except BackupError as error:
        raise _damaged(error.message, archive) from None


def _unpack_files(tar: IO[bytes], into: Path, sums: IO[bytes], disk: Disk) -> BackupReport:
    files = total = 0
    while (info := _header(tar)).name != SUMS:
        path = into / _checked(info.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        hasher = hashlib.sha256()
        with new_file(path, disk) as write:
            for chunk in _chunks(tar, info.size):
                hasher.update(chunk)
                write(chunk)
        _skip_padding(tar, info)
        sums.write(_line(hasher.hexdigest(), info.name))
        files, total = files + 1, total + info.size
    digest = _compare(_chunks(tar, info.size), sums)
    _skip_padding(tar, info)
    end = tar.read(_END_BYTES_MAX + 1)
    if any(end) or not 2 * tarfile.BLOCKSIZE <= len(end) <= _END_BYTES_MAX:
        raise BackupError("something else than the end follows the list of sums")
    return BackupReport(files, total, digest)


def _skip_padding(tar: IO[bytes], info: tarfile.TarInfo) -> None:
    if any(tar.read(-info.size % tarfile.BLOCKSIZE)):
        raise BackupError(f"something is hidden behind {info.name!r}")


def _print_header(info: tarfile.TarInfo) -> bytes:
    try:
        # Only the GNU form can say more than 8 GiB; the other takes longer names.
        if info.size < _USTAR_BYTES:
            return info.tobuf(tarfile.USTAR_FORMAT)
        return info.tobuf(tarfile.GNU_FORMAT)
    except ValueError as error:
        raise BackupError(f"{info.name!r} does not fit into a tar: {error}") from None


def _header(tar: IO[bytes]) -> tarfile.TarInfo:
    block = tar.read(tarfile.BLOCKSIZE)
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except ValueError:
        raise BackupError("the name of a file in it is not ASCII") from None
    if info.type != tarfile.REGTYPE or info.size < 0:
        raise BackupError(f"{info.name[:80]!r} is no plain file")
    return info


def _chunks(source: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = source.read(min(size, _CHUNK_BYTES))
        if not chunk:
            raise EOFError("a file in it became shorter")
        size -= len(chunk)
        yield chunk


@contextmanager
def new_file(path: Path, disk: Disk) -> Iterator[Callable[[bytes], None]]:
    """Lend a function that writes to a new file, which is synced and closed at the end."""
    descriptor = disk.create(path)
    try:
        yield lambda data: disk.write(descriptor, data)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _line(digest: str, name: str) -> bytes:
    """Return what `sha256sum` prints."""
    return f"{digest}  {name}\n".encode()


def _compare(told: Iterable[bytes], seen: IO[bytes]) -> str:
    seen.seek(0)
    hasher = hashlib.sha256()
    for chunk in told:
        hasher.update(chunk)
        found = seen.read(len(chunk))
        if found != chunk:
            raise BackupError(_difference(found, chunk))
    if seen.read(1):
        raise BackupError("it holds files that its list of sums does not name")
    return hasher.hexdigest()


def _difference(found: bytes, told: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(found, told, strict=False)) if a != b), len(found))
    line = told[told.rfind(b"\n", 0, at) + 1 :].split(b"\n", 1)[0]
    name = line[66:].decode(errors="replace")
    return f"{name[:200]!r} is not what was backed up, or is missing"


def _checked(name: str) -> str:
    parts = name.split("/")
    if len(parts) > _DEPTH_MAX or not all(_PART.fullmatch(part) for part in parts):
        raise BackupError(
            f"a back-up cannot hold a file named {name[:80]!r}",
            remedy="Move what is not the node's own out of its directory",
        )
    return name


def _damaged(reason: str, archive: Path) -> BackupError:
    return BackupError(
        f"this back-up cannot be used: {reason}",
        file=str(archive),
        remedy="Use another back-up; nothing was restored",
    )

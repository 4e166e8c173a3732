"""A member's face in one file: what would travel by network, on media.

A tar whose members are the paths of `protocol.paths`, and `from`, the hex member id of
whose face it is. Believed in nothing: an import takes the same steps as a pull.
"""

import re
import tarfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from detente.exchange.errors import ExchangeError
from detente.exchange.limits import BUNDLE_FILES_MAX, BUNDLE_NAME_CHARS_MAX, SPOOL_BYTES_MAX
from detente.exchange.protocol.paths import blob_path

FROM = "from"
_MEMBER = re.compile(rb"[0-9a-f]{64}\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a bundle.

    Attributes:
        path: as on the face.
        size: in bytes.
        chunks: its bytes in order.
    """

    path: str
    size: int
    chunks: Iterable[bytes]

    @classmethod
    def of(cls, path: str, data: bytes) -> "Piece":
        """Return a piece that is in memory."""
        return cls(path, len(data), (data,))


class _Chunks:
    """Reads a piece's chunks as a file, for the tar writer."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (more := next(self._chunks, b"")):
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def write_bundle(target: BinaryIO, member: str, pieces: Iterable[Piece]) -> int:
    """Write a bundle of one member's face and return how many pieces it holds.

    Raises:
        OSError: the disk refused.
    """
    count = 0
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, Piece.of(FROM, f"{member}\n".encode()))
        for piece in pieces:
            _add(archive, piece)
            count += 1
    return count


def _add(archive: tarfile.TarFile, piece: Piece) -> None:
    entry = tarfile.TarInfo(piece.path)
    entry.size = piece.size
    entry.mode = 0o644
    archive.addfile(entry, _Chunks(piece.chunks))  # type: ignore[arg-type]  # only read is called


class BundleFace:
    """The face in a bundle (implements `ports.Face`). The file stays open meanwhile.

    Args:
        source: seekable.

    Raises:
        ExchangeError: no bundle, or more pieces than any has.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._places: dict[str, tuple[int, int]] = {}
        for name, offset, size in _entries(source):
            if name in self._places:
                raise ExchangeError(f"a bundle holds each path once, this one {name!r} twice")
            if len(self._places) >= BUNDLE_FILES_MAX:
                raise ExchangeError(f"a bundle holds at most {BUNDLE_FILES_MAX} pieces")
            self._places[name] = (offset, size)
        said = self._read(FROM, 65) if FROM in self._places else b""
        if _MEMBER.fullmatch(said) is None:
            raise ExchangeError("not a bundle: it does not say whose face it is")
        self.member = said.decode().strip()

    async def read(self, path: str, *, bytes_max: int) -> bytes | None:
        """Return what stands at a path, None where nothing is said of it.

        Raises:
            ExchangeError: longer than `bytes_max`, or a tile that is not in this bundle: it
                may be in another, so nobody is blamed for withholding it.
        """
        if path not in self._places and "/tile/" not in path:
            return None
        return self._read(path, bytes_max)

    @asynccontextmanager
    async def blob(
        self, digest: str, *, at: tuple[str, int], bytes_max: int
    ) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """Lend a wrap or ciphertext as a stream; raises as `read`."""
        offset, size = self._place(blob_path(digest), bytes_max)

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, size, SPOOL_BYTES_MAX):
                self._source.seek(offset + start)
                yield self._source.read(min(SPOOL_BYTES_MAX, size - start))

        yield pieces()

    async def hints(self) -> AsyncIterator[str]:
        """Yield nothing: a file does not grow."""
        nothing: tuple[str, ...] = ()
        for each in nothing:
            yield each

    def paths(self) -> Iterator[str]:
        """Yield what is in it."""
        return iter(self._places)

    def _place(self, path: str, bytes_max: int) -> tuple[int, int]:
        if path not in self._places:
            raise ExchangeError(f"{path} is not in this bundle")
        offset, size = self._places[path]
        if size > bytes_max:
            raise ExchangeError(f"{path} has {size} bytes, more than {bytes_max}")
        return offset, size

    def _read(self, path: str, bytes_max: int) -> bytes:
        offset, size = self._place(path, bytes_max)
        self._source.seek(offset)
        return self._source.read(size)


def _entries(source: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Yield name, offset and size of each file, reading headers only.

    Our own reader of the plain form (POSIX.1-1988 with the ustar prefix): no links, no
    extensions, no second meaning; what `tarfile` writes in that form.
    """
    source.seek(0, 2)
    end, place = source.tell(), 0
    while place + tarfile.BLOCKSIZE <= end:
        source.seek(place)
        header = source.read(tarfile.BLOCKSIZE)
        if header.count(0) == tarfile.BLOCKSIZE:
            return
        name, size = _header(header)
        place += tarfile.BLOCKSIZE
        if place + size > end:
            raise ExchangeError(f"the bundle ends within {name!r}")
        yield name, place, size
        place += -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    raise ExchangeError("not a bundle, or cut off: it has no end")


def _header(header: bytes) -> tuple[str, int]:
    """Read name and size of a header; refuse everything but a plain file."""
    unsigned = 256 + sum(header[:148]) + sum(header[156:])
    prefix, name = header[345:500].rstrip(b"\0"), header[:100].rstrip(b"\0")
    octal = header[124:135]
    try:
        path = (prefix + b"/" + name if prefix else name).decode("ascii")
        size, sum_said = int(octal, 8), int(header[148:154], 8)
    except ValueError:
        raise ExchangeError("not a bundle: a header has another form") from None
    plain = header[156:157] in (b"0", b"\0") and header[257:262] == b"ustar"
    if not plain or sum_said != unsigned or not path.isprintable() or size < 0:
        raise ExchangeError("not a bundle: a header has another form")
    if not 0 < len(path) <= BUNDLE_NAME_CHARS_MAX:
        raise ExchangeError("a path in the bundle is longer than any")
    return path, size


def bundle_of(data: bytes) -> BundleFace:
    """Return the face in a bundle that is in memory; raises as `BundleFace`."""
    return BundleFace(BytesIO(data))

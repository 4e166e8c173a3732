"""Event files: opened, unpacked within bounds, read as batches.

What one input costs is bounded by its reader; here by how far it may unpack. A packed
file that breaks off gives what came before the break, and says so in a last batch.
"""

import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from detente.errors import EnvironmentFault, InputError
from detente.watch.reading import BadLine, Batch, Format, Limits, LogSource, Options, ReadingError
from detente.watch.reading import read as read_batches

STANDARD_INPUT = "-"
CHUNK_BYTES = 1 << 20
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
# A block of zstd may unpack to 128 KiB from four bytes: a kilobyte gives 32 MiB at most.
ZSTD_STEP = 1_024
ZSTD_WINDOW_MAX = 128 << 20
GZIP_WINDOW = 31  # zlib's number for: gzip's header and trailer, largest window


@dataclass(frozen=True, slots=True)
class Unpacking:
    """How far a packed input may unpack.

    Attributes:
        ratio: unpacked bytes for each packed one, once `free_bytes` are out.
        free_bytes: what may come out whatever it was packed into.
        total_bytes: the most that comes out of one input.
    """

    ratio: int = 500
    free_bytes: int = 64 << 20
    total_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class EventInput:
    """One input as the operator named it, and how to read it.

    Attributes:
        name: a path, or `-` for standard input.
        form: its format; `Format.AUTO` looks at the first bytes.
        limits: what a line may cost.
        unpacking: how far it may unpack.
        log_source: the tag for lines whose source is not recognised.
    """

    name: str
    form: Format = Format.AUTO
    limits: Limits = field(default_factory=Limits)
    unpacking: Unpacking = field(default_factory=Unpacking)
    log_source: LogSource | None = None


class _Broken(Exception):
    """The packed input cannot be unpacked further; the message says why."""


def event_inputs(names: Iterable[str]) -> list[str]:
    """Return the inputs the names stand for: a folder is every file beneath it, in order.

    Raises:
        InputError: a name that is neither file nor folder.
    """
    found = []
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            found += sorted(str(inner) for inner in path.rglob("*") if inner.is_file())
        elif name == STANDARD_INPUT or path.exists():
            found.append(name)
        else:
            raise InputError("no such file", file=name, remedy="Name files or folders of events")
    return found


def read_events(source: EventInput, *, now: float) -> Iterator[Batch]:
    """Yield the events of one input in batches; memory holds about one batch.

    Args:
        source: what to read.
        now: seconds since 1970; bounds the year of times that name none. Of a file
            its last change does, where that is earlier.

    Raises:
        InputError: the file is absent, or not of a format known here.
        EnvironmentFault: it cannot be opened or read.
    """
    shown = "standard input" if source.name == STANDARD_INPUT else source.name
    try:
        if source.name == STANDARD_INPUT:
            yield from _batches(source, sys.stdin.buffer, now)
            return
        path = Path(source.name)
        with path.open("rb") as file:
            yield from _batches(source, file, min(now, path.stat().st_mtime))
    except FileNotFoundError:
        raise InputError("no such file", file=shown) from None
    except IsADirectoryError:
        raise InputError("a folder, not a file of events", file=shown) from None
    except OSError as fault:
        raise EnvironmentFault(f"{shown} cannot be read: {fault.strerror}") from fault
    except ReadingError as wrong:
        raise InputError(wrong.message, file=shown, remedy=wrong.remedy) from wrong


def _batches(source: EventInput, file: BinaryIO, before: float) -> Iterator[Batch]:
    options = Options(limits=source.limits, year_before=before, log_source=source.log_source)
    unpacked = Unpacked(file, source.unpacking)
    following = 0
    for batch in read_batches(unpacked.chunks(), source.form, options):
        following = max(following, *(at + 1 for at in _last_positions(batch)), 0)
        yield batch
    if unpacked.broken:
        yield Batch(bad=[BadLine(following, unpacked.broken, b"")])


def _last_positions(batch: Batch) -> list[int]:
    return batch.positions[-1:] + [line.position for line in batch.bad[-1:]]


def _cut(data: bytes) -> Iterator[bytes]:
    """Yield the bytes in chunks: what reads them spends memory on each chunk's lines."""
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]


class Unpacked:
    """The input's bytes, unpacked; `broken` says why they ended early, if they did."""

    def __init__(self, file: BinaryIO, unpacking: Unpacking) -> None:
        self.broken = ""
        self._file = file
        self._unpacking = unpacking
        self._packed = 0
        self._out = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield pieces of about a mebibyte."""
        head = self._file.read(CHUNK_BYTES)
        if head.startswith(GZIP):
            pieces = self._bounded(self._gunzip(head))
        elif head.startswith(ZSTD):
            pieces = self._bounded(self._unzstd(head))
        else:
            yield head
            yield from iter(lambda: self._file.read(CHUNK_BYTES), b"")
            return
        yield from self._gathered(pieces)

    def _gathered(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        try:
            for piece in pieces:
                held.append(piece)
                size += len(piece)
                if size >= CHUNK_BYTES:
                    yield from _cut(b"".join(held))
                    held, size = [], 0
        except _Broken as wrong:
            self.broken = f"{wrong}; what came before was read"
        if held:
            yield b"".join(held)

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._out += len(piece)
            yield piece
            if self._out > self._unpacking.total_bytes:
                raise _Broken(f"the input unpacks to more than {self._unpacking.total_bytes} bytes")
            if self._out > self._unpacking.free_bytes + self._packed * self._unpacking.ratio:
                raise _Broken(f"the input unpacks to over {self._unpacking.ratio} times its size")

    def _packed_parts(self, head: bytes, step: int) -> Iterator[bytes]:
        part = head
        while part:
            for at in range(0, len(part), step):
                piece = part[at : at + step]
                self._packed += len(piece)
                yield piece
            part = self._file.read(CHUNK_BYTES)

    def _gunzip(self, head: bytes) -> Iterator[bytes]:
        """Members one after the other, as log rotation writes them; padding ends them."""
        member = zlib.decompressobj(GZIP_WINDOW)
        fresh = True
        for part in self._packed_parts(head, CHUNK_BYTES):
            rest = part
            while rest:
                if fresh and not rest.strip(b"\0"):
                    break
                fresh = False
                try:
                    yield member.decompress(rest, CHUNK_BYTES)
                except zlib.error as wrong:
                    raise _Broken(f"the gzip stream is damaged ({wrong})") from None
                rest = member.unconsumed_tail
                if member.eof:
                    rest = member.unused_data
                    member, fresh = zlib.decompressobj(GZIP_WINDOW), True
        if not fresh:
            yield member.flush()
            raise _Broken("the gzip stream ends before its end")

    def _unzstd(self, head: bytes) -> Iterator[bytes]:
        import zstandard

        unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX)
        frame = unpacker.decompressobj()
        fresh = True
        for part in self._packed_parts(head, ZSTD_STEP):
            rest = part
            while rest:
                fresh = False
                try:
                    yield frame.decompress(rest)
                except zstandard.ZstdError as wrong:
                    raise _Broken(f"the zstd stream is damaged ({wrong})") from None
                rest = b""
                if frame.eof:
                    rest = frame.unused_data
                    frame, fresh = unpacker.decompressobj(), True
        if not fresh:
            raise _Broken("the zstd stream ends before its end")

"""Windows event logs in their binary form, one chunk of 64 KiB at a time.

Each chunk stands for itself (its own strings and templates), so it is given to the
parser as a file of one chunk: memory stays small, input may come from a pipe, and
what breaks one chunk leaves the others.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from detente.watch.reading.errors import ReadingError, UnreadableLine
from detente.watch.reading.model import Batch, Limits
from detente.watch.reading.windows import nested_event

MAGIC = b"ElfFile\x00"
CHUNK_MAGIC = b"ElfChnk\x00"
HEADER_BYTES = 4_096
CHUNK_BYTES = 65_536
RECORDS_MAX = 2_731  # the smallest record takes 24 of a chunk's 65,536 bytes
BATCH_EVENTS = 1_024
_CHECKED = 120
_NUMBERS = slice(8, 32)
_COUNT = slice(42, 44)
_CHECKSUM = slice(124, 128)


class _View:
    """Bytes as the file the parser asks for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        part = self._data[self._at : end]
        self._at += len(part)
        return part

    def seek(self, offset: int, whence: int = 0) -> int:
        start = (0, self._at, len(self._data))[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def read_evtx(chunks: Iterable[bytes], limits: Limits) -> Iterator[Batch]:
    """Yield the events of one EVTX file; a record that cannot be read is set aside.

    Raises:
        ReadingError: the input does not begin as an EVTX file.
    """
    pieces = _pieces(chunks)
    header = next(pieces, b"")
    if not header.startswith(MAGIC):
        raise ReadingError(
            "not an EVTX file: it does not begin with ElfFile",
            remedy="See that it is a log; `detente watch scan` takes its format with --format",
        )
    records = _Records(header, limits)
    for piece in pieces:
        if any(piece[:512]):  # a chunk allocated and never written is all zero
            records.add_chunk(piece)
        if len(records.batch.positions) >= BATCH_EVENTS:
            yield records.taken()
    yield records.taken()


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the header, then chunk after chunk; the last may be short."""
    held, size = bytearray(), HEADER_BYTES
    for part in chunks:
        held += part
        at = 0
        while len(held) - at >= size:
            yield bytes(held[at : at + size])
            at += size
            size = CHUNK_BYTES
        del held[:at]
    if held:
        yield bytes(held)


def _one_chunk_header(header: bytes) -> bytes:
    """Return the file header as it would be for a file of one chunk."""
    alone = bytearray(header.ljust(HEADER_BYTES, b"\0"))
    alone[_NUMBERS] = bytes(24)
    alone[_COUNT] = (1).to_bytes(2, "little")
    alone[_CHECKSUM] = zlib.crc32(alone[:_CHECKED]).to_bytes(4, "little")
    return bytes(alone)


class _Records:
    """The records read so far, numbered over the whole file."""

    def __init__(self, header: bytes, limits: Limits) -> None:
        self.batch = Batch()
        self._header = _one_chunk_header(header)
        self._limits = limits
        self._next = 0

    def taken(self) -> Batch:
        batch, self.batch = self.batch, Batch()
        return batch

    def add_chunk(self, chunk: bytes) -> None:
        if not chunk.startswith(CHUNK_MAGIC):
            self._bad("a chunk that does not begin with ElfChnk", chunk)
            return
        for record in _parsed(self._header + chunk.ljust(CHUNK_BYTES, b"\0")):
            if isinstance(record, str):
                self._bad(record, b"")
            else:
                self._add(record)
        if len(chunk) < CHUNK_BYTES:
            self._bad("the file ends inside a chunk; what came before was read", b"")

    def _add(self, record: dict[str, Any]) -> None:
        raw = str(record.get("data", "")).encode()
        try:
            if len(raw) > self._limits.line_bytes:
                raise UnreadableLine(f"a record over {self._limits.line_bytes} bytes")
            event = nested_event(orjson.loads(raw), self._limits)
            if event is None:
                raise UnreadableLine("a record without a System element")
        except UnreadableLine as bad:
            self._bad(bad.reason, raw)
        except (ValueError, AttributeError):
            self._bad("a record that is no event", raw)
        else:
            self.batch.add(self._next, event, raw)
            self._next += 1

    def _bad(self, reason: str, raw: bytes) -> None:
        self.batch.set_aside(self._next, reason, raw, self._limits)
        self._next += 1


def _parsed(data: bytes) -> Iterator[dict[str, Any] | str]:
    """Yield the records of a one-chunk file, or for one that fails the reason."""
    from evtx import PyEvtxParser

    try:
        found = iter(PyEvtxParser(_View(data), 1).records_json())
    except BaseException as wrong:
        yield _reason(wrong)
        return
    for _ in range(RECORDS_MAX):
        try:
            record = next(found)
            yield record if isinstance(record, dict) else "an unreadable record: nothing was read"
        except StopIteration:
            return
        except BaseException as wrong:
            yield _reason(wrong)


def _reason(wrong: BaseException) -> str:
    """Say what the parser said; its panics are no Exception, ours and the operator's pass on."""
    if not isinstance(wrong, Exception) and type(wrong).__name__ != "PanicException":
        raise wrong
    return f"an unreadable record: {str(wrong)[:200]}"

"""Bytes to lines: one encoding, bounded blocks, and no line without an end."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from detente.watch.reading.model import Limits

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive whole lines of one input.

    Attributes:
        first: the number of the first line, from 0.
        lines: without their line feed; a carriage return before it stays.
        long: lines over the limit, by their place in `lines`, where only their
            first bytes stand.
    """

    first: int
    lines: list[bytes]
    long: frozenset[int] = field(default_factory=frozenset)


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same text in UTF-8: UTF-16 (as Windows tools write it) is turned, marks are cut.

    Bytes that are neither pass unchanged: the line's reader keeps them as Latin-1.
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= 4:  # noqa: PLR2004 - enough for a mark, or for two UTF-16 letters
            break
    encoding = _utf16(head)
    if encoding is None:
        yield head.removeprefix(UTF8_MARK)
        yield from source
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(head).removeprefix("\ufeff").encode()
    for chunk in source:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _utf16(head: bytes) -> str | None:
    for mark, encoding in UTF16_MARKS.items():
        if head.startswith(mark):
            return encoding
    # Without a mark: the letters of any format's first word have one zero byte each.
    zeros = [byte == 0 for byte in head[:4]]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    if zeros == [True, False, True, False]:
        return "utf-16-be"
    return None


class LineSplitter:
    """Cuts a stream into blocks of whole lines; it holds one chunk's lines and one more."""

    def __init__(self, limits: Limits, *, first: int = 0) -> None:
        self._limits = limits
        self._next = first
        self._parts: list[bytes] = []
        self._held = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[Block]:
        """Take more bytes; yield the blocks they complete."""
        cut = chunk.rfind(b"\n")
        if cut < 0:
            self._hold(chunk)
            return
        whole = b"".join((*self._parts, chunk[:cut]))
        skipped = self._skipping
        self._parts, self._held, self._skipping = [], 0, False
        yield from self._blocks(whole, first_is_long=skipped)
        self._hold(chunk[cut + 1 :])

    def close(self) -> Iterator[Block]:
        """Yield what stands after the last line feed."""
        if self._held:
            rest, skipped = b"".join(self._parts), self._skipping
            self._parts, self._held, self._skipping = [], 0, False
            yield from self._blocks(rest, first_is_long=skipped)

    def _hold(self, part: bytes) -> None:
        """Keep the start of a line; of one over the limit only what shows it was over."""
        room = self._limits.line_bytes + 1 - self._held
        if len(part) > room:
            self._skipping = True
            part = part[: max(room, 0)]
        if part:
            self._parts.append(part)
            self._held += len(part)
        if len(self._parts) > 64:  # noqa: PLR2004 - a drip of single bytes holds one object, not each
            self._parts = [b"".join(self._parts)]

    def _blocks(self, text: bytes, *, first_is_long: bool) -> Iterator[Block]:
        lines = text.split(b"\n")
        step = self._limits.batch_lines
        for at in range(0, len(lines), step):
            yield self._block(lines[at : at + step], first_is_long=first_is_long and at == 0)

    def _block(self, lines: list[bytes], *, first_is_long: bool) -> Block:
        cap = self._limits.line_bytes
        long = set()
        if first_is_long or max(map(len, lines)) > cap:
            long = {at for at, line in enumerate(lines) if len(line) > cap}
            if first_is_long:
                long.add(0)
            for at in long:
                lines[at] = lines[at][: self._limits.kept_bytes]
        block = Block(self._next, lines, frozenset(long))
        self._next += len(lines)
        return block

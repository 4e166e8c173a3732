"""A file that is followed: what is added, through rotation by rename or copy, and truncation.

Where reading stands is a list of tails, the newest last: a file that was renamed is read to
its end while the new one already is. A tail knows its file by inode and by a hash of its
first bytes, so a restart finds it again under another name. Lines are numbered by the
offset of their first byte; a tail's generation tells files of one path apart.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from detente.node.watching_sources import Portion, WatchSource
from detente.watch.reading import HEAD_BYTES, Format, Limits, ReadingError, detect

CHUNK_BYTES = 1 << 20
FINGERPRINT_BYTES = 1_024
QUIET_S = 60.0  # a renamed file that grew no more for so long is done
TAILS_MAX = 64
HEADER_LINES_MAX = 16
HEADER_BYTES_MAX = 16_384
_PACKED = (".gz", ".zst", ".bz2", ".xz", ".zip")
_LINE_BYTES_MAX = Limits().line_bytes
_HEADED = frozenset({Format.W3C, Format.ZEEK})
_UNREADABLE = frozenset({Format.EVTX, Format.JSON})


@dataclass(slots=True)
class Tail:
    """How far one file was read.

    Attributes:
        generation: counts the files that had the path.
        inode: of the file.
        offset: of the first byte that was not read.
        head: hash of its first `head_bytes` bytes.
        head_bytes: how many were hashed.
        form: settled format; empty while it is not.
        header: lines that name fields, for a reader that begins later.
        file: descriptor, -1 where it is not open.
        quiet_since: monotonic seconds since which it gave nothing.
    """

    generation: int
    inode: int
    offset: int = 0
    head: str = ""
    head_bytes: int = 0
    form: str = ""
    header: list[str] = field(default_factory=list)
    file: int = -1
    quiet_since: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return {
            "generation": self.generation,
            "inode": self.inode,
            "offset": self.offset,
            "head": self.head,
            "head_bytes": self.head_bytes,
            "form": self.form,
            "header": self.header,
        }


class FileFollower:
    """Follows the file at one path. Implements `watching.Intake`; not for two threads at once.

    Args:
        source: what to follow.
        place: where it stood when the program stopped; empty for the beginning of the file.
        monotonic: seconds, of a clock that never goes back.
        report: tells people what cannot be read.
    """

    def __init__(
        self,
        source: WatchSource,
        place: str,
        *,
        monotonic: Callable[[], float],
        report: Callable[[str], None],
    ) -> None:
        self.source = source
        self._path = Path(source.where)
        self._monotonic = monotonic
        self._report = report
        self._said: set[str] = set()
        self._tails = [Tail(**each) for each in orjson.loads(place)["tails"]] if place else []
        self._is_resumed = not self._tails
        self._changed = False

    def close(self) -> None:
        """Give the files back."""
        for tail in self._tails:
            self._shut(tail)

    def begin(self) -> str:
        """Find the files; return the place to be kept before they are read, empty for none."""
        try:
            if not self._is_resumed:
                self._resume()
            self._meet_current()
        except OSError as error:
            self._tell(f"{self._path} cannot be read: {error.strerror}")
        is_new, self._changed = self._changed, False
        return self._place() if is_new else ""

    def take(self, lines_max: int) -> list[Portion]:
        """Return what was added, oldest file first; at most about a mebibyte of each."""
        try:
            # Which files there are is kept before they are read: another name or another
            # file at this path hides none of them then, whenever this process ends.
            if place := self.begin():
                return [Portion(self.source, Format.SYSLOG, "", [], [], place)]
            portions = []
            for tail in list(self._tails):
                portion = self._read(tail, lines_max)
                if portion is not None:
                    portions.append(portion)
                    lines_max -= len(portion.lines)
                if lines_max <= 0:
                    break
            self._drop_done()
            return portions
        except OSError as error:
            self._tell(f"{self._path} cannot be read: {error.strerror}")
            return []

    def _tell(self, text: str) -> None:
        if text not in self._said and len(self._said) < TAILS_MAX:
            self._said.add(text)
            self._report(f"source {self.source.name}: {text}")

    # --- which files ------------------------------------------------------------------------

    def _resume(self) -> None:
        """Find the files of an earlier run again, whatever they are called by now."""
        self._is_resumed = True
        for tail in list(self._tails):
            if not self._find(tail):
                self._tails.remove(tail)
                self._tell(
                    f"a rotated file is gone (generation {tail.generation}): what it held"
                    f" after byte {tail.offset} was not read"
                )

    def _find(self, tail: Tail) -> bool:
        """Open the file of a tail; a copy is as good as the file itself."""
        candidates = sorted(self._siblings(), key=lambda path: _inode(path) != tail.inode)
        for path in candidates:
            with suppress(OSError):
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                if self._is_file_of(tail, file):
                    tail.file, tail.inode = file, os.fstat(file).st_ino
                    return True
                os.close(file)
        return False

    def _siblings(self) -> Iterator[Path]:
        yield self._path
        for path in self._path.parent.glob(_quoted(self._path.name) + "?*"):
            if path.is_file() and path.suffix not in _PACKED:
                yield path

    def _is_file_of(self, tail: Tail, file: int) -> bool:
        status = os.fstat(file)
        if status.st_size < tail.offset:
            return False
        if tail.head_bytes == 0:
            return status.st_ino == tail.inode
        return _hash_of_head(file, tail.head_bytes) == tail.head

    def _between(self, newest: Tail) -> None:
        """Take up files that came and were rotated away while nobody looked."""
        known = {tail.inode for tail in self._tails} | {_inode(self._path)}
        since = os.fstat(newest.file).st_mtime
        missed = []
        for path in self._siblings():
            status = path.stat()
            if status.st_ino not in known and status.st_mtime >= since:
                missed.append((status.st_mtime, path))
        for _, path in sorted(missed):
            self._begin(path)

    def _meet_current(self) -> None:
        """Begin with the file that has the path now, where it is another."""
        inode = _inode(self._path)
        if inode is None:
            if not self._tails:
                self._tell(f"{self._path} is not there yet")
            return
        newest = self._tails[-1] if self._tails else None
        if newest is None or newest.inode != inode:
            if newest is not None:
                self._between(newest)
            self._begin(self._path)
        elif self._was_truncated(newest):
            self._begin_again(newest)

    def _begin(self, path: Path) -> None:
        generation = max((tail.generation for tail in self._tails), default=-1) + 1
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        tail = Tail(generation, os.fstat(file).st_ino, file=file)
        tail.quiet_since = self._monotonic()
        self._tails.append(tail)
        self._changed = True
        if len(self._tails) > TAILS_MAX:
            self._shut(self._tails.pop(0))
            self._tell("files are rotated faster than they are read: the oldest was given up")

    def _was_truncated(self, tail: Tail) -> bool:
        if os.fstat(tail.file).st_size < tail.offset:
            return True
        return tail.head_bytes > 0 and _hash_of_head(tail.file, tail.head_bytes) != tail.head

    def _begin_again(self, tail: Tail) -> None:
        """Go on where a file was cut: at its beginning, and in the copy made of it before."""
        self._shut(tail)
        inode, tail.inode = tail.inode, 0
        if not self._find(tail):
            self._tails.remove(tail)
            self._tell(
                f"{self._path} was cut without a copy beside it: what was added after byte"
                f" {tail.offset} of it before could not be read"
            )
        generation = tail.generation + 1
        again = Tail(generation, inode, file=os.open(self._path, os.O_RDONLY | os.O_CLOEXEC))
        again.quiet_since = self._monotonic()
        self._tails.append(again)
        self._changed = True

    def _drop_done(self) -> None:
        now = self._monotonic()
        for tail in self._tails[:-1]:
            if now - tail.quiet_since >= QUIET_S:
                self._shut(tail)
                self._tails.remove(tail)

    @staticmethod
    def _shut(tail: Tail) -> None:
        if tail.file >= 0:
            os.close(tail.file)
            tail.file = -1

    # --- what they say ----------------------------------------------------------------------

    def _read(self, tail: Tail, lines_max: int) -> Portion | None:
        start = tail.offset
        chunk = os.pread(tail.file, CHUNK_BYTES + _LINE_BYTES_MAX, start)
        if not chunk:
            return None
        is_old = tail is not self._tails[-1]
        lines, at, end = _cut(chunk, start, lines_max)
        if not lines:
            lines, at, end = self._last_line(tail, chunk, is_old=is_old)
        if not lines or not self._settle(tail, chunk, is_old=is_old):
            return None
        head = tuple(line.encode("latin-1") for line in tail.header)
        form = Format(tail.form)
        self._note_header(tail, form, lines)
        tail.offset = end
        tail.quiet_since = self._monotonic()
        if tail.head_bytes < FINGERPRINT_BYTES:
            tail.head_bytes = min(FINGERPRINT_BYTES, end)
            tail.head = _hash_of_head(tail.file, tail.head_bytes)
        return Portion(self.source, form, str(tail.generation), lines, at, self._place(), head)

    def _place(self) -> str:
        return orjson.dumps({"tails": [each.document() for each in self._tails]}).decode()

    def _last_line(
        self, tail: Tail, chunk: bytes, *, is_old: bool
    ) -> tuple[list[bytes], list[int], int]:
        """Return a line that does not end, where it never will, or is longer than any may be."""
        start = tail.offset
        if len(chunk) > _LINE_BYTES_MAX:
            end = _line_end(tail.file, start + len(chunk))
            return ([chunk[: _LINE_BYTES_MAX + 1]], [start], end) if end else ([], [], start)
        is_quiet = self._monotonic() - tail.quiet_since >= QUIET_S / 2
        return ([chunk], [start], start + len(chunk)) if is_old and is_quiet else ([], [], start)

    def _settle(self, tail: Tail, chunk: bytes, *, is_old: bool) -> bool:
        """Say whether the format is known; find it out from the first lines."""
        if tail.form:
            return True
        form = self.source.form
        if form is Format.AUTO:
            try:
                form = detect(chunk[:HEAD_BYTES])
            except ReadingError as error:
                if len(chunk) >= HEAD_BYTES or is_old:
                    self._tell(f"{error.message}; say ?format=")
                return False
        if form in _UNREADABLE:
            self._tell(f"{form} cannot be followed line by line; `detente watch scan` reads it")
            return False
        tail.form = str(form)
        return True

    @staticmethod
    def _note_header(tail: Tail, form: Format, lines: list[bytes]) -> None:
        """Remember what names the fields, for a reader that begins after it."""
        if form is Format.CSV and not tail.header:
            tail.header = [lines[0].decode("latin-1")]
        elif form in _HEADED:
            said = [line.decode("latin-1") for line in lines if line.startswith(b"#")]
            if said and sum(map(len, said[-HEADER_LINES_MAX:])) <= HEADER_BYTES_MAX:
                tail.header = [*tail.header, *said][-HEADER_LINES_MAX:]


def _cut(chunk: bytes, start: int, lines_max: int) -> tuple[list[bytes], list[int], int]:
    """Return the whole lines of a chunk, the offset of each, and that of what follows."""
    cut = chunk.rfind(b"\n")
    if cut < 0:
        return [], [], start
    lines = chunk[:cut].split(b"\n")[:lines_max]
    at, offset = [], start
    for line in lines:
        at.append(offset)
        offset += len(line) + 1
    return lines, at, offset


def _line_end(file: int, offset: int) -> int:
    """Return the offset after the next line feed; 0 where there is none yet."""
    while chunk := os.pread(file, CHUNK_BYTES, offset):
        cut = chunk.find(b"\n")
        if cut >= 0:
            return offset + cut + 1
        offset += len(chunk)
    return 0


def _hash_of_head(file: int, size: int) -> str:
    return sha256(os.pread(file, size, 0)).hexdigest()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _quoted(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)

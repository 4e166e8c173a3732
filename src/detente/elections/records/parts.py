"""A file of lines in parts: cut, checked for what no export holds, and numbered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import ID_BYTES_MAX
from detente.elections.records.scanning import Indices, Lines, Offsets, Words, cut, words
from detente.elections.rows import Refused

LINE_BYTES_MAX = 1 << 20
MARKS_BYTES_MAX = 1024
"""The marks of one card in one contest."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a file.

    Attributes:
        lines: cut into fields.
        number: which line of the file its first one is, from 1.
    """

    lines: Lines
    number: int

    def numbers(self, rows: Indices) -> Indices:
        """The line numbers of some of its lines."""
        return rows + self.number

    def ids(self, rows: Indices, starts: Offsets, ends: Offsets) -> Words:
        """Ids of cards as words."""
        return words(self.lines.data, starts, np.minimum(ends, starts + ID_BYTES_MAX))

    def marks(self, rows: Indices, starts: Offsets, ends: Offsets) -> Words:
        """Marks of cards as words."""
        return words(self.lines.data, starts, np.minimum(ends, starts + MARKS_BYTES_MAX))


def not_longer(
    part: Part, rows: Indices, starts: Offsets, ends: Offsets, most: int, refused: Refused
) -> None:
    """Refuse the lines whose field has more bytes than it may."""
    for row in rows[ends - starts > most].tolist():
        refused.add(part.number + row, f"a field of more than {most} bytes")


def whole_lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut after line ends; the last line gets one.

    Raises:
        ElectionsError: a line has more bytes than any export's.
    """
    rest = b""
    for piece in stream:
        at = piece.rfind(b"\n") + 1
        if not at:
            rest += piece
            if len(rest) > LINE_BYTES_MAX:
                raise ElectionsError(f"a line has more than {LINE_BYTES_MAX} bytes: no table")
            continue
        yield rest + piece[:at]
        rest = piece[at:]
    if rest:
        yield rest + b"\n"


def parts_of(pieces: Iterable[bytes], number: int) -> Iterator[Part]:
    """Parts of a file whose first line left is `number`.

    Raises:
        ElectionsError: bytes that no text holds.
    """
    for piece in pieces:
        if not piece:
            continue
        if b"\0" in piece:
            line = number + piece.count(b"\n", 0, piece.index(b"\0"))
            raise ElectionsError(
                f"line {line}: a zero byte: not UTF-8 text",
                remedy="Export the file again as UTF-8",
            )
        if not piece.isascii():
            _check_utf8(piece, number)
        yield Part(cut(piece), number)
        number += piece.count(b"\n")


def _check_utf8(piece: bytes, number: int) -> None:
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        line = number + piece.count(b"\n", 0, error.start)
        raise ElectionsError(
            f"line {line}: not UTF-8", remedy="Export the file again as UTF-8"
        ) from None

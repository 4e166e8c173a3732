"""Tables with the same columns in every line, quoted or not."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError
from detente.elections.records.parts import Part, not_longer, parts_of
from detente.elections.records.scanning import Indices, Offsets, Words, cut, words
from detente.elections.rows import Refused

COLUMNS_MAX = 20_000
_INNER_COMMA = b"\x1f"
"""Stands for a comma inside a quoted field while lines are cut."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Lines that have all columns.

    Attributes:
        part: the lines.
        rows: which of them are whole.
        width: how many columns they have.
    """

    part: Part
    rows: Indices
    width: int

    def numbers(self) -> Indices:
        """Line numbers."""
        return self.part.numbers(self.rows)

    def column(self, at: int) -> tuple[Offsets, Offsets]:
        """Where the fields of one column begin and end."""
        lines = self.part.lines
        starts = lines.starts[self.rows] if at == 0 else lines.comma(self.rows, at - 1) + 1
        last = at == self.width - 1
        return starts, lines.ends[self.rows] if last else lines.comma(self.rows, at)

    def words(self, at: int, most: int, refused: Refused) -> Words:
        """The fields of one column; one with more bytes than `most` is refused."""
        starts, ends = self.column(at)
        not_longer(self.part, self.rows, starts, ends, most, refused)
        return words(self.part.lines.data, starts, np.minimum(ends, starts + most))

    def signs(self, at: int) -> tuple[NDArray[np.uint8], Indices]:
        """Fields of at most one byte: the byte, 0 where it is empty; and rows that have more."""
        starts, ends = self.column(at)
        found = self.part.lines.data[starts].copy()
        found[ends == starts] = 0
        return found, np.flatnonzero(ends - starts > 1)


def grids(
    pieces: Iterable[bytes], number: int, width: int, refused: Refused, *, head: str = ""
) -> Iterator[Grid]:
    """Cut pieces into lines of `width` columns; others are refused.

    Args:
        pieces: whole lines.
        number: the number of the first line.
        width: how many columns there are.
        refused: takes the lines that have more or fewer.
        head: what to say of the columns.
    """
    for part in parts_of(_bared(pieces, number, width, refused), number):
        rows = np.flatnonzero(part.lines.ends > part.lines.starts)
        commas = part.lines.commas[rows]
        wrong = np.flatnonzero(commas != width - 1)
        for at in wrong.tolist():
            refused.add(
                int(part.number + rows[at]),
                f"{int(commas[at]) + 1} columns instead of {width}{head}",
            )
        yield Grid(part, rows if not wrong.size else rows[commas == width - 1], width)


def _bared(pieces: Iterable[bytes], number: int, width: int, refused: Refused) -> Iterator[bytes]:
    """The same lines without quotes; a comma that was quoted is another sign now."""
    for piece in pieces:
        if b'"' not in piece:
            yield piece
        elif _quotes_are_plain(piece, width):
            yield piece.replace(b'"', b"")
        else:
            lines = piece.splitlines(keepends=True)
            yield b"".join(_bare_line(line, number + at, refused) for at, line in enumerate(lines))
        number += piece.count(b"\n")


def _quotes_are_plain(piece: bytes, width: int) -> bool:
    """Whether no quoted field holds a comma or a quote, and all are closed."""
    if b'""' in piece or b'="' in piece:
        return False
    lines = cut(piece)
    if (lines.ends <= lines.starts).any() or not (lines.commas == width - 1).all():
        return False
    quotes = np.add.reduceat((lines.data == ord('"')).astype(np.int64), lines.starts)
    return not (quotes % 2).any()


def _bare_line(line: bytes, number: int, refused: Refused) -> bytes:
    if b'"' not in line:
        return line
    try:
        fields = split_line(line)
    except ElectionsError as error:
        refused.add(number, error.message)
        return b"\n"
    inner = _INNER_COMMA.decode()
    return (",".join(field.replace(",", inner) for field in fields) + "\n").encode()


def split_line(line: bytes) -> list[str]:
    """The fields of one line; Excel's `="12"` is 12.

    Raises:
        ElectionsError: quotes that do not close, or too many fields.
    """
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
        fields = next(csv.reader([text.replace(',="', ',"')], strict=True), [])
    except UnicodeDecodeError:
        raise ElectionsError("not UTF-8", remedy="Export the file again as UTF-8") from None
    except csv.Error as error:
        raise ElectionsError(f"a broken line: {error}: {line[:60]!r}") from None
    if len(fields) > COLUMNS_MAX:
        raise ElectionsError(f"more than {COLUMNS_MAX} columns")
    return fields


def plain(raw: bytes) -> str:
    """The text of a field."""
    return raw.replace(_INNER_COMMA, b",").decode("utf-8", "replace").strip()


def head_of(pieces: Iterator[bytes], count: int) -> tuple[list[list[str]], bytes]:
    """The first lines as fields, and what of the last piece read comes behind them.

    Raises:
        ElectionsError: there are fewer lines, or one cannot be read.
    """
    piece = next(pieces, b"")
    while piece.count(b"\n") < count and (more := next(pieces, b"")):
        piece += more
    lines = piece.split(b"\n", count)
    if len(lines) <= count:
        raise ElectionsError(f"{len(lines) - 1} lines; a header alone has {count}")
    return [_head_line(line, number) for number, line in enumerate(lines[:count], 1)], lines[count]


def _head_line(line: bytes, number: int) -> list[str]:
    try:
        return split_line(line)
    except ElectionsError as error:
        raise ElectionsError(f"line {number}: {error.message}", remedy=error.remedy) from None


def named(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Which column has one of these names."""
    folded = [name.strip().lower() for name in header]
    return next((folded.index(name) for name in names if name in folded), None)

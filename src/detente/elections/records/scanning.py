"""Lines of separated fields, scanned as arrays: no object for a line or a field.

Fields are taken eight bytes at a time as words. What is equal is found by words,
never by a hash alone: a file made to collide is only slower to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]
Words = NDArray[np.uint64]
Indices = NDArray[np.int64]

WORD = 8
_COMMA, _NEWLINE, _RETURN = 0x2C, 0x0A, 0x0D
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_TABLE_BITS = 14
_MASKS = np.asarray([(1 << (8 * n)) - 1 for n in range(WORD + 1)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Lines:
    """A part of a file cut into lines and fields.

    Attributes:
        data: the bytes; eight more follow the last line.
        starts: where each line begins.
        ends: where it ends, without its line end.
        separators: every comma and line end, in order.
        first: for each line the place of its first separator in `separators`.
        commas: how many commas each line has.
    """

    data: NDArray[np.uint8]
    starts: Offsets
    ends: Offsets
    separators: Offsets
    first: Offsets
    commas: Indices

    def text(self, line: int) -> bytes:
        """One line, for a message."""
        return self.data[self.starts[line] : self.ends[line]].tobytes()

    def comma(self, rows: Indices, number: int) -> Offsets:
        """Where the comma of this number (from 0) stands in each of these lines."""
        return self.separators[self.first[rows] + number]


def cut(data: bytes) -> Lines:
    """Cut whole lines, each with its line end; CR LF is one."""
    padded = np.frombuffer(data + bytes(WORD), dtype=np.uint8)
    seen = padded[: len(data)]
    separators = np.flatnonzero((seen == _COMMA) | (seen == _NEWLINE))
    at = np.flatnonzero(seen[separators] == _NEWLINE)
    ends = separators[at]
    first = np.empty_like(at)
    starts = np.empty_like(ends)
    if at.size:
        first[0], starts[0] = 0, 0
        first[1:], starts[1:] = at[:-1] + 1, ends[:-1] + 1
    commas = at - first
    if b"\r" in data:
        ends = ends - ((ends > starts) & (padded[ends - 1] == _RETURN))
    return Lines(padded, starts, ends, separators, first, commas)


def words(data: NDArray[np.uint8], starts: Offsets, ends: Offsets, width: int = 0) -> Words:
    """Fields as rows of words, zeros behind their last byte.

    Args:
        data: the bytes, with eight more behind.
        starts: where each field begins.
        ends: where each ends.
        width: words of a row; 0: as many as the longest needs.
    """
    lengths = ends - starts
    width = width or max(1, -(-int(lengths.max(initial=0)) // WORD))
    every = np.ndarray((data.size - WORD + 1,), np.dtype("<u8"), data, strides=(1,))
    rows = np.empty((starts.size, width), dtype=np.uint64)
    last = data.size - WORD
    for column in range(width):
        at = np.minimum(starts + WORD * column, last)
        left = np.clip(lengths - WORD * column, 0, WORD)
        rows[:, column] = every[at] & _MASKS[left]
    return rows


def mixed(rows: Words) -> Words:
    """One word for each row; equal rows give equal words, and not only they."""
    state = rows[:, 0] * _MIX
    for column in range(1, rows.shape[1]):
        state = (state ^ (state >> _SHIFT)) * _MIX + rows[:, column]
    return (state ^ (state >> _SHIFT)) * _MIX


def distinct(rows: Words) -> tuple[Indices, Indices]:
    """Which rows are equal: for each its class, and for each class one row."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    keys = mixed(rows)
    found = _by_table(keys)
    classes, samples = found if found is not None else _by_sorting(keys)
    if rows.shape[1] > 1 and not (rows[samples][classes] == rows).all():
        return _by_words(rows)
    return classes, samples


def _by_table(keys: Words) -> tuple[Indices, Indices] | None:
    """By a table of slots, where no two different keys share one."""
    slots = (keys >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)
    holder = np.full(1 << _TABLE_BITS, -1, dtype=np.int64)
    holder[slots] = np.arange(keys.size)
    if not (keys[holder[slots]] == keys).all():
        return None
    used = np.flatnonzero(holder >= 0)
    samples = holder[used]
    numbers = np.empty(1 << _TABLE_BITS, dtype=np.int64)
    numbers[used] = np.arange(used.size)
    return numbers[slots], samples


def _by_sorting(keys: Words) -> tuple[Indices, Indices]:
    _, samples, classes = np.unique(keys, return_index=True, return_inverse=True)
    return classes.astype(np.int64), samples.astype(np.int64)


def _by_words(rows: Words) -> tuple[Indices, Indices]:
    _, samples, classes = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return classes.reshape(-1).astype(np.int64), samples.astype(np.int64)


def as_words(values: Sequence[bytes]) -> Words:
    """Byte strings as rows of words."""
    width = max(1, -(-max((len(each) for each in values), default=0) // WORD))
    block = np.asarray(values or [b""], dtype=f"S{WORD * width}")[: len(values)]
    return block.view(np.uint64).reshape(len(values), width)

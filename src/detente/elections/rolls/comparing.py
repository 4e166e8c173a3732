"""Which rows of two snapshots differ, without holding either.

Each line becomes one 64-bit SipHash under this process's own random key
(Python's `hash` of bytes), so that a row nobody touched costs a hash and no
memory; only lines without an equal in the other snapshot are read as rows. One
in ten million comparisons of a million rows may miss a change by chance, and
nobody who does not know the key can bring that about.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import compress, islice

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError
from detente.elections.rolls.layout import Layout
from detente.elections.rolls.model import Comparison, Row

Hashes = NDArray[np.int64]
Lines = Callable[[], Iterable[bytes]]
"""Opens a snapshot once more and gives its lines, the header first."""

DIFFERENT_MAX = 5_000_000
"""Rows that may differ; more than that is another roll."""


def compare(before: Lines, after: Lines, layout: Layout) -> Comparison:
    """Two snapshots of one roll.

    Raises:
        ElectionsError: a header is not the layout's, or the snapshots have too little in common.
    """
    _check_header(before, layout, "first")
    _check_header(after, layout, "second")
    if sys.flags.hash_randomization == 0:
        raise ElectionsError(
            "this process hashes without a random key (PYTHONHASHSEED is 0)",
            remedy="Unset PYTHONHASHSEED, then compare again",
        )
    old, new = _hashes(before), _hashes(after)
    gone, come = ~_is_in(old, new), ~_is_in(new, old)
    if int(gone.sum()) + int(come.sum()) > DIFFERENT_MAX:
        raise ElectionsError(f"more than {DIFFERENT_MAX} rows differ: these are two rolls")
    come |= _repeats(new, old)
    first = dict(_rows(before, gone, layout))
    return _join(first, _rows(after, come, layout), layout, sizes=(old.size, new.size))


def _check_header(lines: Lines, layout: Layout, which: str) -> None:
    header = next(iter(lines()), b"")
    names = _split(header, layout)
    if len(names) != len(layout.columns) or not all(map(_is_same, names, layout.columns)):
        pairs = zip(names, layout.columns, strict=False)
        odd = (
            f"{seen!r} instead of {meant!r}" for seen, meant in pairs if not _is_same(seen, meant)
        )
        wrong = next(odd, f"{len(names)} columns instead of {len(layout.columns)}")
        raise ElectionsError(
            f"the header of the {which} snapshot is not the layout's: {wrong}",
            remedy="Give the layout of this export with --layout",
        )


def _is_same(seen: str, meant: str) -> bool:
    return seen.strip().strip('"').lower() == meant.lower()


def _hashes(lines: Lines) -> Hashes:
    rows = islice(iter(lines()), 1, None)
    return np.fromiter(map(hash, map(_unended, rows)), dtype=np.int64)


_unended = bytes.rstrip  # a line end of another system is no edit


def _is_in(these: Hashes, those: Hashes) -> NDArray[np.bool_]:
    ordered = np.sort(those)
    if not ordered.size:
        return np.zeros(these.size, dtype=np.bool_)
    at = np.searchsorted(ordered, these)
    at[at == ordered.size] = 0
    return np.asarray(ordered[at] == these)


def _repeats(new: Hashes, old: Hashes) -> NDArray[np.bool_]:
    """Rows of the second snapshot that stand in it more often than in the first."""
    ordered = np.sort(new)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not twice.size:
        return np.zeros(new.size, dtype=np.bool_)
    more = [each for each in set(twice.tolist()) if (new == each).sum() > (old == each).sum()]
    return np.isin(new, np.asarray(more, dtype=np.int64))


def _rows(lines: Lines, wanted: NDArray[np.bool_], layout: Layout) -> Iterator[tuple[str, Row]]:
    for line in compress(islice(iter(lines()), 1, None), wanted):
        row = _split(line, layout)
        yield (row[layout.key].strip() if layout.key < len(row) else ""), row


def _split(line: bytes, layout: Layout) -> list[str]:
    text = line.rstrip(b"\r\n")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")  # what these exports are, where they are not UTF-8
    return decoded.lstrip("\ufeff").split(layout.separator)


def _join(
    first: dict[str, Row],
    second: Iterator[tuple[str, Row]],
    layout: Layout,
    *,
    sizes: tuple[int, int],
) -> Comparison:
    added: dict[str, Row] = {}
    changed: dict[str, tuple[Row, Row]] = {}
    repeated: list[str] = []
    misshapen: dict[int, Row] = {}
    for number, (key, row) in enumerate(second):
        if len(row) != len(layout.columns) or not key:
            misshapen[number] = row
        if key in changed or key in added:
            repeated.append(key)
        elif key in first:
            changed[key] = (first.pop(key), row)
        else:
            added[key] = row
    return Comparison(
        size_before=sizes[0],
        size_after=sizes[1],
        removed=first,
        added=added,
        changed=changed,
        repeated=tuple(repeated),
        misshapen=misshapen,
    )

"""Which rows of two snapshots differ, without holding either.

Each row becomes one 64-bit SipHash under a key of this comparison, so that a row
nobody touched costs a hash and no memory; only rows without an equal in the
other snapshot are read. One in ten million comparisons of a million rows may
miss a change by chance, and nobody who does not know the key can bring that about.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError
from detente.elections.rolls.hashing import (
    Chunks,
    RollHashes,
    blocks,
    header,
    is_in,
    only_in,
    roll_hashes,
    row_hashes,
)
from detente.elections.rolls.layout import Layout
from detente.elections.rolls.model import Comparison, KeptComparison, Row
from detente.elections.rolls.siphash import Words

DIFFERENT_MAX = 5_000_000
"""Rows that may differ; more than that is another roll."""


def compare(before: Chunks, after: Chunks, layout: Layout, key: bytes) -> Comparison:
    """Two snapshots of one roll.

    Args:
        before: the first snapshot.
        after: the second.
        layout: of both.
        key: 16 secret bytes, for this comparison alone.

    Raises:
        ElectionsError: a header is not the layout's, or the snapshots have too little in common.
    """
    check_header(before, layout, "first")
    check_header(after, layout, "second")
    old, new = row_hashes(before, key), row_hashes(after, key)
    gone, come = only_in(old, new)
    if int(gone.sum()) + int(come.sum()) > DIFFERENT_MAX:
        raise ElectionsError(f"more than {DIFFERENT_MAX} rows differ: these are two rolls")
    come |= _repeats(new, old)
    first = dict(_rows(before, gone, layout))
    return _join(first, _rows(after, come, layout), layout, sizes=(old.size, new.size))


def compare_kept(kept: RollHashes, after: Chunks, layout: Layout, key: bytes) -> KeptComparison:
    """A snapshot with what was kept of an earlier one.

    Args:
        kept: the earlier one's hashes.
        after: the snapshot.
        layout: of both.
        key: the one that the hashes were made with.

    Raises:
        ElectionsError: the header is not the layout's, or they have too little in common.
    """
    check_header(after, layout, "second")
    new = roll_hashes(after, layout, key)
    removed, added = only_in(kept.ids, new.ids)
    _, differs = only_in(kept.rows, new.rows)
    if int(removed.sum()) + int(differs.sum()) > DIFFERENT_MAX:
        raise ElectionsError(f"more than {DIFFERENT_MAX} rows differ: these are two rolls")
    wanted = differs | added
    is_new = added[wanted]
    rows = _rows(after, wanted, layout)
    came: dict[str, Row] = {}
    changed: dict[str, Row] = {}
    for (key_of_row, row), is_added in zip(rows, is_new.tolist(), strict=True):
        (came if is_added else changed)[key_of_row] = row
    return KeptComparison(
        size_before=kept.rows.size,
        size_after=new.rows.size,
        removed=kept.ids[removed],
        added=came,
        changed=changed,
    )


def check_header(snapshot: Chunks, layout: Layout, which: str) -> None:
    """See that a snapshot's first line names the layout's columns.

    Raises:
        ElectionsError: it does not.
    """
    names = _split(header(snapshot), layout)
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


def _repeats(new: Words, old: Words) -> NDArray[np.bool_]:
    """Rows of the second snapshot that stand in it more often than in the first."""
    ordered = np.sort(new)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not twice.size:
        return np.zeros(new.size, dtype=np.bool_)
    more = [each for each in set(twice.tolist()) if (new == each).sum() > (old == each).sum()]
    return is_in(new, np.asarray(more, dtype=np.uint64))


def _rows(snapshot: Chunks, wanted: NDArray[np.bool_], layout: Layout) -> Iterator[tuple[str, Row]]:
    at = 0
    for block in blocks(snapshot):
        for number in np.flatnonzero(wanted[at : at + block.starts.size]).tolist():
            row = _split(block.line(number), layout)
            yield (row[layout.key].strip() if layout.key < len(row) else ""), row
        at += block.starts.size


def _split(line: bytes, layout: Layout) -> list[str]:
    try:
        decoded = line.decode("utf-8")
    except UnicodeDecodeError:
        decoded = line.decode("latin-1")  # what these exports are, where they are not UTF-8
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

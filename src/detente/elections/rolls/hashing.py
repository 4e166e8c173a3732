"""Keyed hashes of a roll's rows, and of the ids in them, block by block.

A snapshot comes as chunks of bytes; memory holds one block and eight bytes a row.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError
from detente.elections.rolls.layout import Layout
from detente.elections.rolls.siphash import KEY_BYTES, PADDING, Places, Words, siphash

Chunks = Callable[[], Iterable[bytes]]
"""Opens a snapshot once more and gives its bytes in pieces of any length, the header first."""
BLOCK_BYTES = 2 * 1024 * 1024
LINE_BYTES_MAX = 1024 * 1024
_LINE_END, _RETURN = 10, 13


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines.

    Attributes:
        data: their bytes, and `PADDING` more.
        starts: where each line begins; empty lines are left out.
        lengths: of each, without its end.
    """

    data: bytes
    starts: Places
    lengths: Places

    def line(self, at: int) -> bytes:
        """Return one line without its end."""
        start = int(self.starts[at])
        return self.data[start : start + int(self.lengths[at])]


def header(chunks: Chunks) -> bytes:
    """The first line of a snapshot."""
    held = b""
    for chunk in chunks():
        held += chunk
        if b"\n" in held or len(held) > LINE_BYTES_MAX:
            break
    return held.partition(b"\n")[0].rstrip(b"\r")


def blocks(chunks: Chunks) -> Iterator[Block]:
    """The rows of a snapshot, without its header.

    Raises:
        ElectionsError: a line without an end.
    """
    held: list[bytes] = []
    size, is_first = 0, True
    for chunk in chunks():
        held.append(chunk)
        size += len(chunk)
        if size < BLOCK_BYTES:
            continue
        data = b"".join(held)
        cut = data.rfind(b"\n") + 1
        if not cut:
            raise ElectionsError(f"a line of more than {LINE_BYTES_MAX} bytes")
        yield _block(data[:cut], is_first=is_first)
        is_first = False
        held, size = [data[cut:]], len(data) - cut
    data = b"".join(held)
    if data:
        yield _block(data if data.endswith(b"\n") else data + b"\n", is_first=is_first)


def _block(data: bytes, *, is_first: bool) -> Block:
    signs = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(signs == _LINE_END)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts
    # A line end of another system is no edit.
    lengths -= (lengths > 0) & (signs[ends - 1] == _RETURN)
    wanted = lengths > 0
    if is_first:
        wanted[0] = False
    if not wanted.all():
        starts, lengths = starts[wanted], lengths[wanted]
    if lengths.size and int(lengths.max()) > LINE_BYTES_MAX:
        raise ElectionsError(f"a line of more than {LINE_BYTES_MAX} bytes")
    return Block(data + bytes(PADDING), starts, lengths)


def row_hashes(chunks: Chunks, key: bytes) -> Words:
    """The hash of every row, in their order."""
    parts = [siphash(b.data, b.starts, b.lengths, key) for b in blocks(chunks)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class RollHashes:
    """One snapshot as keyed hashes: pseudonymous personal data, for the office alone.

    Attributes:
        ids: of the voters' ids.
        rows: of whole rows, in the same order.
    """

    ids: Words
    rows: Words


def roll_hashes(chunks: Chunks, layout: Layout, key: bytes) -> RollHashes:
    """The hashes of ids and rows of a snapshot, in their order.

    Args:
        chunks: the snapshot.
        layout: says which column is the id.
        key: 16 secret bytes; another one for each comparison, so that no two kept files join.
    """
    id_key, row_key = _derived(key, b"id"), _derived(key, b"row")
    ids: list[Words] = []
    rows: list[Words] = []
    for block in blocks(chunks):
        rows.append(siphash(block.data, block.starts, block.lengths, row_key))
        ids.append(siphash(block.data, *_id_places(block, layout), id_key))
    if not rows:
        return RollHashes(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64))
    return RollHashes(np.concatenate(ids), np.concatenate(rows))


def id_hashes(ids: Iterable[str], key: bytes) -> Words:
    """The hashes of some ids, as `roll_hashes` makes them."""
    encoded = [each.encode() for each in ids]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    starts = np.cumsum(lengths) - lengths
    data = b"".join(encoded) + bytes(PADDING)
    return siphash(data, starts, lengths, _derived(key, b"id"))


def _derived(key: bytes, use: bytes) -> bytes:
    return blake2b(use, key=key, digest_size=KEY_BYTES).digest()


def _id_places(block: Block, layout: Layout) -> tuple[Places, Places]:
    """Where each line's id stands; nowhere (no bytes) in a line with too few columns."""
    signs = np.frombuffer(block.data, dtype=np.uint8)
    line_ends = block.starts + block.lengths
    if layout.key == 0 and len(layout.columns) == 1:
        return block.starts, block.lengths
    separators = np.flatnonzero(signs == ord(layout.separator))
    separators = np.append(separators, len(block.data))
    first = np.searchsorted(separators, block.starts)
    last = separators.size - 1
    starts = block.starts
    if layout.key:
        starts = separators[np.minimum(first + layout.key - 1, last)] + 1
    ends = separators[np.minimum(first + layout.key, last)]
    ends = np.minimum(ends, line_ends)
    starts = np.minimum(starts, ends)
    return starts, ends - starts


def is_in(these: Words, those: Words) -> NDArray[np.bool_]:
    """Which of some hashes stand among others; quickest where these others are few."""
    if not those.size:
        return np.zeros(these.size, dtype=np.bool_)
    ordered = np.sort(those)
    return np.asarray(ordered[_places(these, ordered)] == these)


def only_in(first: Words, second: Words) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the first stand not in the second, and the other way round."""
    one, other = np.sort(first), np.sort(second)
    # Sorted by sorted walks through memory once; the few that remain are then looked for.
    return is_in(first, _missing(one, other)), is_in(second, _missing(other, one))


def _missing(these: Words, those: Words) -> Words:
    if not those.size:
        return these
    return np.asarray(these[those[_places(these, those)] != these])


def _places(these: Words, ordered: Words) -> Places:
    at = np.searchsorted(ordered, these)
    at[at == ordered.size] = 0
    return np.asarray(at)

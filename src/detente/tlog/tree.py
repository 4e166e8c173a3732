"""The growing edge of a tree: all that a log's writer keeps in memory.

At most 255 hashes per tile level, so O(log n) bytes. It grows by whole batches and
hands out the tiles each batch completes or widens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Self

from detente.signing import EMPTY_ROOT, merkle_root, node_hash
from detente.tlog.checkpoint import HASH_BYTES, SIZE_MAX
from detente.tlog.errors import MirrorError, TileError
from detente.tlog.ports import TileStore
from detente.tlog.tiles import TILE_WIDTH, TilePath, check_tile

_HEIGHT = 8
# Cutting a whole level in C is what keeps a mirror of a million entries within its second.
_PAIRS = tuple(Struct("64s" * (1 << level)) for level in range(_HEIGHT - 1, -1, -1))


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree.

    Attributes:
        size: entries.
        rows: for each tile level, the hashes of its rightmost, partial tile in
            one string of 32-byte hashes; empty where the level is complete.
    """

    size: int = 0
    rows: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, store: TileStore, size: int) -> Self:
        """Read the edge of a tree of `size`; its `root` still has to be compared.

        Raises:
            MirrorError: a tile is missing.
            TileError: a tile has another length than its path says.
        """
        rows: list[bytes] = []
        for level in range((size.bit_length() + _HEIGHT - 1) // _HEIGHT):
            index, width = divmod(size >> (_HEIGHT * level), TILE_WIDTH)
            path = TilePath(level, index, width)
            rows.append(read_tile(store, path) if width else b"")
        return cls(size, tuple(rows))

    @property
    def root(self) -> bytes:
        """RFC 9162 tree hash of the entries so far, 32 bytes."""
        peaks = [peak for row in reversed(self.rows) for peak in _peaks(row)]
        if not peaks:
            return EMPTY_ROOT
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root

    @property
    def tiles(self) -> tuple[tuple[TilePath, bytes], ...]:
        """The partial tiles at the edge, lowest level first."""
        return tuple(
            (TilePath(level, self.size >> _HEIGHT * (level + 1), len(row) // HASH_BYTES), row)
            for level, row in enumerate(self.rows)
            if row
        )

    def append(self, leaf_hashes: Sequence[bytes]) -> "Growth":
        """Add entries by their leaf hashes (32 bytes each).

        Raises:
            TileError: a hash of another length, or more than 2^63 - 1 entries.
        """
        added = b"".join(leaf_hashes)
        size = self.size + len(leaf_hashes)
        if len(added) != HASH_BYTES * len(leaf_hashes) or size > SIZE_MAX:
            raise TileError("a leaf hash has 32 bytes, and a log at most 2^63 - 1 entries")
        rows = list(self.rows)
        tiles: list[tuple[TilePath, bytes]] = []
        level, index = 0, self.size >> _HEIGHT
        while added:
            if level == len(rows):
                rows.append(b"")
            full, rows[level] = _cut(rows[level] + added)
            tiles += [(TilePath(level, index + i), tile) for i, tile in enumerate(full)]
            if rows[level]:
                width = len(rows[level]) // HASH_BYTES
                tiles.append((TilePath(level, index + len(full), width), rows[level]))
            added = b"".join(map(tile_root, full))
            level, index = level + 1, index >> _HEIGHT
        return Growth(Frontier(size, tuple(rows)), tuple(tiles))


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch did to a tree.

    Attributes:
        frontier: the new edge.
        tiles: every hash tile that is new or wider, to be stored before the
            checkpoint that covers it is signed.
    """

    frontier: Frontier
    tiles: tuple[tuple[TilePath, bytes], ...]


def tile_root(tile: bytes) -> bytes:
    """Return the root over the 256 hashes of a full tile."""
    for pairs in _PAIRS:
        tile = b"".join([sha256(b"\x01" + pair).digest() for pair in pairs.unpack(tile)])
    return tile


def split_tile(tile: bytes) -> list[bytes]:
    """Cut a tile into its hashes of 32 bytes."""
    return [tile[place : place + HASH_BYTES] for place in range(0, len(tile), HASH_BYTES)]


def read_tile(store: TileStore, path: TilePath) -> bytes:
    """Read a hash tile; a partial one may be cut from its full successor (tlog-tiles, Partial).

    Raises:
        MirrorError: neither is stored.
        TileError: another length than the path says.
    """
    data = store.read(path)
    if data is None and path.is_partial and (full := store.read(path.full)) is not None:
        check_tile(path.full, full)
        data = full[: path.width * HASH_BYTES]
    if data is None:
        raise MirrorError(f"{path} is missing", remedy="Fetch it from the log or another mirror")
    check_tile(path, data)
    return data


def _cut(row: bytes) -> tuple[list[bytes], bytes]:
    """Split a row into its full tiles and what remains."""
    step = TILE_WIDTH * HASH_BYTES
    whole = len(row) - len(row) % step
    return [row[place : place + step] for place in range(0, whole, step)], row[whole:]


def _peaks(row: bytes) -> list[bytes]:
    """Return the roots of the complete subtrees in a partial tile, the largest first."""
    hashes, start = split_tile(row), 0
    peaks: list[bytes] = []
    for bit in range(_HEIGHT - 1, -1, -1):
        if len(hashes) >> bit & 1:
            peaks.append(merkle_root(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return peaks

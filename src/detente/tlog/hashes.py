"""Where proofs take their hashes from: tiles in a store, or leaf hashes in memory."""

from collections import OrderedDict
from collections.abc import Sequence

from detente.signing import node_hash
from detente.tlog.errors import ProofError
from detente.tlog.ports import TileStore
from detente.tlog.proofs import range_root
from detente.tlog.tiles import TILE_WIDTH, TilePath
from detente.tlog.tree import read_tile, split_tile

_HEIGHT = 8
_TILES_KEPT = 64  # about 40 kB each once its inner hashes are known


class StoredHashes:
    """A `HashReader` over the tiles of a tree of `size` entries.

    The hashes are those of the store, unchecked: who hands a proof on verifies
    it against the signed root first.
    """

    def __init__(self, store: TileStore, size: int) -> None:
        self._store = store
        self._size = size
        self._tiles: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of [index << level, (index + 1) << level).

        Raises:
            ProofError: that range is not complete at this size.
            MirrorError: its tile is missing.
            TileError: its tile has another length than its path says.
        """
        if level < 0 or not 0 <= index < self._size >> level:
            raise ProofError(f"level {level} of a tree of {self._size} has no hash {index}")
        row, inner = divmod(level, _HEIGHT)
        tile, place = divmod(index, TILE_WIDTH >> inner)
        return self._tile(row, tile)[inner][place]

    def _tile(self, level: int, index: int) -> list[list[bytes]]:
        known = self._tiles.get((level, index))
        if known is not None:
            self._tiles.move_to_end((level, index))
            return known
        width = min(TILE_WIDTH, (self._size >> (_HEIGHT * level)) - index * TILE_WIDTH)
        inner = _levels(split_tile(read_tile(self._store, TilePath(level, index, width))))
        self._tiles[level, index] = inner
        if len(self._tiles) > _TILES_KEPT:
            self._tiles.popitem(last=False)
        return inner


class TreeHashes:
    """A `HashReader` over leaf hashes held in memory, 64 bytes and two references an entry."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._levels = _levels(leaf_hashes)

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of [index << level, (index + 1) << level).

        Raises:
            ProofError: that range is not complete.
        """
        try:
            return self._levels[level][index]
        except IndexError:
            raise ProofError(f"level {level} of this tree has no hash {index}") from None

    @property
    def root(self) -> bytes:
        """RFC 9162 tree hash of all entries."""
        return self.root_of(self.size)

    @property
    def size(self) -> int:
        """Entries in the tree."""
        return len(self._levels[0])

    def root_of(self, size: int) -> bytes:
        """Return the tree hash of the first `size` entries."""
        return range_root(self, start=0, end=size)


def _levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of all complete subtrees, level by level."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        pairs = iter(levels[-1])
        levels.append([node_hash(left, right) for left, right in zip(pairs, pairs, strict=False)])
    return levels

"""Tiles that a peer shows, believed only as far as they lead to a signed root.

Everything is asked for when it is needed: a computation that lacks a tile raises
`TileWanted`, whoever runs it fetches that tile and runs it again. A few tiles tell
whether a tree continues another, whatever lies between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.exchange.protocol.commands import Place
from detente.tlog import (
    Checkpoint,
    Frontier,
    HashReader,
    MirrorError,
    StoredHashes,
    TilePath,
    TileStore,
    leaf_hash,
    unpack_entries,
)
from detente.tlog.tiles import TILE_WIDTH
from detente.tlog.tree import read_tile, tile_root

_HEIGHT = 8
_HASH = 32
_TOP = 63

Tiles = Mapping[tuple[Place, TilePath], bytes | None]


class TileWanted(Exception):
    """A tile that was not fetched yet is needed to go on."""

    def __init__(self, place: Place, path: TilePath) -> None:
        super().__init__(f"{path} from {place.value}")
        self.place = place
        self.path = path


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched from one place (implements `TileStore` for reading).

    Attributes:
        place: whose tiles these are.
        tiles: by place and path; None where the place has none.
    """

    place: Place
    tiles: Tiles

    def read(self, path: TilePath) -> bytes | None:
        """Return what came; raises TileWanted where nothing was asked for yet."""
        if (self.place, path) not in self.tiles:
            raise TileWanted(self.place, path)
        return self.tiles[self.place, path]

    def write(self, path: TilePath, data: bytes) -> None:
        """Refuse: what was fetched is not changed."""
        raise TypeError(f"{path} of {len(data)} bytes is offered to a store for reading")


@dataclass(frozen=True, slots=True)
class Proven:
    """The tiles of one tree, each shown to lead to its root (a `TileStore` for reading).

    Attributes:
        store: where they are read.
        edge: the right edge of the tree, whose root was compared.
    """

    store: TileStore
    edge: Frontier

    def read(self, path: TilePath) -> bytes | None:
        """Return a hash tile of this tree.

        Raises:
            MirrorError: it is missing, or does not lead to the root.
            TileWanted: it is to be fetched first.
        """
        level = -1 if path.level is None else path.level
        if level < 0:
            return self.store.read(path)
        return self.tile(level, path.index)[: path.width * _HASH]

    def write(self, path: TilePath, data: bytes) -> None:
        """Refuse: a proven tree is not changed."""
        raise TypeError(f"{path} of {len(data)} bytes is offered to a tree for reading")

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes that stand in a tile at this size; raises as `read`."""
        last, width = divmod(self.edge.size >> _HEIGHT * level, TILE_WIDTH)
        if index == last and width:
            return self.edge.rows[level]
        above = self.hash_of(level, index)
        tile = read_tile(self.store, TilePath(level, index))
        if tile_root(tile) != above:
            raise MirrorError(f"{TilePath(level, index)} does not lead to the signed root")
        return tile

    def hash_of(self, level: int, index: int) -> bytes:
        """Return the root over a full tile, as the tile above it has it; raises as `read`."""
        if index >= self.edge.size >> _HEIGHT * (level + 1):
            raise MirrorError(f"{TilePath(level, index)} is beyond a tree of {self.edge.size}")
        place = index % TILE_WIDTH
        return self.tile(level + 1, index // TILE_WIDTH)[place * _HASH : (place + 1) * _HASH]

    @property
    def hashes(self) -> HashReader:
        """The hashes of this tree, for proofs."""
        return StoredHashes(self, self.edge.size)


def prove_edge(store: TileStore, checkpoint: Checkpoint) -> Frontier:
    """Return the right edge of a signed tree, at most eight partial tiles.

    Raises:
        MirrorError: a tile is missing, or they do not lead to the root.
        TileError: a tile has another length.
        TileWanted: it is to be fetched first.
    """
    edge = Frontier.load(store, checkpoint.size)
    if edge.root != checkpoint.root:
        raise MirrorError(
            f"the tiles of {checkpoint.origin!r} do not lead to its root at size {edge.size}"
        )
    return edge


def continues(tree: Proven, held: Frontier) -> bool:
    """Say whether a tree begins with the entries of a smaller one, whose edge is held.

    The hashes at the edge of the smaller tree cover it whole: the larger one has them at
    the same places, or it begins with something else. Raises as `Proven.read`.
    """
    for level, row in enumerate(held.rows):
        index = held.size >> _HEIGHT * (level + 1)
        if row and not tree.tile(level, index).startswith(row):
            return False
    return True


def first_difference(one: HashReader, other: HashReader, size: int) -> int:
    """Return the first of `size` entries in which two trees differ, `size` where none does.

    Both have at least `size` entries. Takes O(log n) hashes; raises what the readers raise.
    """
    start = 0
    for level in range(_TOP, -1, -1):
        if size >> level & 1:
            index = start >> level
            if one(level, index) != other(level, index):
                return _descend(one, other, level, index)
            start += 1 << level
    return size


def _descend(one: HashReader, other: HashReader, level: int, index: int) -> int:
    while level:
        level, index = level - 1, index * 2
        if one(level, index) == other(level, index):
            index += 1
    return index


def check_bundle(tree: Proven, path: TilePath, data: bytes) -> list[bytes]:
    """Return the entries of a bundle that was shown to stand in the tree.

    Raises:
        TileError: another number of entries, or a truncated one.
        MirrorError: they are not the tree's entries.
        TileWanted: a tile is to be fetched first.
    """
    entries = unpack_entries(data, path.width)
    row = b"".join(map(leaf_hash, entries))
    if path.is_partial:
        is_there = tree.edge.rows[0] == row
    else:
        is_there = tile_root(row) == tree.hash_of(0, path.index)
    if not is_there:
        raise MirrorError(f"{path} does not lead to the signed root")
    return entries


def tiles_above(
    tree: Proven, path: TilePath, entries: Sequence[bytes]
) -> list[tuple[TilePath, bytes]]:
    """Return the hash tiles that a mirror keeps with a bundle: what the bundle completes.

    Raises as `Proven.read`.
    """
    tiles = [(TilePath(0, path.index, path.width), b"".join(map(leaf_hash, entries)))]
    level, index = 0, path.index
    while index % TILE_WIDTH == TILE_WIDTH - 1 and not path.is_partial:
        level, index = level + 1, index // TILE_WIDTH
        tiles.append((TilePath(level, index), tree.tile(level, index)))
    return tiles


def cut_bundle(data: bytes, width: int) -> bytes:
    """Return the first entries of a bundle that grew since it was looked for.

    A truncated one comes back as it is; whoever counts the entries refuses it.
    """
    place = 0
    for _ in range(width):
        place += 2 + int.from_bytes(data[place : place + 2])
    return data[:place]

"""Checking a mirror: every entry and every tile, up to the signed root.

Streaming, one bundle at a time: a million entries in about a second, in little
memory. The same walk follows a log from a size checked before.
"""

from collections.abc import Iterable
from hashlib import sha256

from detente.tlog.checkpoint import HASH_BYTES, Checkpoint
from detente.tlog.errors import MirrorError, TileError
from detente.tlog.ports import TileStore
from detente.tlog.tiles import BUNDLE_BYTES_MAX, TilePath, new_bundles
from detente.tlog.tree import Frontier, read_tile

__all__ = ["follow_mirror", "read_bundle", "verify_mirror"]

_LEAF = sha256(b"\x00")


def verify_mirror(store: TileStore, checkpoint: Checkpoint) -> Frontier:
    """Check that the store holds exactly the tree of the checkpoint, tiles and entries.

    The caller has opened the checkpoint's note with the log's key.

    Raises:
        MirrorError: something is missing, differs, or does not lead to the root.
        TileError: a tile or bundle has another form.
    """
    return follow_mirror(store, Frontier(), checkpoint)


def follow_mirror(store: TileStore, verified: Frontier, checkpoint: Checkpoint) -> Frontier:
    """Check what a log added since `verified`, and return the edge of the new tree.

    Raises:
        MirrorError: as `verify_mirror`, or the checkpoint is older than `verified`.
        TileError: a tile or bundle has another form.
    """
    if checkpoint.size < verified.size:
        raise MirrorError(
            f"the checkpoint of {checkpoint.size} entries is older than {verified.size} seen",
            remedy="Keep both checkpoints: a log never shrinks",
        )
    edge = verified
    for path in new_bundles(verified.size, checkpoint.size):
        hashes = _hash_entries(path, read_bundle(store, path))
        known = edge.rows[0] if edge.rows else b""
        if b"".join(hashes[: len(known) // HASH_BYTES]) != known:
            raise MirrorError(f"{path} changes entries that were verified before")
        growth = edge.append(hashes[len(known) // HASH_BYTES :])
        _compare(store, (one for one in growth.tiles if not one[0].is_partial))
        edge = growth.frontier
    _compare(store, edge.tiles)
    if edge.root != checkpoint.root:
        raise MirrorError(
            f"the entries of {checkpoint.origin!r} do not lead to its root at size {edge.size}",
            remedy="Fetch them again from another mirror; keep the checkpoint as evidence",
        )
    return edge


def read_bundle(store: TileStore, path: TilePath) -> bytes:
    """Read an entry bundle; a partial one may be cut from a wider one at its place.

    Raises:
        MirrorError: neither is stored.
        TileError: the wider one is truncated or too long.
    """
    data = store.read(path)
    if data is None and path.is_partial and (full := store.read(path.full)) is not None:
        data = _cut_bundle(path, full)
    if data is None:
        raise MirrorError(f"{path} is missing", remedy="Fetch it from the log or another mirror")
    if len(data) > BUNDLE_BYTES_MAX:
        raise TileError(f"{path} has {len(data)} bytes; a bundle has at most {BUNDLE_BYTES_MAX}")
    return data


def _cut_bundle(path: TilePath, data: bytes) -> bytes:
    place = 0
    for _ in range(path.width):
        place += 2 + int.from_bytes(data[place : place + 2])
        if place > len(data):
            raise TileError(f"{path.full} ends within an entry")
    return data[:place]


def _hash_entries(path: TilePath, data: bytes) -> list[bytes]:
    """Return the leaf hashes of a bundle of exactly `path.width` entries.

    Cutting and hashing in one loop, from a copied state: this is where a mirror
    spends its time.
    """
    hashes: list[bytes] = []
    begin, add = _LEAF.copy, hashes.append
    place, end = 0, len(data)
    while place + 1 < end:
        after = place + data[place] * 256 + data[place + 1] + 2
        leaf = begin()
        leaf.update(data[place + 2 : after])
        add(leaf.digest())
        place = after
    if place != end or len(hashes) != path.width:
        raise TileError(f"{path} does not hold {path.width} whole entries and nothing else")
    return hashes


def _compare(store: TileStore, tiles: Iterable[tuple[TilePath, bytes]]) -> None:
    for path, tile in tiles:
        if read_tile(store, path) != tile:
            raise MirrorError(f"{path} is not the hashes of the entries below it")

"""Receipts for what this node said: from its own tiles, under a cosigned checkpoint."""

from detente.errors import InputError
from detente.tlog import (
    Checkpoint,
    Receipt,
    SignedNote,
    StoredHashes,
    TilePath,
    TileStore,
    prove_inclusion,
    read_bundle,
    unpack_entries,
)

_WIDTH = 256


def read_entry(tiles: TileStore, index: int, size: int) -> bytes:
    """Return one entry from a log's bundles, at a tree size that has it.

    Raises:
        InputError: the tree does not reach that far.
        MirrorError, TileError: its bundle is missing or damaged.
    """
    if not 0 <= index < size:
        raise InputError(f"entry {index} is not in a tree of {size}")
    bundle, place = divmod(index, _WIDTH)
    width = min(_WIDTH, size - bundle * _WIDTH)
    return unpack_entries(read_bundle(tiles, TilePath(None, bundle, width)), width)[place]


def make_receipt(tiles: TileStore, index: int, note: bytes) -> Receipt:
    """Return a portable proof that entry `index` stands in the tree of a cosigned checkpoint.

    The entry itself travels in the receipt's extra data, so that one file is enough.

    Raises:
        InputError: the checkpoint does not cover the entry.
        MirrorError, TileError: the log's files are missing or damaged.
    """
    checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
    entry = read_entry(tiles, index, checkpoint.size)
    hashes = StoredHashes(tiles, checkpoint.size)
    return Receipt(
        index=index,
        hashes=tuple(prove_inclusion(hashes, index=index, size=checkpoint.size)),
        checkpoint=note,
        extra=entry,
    )

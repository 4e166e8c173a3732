"""One checkpoint against what is held of the same log: where a split view becomes visible.

Works the same for the log's own newest checkpoint and for what some other member shows
of it. Tiles are asked for as needed; none of them is believed without its root.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detente.errors import UnitError
from detente.exchange.protocol.commands import Place
from detente.exchange.protocol.model import Held
from detente.exchange.protocol.notes import SeenNote
from detente.exchange.protocol.trees import (
    Fetched,
    Proven,
    Tiles,
    continues,
    first_difference,
    prove_edge,
)
from detente.tlog import (
    Checkpoint,
    ForkError,
    ForkProof,
    Frontier,
    HashReader,
    SignedNote,
    StoredHashes,
    Verifier,
    prove_fork,
    range_root,
)


@dataclass(frozen=True, slots=True)
class Same:
    """The very tree that is held."""


@dataclass(frozen=True, slots=True)
class Older:
    """A tree that the one held continues."""


@dataclass(frozen=True, slots=True)
class Newer:
    """A tree that continues the one held.

    Attributes:
        edge: its right edge, proven up to the signed root.
    """

    edge: Frontier


@dataclass(frozen=True, slots=True)
class Forked:
    """Two signed trees that no tree explains.

    Attributes:
        proof: verified as it was made; of every node the same bytes for the same two trees.
        ours: the note held here, with every cosignature on it.
        at: the first entry in which they differ; None where the tiles to find it are withheld.
        hashes: of the larger tree; None where none were needed.
    """

    proof: ForkProof
    ours: bytes
    at: int | None
    hashes: HashReader | None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing can be said before more of what is held was taken."""


def compare(held: Held, seen: SeenNote, tiles: Tiles) -> Same | Older | Newer | Forked | Later:
    """Compare a checked note with what is held of its log.

    Args:
        held: what this node holds.
        seen: from `read_note`.
        tiles: what was fetched so far, of the peer and from here.

    Raises:
        TileWanted: a tile is to be fetched first.
        MirrorError, TileError: the peer's tiles do not lead to the signed root.
    """
    new, old = seen.checkpoint, held.checkpoint
    if new.size == old.size:
        if new.root == old.root:
            return Same()
        return _forked(held.note, held, seen, tiles, None)
    if new.size > old.size:
        return _compare_larger(held, seen, tiles)
    return _compare_smaller(held, seen, tiles)


def _compare_larger(held: Held, seen: SeenNote, tiles: Tiles) -> Newer | Forked:
    shown = Fetched(Place.PEER, tiles)
    tree = Proven(shown, prove_edge(shown, seen.checkpoint))
    if continues(tree, held.edge):
        return Newer(tree.edge)
    return _forked(held.note, held, seen, tiles, tree.hashes)


def _compare_smaller(held: Held, seen: SeenNote, tiles: Tiles) -> Older | Forked | Later:
    new = seen.checkpoint
    whole = complete_checkpoint(held)
    if new.size > whole.size:
        return Later()
    own = StoredHashes(Fetched(Place.HERE, tiles), whole.size)
    if new.size == 0 or range_root(own, start=0, end=new.size) == new.root:
        return Older()
    try:
        return _forked(held.complete, held, seen, tiles, own)
    except ForkError:
        # Our own copy is damaged: that is held against nobody else.
        return Later()


def _forked(
    ours: bytes, held: Held, seen: SeenNote, tiles: Tiles, hashes: HashReader | None
) -> Forked:
    proof = prove_fork(bare(ours, ()), bare(seen.note, ()), hashes)
    return Forked(proof, ours, _place_of_fork(held, seen.checkpoint, tiles), hashes)


def bare(note: bytes, verifiers: Sequence[Verifier]) -> bytes:
    """Return a note with the lines of its log, and of these keys, alone.

    A proof needs no more, and so nobody makes two of one by adding a cosignature.
    """
    signed = SignedNote.parse(note)
    wanted = {(key.name, key.key_id) for key in verifiers}
    origin = signed.text.partition("\n")[0]
    lines = [
        line
        for line in dict.fromkeys(signed.lines)
        if line.name == origin or (line.name, line.key_id) in wanted
    ]
    return replace(signed, lines=tuple(lines)).to_bytes()


def complete_checkpoint(held: Held) -> Checkpoint:
    """Return the newest checkpoint of which every entry was taken."""
    if not held.complete:
        return Held.nothing(held.origin).checkpoint
    return Checkpoint.parse(SignedNote.parse(held.complete).text)


def _place_of_fork(held: Held, new: Checkpoint, tiles: Tiles) -> int | None:
    """Return where two branches part, as far as tiles on both sides can show it."""
    whole = complete_checkpoint(held)
    size = min(whole.size, new.size)
    if not size:
        return None
    own = StoredHashes(Fetched(Place.HERE, tiles), whole.size)
    shown = Fetched(Place.PEER, tiles)
    try:
        tree = Proven(shown, prove_edge(shown, new))
        return first_difference(own, tree.hashes, size)
    except UnitError:
        return None

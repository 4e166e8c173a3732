"""Is this node's memory of its own log the newest? Asked before it signs again.

A restored back-up, or a lost disk, is noticed by what peers and witnesses hold.
Who then signs on forks its own log; the remedy is a new epoch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detente.tlog.checkpoint import Checkpoint
from detente.tlog.errors import NoteError
from detente.tlog.note import open_note
from detente.tlog.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nothing seen is newer than what the node remembers."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The node signed more than it remembers, and must not sign again.

    Attributes:
        seen: the largest checkpoint of the own log that others hold, or one of
            the remembered size with another root.
        note: the bytes, signed by the node's own key.
    """

    seen: Checkpoint
    note: bytes


def judge_memory(
    own: Checkpoint | None, held: Iterable[bytes], keys: Sequence[Verifier], *, origin: str
) -> Fresh | RolledBack:
    """Compare the TRUSTED last checkpoint with what others hold of the same log.

    Args:
        own: the last checkpoint in the TRUSTED store; None if it holds none.
        held: checkpoint notes of this log from peers, mirrors and witnesses.
        keys: the node's own log keys. Notes that they did not sign are passed
            over: a peer's invention must not silence a node.
        origin: the own log.
    """
    newest: RolledBack | None = None
    for note in held:
        seen = _own_checkpoint(note, keys, origin)
        if seen is None or (newest is not None and seen.size <= newest.seen.size):
            continue
        if own is None or seen.size > own.size or (seen.size == own.size and seen.root != own.root):
            newest = RolledBack(seen, note)
    return newest or Fresh()


def _own_checkpoint(note: bytes, keys: Sequence[Verifier], origin: str) -> Checkpoint | None:
    try:
        checkpoint = Checkpoint.parse(open_note(note, keys).text)
    except NoteError:
        return None
    return checkpoint if checkpoint.origin == origin else None

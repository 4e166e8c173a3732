"""Sealing a content key to readers: only to those the gate cleared for all of it."""

from collections.abc import Mapping, Sequence

from detente.release.errors import ReleaseError
from detente.release.gate import Cleared, Full, Withheld
from detente.release.model import MemberReader
from detente.statements import Position, Sealer, seal_for


def seal_cleared(
    answers: Sequence[Cleared | Withheld],
    sealing_keys: Mapping[str, bytes],
    *,
    key: bytes,
    position: Position,
    commitment: str,
    sealer: Sealer,
) -> dict[str, bytes]:
    """Seal a content key to everybody a draft is addressed to, or to nobody.

    Args:
        answers: of `decide_audience` about the draft, or of `decide` about one later reader.
        sealing_keys: member id -> raw key of 1,216 bytes.
        key: the content key, 32 bytes.
        position: where the statement stands or will stand.
        commitment: hex.
        sealer: draws its own randomness.

    Returns:
        Member id -> wrap, in ascending order of member id.

    Raises:
        ReleaseError: somebody is not cleared for all of it, or has no sealing key.
        SealingError: a sealing key that is none.
    """
    readers: dict[str, bytes] = {}
    for answer in answers:
        member = _cleared_member(answer)
        if member not in sealing_keys:
            raise ReleaseError(f"no sealing key of member {member[:16]}… is known")
        readers[member] = sealing_keys[member]
    return seal_for(readers, key=key, position=position, commitment=commitment, sealer=sealer)


def _cleared_member(answer: Cleared | Withheld) -> str:
    reader = answer.reader
    if not isinstance(reader, MemberReader):
        raise ReleaseError("a content key is sealed to members, and to nobody else")
    if isinstance(answer, Withheld):
        raise ReleaseError(
            f"not sealed: {answer.rule}",
            remedy=f"Address it to members by id, without {reader.member[:16]}…, or change it",
        )
    if not isinstance(answer.form, Full):
        raise ReleaseError(
            f"not sealed: member {reader.member[:16]}… may see part of it, and the key opens all",
            remedy="Give that reader a redacted copy",
        )
    return reader.member

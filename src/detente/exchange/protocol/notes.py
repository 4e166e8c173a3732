"""Checkpoint notes of members' logs: who signed, who cosigned, and whether that counts."""

from collections.abc import Set
from dataclasses import dataclass, field

from detente.exchange.protocol.roster import Roster, both_types_of
from detente.tlog import Checkpoint, NoteError, SignedNote, Verified, Verifier


@dataclass(frozen=True, slots=True)
class SeenNote:
    """A checkpoint that its log signed with keys that count for it.

    Attributes:
        note: the bytes, as they came.
        checkpoint: its text, read.
        epoch: of the log.
        cosigners: cosignatures of keys the charter chain knows, checked.
        mirrors: members other than the owner whose mirror cosigned.
        signed_at: when the log signed, by its own word, in POSIX seconds; 0 for not said.
    """

    note: bytes = field(repr=False)
    checkpoint: Checkpoint
    epoch: int
    cosigners: tuple[Verified, ...] = field(repr=False)
    mirrors: frozenset[str]
    signed_at: int = 0

    @property
    def origin(self) -> str:
        """The log."""
        return self.checkpoint.origin


def read_note(note: bytes, origin: str, roster: Roster) -> SeenNote:
    """Read a note of one log and check every signature on it that we know how to.

    Lines of keys that nobody knows cost nothing. A cosigner's line that fails refuses the
    note: an honest node passes none on.

    Raises:
        NoteError: malformed, another log's, not signed by the log's keys of that place, or
            a known signature that fails.
        CheckpointError: no checkpoint, or one with extension lines (no cosignature by
            ML-DSA-44 covers them).
    """
    signed = SignedNote.parse(note)
    checkpoint = Checkpoint.parse(signed.text)
    owner = roster.chain.keyring.owner_of_log(origin)
    if checkpoint.origin != origin or owner is None or checkpoint.extensions:
        raise NoteError(f"expected a checkpoint of log {origin}, not of {checkpoint.origin[:80]!r}")
    keys = {(key.name, key.key_id): key for _, key in roster.log_keys(origin)}
    cosigners = {}
    verified: dict[Verifier, Verified] = {}
    for line in dict.fromkeys(signed.lines):
        place = (line.name, line.key_id)
        key = keys.get(place)
        if key is None and place in roster.cosigners:
            cosigners[place] = roster.cosigners[place]
            key = roster.cosigners[place][1]
        if key is not None:
            stamped = roster.check_line(key, signed.text, line)
            verified.setdefault(key, Verified(key, stamped))
    _require_log_keys(verified.keys(), checkpoint, owner[1], roster)
    members = {verifier: who for who, verifier in cosigners.values()}
    counted = tuple(one for one in verified.values() if one.verifier in members and one.timestamp)
    mirrors = {
        members[one.verifier] for one in counted if one.verifier.name.endswith("/mirror")
    } - {owner[0]}
    own = [one.timestamp or 0 for one in verified.values() if one.verifier not in members]
    return SeenNote(note, checkpoint, owner[1], counted, frozenset(mirrors), max(own, default=0))


def _require_log_keys(
    signed: Set[Verifier], checkpoint: Checkpoint, epoch: int, roster: Roster
) -> None:
    """Check that keys of the log that count for its last entry signed.

    A stolen log key signs on after its suspension; that is held against nobody.
    """
    last = (epoch, max(checkpoint.size - 1, 0))
    counting: list[Verifier] = [
        verifier
        for key, verifier in roster.log_keys(checkpoint.origin)
        if verifier in signed and key.counts_at(last)
    ]
    if not counting or (roster.both_types and not both_types_of(counting)):
        raise NoteError(
            f"the checkpoint of {checkpoint.origin} at size {checkpoint.size} lacks a signature "
            "of the log's keys of that place, Ed25519 and ML-DSA-44"
        )


def is_vouched(seen: SeenNote, roster: Roster) -> bool:
    """Say whether so many members mirrored this that one of them is honest.

    What honest members let through their quotas needs no second counting: who joins, or
    was away, catches up at once.
    """
    others = seen.mirrors - {roster.me}
    return len(others) > roster.charter.f

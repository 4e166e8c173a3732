"""Whose signatures count on a member's log: keys of a charter as C2SP verifiers, and settlement.

The names are of our making and fixed: the log's keys carry its origin, a
member's witness and mirror keys carry the lasting part of its log and the role.
Source: trust.md, sections 1 and 3; C2SP tlog-policy.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from detente.charter import Charter, Member, OutsideWitness, Settlement, settlement_of
from detente.proofs.errors import ReceiptRefused
from detente.tlog import Checkpoint, KeyType, NoteError, SignedNote, Verified, Verifier, open_signed


def log_verifiers(member: Member) -> tuple[Verifier, ...]:
    """Return the keys that sign a member's log, Ed25519 first.

    Raises:
        NoteError: a weak key; no admitted charter holds one.
    """
    return (
        Verifier(member.origin, KeyType.ED25519, member.keys.log),
        Verifier(member.origin, KeyType.MLDSA44, member.keys.log_mldsa44),
    )


def witness_verifiers(member: Member) -> tuple[Verifier, ...]:
    """Return the keys a member witnesses with: it saw the checkpoint grow."""
    name = f"{member.log}/witness"
    return (
        Verifier(name, KeyType.ED25519_COSIGNATURE, member.keys.witness),
        Verifier(name, KeyType.MLDSA44, member.keys.witness_mldsa44),
    )


def mirror_verifiers(member: Member) -> tuple[Verifier, ...]:
    """Return the keys a member mirrors with: it holds the entries."""
    name = f"{member.log}/mirror"
    return (
        Verifier(name, KeyType.ED25519_COSIGNATURE, member.keys.mirror),
        Verifier(name, KeyType.MLDSA44, member.keys.mirror_mldsa44),
    )


def outside_verifiers(witness: OutsideWitness) -> tuple[Verifier, ...]:
    """Return an outside witness's keys; it may have Ed25519 only."""
    keys = [Verifier(witness.name, KeyType.ED25519_COSIGNATURE, witness.ed25519)]
    if witness.mldsa44 is not None:
        keys.append(Verifier(witness.name, KeyType.MLDSA44, witness.mldsa44))
    return tuple(keys)


@dataclass(frozen=True, slots=True)
class Seen:
    """Who had seen a checkpoint, and whether that settles what it covers.

    Attributes:
        checkpoint: the tree.
        mirrors: member ids whose mirror cosigned, ascending.
        outside: names of outside witnesses that cosigned, ascending.
        rule: what the charter asks for.
        post_quantum: whether the log and every counted cosigner signed with both types.
        latest: the latest time of a counted cosignature, in seconds; 0 without one.
    """

    checkpoint: Checkpoint
    mirrors: tuple[str, ...]
    outside: tuple[str, ...]
    rule: Settlement
    post_quantum: bool
    latest: int

    @property
    def settled(self) -> bool:
        """True with q cosigners, enough of them member mirrors (trust.md, section 3)."""
        enough = len(self.mirrors) + len(self.outside) >= self.rule.q
        return enough and len(self.mirrors) >= self.rule.member_mirrors

    def __str__(self) -> str:
        seen = len(self.mirrors) + len(self.outside)
        return f"seen by {seen} of {self.rule.eligible}"


def who_saw(charter: Charter, owner: Member, note: bytes) -> Seen:
    """Count the eligible cosigners of one checkpoint of `owner`'s log; the owner never counts.

    Raises:
        NoteError: malformed, not signed by the log, or a known key's signature fails.
        CheckpointError: the text is no checkpoint.
    """
    signed = SignedNote.parse(note)
    log = log_verifiers(owner)
    others = [member for member in charter.members if member.id != owner.id]
    mirrors = {key: member.id for member in others for key in mirror_verifiers(member)}
    outside = {key: each.name for each in charter.witnesses for key in outside_verifiers(each)}
    opened = open_signed(signed, (*log, *mirrors, *outside))
    if not any(one.verifier in log for one in opened.verified):
        raise NoteError(f"no key of the log {owner.origin} signed this checkpoint")
    # A cosignature at time 0 says nothing about what was observed.
    counted = [one for one in opened.verified if one.verifier in log or one.timestamp]
    return Seen(
        checkpoint=Checkpoint.parse(signed.text),
        mirrors=tuple(sorted({mirrors[o.verifier] for o in counted if o.verifier in mirrors})),
        outside=tuple(sorted({outside[o.verifier] for o in counted if o.verifier in outside})),
        rule=settlement_of(charter),
        post_quantum=_both_types(counted),
        latest=max((o.timestamp or 0 for o in counted if o.verifier not in log), default=0),
    )


def _both_types(counted: Sequence[Verified]) -> bool:
    names = {one.verifier.name for one in counted}
    quantum_safe = {
        one.verifier.name for one in counted if one.verifier.key_type is KeyType.MLDSA44
    }
    return names == quantum_safe


def policy_text(charter: Charter, owner: Member, *, suspended: Collection[str] = ()) -> str:
    """Write the tlog-policy under which a receipt from `owner`'s log is settled.

    The format cannot say "q in all, of them k mirrors", because a name stands in
    one group only. So it asks for enough mirrors and enough outsiders, which together
    reach q: never less than the charter's rule, sometimes more.

    Args:
        charter: with the keys its members have now.
        owner: of the log.
        suspended: members whose mirror key is; what it signs counts for nobody.

    Raises:
        ReceiptRefused: fewer mirrors have a key in force than have to cosign.
    """
    rule = settlement_of(charter)
    mirrors_needed = max(rule.member_mirrors, rule.q - rule.outside)
    outside_needed = rule.q - mirrors_needed
    lines = [f"# receipts from {owner.origin}; {charter.unit_id[:16]} version {charter.version}"]
    lines += [f"log {key.vkey}" for key in log_verifiers(owner)]
    mirrors, outside = [], []
    for member in charter.members:
        if member.id != owner.id and member.id not in suspended:
            mirrors.append(f"mirror-{member.id[:16]}")
            lines.append(f"witness {mirrors[-1]} {mirror_verifiers(member)[0].vkey}")
    for witness in charter.witnesses:
        outside.append(f"outside-{witness.name}")
        lines.append(f"witness {outside[-1]} {outside_verifiers(witness)[0].vkey}")
    if len(mirrors) < mirrors_needed:
        raise ReceiptRefused(
            f"{mirrors_needed} mirrors settle a receipt from {owner.name!r}, and {len(mirrors)} "
            "have a key in force",
            remedy="`detente keys rotate mirror` puts another key in a suspended one's place",
        )
    lines.append(f"group mirrors {mirrors_needed} {' '.join(mirrors)}")
    quorum = "mirrors"
    if outside_needed > 0:
        lines.append(f"group outside {outside_needed} {' '.join(outside)}")
        lines.append("group settled all mirrors outside")
        quorum = "settled"
    lines.append(f"quorum {quorum}")
    return "\n".join(lines) + "\n"

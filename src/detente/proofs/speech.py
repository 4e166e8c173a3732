"""Proofs about what a member said: two things in one place, a denial, a key used after its end."""

from detente.charter import KeySlot
from detente.charter.avowals import Suspend
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.judged import Judged, find_signer, judge_entry
from detente.proofs.model import Shown
from detente.signing import Role
from detente.statements import Clear, Kind, Opening, parse_entry, verify_opening


def prove_double_statement(first: bytes, second: bytes) -> ProofFile:
    """Put two entries of one position into a file; `verify` says whether it shows anything."""
    return ProofFile(ProofKind.DOUBLE_STATEMENT, {"first": first, "second": second})


def prove_epoch_fork(first: bytes, second: bytes) -> ProofFile:
    """Put two `recover` entries that open one epoch into a file."""
    return ProofFile(ProofKind.EPOCH_FORK, {"first": first, "second": second})


def prove_denial(statement: bytes, denial: bytes, opening: bytes) -> ProofFile:
    """Put a statement and its denial into a file, with the opening of the denial's handling."""
    parts = {"statement": statement, "denial": denial, "opening": opening}
    return ProofFile(ProofKind.DENIAL, parts)


def prove_key_beyond_cut_off(suspension: bytes, statement: bytes) -> ProofFile:
    """Put a suspension and what the suspended key signed after it into a file."""
    parts = {"suspension": suspension, "statement": statement}
    return ProofFile(ProofKind.KEY_BEYOND_CUT_OFF, parts)


def check_double_statement(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that one key signed two headers for one unit, issuer, epoch and seq.

    The same key, because after a theft the thief's key and the member's new one may
    well name the same position.

    Raises:
        UnitError: it is not shown.
    """
    first, second = _two(proof, chain)
    if first.statement.header.position != second.statement.header.position:
        raise ProofRefused("the two statements stand at different positions")
    if first.key != second.key:
        raise ProofRefused("two keys signed them, not one")
    _differ(first, second)
    return Shown(first.issuer, f"two different statements as {first.place}{first.remark}")


def check_epoch_fork(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that an epoch was opened twice by a member's recovery keys.

    Raises:
        UnitError: it is not shown.
    """
    first, second = _two(proof, chain)
    for each in (first, second):
        if each.statement.envelope.role is not Role.RECOVERY:
            raise ProofRefused("an epoch is opened by a recovery key and by nothing else")
    one, two = first.statement.header, second.statement.header
    if (one.issuer, one.epoch) != (two.issuer, two.epoch):
        raise ProofRefused("the two recoveries open different epochs")
    _differ(first, second)
    if first.key != second.key:
        raise ProofRefused("two recovery keys signed them, not one")
    return Shown(first.issuer, f"two openings of epoch {one.epoch}")


def check_denial(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that a member denied, by name, a statement of its own.

    Raises:
        UnitError: it is not shown.
    """
    said = judge_entry(proof.one("statement"), chain)
    denied = judge_entry(proof.one("denial"), chain)
    if said.issuer != denied.issuer:
        raise ProofRefused("to deny what another member said is its right, and no contradiction")
    header = denied.statement.header
    opening = Opening.parse(proof.one("opening"))
    handling = verify_opening(opening, denied.statement.sealed, header.position)
    if handling.kind is not Kind.DENIAL:
        raise ProofRefused(f"the second statement is a {handling.kind.value}, no denial")
    if said.statement.payload_hash not in handling.about:
        raise ProofRefused("the denial does not name the statement: it contradicts nothing")
    what = f"a statement as {said.place}, and its denial as {denied.place}{said.remark}"
    return Shown(said.issuer, what)


def check_key_beyond_cut_off(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that a key signed for a place after its own member had suspended it there.

    What stands before the suspension, settled or not, is held against nobody: it may
    have been said in good faith before anyone knew of the theft.

    Raises:
        UnitError: it is not shown.
    """
    suspension = parse_entry(proof.one("suspension"))
    statement = parse_entry(proof.one("statement"))
    stop, used = suspension.header, statement.header
    if stop.unit != chain.unit or used.unit != chain.unit or stop.issuer != used.issuer:
        raise ProofRefused("the suspension and the statement are not of one member of this unit")
    governor, key = find_signer(suspension, chain), find_signer(statement, chain)
    if governor.slot is not KeySlot.GOVERNANCE:
        raise ProofRefused("keys are suspended by the governance key")
    if key.slot not in _suspended(suspension.clear):
        raise ProofRefused(f"the {key.slot.value} key was not suspended there")
    if key.span.end is None:
        raise ProofRefused("the chain does not know of this suspension of this key")
    place = (used.epoch, used.seq)
    if place <= (stop.epoch, stop.seq) or place < key.span.end:
        raise ProofRefused("the statement stands before the suspension, or before its cut-off")
    what = (
        f"the suspension of a {key.slot.value} key at entry {stop.seq} of epoch {stop.epoch}, and "
        f"use of that key at entry {used.seq} of epoch {used.epoch}"
    )
    return Shown(stop.issuer, what)


def _suspended(says: Clear) -> tuple[KeySlot, ...]:
    if says.kind != Suspend.KIND:
        raise ProofRefused(f"the first statement is a {says.kind}, no suspension")
    return Suspend.parse(says.body).slots


def _two(proof: ProofFile, chain: CharterChain) -> tuple[Judged, Judged]:
    return judge_entry(proof.one("first"), chain), judge_entry(proof.one("second"), chain)


def _differ(first: Judged, second: Judged) -> None:
    if first.statement.payload_hash == second.statement.payload_hash:
        raise ProofRefused("both envelopes carry the same statement: it was only sent again")

"""Broken promises: a demand the member saw, and everything it said until the deadline passed.

The clock starts at the accused's own mirror cosignature over the demand. What
was not answered is shown by every entry up to a checkpoint that carries the
accused's own later time. A log that fell silent shows nothing: that is lapse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from detente.charter import CharterError
from detente.charter.avowals import Adopt, Leave
from detente.charter.ballots import Certificate
from detente.errors import UnitError
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.judged import Judged, judge_entry
from detente.proofs.model import Shown
from detente.proofs.settled import check_settled
from detente.signing import leaf_hash, merkle_root, verify_inclusion
from detente.statements import (
    Clear,
    Erased,
    Grant,
    StatementError,
    check_complaint,
    parse_entry,
)
from detente.tlog import Checkpoint, KeyType, Receipt, SignedNote, open_note

REDELIVERY_DUE = timedelta(hours=24)
ADOPTION_DUE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Demand:
    """What was asked of the accused.

    Attributes:
        what: in words.
        due: after the accused's cosignature.
        since: earliest time, in seconds, from which anything was owed, whenever it was seen.
        epoch: the log in which the answer had to stand.
        answers: says whether one clear statement of the accused answers it.
    """

    what: str
    due: timedelta
    since: int
    epoch: int
    answers: Callable[[Clear], bool]


def prove_broken_promise(
    *,
    accused: str,
    demand: bytes,
    demand_receipt: bytes,
    about: bytes,
    checkpoint: bytes,
    entries: Sequence[bytes],
) -> ProofFile:
    """Put a demand and everything the accused said into a file.

    Args:
        accused: hex member id.
        demand: the entry that asks: a complaint, or the certificate of a new charter.
        demand_receipt: tlog-proof of it, with the accused's mirror cosignature.
        about: the accused's entry complained of; empty for a certificate.
        checkpoint: the accused's own note, signed with its ML-DSA-44 log key at a time.
        entries: all entries of that tree.
    """
    parts = {
        "accused": bytes.fromhex(accused),
        "demand": demand,
        "demand_receipt": demand_receipt,
        "about": about,
        "checkpoint": checkpoint,
    }
    return ProofFile(ProofKind.BROKEN_PROMISE, {**parts, "entries": tuple(entries)})


def check_broken_promise(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that a member saw a demand, and let the time for it pass while it went on signing.

    Raises:
        UnitError: it is not shown, or it was answered.
    """
    accused = proof.one("accused").hex()
    demand = judge_entry(proof.one("demand"), chain)
    receipt = Receipt.parse(proof.one("demand_receipt"))
    due = _read_demand(demand, receipt, proof.one("about"), accused, chain)
    seen = max(due.since, _seen_at(demand, receipt, accused, chain))
    checkpoint, signed = _own_checkpoint(proof.one("checkpoint"), accused, due.epoch, chain)
    deadline = seen + int(due.due.total_seconds())
    if signed <= deadline:
        raise ProofRefused(f"its checkpoint is of {signed}, the deadline is {deadline}")
    entries = proof.many("entries")
    if len(entries) != checkpoint.size:
        raise ProofRefused(f"{len(entries)} entries are given, the tree has {checkpoint.size}")
    if merkle_root([leaf_hash(entry) for entry in entries]) != checkpoint.root:
        raise ProofRefused("the entries are not those of the checkpoint")
    for index, entry in enumerate(entries):
        if (says := _clear(entry)) is not None and due.answers(says):
            raise ProofRefused(f"entry {index} answers the demand")
    what = (
        f"a cosignature over a demand at {seen} s ({due.what}), and its own log up to {signed} s, "
        f"{signed - deadline} s past the deadline, without an answer"
    )
    return Shown(accused, what)


def _read_demand(
    demand: Judged, receipt: Receipt, about: bytes, accused: str, chain: CharterChain
) -> _Demand:
    says = demand.statement.clear
    if says.kind == Certificate.KIND:
        return _adoption(demand, receipt, accused, chain)
    said = judge_entry(about, chain)
    if said.issuer != accused:
        raise ProofRefused("the complaint is about another member's statement")
    header = said.statement.header
    charter = chain.charter(header.charter)
    if charter is None:
        raise ProofRefused("the statement was said under a charter that is not in the chain")
    check_complaint(
        demand.statement.header,
        header,
        payload_hash=said.statement.payload_hash,
        members=tuple(sorted(charter.member_ids)),
    )
    wanted = demand.statement.payload_hash
    return _Demand(
        what="to deliver again what could not be opened",
        due=REDELIVERY_DUE,
        since=0,
        epoch=header.epoch,
        answers=lambda says: _answers_complaint(says, wanted, said.statement.payload_hash),
    )


def _adoption(demand: Judged, receipt: Receipt, accused: str, chain: CharterChain) -> _Demand:
    """Read a certificate: it binds by its ballots, so only one that the chain checked is a demand.

    Nobody has to adopt what is not settled, so nothing is owed before its own cosigners and
    those of its ballots are enough.
    """
    certificate = Certificate.parse(demand.statement.clear.body)
    charter = chain.charter(certificate.digest)
    member = None if charter is None else charter.member(accused)
    if charter is None or charter.version != certificate.version or member is None:
        raise ProofRefused("the certificate is of no charter in the chain that lists the accused")
    before = chain.charter(charter.previous or "")
    if before is None or before.member(accused) is None:
        raise ProofRefused("who is only admitted by a charter does not adopt it")
    checked = (parse_entry(each).clear.body for each in chain.file.certificates)
    if all(Certificate.parse(body) != certificate for body in checked):
        raise ProofRefused("the certificate is none whose ballots stand in the chain")
    settled = check_settled(demand.statement, receipt, before, chain.keyring)
    return _Demand(
        what=f"to adopt charter version {certificate.version}",
        due=ADOPTION_DUE,
        since=max(settled.latest, chain.decided[charter.digest]),
        epoch=member.epoch,
        answers=lambda says: _adopts(says, certificate.version),
    )


def _answers_complaint(says: Clear, complaint: str, about: str) -> bool:
    if says.kind == Leave.KIND:
        return True
    try:
        if says.kind == "erased":
            return Erased.parse(says).statement == about
        return says.kind == "grant" and Grant.parse(says).complaint == complaint
    except StatementError:
        return False


def _adopts(says: Clear, version: int) -> bool:
    if says.kind == Leave.KIND:
        return True
    if says.kind != Adopt.KIND:
        return False
    try:
        return Adopt.parse(says.body).version >= version
    except CharterError:
        return False


def _seen_at(demand: Judged, receipt: Receipt, accused: str, chain: CharterChain) -> int:
    """Return when the accused cosigned a tree with the demand in it, by its own word."""
    header = demand.statement.header
    opened = open_note(receipt.checkpoint, chain.keyring.mirrors_of(accused))
    checkpoint = Checkpoint.parse(opened.text)
    if chain.keyring.owner_of_log(checkpoint.origin) != (demand.issuer, header.epoch):
        raise ProofRefused("the receipt is of another log than the demand's")
    if receipt.index != header.seq:
        raise ProofRefused(f"the demand is entry {header.seq}, the receipt is of {receipt.index}")
    verify_inclusion(
        leaf_hash=leaf_hash(demand.statement.to_entry()),
        index=receipt.index,
        size=checkpoint.size,
        proof=receipt.hashes,
        root=checkpoint.root,
    )
    # The later of two times, which favours the accused; time 0 names no time.
    seen = max(one.timestamp or 0 for one in opened.verified)
    if seen == 0:
        raise ProofRefused("the cosignature names no time")
    return seen


def _own_checkpoint(
    note: bytes, accused: str, epoch: int, chain: CharterChain
) -> tuple[Checkpoint, int]:
    """Return the accused's checkpoint and the time it signed it at."""
    checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
    if chain.keyring.owner_of_log(checkpoint.origin) != (accused, epoch):
        raise ProofRefused("the checkpoint is not of the log in which the answer had to stand")
    if chain.epoch_of(accused) != epoch:
        raise ProofRefused("the accused has opened a later log, which may hold the answer")
    last = (epoch, max(checkpoint.size - 1, 0))
    keys = [
        verifier
        for key, verifier in chain.keyring.log_keys(checkpoint.origin)
        if verifier.key_type is KeyType.MLDSA44 and key.counts_at(last)
    ]
    opened = open_note(note, keys)
    return checkpoint, min(one.timestamp or 0 for one in opened.verified)


def _clear(entry: bytes) -> Clear | None:
    try:
        says = parse_entry(entry).header.says
    except UnitError:
        return None
    return says if isinstance(says, Clear) else None

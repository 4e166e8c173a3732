"""From the first charter to the last: who accepted, who confirmed, whose key ended where.

A version's keys are used only after its own certificate held under the keys known
before it; otherwise a forged version could bring the keys that confirm it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from detente.charter import Charter, Spoken
from detente.charter.ballots import Certificate
from detente.charter.certificate import Record, check_certificate
from detente.charter.founding import Founded, Founding, offer, receive, verify_acceptance
from detente.proofs.errors import ChainError
from detente.proofs.ledger import Avowal, Ledger
from detente.proofs.settled import check_settled
from detente.signing import Envelope
from detente.statements import Statement, spoken
from detente.tlog import Receipt


@dataclass(frozen=True, slots=True)
class ReceivedBallot:
    """A ballot as a chain carries it: parsed, not verified, with its tlog-proof beside it."""

    statement: Statement
    receipt: bytes


@dataclass(frozen=True, slots=True)
class ReceivedCertificate:
    """A certificate as a chain carries it, and how far a member it removes was seen."""

    statement: Statement
    removed: bytes


def read_lineage(
    charters: Sequence[Charter],
    *,
    acceptances: Sequence[bytes],
    certificates: Sequence[ReceivedCertificate],
    ballots: Sequence[ReceivedBallot],
    avowals: Iterable[Avowal],
) -> Ledger:
    """Verify every step of a chain and return its members' keys.

    Raises:
        UnitError: a step that does not hold; see `chain.parse_chain`.
    """
    if len(certificates) != len(charters) - 1:
        raise ChainError(
            f"{len(charters)} versions need {len(charters) - 1} certificates, "
            f"not {len(certificates)}"
        )
    _check_founding(charters[0], acceptances)
    ledger = Ledger()
    ledger.add_charter(charters[0])
    waiting = ledger.apply(avowals)
    for (old, new), certificate in zip(pairwise(charters), certificates, strict=True):
        _check_step(old, new, certificate.statement, ballots, acceptances, ledger)
        ledger.add_charter(new, removed=certificate.removed)
        waiting = ledger.apply(waiting)
    if waiting:
        header = waiting[0].statement.header
        raise ChainError(
            f"entry {header.seq} of member {header.issuer[:16]}… is signed by no key of its own "
            "that the chain knows"
        )
    ledger.close()
    return ledger


def _check_founding(first: Charter, acceptances: Sequence[bytes]) -> None:
    founding: Founding = offer(first)
    for acceptance in acceptances:
        if not isinstance(founding, Founded) and _names(acceptance, first):
            founding = receive(founding, acceptance)
    if not isinstance(founding, Founded):
        raise ChainError("not every founding member accepted version 1")


def _check_step(
    old: Charter,
    new: Charter,
    certificate: Statement,
    ballots: Sequence[ReceivedBallot],
    acceptances: Sequence[bytes],
    ledger: Ledger,
) -> None:
    """Check what made `new` follow `old`.

    The certificate itself carries no authority: any member may say it, the ballots count.
    """
    says = certificate.clear
    if says.kind != Certificate.KIND:
        raise ChainError(f"a {says.kind} stands where a certificate should")
    body = Certificate.parse(says.body)
    named = frozenset(body.confirms) | frozenset(body.consents)
    heard = {
        each.statement.payload_hash: _settled_ballot(each, old, ledger)
        for each in ballots
        if each.statement.payload_hash in named
    }
    accepted = frozenset(verify_acceptance(each, new) for each in acceptances if _names(each, new))
    record = Record(
        ballots={name: said for name, (said, _) in heard.items()},
        settled=heard.keys(),
        accepted=accepted,
        governance_key=ledger.governance_key,
    )
    check_certificate(body, old=old, new=new, record=record)
    ledger.note_decided(new.digest, max(at for _, at in heard.values()))


def _settled_ballot(ballot: ReceivedBallot, old: Charter, ledger: Ledger) -> tuple[Spoken, int]:
    """Return a ballot, and when it was settled for certain."""
    key = ledger.check_signature(ballot.statement)
    seen = check_settled(ballot.statement, Receipt.parse(ballot.receipt), old, ledger.keyring())
    ledger.note_size(seen.checkpoint)
    return spoken(ballot.statement, key=key), seen.latest


def _names(acceptance: bytes, charter: Charter) -> bool:
    return charter.digest.encode() in Envelope.parse(acceptance).payload

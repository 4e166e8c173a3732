"""Recoveries of other members: kept when they come, counting 72 hours later, contested at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.protocol import Event
from detente.exchange.protocol.commands import NoteRecovery
from detente.exchange.protocol.events import Learnt, Proven, Recoveries
from detente.exchange.protocol.model import Recovery
from detente.node.holdings import Holdings
from detente.proofs import CharterChain, ProofKind, check, prove_epoch_fork, verify_chain
from detente.storage.recoveries import PendingRecovery


def pending(holdings: Holdings) -> Recoveries:
    """Return the recoveries that do not count yet.

    Raises:
        StorageFault: the database refused.
    """
    return Recoveries(
        tuple(
            Recovery(each.member, each.epoch, each.entry, each.cut, each.seen)
            for each in holdings.recoveries.all()
        )
    )


def note_recovery(holdings: Holdings, command: NoteRecovery, now: datetime) -> Sequence[Event]:
    """Keep a recovery with the evidence of how far the old epoch was seen; twice is once.

    Raises:
        StorageFault: the disk or the database refused.
    """
    history = holdings.roster.history(command.member)
    evidence = b"" if history is None else holdings.shown(f"{history.log}/{history.epoch}") or b""
    kept = holdings.recoveries.keep(
        PendingRecovery(command.member, command.epoch, command.entry, evidence, command.cut, now)
    )
    if kept.entry == command.entry:
        return [pending(holdings)]
    if kept.epoch != command.epoch:
        return []
    return [*_contest(holdings, kept, command.entry, now), pending(holdings)]


def settle_recovery(holdings: Holdings, member: str) -> Sequence[Event]:
    """Let a recovery that nobody contested join the charter chain; the old log ends there.

    Raises:
        StorageFault: the disk or the database refused.
    """
    for each in holdings.recoveries.all():
        if each.member == member:
            chain = _joined(holdings.roster.chain, each.entry, each.evidence)
            return _settled(holdings, chain, member)
    return []


def _contest(
    holdings: Holdings, kept: PendingRecovery, second: bytes, now: datetime
) -> list[Event]:
    """Take up that one epoch was opened twice: the member is suspended, the two are shown."""
    proof = prove_epoch_fork(*sorted((kept.entry, second)))
    events: list[Event] = []
    try:
        shown = check(proof, holdings.roster.chain)
    except UnitError:
        return []  # the second is no recovery of that member: it contests nothing
    data, kind = proof.to_bytes(), ProofKind.EPOCH_FORK.value
    holdings.keep_proof(data, accused=shown.accused, kind=kind, now=now)
    events.append(Proven(sha256(data).hexdigest(), kind, shown.accused))
    chain = _joined(holdings.roster.chain, kept.entry, kept.evidence)
    return [*events, *_settled(holdings, _joined(chain, second, b""), kept.member)]


def _settled(holdings: Holdings, chain: CharterChain, member: str) -> list[Event]:
    learnt: list[Event] = []
    if chain is not holdings.roster.chain:
        holdings.keep_chain(chain)
        learnt.append(Learnt(chain))
    holdings.recoveries.drop(member)
    return [*learnt, pending(holdings)]


def _joined(chain: CharterChain, entry: bytes, evidence: bytes) -> CharterChain:
    """Return the chain with one more avowal; as it was where it does not hold (any more)."""
    file = chain.file
    if entry in file.avowals:
        return chain
    for seen in (evidence, b"") if evidence else (b"",):
        try:
            grown = replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, seen))
            return verify_chain(grown)
        except EnvironmentFault:
            raise
        except UnitError:
            continue
    return chain

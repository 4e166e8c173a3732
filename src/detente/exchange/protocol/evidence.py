"""Proofs of misbehaviour, exchanged at once: each is judged here before it counts here.

A proof that does not verify says nothing about the accused, and about the peer only that
its charter chain may say more than ours.
"""

from hashlib import sha256

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError
from detente.exchange.protocol.commands import HoldBack, KeepProof
from detente.exchange.protocol.limits import PROOF_BYTES_MAX, PROOF_LIST_BYTES_MAX
from detente.exchange.protocol.paths import PROOFS, parse_proof_list, proof_path
from detente.exchange.protocol.state import ForProof, ForProofs
from detente.exchange.protocol.turn import Turn
from detente.proofs import ProofFile, ProofKind, check
from detente.tlog import Checkpoint, SignedNote


def ask_proofs(turn: Turn) -> None:
    """Ask which proofs the peer holds."""
    turn.ask(ForProofs(), PROOFS, PROOF_LIST_BYTES_MAX)


def on_answer(turn: Turn, purpose: ForProofs | ForProof, data: bytes | None) -> None:
    """Take a list of proofs, or one of them; a peer without a list has none."""
    if isinstance(purpose, ForProof):
        on_proof(turn, purpose, data)
    else:
        on_proof_list(turn, data or b"")


def on_proof_list(turn: Turn, data: bytes) -> None:
    """Note which of them are not held here, and fetch the first."""
    try:
        listed = parse_proof_list(data)
    except ExchangeError as error:
        turn.fault(f"its list of proofs: {error.message}", data)
        return
    turn.set(wanted_proofs=tuple(each for each in listed if each not in turn.state.proofs))
    next_proof(turn)


def next_proof(turn: Turn) -> None:
    """Fetch the next proof that is not held here, if any."""
    wanted = [each for each in turn.state.wanted_proofs if each not in turn.state.proofs]
    turn.set(wanted_proofs=tuple(wanted[1:]))
    if wanted:
        turn.ask(ForProof(wanted[0]), proof_path(wanted[0]), PROOF_BYTES_MAX)


def on_proof(turn: Turn, purpose: ForProof, data: bytes | None) -> None:
    """Judge a proof; keep it, and hold a forked log back, only where it shows what it claims."""
    turn.set(proofs=turn.state.proofs | {purpose.digest})
    if data is None:
        next_proof(turn)
        return
    if sha256(data).hexdigest() != purpose.digest:
        turn.fault("other bytes than the proof it lists", data)
        next_proof(turn)
        return
    try:
        proof = ProofFile.parse(data)
        shown = check(proof, turn.state.roster.chain)
    except UnitError:
        next_proof(turn)
        return
    turn.do(KeepProof(proof, shown.accused))
    if proof.kind is ProofKind.FORK:
        origin = Checkpoint.parse(SignedNote.parse(proof.one("first")).text).origin
        held = turn.held(origin)
        if held.forked is None:
            turn.do(HoldBack(origin, held.taken))
    next_proof(turn)

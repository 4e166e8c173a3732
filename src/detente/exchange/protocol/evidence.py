"""Proofs of misbehaviour, exchanged at once: each is judged here before it counts here.

A proof that does not verify says nothing about the accused. The peer's own charter chain may
say more than ours; where the proof fails under that one too, the peer shows what is false.
"""

from hashlib import sha256
from typing import assert_never

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError
from detente.exchange.protocol.commands import HoldBack, KeepProof
from detente.exchange.protocol.limits import (
    CHAIN_BYTES_MAX,
    PROOF_BYTES_MAX,
    PROOF_LIST_BYTES_MAX,
)
from detente.exchange.protocol.paths import CHAIN, PROOFS, parse_proof_list, proof_path
from detente.exchange.protocol.state import ForPolicy, ForProof, ForProofs
from detente.exchange.protocol.turn import Turn
from detente.proofs import ChainError, CharterChain, ProofFile, ProofKind, check, parse_chain
from detente.tlog import Checkpoint, SignedNote


def ask_proofs(turn: Turn) -> None:
    """Ask which proofs the peer holds."""
    turn.ask(ForProofs(), PROOFS, PROOF_LIST_BYTES_MAX)


def on_answer(turn: Turn, purpose: ForProofs | ForProof | ForPolicy, data: bytes | None) -> None:
    """Take a list of proofs, one of them, or the chain to judge one by."""
    match purpose:
        case ForProofs():
            on_proof_list(turn, data or b"")  # a peer without a list has none
        case ForProof():
            on_proof(turn, purpose, data)
        case ForPolicy():
            on_policy(turn, purpose, data)
        case _:
            assert_never(purpose)


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
    except UnitError as error:
        turn.fault(f"it lists as a proof what is none: {error.message}", data)
        next_proof(turn)
        return
    try:
        shown = check(proof, turn.state.roster.chain)
    except UnitError:
        turn.ask(ForPolicy(purpose.digest, data), CHAIN, CHAIN_BYTES_MAX)
        return
    turn.do(KeepProof(proof, shown.accused))
    if proof.kind is ProofKind.FORK:
        origin = Checkpoint.parse(SignedNote.parse(proof.one("first")).text).origin
        held = turn.held(origin)
        if held.forked is None:
            turn.do(HoldBack(origin, held.taken))
    next_proof(turn)


def on_policy(turn: Turn, purpose: ForPolicy, data: bytes | None) -> None:
    """Judge a doubted proof by what the peer itself knows of charters and keys.

    Where that says more than ours, the proof is asked for again once we know as much.
    """
    try:
        check(ProofFile.parse(purpose.data), _their_chain(turn.state.roster.chain, data))
    except UnitError as error:
        turn.fault(f"a proof that does not verify: {error.message}", purpose.data)
    else:
        turn.set(proofs=turn.state.proofs - {purpose.digest})
    next_proof(turn)


def _their_chain(ours: CharterChain, data: bytes | None) -> CharterChain:
    theirs = parse_chain(data or b"")
    if theirs.unit != ours.unit:
        raise ChainError("the peer's charter chain is that of another unit")
    return theirs

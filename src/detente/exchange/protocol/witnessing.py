"""Cosigners that cosigned what an honest one cannot have seen."""

from contextlib import suppress

from detente.errors import UnitError
from detente.exchange.protocol.commands import KeepProof
from detente.exchange.protocol.comparing import Forked, bare
from detente.exchange.protocol.model import Held
from detente.exchange.protocol.notes import SeenNote, read_note
from detente.exchange.protocol.turn import Turn
from detente.proofs import ProofKind, pack_witness_fault
from detente.tlog import Checkpoint, SignedNote, Verifier, prove_witness_fault


def accuse_cosigners(turn: Turn, held: Held, seen: SeenNote, forked: Forked) -> None:
    """Keep a proof against everybody whose cosignatures stand under both branches."""
    first, second = (_cosigners(turn, note, held.origin) for note in (forked.ours, seen.note))
    accused = {who for kind, who in turn.state.accused if kind == ProofKind.WITNESS_FAULT}
    for verifier in first & second:
        who = turn.state.roster.cosigners[verifier.name, verifier.key_id][0]
        if who in accused:
            continue
        with suppress(UnitError):
            ours, theirs = (bare(note, [verifier]) for note in (forked.ours, seen.note))
            proof = prove_witness_fault(ours, theirs, verifier, forked.hashes)
            turn.do(KeepProof(pack_witness_fault(proof), who))
            accused.add(who)


def accuse_shrunk(turn: Turn, path: str, seen: SeenNote) -> None:
    """Keep a proof where the peer cosigned a smaller tree later than a larger one."""
    before = turn.state.done.get(path)
    if before is None or before == seen.note:
        return
    with suppress(UnitError):
        if Checkpoint.parse(SignedNote.parse(before).text).size <= seen.checkpoint.size:
            return
        earlier = read_note(before, seen.origin, turn.state.roster)
        both = {one.verifier for one in earlier.cosigners} & {
            one.verifier for one in seen.cosigners
        }
        for verifier in both:
            who = turn.state.roster.cosigners[verifier.name, verifier.key_id][0]
            if (ProofKind.WITNESS_FAULT, who) in turn.state.accused:
                continue
            larger, smaller = (bare(note, [verifier]) for note in (before, seen.note))
            proof = prove_witness_fault(larger, smaller, verifier)
            turn.do(KeepProof(pack_witness_fault(proof), who))
            return


def _cosigners(turn: Turn, note: bytes, origin: str) -> frozenset[Verifier]:
    try:
        seen = read_note(note, origin, turn.state.roster)
    except UnitError:
        return frozenset()
    return frozenset(one.verifier for one in seen.cosigners)

"""`detente proof verify`: one file, one policy, one answer, off line."""

from collections.abc import Callable, Mapping

from detente.errors import UnitError
from detente.proofs.chain import CharterChain, parse_chain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.forks import Trusted, check_fork, check_witness_fault
from detente.proofs.garbage import check_garbage
from detente.proofs.model import Shown, Verdict
from detente.proofs.promises import check_broken_promise
from detente.proofs.speech import (
    check_denial,
    check_double_statement,
    check_epoch_fork,
    check_key_beyond_cut_off,
)
from detente.proofs.votes import check_double_vote
from detente.tlog import Policy, PolicyError


def verify(data: bytes, policy: Trusted) -> Verdict:
    """Say whether a proof file shows what it claims. Total: no bytes make it raise.

    Args:
        data: the proof file.
        policy: a tlog-policy, or the charter chain that pins members and keys; what
            judges statements, ballots or members' keys needs the chain.
    """
    kind = ""
    try:
        proof = ProofFile.parse(data)
        kind = proof.kind.value
        shown = check(proof, policy)
    except UnitError as error:
        return Verdict(valid=False, kind=kind, accused="", reason=str(error))
    return Verdict(valid=True, kind=kind, accused=shown.accused, reason=shown.reason)


def check(proof: ProofFile, policy: Trusted) -> Shown:
    """Return what a proof shows.

    Raises:
        UnitError: it shows nothing under this policy.
    """
    if proof.kind is ProofKind.FORK:
        return check_fork(proof, policy)
    if proof.kind is ProofKind.WITNESS_FAULT:
        return check_witness_fault(proof, policy)
    if not isinstance(policy, CharterChain):
        raise ProofRefused(
            f"a proof of {proof.kind.value} judges members and their keys",
            remedy="Give the charter chain of the unit as the policy",
        )
    return _UNDER_CHAIN[proof.kind](proof, policy)


_UNDER_CHAIN: Mapping[ProofKind, Callable[[ProofFile, CharterChain], Shown]] = {
    ProofKind.EPOCH_FORK: check_epoch_fork,
    ProofKind.DOUBLE_STATEMENT: check_double_statement,
    ProofKind.DOUBLE_VOTE: check_double_vote,
    ProofKind.DENIAL: check_denial,
    ProofKind.KEY_BEYOND_CUT_OFF: check_key_beyond_cut_off,
    ProofKind.BROKEN_PROMISE: check_broken_promise,
    ProofKind.GARBAGE: check_garbage,
}


def parse_policy(data: bytes) -> Trusted:
    """Read a policy file: a charter chain where it begins like one, a tlog-policy otherwise.

    Raises:
        ChainError, CharterError: a chain that does not hold.
        PolicyError, NoteError: no tlog-policy.
    """
    if data.lstrip().startswith(b"{"):
        return parse_chain(data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise PolicyError(f"a policy file is UTF-8: {error}") from None
    return Policy.parse(text)

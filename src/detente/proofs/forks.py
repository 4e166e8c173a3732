"""Proofs about logs and cosigners: two trees that no tree explains, a witness that shrank."""

from collections.abc import Iterator
from typing import assert_never

from detente.errors import UnitError
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.keyring import HeldKey
from detente.proofs.model import Shown
from detente.tlog import (
    Branches,
    Checkpoint,
    ForkProof,
    Policy,
    SignedNote,
    Verifier,
    WitnessFaultProof,
    open_note,
)

Trusted = Policy | CharterChain


def pack_fork(proof: ForkProof) -> ProofFile:
    """Put a log's fork proof into a file."""
    return ProofFile(ProofKind.FORK, _parts(proof.branches))


def pack_witness_fault(proof: WitnessFaultProof) -> ProofFile:
    """Put a witness's fault proof into a file."""
    return ProofFile(ProofKind.WITNESS_FAULT, _parts(proof.branches))


def check_fork(proof: ProofFile, policy: Trusted) -> Shown:
    """Check that one log's keys signed two checkpoints that no tree explains.

    Raises:
        UnitError: it is not shown, or a key signed where it no longer counted.
    """
    branches = _branches(proof)
    checkpoint = _checkpoint(branches.first)
    match policy:
        case Policy():
            accused, remark = checkpoint.origin, ""
            verifiers = [key for key in policy.logs if key.name == checkpoint.origin]
        case CharterChain():
            accused, remark, verifiers = _under_chain(branches, checkpoint, policy)
        case _:
            assert_never(policy)
    fork = ForkProof(branches).verify(verifiers)
    what = (
        f"two trees of sizes {fork.first.size} and {fork.second.size} for one log, of which "
        f"neither continues the other{remark}"
    )
    return Shown(accused, what)


def check_witness_fault(proof: ProofFile, policy: Trusted) -> Shown:
    """Check that one cosigner's key cosigned what an honest cosigner cannot have seen.

    Raises:
        UnitError: no cosigner known here is shown to have done so.
    """
    branches = _branches(proof)
    named = _names(branches.first) & _names(branches.second)
    why = "no cosigner known here signed both checkpoints"
    for accused, remark, verifier in _cosigners(policy):
        if (verifier.name, verifier.key_id) not in named:
            continue
        try:
            fault = WitnessFaultProof(branches).verify(verifier)
        except UnitError as error:
            why = error.message
        else:
            return Shown(accused, f"{fault.value}, cosigned by {verifier.name}{remark}")
    raise ProofRefused(why)


def _under_chain(
    branches: Branches, checkpoint: Checkpoint, chain: CharterChain
) -> tuple[str, str, list[Verifier]]:
    owner = chain.keyring.owner_of_log(checkpoint.origin)
    if owner is None:
        raise ProofRefused(f"no member of the chain has the log {checkpoint.origin[:80]!r}")
    member, epoch = owner
    keys = list(chain.keyring.log_keys(checkpoint.origin))
    remarks = {
        _counting_key(note, epoch, keys).remark for note in (branches.first, branches.second)
    }
    return member, max(remarks, key=len), [verifier for _, verifier in keys]


def _counting_key(note: bytes, epoch: int, keys: list[tuple[HeldKey, Verifier]]) -> HeldKey:
    """Return a key that signed the note and counted for its last entry.

    A stolen key signs on after its suspension; that is held against nobody.
    """
    checkpoint = _checkpoint(note)
    last = (epoch, max(checkpoint.size - 1, 0))
    opened = open_note(note, [verifier for _, verifier in keys])
    signed = {one.verifier for one in opened.verified}
    for key, verifier in keys:
        if verifier in signed and key.counts_at(last):
            return key
    raise ProofRefused(
        f"the checkpoint of size {checkpoint.size} is signed by no log key that still counted there"
    )


def _cosigners(policy: Trusted) -> Iterator[tuple[str, str, Verifier]]:
    match policy:
        case Policy():
            for name, (verifier, _) in policy.witnesses.items():
                if verifier is not None:
                    yield name, "", verifier
        case CharterChain():
            yield from policy.keyring.cosigners()
        case _:
            assert_never(policy)


def _names(note: bytes) -> frozenset[tuple[str, bytes]]:
    return frozenset((line.name, line.key_id) for line in SignedNote.parse(note).lines)


def _checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(SignedNote.parse(note).text)


def _parts(branches: Branches) -> dict[str, bytes | tuple[bytes, ...]]:
    return {
        "first": branches.first,
        "second": branches.second,
        "prefix_root": branches.prefix,
        "consistency": branches.proof,
    }


def _branches(proof: ProofFile) -> Branches:
    branches = Branches(
        first=proof.one("first"),
        second=proof.one("second"),
        prefix=proof.one("prefix_root"),
        proof=proof.many("consistency"),
    )
    same_size = _checkpoint(branches.first).size == _checkpoint(branches.second).size
    if same_size and (branches.prefix or branches.proof):
        raise ProofRefused("two trees of one size need no consistency proof")
    return branches

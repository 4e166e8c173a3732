"""A log or cosigner with two faces is shown by a file; an honest one cannot be framed by one."""

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Suspend
from detente.errors import UnitError
from detente.proofs import (
    ProofFile,
    ProofKind,
    log_verifiers,
    pack_fork,
    pack_witness_fault,
    verify,
)
from detente.tlog import Policy, prove_fork, prove_witness_fault
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CINDRAL,
    START,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    log_signers,
    member,
    outsider,
    say,
)

CHAIN = chain()
ENTRIES = [content_entry(AUREL, at) for at in range(6)]
FORGED = [*ENTRIES[:2], content_entry(AUREL, 2, text="forged"), *ENTRIES[3:]]
TRUE, FALSE = Log(AUREL, ENTRIES), Log(AUREL, FORGED)
MIRROR = cosigner(BOREA)
POLICY = Policy.parse(
    "".join(f"log {key.vkey}\n" for key in log_verifiers(member(AUREL)))
    + f"witness borea {MIRROR.verifier.vkey}\nquorum none\n"
)
POLICIES = pytest.mark.parametrize(
    ("policy", "accused"), [(CHAIN, member(AUREL).id), (POLICY, member(AUREL).origin)]
)


def judge(proof, policy=CHAIN):
    return verify(proof.to_bytes(), policy)


@POLICIES
@pytest.mark.parametrize("size", [3, 6])
def test_a_fork_is_shown_under_a_policy_and_under_a_chain(policy, accused, size):
    proof = pack_fork(prove_fork(TRUE.note(size), FALSE.note(), FALSE.hashes))
    verdict = judge(proof, policy)
    assert verdict.valid, verdict.reason
    assert (verdict.accused, verdict.kind) == (accused, "fork")
    assert "does not show who held the key" in verdict.reason


@POLICIES
def test_a_log_that_only_grew_is_not_framed(policy, accused):
    with pytest.raises(UnitError):
        prove_fork(TRUE.note(3), TRUE.note(), TRUE.hashes)
    true_prefix = prove_fork(TRUE.note(3), FALSE.note(), FALSE.hashes).branches
    parts = {
        "first": TRUE.note(3),
        "second": TRUE.note(),
        "prefix_root": true_prefix.prefix,
        "consistency": true_prefix.proof,
    }
    assert not judge(ProofFile(ProofKind.FORK, parts), policy).valid


@POLICIES
def test_two_notes_of_one_tree_are_no_fork(policy, accused):
    parts = {
        "first": TRUE.note(time=START),
        "second": TRUE.note(time=START + 60),
        "prefix_root": b"",
        "consistency": (),
    }
    verdict = judge(ProofFile(ProofKind.FORK, parts), policy)
    assert "same tree" in verdict.reason


def test_two_epochs_are_two_logs():
    later = Log(AUREL, FORGED, epoch=2)
    parts = {
        "first": TRUE.note(),
        "second": later.note(),
        "prefix_root": b"",
        "consistency": (),
    }
    assert not judge(ProofFile(ProofKind.FORK, parts)).valid


def test_needless_hashes_in_a_proof_are_refused():
    proof = pack_fork(prove_fork(TRUE.note(), FALSE.note()))
    assert judge(proof).valid
    padded = ProofFile(proof.kind, {**proof.parts, "consistency": (b"\0" * 32,)})
    assert "need no consistency proof" in judge(padded).reason


def test_a_log_of_a_stranger_is_nobodys():
    proof = pack_fork(
        prove_fork(
            Log(CINDRAL, ENTRIES, epoch=3).note(signers=log_signers(BOREA, epoch=3)),
            Log(CINDRAL, FORGED, epoch=3).note(signers=log_signers(BOREA, epoch=3)),
        )
    )
    assert not judge(proof).valid


def suspended(seen):
    body = clear(Suspend(slots=(KeySlot.LOG, KeySlot.LOG_MLDSA44)))
    return chain((say(AUREL, body, 4), TRUE.note(seen, cosigners=[MIRROR])))


def test_a_tree_beyond_the_cut_off_of_a_stolen_log_key_frames_nobody():
    proof = pack_fork(prove_fork(TRUE.note(3), FALSE.note(), FALSE.hashes))
    verdict = judge(proof, suspended(4))
    assert "no log key that still counted" in verdict.reason


def test_suspending_a_log_key_does_not_undo_a_fork_before():
    proof = pack_fork(prove_fork(TRUE.note(3), FALSE.note(3)))
    verdict = judge(proof, suspended(4))
    assert verdict.valid
    assert "range of the key ended" in verdict.reason


@pytest.mark.parametrize(
    ("signer", "accused"),
    [
        (cosigner(BOREA), member(BOREA).id),
        (cosigner(BOREA, KeySlot.MIRROR_MLDSA44), member(BOREA).id),
        (cosigner(BOREA, KeySlot.WITNESS), member(BOREA).id),
        (cosigner(CINDRAL, KeySlot.WITNESS_MLDSA44), member(CINDRAL).id),
        (outsider(), "witness0.example"),
    ],
)
def test_a_cosigner_of_both_branches_is_shown(signer, accused):
    proof = pack_witness_fault(
        prove_witness_fault(
            TRUE.note(3, cosigners=[signer]),
            FALSE.note(cosigners=[signer]),
            signer.verifier,
            FALSE.hashes,
        )
    )
    verdict = judge(proof)
    assert verdict.valid, verdict.reason
    assert (verdict.accused, verdict.kind) == (accused, "witness-fault")


@pytest.mark.parametrize(("policy", "accused"), [(CHAIN, member(BOREA).id), (POLICY, "borea")])
def test_a_later_time_with_a_smaller_tree_is_shown(policy, accused):
    proof = pack_witness_fault(
        prove_witness_fault(
            TRUE.note(6, cosigners=[MIRROR], time=START),
            TRUE.note(3, cosigners=[MIRROR], time=START + 60),
            MIRROR.verifier,
            TRUE.hashes,
        )
    )
    verdict = judge(proof, policy)
    assert verdict.valid, verdict.reason
    assert verdict.accused == accused


def test_a_growing_tree_a_repeated_tree_and_another_cosigner_are_no_fault():
    def parts(first, second):
        return {"first": first, "second": second, "prefix_root": b"", "consistency": ()}

    mirror_note = TRUE.note(3, cosigners=[MIRROR], time=START + 60)
    for first, second in (
        (TRUE.note(3, cosigners=[MIRROR]), TRUE.note(6, cosigners=[MIRROR], time=START + 60)),
        (TRUE.note(3, cosigners=[MIRROR]), mirror_note),
        (TRUE.note(6, cosigners=[cosigner(CINDRAL)]), mirror_note),
        (TRUE.note(6, cosigners=[cosigner(BOREA, KeySlot.WITNESS)]), mirror_note),
    ):
        verdict = judge(ProofFile(ProofKind.WITNESS_FAULT, parts(first, second)))
        assert not verdict.valid


def test_the_logs_own_times_are_no_witness():
    parts = {
        "first": TRUE.note(6, time=START),
        "second": TRUE.note(3, time=START + 60),
        "prefix_root": b"",
        "consistency": (),
    }
    assert not judge(ProofFile(ProofKind.WITNESS_FAULT, parts)).valid

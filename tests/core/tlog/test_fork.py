"""Who shows two faces is shown by a file; who does not cannot be framed by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.tlog import (
    Branches,
    ForkError,
    ForkProof,
    Fresh,
    NoteError,
    RolledBack,
    WitnessFault,
    WitnessFaultProof,
    prove_fork,
    prove_witness_fault,
)
from detente.tlog.recovery import judge_memory
from tests.core.tlog.makers import (
    NOW,
    ORIGIN,
    Tree,
    entries_of,
    log_key,
    log_mldsa_key,
    signed,
    witness_key,
    witness_mldsa_key,
)

LOG, LOG_ML = log_key(), log_mldsa_key()
KEYS = [LOG.verifier, LOG_ML.verifier]
WITNESS, WITNESS_ML = witness_key(), witness_mldsa_key()
TREE = Tree(entries_of(40))
FORKED = Tree([*entries_of(10), b"forged", *entries_of(40)[11:]])


def note(size, tree=TREE, *signers, time=NOW):
    return signed(tree.checkpoint(size), *(signers or (LOG,)), time=time)


@pytest.mark.parametrize(("one", "two"), [(11, 40), (20, 21), (39, 40), (16, 32), (20, 20)])
@pytest.mark.parametrize("signer", [LOG, LOG_ML], ids=["Ed25519", "ML-DSA-44"])
def test_a_fork_is_shown_whichever_note_comes_first(one, two, signer):
    first, second = note(one, TREE, signer), note(two, FORKED, signer)
    for pair in ((first, second), (second, first)):
        proof = prove_fork(*pair, FORKED.hashes)
        fork = proof.verify(KEYS)
        assert (fork.origin, fork.first.size, fork.second.size) == (ORIGIN, one, two)
        assert len(proof.branches.proof) <= 2 * two.bit_length()
        assert ForkProof(Branches.parse(proof.branches.to_bytes())) == proof


def test_two_roots_of_one_size_need_no_tree():
    proof = prove_fork(note(20), note(20, FORKED))
    assert proof.verify(KEYS).first.root != proof.verify(KEYS).second.root


@pytest.mark.parametrize(("one", "two"), [(11, 40), (20, 20), (5, 40), (10, 40), (0, 40)])
def test_an_honest_log_gives_nothing_to_show(one, two):
    with pytest.raises(ForkError):
        prove_fork(note(one), note(two), TREE.hashes)


def test_the_tree_before_the_fork_is_common_to_both_branches():
    with pytest.raises(ForkError, match="that is no fork"):
        prove_fork(note(10), note(40, FORKED), FORKED.hashes)


def test_an_honest_log_cannot_be_framed_by_other_hashes():
    first, second = note(20), note(40)
    honest = [TREE.hashes.root_of(20), FORKED.hashes.root_of(20), bytes(32), b""]
    other = prove_fork(note(20), note(40, FORKED), FORKED.hashes).branches
    for prefix in (*honest, other.prefix):
        for proof in ((), other.proof, (bytes(32),), tuple([bytes(32)] * 6)):
            with pytest.raises(ForkError):
                ForkProof(Branches(first, second, prefix, proof)).verify(KEYS)


def test_a_fork_of_another_log_accuses_nobody():
    stranger = log_key(9)
    proof = prove_fork(note(20, TREE, stranger), note(40, FORKED, stranger), FORKED.hashes)
    with pytest.raises(NoteError):
        proof.verify(KEYS)
    elsewhere = Tree(FORKED.entries, "other.example/log")
    other = log_key(9, "other.example/log")
    with pytest.raises(ForkError):
        prove_fork(note(20), signed(elsewhere.checkpoint(), other), elsewhere.hashes)


def test_changing_any_byte_of_a_fork_proof_shows_nothing_or_the_same():
    whole = prove_fork(note(20), note(40, FORKED), FORKED.hashes)
    data, fork = whole.branches.to_bytes(), whole.verify(KEYS)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        try:
            seen = ForkProof(Branches.parse(bytes(changed))).verify(KEYS)
        except UnitError:
            continue
        assert seen == fork


@given(
    st.binary(max_size=40),
    st.binary(max_size=40),
    st.just(b"") | st.binary(min_size=32, max_size=32),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_branches_read_back_as_they_were_written(first, second, prefix, proof):
    branches = Branches(first, second, prefix, tuple(proof))
    assert Branches.parse(branches.to_bytes()) == branches


@given(st.binary(max_size=80))
def test_hostile_bytes_are_no_branches_and_nothing_else(data):
    with pytest.raises(ForkError):
        Branches.parse(data)


def test_a_version_that_only_looks_like_ours_is_refused():
    data = Branches(b"a", b"b").to_bytes()
    for other in (b'"v":true', b'"v":2', b'"v":"1"'):
        with pytest.raises(ForkError):
            Branches.parse(data.replace(b'"v":1', other))
    with pytest.raises(ForkError):
        Branches.parse(data.replace(b'"proof":[]', b'"proof":[1]'))


@pytest.mark.parametrize("witness", [WITNESS, WITNESS_ML], ids=["Ed25519", "ML-DSA-44"])
def test_a_witness_that_cosigned_both_branches_is_shown(witness):
    for one, two in ((20, 20), (20, 40)):
        first, second = note(one, TREE, witness), note(two, FORKED, witness, time=NOW + 1)
        proof = prove_witness_fault(first, second, witness.verifier, FORKED.hashes)
        assert proof.verify(witness.verifier) is WitnessFault.BOTH_BRANCHES


@pytest.mark.parametrize("witness", [WITNESS, WITNESS_ML], ids=["Ed25519", "ML-DSA-44"])
def test_a_witness_that_cosigned_a_smaller_tree_later_is_shown(witness):
    early, late = note(40, TREE, witness), note(20, TREE, witness, time=NOW + 1)
    for pair in ((early, late), (late, early)):
        proof = prove_witness_fault(*pair, witness.verifier)
        assert proof.verify(witness.verifier) is WitnessFault.SHRANK


@pytest.mark.parametrize("seconds", [0, 1, 1_000])
def test_a_witness_that_saw_growth_cannot_be_framed(seconds):
    early, late = note(20, TREE, WITNESS), note(40, TREE, WITNESS, time=NOW + seconds)
    for pair in ((early, late), (late, early)):
        with pytest.raises(ForkError):
            prove_witness_fault(*pair, WITNESS.verifier, TREE.hashes)
        with pytest.raises(ForkError):
            WitnessFaultProof(Branches(*pair)).verify(WITNESS.verifier)


def test_two_witnesses_cannot_be_joined_into_one_fault():
    other = witness_key(3, "unit.example/gamma-witness")
    early, late = note(40, TREE, WITNESS), note(20, TREE, other, time=NOW + 1)
    with pytest.raises(NoteError):
        WitnessFaultProof(Branches(early, late)).verify(WITNESS.verifier)


def test_two_logs_cannot_be_joined_into_one_fault():
    elsewhere = Tree(TREE.entries, "other.example/log")
    early = note(40, TREE, WITNESS)
    late = signed(elsewhere.checkpoint(20), WITNESS, time=NOW + 1)
    with pytest.raises(ForkError, match="two logs"):
        WitnessFaultProof(Branches(early, late)).verify(WITNESS.verifier)


def test_a_log_whose_clock_stepped_back_is_at_no_fault():
    early, late = note(40, TREE, LOG_ML), note(20, TREE, LOG_ML, time=NOW + 1)
    with pytest.raises(ForkError):
        prove_fork(early, late, TREE.hashes)
    with pytest.raises(ForkError, match="no witness"):
        WitnessFaultProof(Branches(early, late)).verify(LOG_ML.verifier)


def test_a_node_that_remembers_the_newest_signs_on():
    held = [note(0), note(20), note(40)]
    own = TREE.checkpoint(40)
    assert judge_memory(own, held, KEYS, origin=ORIGIN) == Fresh()
    assert judge_memory(None, [], KEYS, origin=ORIGIN) == Fresh()
    assert judge_memory(own, [], KEYS, origin=ORIGIN) == Fresh()


@pytest.mark.parametrize("own", [None, TREE.checkpoint(20), FORKED.checkpoint(40)])
def test_a_node_that_signed_more_than_it_remembers_is_told_by_whom(own):
    seen = judge_memory(own, [note(20), note(40), note(30)], KEYS, origin=ORIGIN)
    assert seen == RolledBack(TREE.checkpoint(40), note(40))


def test_an_invented_checkpoint_does_not_silence_a_node():
    invented = [note(40, TREE, log_key(9)), note(40, TREE, WITNESS), b"", b"\xff" * 90]
    elsewhere = Tree(TREE.entries, "other.example/log").checkpoint()
    invented.append(signed(elsewhere, LOG))
    assert judge_memory(TREE.checkpoint(20), invented, KEYS, origin=ORIGIN) == Fresh()

"""A receipt is good for one entry, in one log, under the quorum its reader chose."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.tlog import (
    KeyType,
    NoteError,
    Policy,
    PolicyError,
    ProofError,
    Receipt,
    ReceiptError,
    SignatureLine,
    SignedNote,
    inspect_receipt,
    prove_inclusion,
    verify_receipt,
)
from detente.tlog.verifier import key_id_of
from tests.core.tlog.makers import (
    Tree,
    entries_of,
    log_key,
    log_mldsa_key,
    signed,
    witness_key,
    witness_mldsa_key,
)

TREE = Tree(entries_of(23))
INDEX = 17
LOG, BETA, GAMMA = log_key(), witness_key(2), witness_key(3, "unit.example/gamma-witness")
PROOF = tuple(prove_inclusion(TREE.hashes, index=INDEX, size=23))
POLICY_TEXT = f"""\
# two of two
log {LOG.verifier.vkey} https://log.example/
witness beta {BETA.verifier.vkey}
witness\tgamma {GAMMA.verifier.vkey} https://gamma.example/
group both all beta gamma
quorum both
"""
POLICY = Policy.parse(POLICY_TEXT)
RECEIPT = Receipt(INDEX, PROOF, signed(TREE.checkpoint(), LOG, BETA, GAMMA))


def test_a_receipt_names_the_tree_and_who_saw_it():
    witnessed = inspect_receipt(RECEIPT, POLICY, TREE.entries[INDEX])
    assert witnessed.checkpoint == TREE.checkpoint()
    assert witnessed.witnesses == ("beta", "gamma")
    assert witnessed.log == (LOG.verifier,)


def test_a_receipt_holds_for_no_other_entry():
    for index, entry in enumerate(TREE.entries):
        if index != INDEX:
            with pytest.raises(ProofError):
                verify_receipt(RECEIPT, POLICY, entry)


@pytest.mark.parametrize("extra", [b"", b"context"])
def test_changing_any_byte_fails_or_shows_the_same_entry_with_no_new_signer(extra):
    data = Receipt(INDEX, PROOF, RECEIPT.checkpoint, extra).to_bytes()
    survivors = 0
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            try:
                receipt = Receipt.parse(bytes(changed))
                witnessed = inspect_receipt(receipt, POLICY, TREE.entries[INDEX])
            except UnitError:
                continue
            survivors += 1
            assert witnessed.witnesses == ("beta", "gamma")
            assert (witnessed.checkpoint, receipt.index) == (TREE.checkpoint(), INDEX)
    assert bool(survivors) == bool(extra)  # the extra data alone is not authenticated


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(min_size=1, max_size=60),
    st.binary(max_size=40),
)
def test_a_receipt_reads_back_as_it_was_written(index, hashes, checkpoint, extra):
    receipt = Receipt(index, tuple(hashes), checkpoint, extra)
    assert Receipt.parse(receipt.to_bytes()) == receipt


@given(st.binary(max_size=200), st.integers(0, 60))
def test_hostile_bytes_are_no_receipt_and_nothing_else(data, keep):
    for offered in (data, RECEIPT.to_bytes()[:keep] + data):
        try:
            assert Receipt.parse(offered).to_bytes() == offered
        except ReceiptError:
            continue


def test_too_few_witnesses_are_no_quorum():
    for cosigners in ([], [BETA], [GAMMA], [BETA, witness_key(9, "stranger.example")]):
        note = signed(TREE.checkpoint(), LOG, *cosigners)
        with pytest.raises(PolicyError, match="not reached"):
            verify_receipt(Receipt(INDEX, PROOF, note), POLICY, TREE.entries[INDEX])


def test_witnesses_without_the_log_are_not_enough():
    note = signed(TREE.checkpoint(), BETA, GAMMA)
    with pytest.raises(PolicyError, match="did not sign"):
        POLICY.check(note)


def test_one_log_of_the_policy_cannot_speak_for_another():
    other = log_key(8, "other.example/log")
    policy = Policy.parse(f"log {other.verifier.vkey}\n{POLICY_TEXT}")
    note = signed(TREE.checkpoint(), other, BETA, GAMMA)
    with pytest.raises(PolicyError, match="did not sign"):
        policy.check(note)


def test_a_log_unknown_to_the_policy_is_refused_by_name():
    stranger = Tree(TREE.entries, origin="stranger.example/log").checkpoint()
    with pytest.raises(PolicyError, match=r"names no key of the log 'stranger\.example/log'"):
        POLICY.check(signed(stranger, log_key(7, "stranger.example/log"), BETA, GAMMA))


def test_a_failing_cosignature_of_a_named_witness_rejects_the_receipt():
    other_tree = Tree(entries_of(24)).checkpoint()
    line = BETA.cosign(other_tree.to_text(), 5)
    note = signed(TREE.checkpoint(), LOG, GAMMA) + f"{line}\n".encode()
    with pytest.raises(NoteError):
        POLICY.check(note)


def test_logs_and_witnesses_may_sign_with_either_key_type():
    log, beta = log_mldsa_key(), witness_mldsa_key(2)
    policy = Policy.parse(f"log {log.verifier.vkey}\nwitness b {beta.verifier.vkey}\nquorum b\n")
    receipt = Receipt(INDEX, PROOF, signed(TREE.checkpoint(), log, beta))
    assert inspect_receipt(receipt, policy, TREE.entries[INDEX]).witnesses == ("b",)


def test_a_weak_key_in_a_policy_never_counts():
    """R is the small-order key and S is zero: a lenient verifier takes that for any text."""
    small_order = bytes([1]) + bytes(31)
    key_type = KeyType.ED25519_COSIGNATURE
    key_id = key_id_of("weak.example", key_type, small_order)
    vkey = f"weak.example+{key_id.hex()}+{b64encode(bytes([key_type]) + small_order).decode()}"
    policy = Policy.parse(f"log {LOG.verifier.vkey}\nwitness w {vkey}\nquorum w\n")
    assert [key.name for key in policy.weak] == ["weak.example"]
    forged = SignatureLine("weak.example", key_id, (1).to_bytes(8) + small_order + bytes(32))
    note = SignedNote.parse(signed(TREE.checkpoint(), LOG)).with_lines([forged]).to_bytes()
    with pytest.raises(PolicyError, match="not reached"):
        policy.check(note)


@pytest.mark.parametrize(
    ("names", "expected"), [((), False), (("beta",), False), (("beta", "gamma"), True)]
)
def test_a_quorum_is_counted_by_the_policys_names(names, expected):
    assert POLICY.satisfied_by(frozenset(names)) is expected


def test_a_nested_quorum_is_counted_group_by_group():
    keys = {name: witness_key(10 + i, f"{name}.example") for i, name in enumerate("abcd")}
    lines = [f"witness {name} {key.verifier.vkey}" for name, key in keys.items()]
    text = "\n".join([*lines, "group x 2 a b c", "group y any x d", "quorum y"])
    policy = Policy.parse(text)
    for chosen, expected in (("", False), ("a", False), ("ab", True), ("d", True), ("c", False)):
        assert policy.satisfied_by(frozenset(chosen)) is expected


@pytest.mark.parametrize(
    "line",
    [
        "log",
        "log not-a-key",
        "witness beta2",
        "witness all " + GAMMA.verifier.vkey,
        "witness w2 " + BETA.verifier.vkey,
        "witness w2 " + LOG.verifier.vkey,
        "log " + GAMMA.verifier.vkey,
        "group g 1",
        "group g 3 both",
        "group g 0 both",
        "group g 01 both",
        "group g \u0662 both",
        "group g any both both",
        "group g any beta",
        "group g any later",
        "quorum none",
        "quorum",
        "threshold 3",
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_its_number(line):
    with pytest.raises(PolicyError, match=r"^line 7: "):
        Policy.parse(POLICY_TEXT + line + "\n")


@given(st.text(max_size=200))
def test_hostile_text_is_no_policy_and_nothing_else(text):
    for offered in (text, POLICY_TEXT + text):
        try:
            Policy.parse(offered)
        except UnitError:
            continue


def test_thirty_two_of_everything_fit():
    logs = [f"log {log_key(i, f'l{i}.example').verifier.vkey}" for i in range(1, 33)]
    witnesses = [f"witness w{i} {witness_key(100 + i).verifier.vkey}" for i in range(32)]
    groups = [f"group g{i} any w{i}" for i in range(32)]
    policy = Policy.parse("\n".join([*logs, *witnesses, *groups, "quorum g31", ""]))
    assert len(policy.logs) == len(policy.witnesses) == len(policy.groups) == 32

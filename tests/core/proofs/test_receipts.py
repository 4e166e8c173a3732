"""A receipt shows one object, its author, its place and its witnesses, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.proofs import (
    ObjectReceipt,
    ProofFileError,
    ReceiptRefused,
    make_object_receipt,
    policy_text,
    verify_object_receipt,
)
from detente.statements import open_leaves
from detente.tlog import Policy, Receipt
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CHARTER,
    Log,
    chain,
    content_entry,
    log_signers,
    member,
    say,
    sealed,
    settling,
    tampered,
)

CHAIN = chain()
POLICY = Policy.parse(policy_text(CHARTER, member(AUREL)))
CONTENT, SAYS = sealed(AUREL, 2)
ENTRY = say(AUREL, SAYS, 2)
LOG = Log(AUREL, [content_entry(AUREL, 0), content_entry(AUREL, 1), ENTRY, content_entry(AUREL, 3)])
PROOF = LOG.receipt(2, cosigners=settling(AUREL))
OPENING = open_leaves(CONTENT, {1})
RECEIPT = make_object_receipt(ENTRY, PROOF, OPENING)
DATA = RECEIPT.to_bytes()


@pytest.mark.parametrize("chain", [None, CHAIN], ids=["policy", "policy and chain"])
def test_a_stranger_sees_who_said_what_where_and_who_saw_it(chain):
    said = verify_object_receipt(DATA, POLICY, chain=chain)
    assert said.position.issuer == member(AUREL).id
    assert (said.position.epoch, said.position.seq) == (1, 2)
    assert (said.origin, said.size) == (member(AUREL).origin, 4)
    assert len(said.witnesses) == 3
    assert b"a note" in said.stix
    assert said.is_signer_known == (chain is not None)


def test_a_receipt_reads_back_to_the_same_bytes():
    assert ObjectReceipt.parse(DATA) == RECEIPT
    assert ObjectReceipt.parse(DATA).to_bytes() == DATA


def refused(*, entry=ENTRY, proof=PROOF, opening=OPENING, chain=None):
    with pytest.raises(UnitError) as caught:
        verify_object_receipt(
            make_object_receipt(entry, proof, opening).to_bytes(), POLICY, chain=chain
        )
    return str(caught.value)


def test_too_few_witnesses_are_not_enough():
    assert "quorum" in refused(proof=LOG.receipt(2, cosigners=settling(AUREL)[:2]))


def test_the_object_of_another_statement_is_not_shown():
    other, _ = sealed(AUREL, 3)
    assert "does not belong" in refused(opening=open_leaves(other, {1}))


def test_an_entry_is_not_shown_at_another_place():
    refused(proof=LOG.receipt(1, cosigners=settling(AUREL)))


def test_a_header_made_for_another_index_is_refused():
    log = Log(AUREL, [ENTRY])
    assert "made for index 2" in refused(proof=log.receipt(0, cosigners=settling(AUREL)))


def test_the_handling_alone_is_no_receipt_for_an_object():
    assert "one object" in refused(opening=open_leaves(CONTENT, set()))


def test_unauthenticated_extra_data_is_refused():
    extra = Receipt(PROOF.index, PROOF.hashes, PROOF.checkpoint, b"anything")
    assert "more than the proof" in refused(proof=extra)


def test_under_a_chain_the_log_must_be_its_authors():
    content, says = sealed(BOREA, 2)
    foreign = say(BOREA, says, 2)
    log = Log(AUREL, [*LOG.entries[:2], foreign])
    reason = refused(
        entry=foreign,
        proof=log.receipt(2, cosigners=settling(AUREL)),
        opening=open_leaves(content, {1}),
        chain=CHAIN,
    )
    assert "another log" in reason


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_no_changed_byte_shows_anything_else(place, change):
    mutated = bytearray(DATA)
    mutated[place] ^= change
    try:
        said = verify_object_receipt(bytes(mutated), POLICY, chain=CHAIN)
    except UnitError:
        return
    # Only a signature line nobody counted can change: same entry, no new signer.
    true = verify_object_receipt(DATA, POLICY, chain=CHAIN)
    assert said == true or set(said.witnesses) < set(true.witnesses)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_another_way(data):
    with pytest.raises(UnitError):
        verify_object_receipt(data, POLICY)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"detente-receipt":"v1"}', DATA + b"\n"])
def test_what_is_no_receipt_file_is_refused_as_such(data):
    with pytest.raises(ProofFileError):
        ObjectReceipt.parse(data)


def test_under_a_chain_the_statements_own_key_must_have_signed():
    forged = tampered(ENTRY)
    log = Log(AUREL, [*LOG.entries[:2], forged])
    proof = log.receipt(2, cosigners=settling(AUREL))
    assert "does not verify" in refused(entry=forged, proof=proof, chain=CHAIN)
    data = make_object_receipt(forged, proof, OPENING).to_bytes()
    assert not verify_object_receipt(data, POLICY).is_signer_known


def test_a_policy_that_names_a_strangers_log_key_is_noticed_under_a_chain():
    signers = log_signers(AUREL, generation=2)
    lines = [f"log {signer.verifier.vkey}" for signer in signers]
    policy = Policy.parse("\n".join([*lines, "quorum none", ""]))
    data = make_object_receipt(ENTRY, LOG.receipt(2, signers=signers), OPENING).to_bytes()
    assert verify_object_receipt(data, policy).size == 4
    with pytest.raises(ReceiptRefused, match="does not know"):
        verify_object_receipt(data, policy, chain=CHAIN)


def test_a_suspended_mirror_settles_no_receipt():
    aurel = member(AUREL)
    assert policy_text(CHARTER, aurel, suspended=[aurel.id]) == policy_text(CHARTER, aurel)
    # Both of the others have to cosign, and one of them cannot.
    with pytest.raises(ReceiptRefused, match="and 1 have a key in force") as told:
        policy_text(CHARTER, aurel, suspended=[member(BOREA).id])
    assert "keys rotate mirror" in str(told.value.remedy)

"""A key enters a charter only if it binds its holder. (docs/threats.md, A30, A31)"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.signing import (
    KeyAdmissionError,
    Role,
    SignatureError,
    admit_ed25519,
    admit_key,
    admit_mldsa44,
    admit_sealing_key,
    fingerprint_words,
    prove_possession,
    verify_mldsa44,
    verify_signature,
)
from tests.core.signing.keys import ALPHA, ALPHA_PQ, BETA

P = 2**255 - 19
CONTEXT = bytes(range(32))
IDENTITY = (1).to_bytes(32, "little")
ORDER_EIGHT = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
WEAK = {
    "the identity": IDENTITY,
    "the point of order two": (P - 1).to_bytes(32, "little"),
    "a point of order four": bytes(32),
    "the other point of order four": bytes(31) + b"\x80",
    "a point of order eight": ORDER_EIGHT,
    "its negative": ORDER_EIGHT[:31] + bytes([ORDER_EIGHT[31] | 0x80]),
    "the second point of order eight": (P - int.from_bytes(ORDER_EIGHT, "little")).to_bytes(
        32, "little"
    ),
    "the identity, not reduced": (P + 1).to_bytes(32, "little"),
    "zero, not reduced": P.to_bytes(32, "little"),
    "the identity with its sign set": IDENTITY[:31] + b"\x80",
    "all bits": b"\xff" * 32,
    "no point of the curve": (2).to_bytes(32, "little"),
}


@pytest.mark.parametrize("key", WEAK.values(), ids=WEAK.keys())
def test_a_weak_or_malformed_key_is_not_admitted(key):
    with pytest.raises(KeyAdmissionError) as refused:
        admit_ed25519(key)
    assert refused.value.remedy
    with pytest.raises(KeyAdmissionError):
        admit_key(Role.STATEMENT, key, CONTEXT, IDENTITY + bytes(32))


@given(message=st.binary(max_size=64))
def test_no_message_is_signed_by_the_key_that_signs_everything_elsewhere(message):
    """Under the identity as key, R = identity and S = 0 satisfy the lenient equation always."""
    with pytest.raises(SignatureError):
        verify_signature(IDENTITY, message, IDENTITY + bytes(32))


@pytest.mark.parametrize("signer", [ALPHA, ALPHA_PQ], ids=["Ed25519", "ML-DSA-44"])
def test_a_key_with_its_proof_is_admitted(signer):
    proof = prove_possession(Role.LOG, signer, CONTEXT)
    admit_key(Role.LOG, signer.public_key, CONTEXT, proof)


@pytest.mark.parametrize("signer", [ALPHA, ALPHA_PQ], ids=["Ed25519", "ML-DSA-44"])
def test_a_proof_is_worth_nothing_for_another_role_charter_or_key(signer):
    proof = prove_possession(Role.LOG, signer, CONTEXT)
    for role, key, context in (
        (Role.WITNESS, signer.public_key, CONTEXT),
        (Role.LOG, signer.public_key, bytes(32)),
        (Role.LOG, BETA.public_key, CONTEXT),
    ):
        with pytest.raises(KeyAdmissionError):
            admit_key(role, key, context, proof)


@given(key=st.binary(max_size=40) | st.binary(min_size=1312, max_size=1312), proof=st.binary())
def test_hostile_keys_and_proofs_are_refused_and_nothing_else(key, proof):
    with pytest.raises(KeyAdmissionError):
        admit_key(Role.LOG, key, CONTEXT, proof)


@given(message=st.binary(max_size=100), place=st.integers(0, 63), flip=st.integers(1, 255))
def test_a_changed_signature_does_not_verify(message, place, flip):
    signature = bytearray(ALPHA.sign(message))
    verify_signature(ALPHA.public_key, message, bytes(signature))
    signature[place] ^= flip
    with pytest.raises(SignatureError):
        verify_signature(ALPHA.public_key, message, bytes(signature))


def test_a_second_form_of_the_same_signature_does_not_verify():
    """S and S + L satisfy one equation; who accepts both lets anybody rename a signature."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = ALPHA.sign(b"message")
    other = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(SignatureError):
        verify_signature(
            ALPHA.public_key, b"message", signature[:32] + other.to_bytes(32, "little")
        )


@given(key=st.binary(max_size=40), message=st.binary(max_size=40), signature=st.binary(max_size=80))
def test_hostile_input_to_the_verifier_raises_only_its_own_error(key, message, signature):
    with pytest.raises(SignatureError):
        verify_signature(key, message, signature)


def test_the_post_quantum_signature_binds_message_key_and_context():
    signature = ALPHA_PQ.sign(b"message")
    verify_mldsa44(ALPHA_PQ.public_key, b"message", signature)
    for message, context in ((b"other", b""), (b"message", b"context")):
        with pytest.raises(SignatureError):
            verify_mldsa44(ALPHA_PQ.public_key, message, signature, context=context)


@pytest.mark.parametrize("length", [0, 32, 1311, 1313])
def test_a_post_quantum_key_of_another_length_is_refused(length):
    with pytest.raises(KeyAdmissionError):
        admit_mldsa44(bytes(length))
    with pytest.raises(UnitError):
        verify_mldsa44(bytes(length), b"", bytes(2420))


def test_twelve_words_are_read_to_each_other_and_differ_for_other_keys():
    words = fingerprint_words(ALPHA.public_key)
    assert len(words) == 12
    assert all(3 <= len(word) <= 8 and word.islower() for word in words)
    assert words == fingerprint_words(ALPHA.public_key)
    assert words != fingerprint_words(BETA.public_key)


@given(st.binary(max_size=40) | st.binary(min_size=1_216, max_size=1_216))
def test_bytes_that_are_no_sealing_key_are_refused_and_nothing_else(data):
    with contextlib.suppress(KeyAdmissionError):
        admit_sealing_key(data)
        assert len(data) == 1_216


def test_a_sealing_key_with_a_point_of_small_order_is_refused_under_every_spelling():
    mlkem = bytes(1_184)  # passes the check of its own part
    admit_sealing_key(mlkem + (9).to_bytes(32, "little"))
    for point in (0, 1, P - 1, P, P + 1, 2**255, 2**255 + 1):
        with pytest.raises(KeyAdmissionError, match="small order"):
            admit_sealing_key(mlkem + point.to_bytes(32, "little"))

"""An envelope has one form, and its key id is only a hint. (docs/threats.md, A28, A31)"""

import json
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import (
    ENTRY_BYTES_MAX,
    Envelope,
    EnvelopeError,
    Role,
    SignatureError,
    decode_base64,
    key_id,
    pae,
    sign_envelope,
)
from tests.core.signing.keys import ALPHA, BETA

PAYLOADS = st.binary(max_size=300)
ROLES = st.sampled_from(Role)


@given(role=ROLES, payload=PAYLOADS)
def test_an_envelope_reads_back_as_it_was_written(role, payload):
    envelope = sign_envelope(role, payload, ALPHA)
    assert Envelope.parse(envelope.to_bytes()) == envelope
    envelope.verify(ALPHA.public_key)
    assert envelope.payload_hash == sha256(payload).hexdigest()


@given(role=ROLES, payload=PAYLOADS)
def test_an_envelope_is_a_plain_dsse_envelope_to_others(role, payload):
    read = json.loads(sign_envelope(role, payload, ALPHA).to_bytes())
    assert read["payload"] == b64encode(payload).decode()
    assert read["payloadType"] == f"application/vnd.detente.{role}.v1+json"
    assert [signature["keyid"] for signature in read["signatures"]] == [key_id(ALPHA.public_key)]


def test_what_is_signed_is_the_encoding_of_the_specification():
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(place, byte):
    envelope = sign_envelope(Role.STATEMENT, b'{"v":1}', ALPHA)
    data = bytearray(envelope.to_bytes())
    before = data[place % len(data)]
    data[place % len(data)] = byte
    if before == byte:
        return
    with pytest.raises((EnvelopeError, SignatureError)):
        Envelope.parse(bytes(data)).verify(ALPHA.public_key)


@given(data=st.binary(max_size=300))
def test_hostile_bytes_are_no_envelope_and_nothing_else(data):
    with pytest.raises(EnvelopeError):
        Envelope.parse(data)


def test_a_signature_for_one_role_is_worth_nothing_for_another():
    envelope = sign_envelope(Role.STATEMENT, b"{}", ALPHA)
    other = Envelope.parse(envelope.to_bytes().replace(b".statement.", b".governance."))
    with pytest.raises(SignatureError):
        other.verify(ALPHA.public_key)


def test_another_key_under_the_same_name_is_refused():
    envelope = sign_envelope(Role.STATEMENT, b"{}", ALPHA)
    with pytest.raises(SignatureError, match="not by the one expected"):
        envelope.verify(BETA.public_key)
    renamed = envelope.to_bytes().replace(
        key_id(ALPHA.public_key).encode(), key_id(BETA.public_key).encode()
    )
    with pytest.raises(SignatureError):
        Envelope.parse(renamed).verify(BETA.public_key)


def spelled(envelope, **changes):
    members = json.loads(envelope.to_bytes()) | changes
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode()


def test_two_signatures_no_signature_and_other_members_are_refused():
    envelope = sign_envelope(Role.STATEMENT, b"{}", ALPHA)
    (signature,) = json.loads(envelope.to_bytes())["signatures"]
    Envelope.parse(spelled(envelope))
    for changes in (
        {"signatures": [signature, signature]},
        {"signatures": []},
        {"also": 1},
        {"payloadType": "application/vnd.detente.king.v1+json"},
        {"payloadType": "text/plain"},
        {"payload": "e30"},
        {"payload": "e31="},
        {"payload": "e3-="},
    ):
        with pytest.raises(EnvelopeError):
            Envelope.parse(spelled(envelope, **changes))


def test_white_space_and_another_order_are_refused():
    envelope = sign_envelope(Role.STATEMENT, b"{}", ALPHA)
    members = json.loads(envelope.to_bytes())
    for data in (
        envelope.to_bytes() + b"\n",
        json.dumps(members).encode(),
        json.dumps(dict(reversed(members.items())), separators=(",", ":")).encode(),
    ):
        with pytest.raises(EnvelopeError):
            Envelope.parse(data)


def test_an_entry_has_at_most_sixty_five_thousand_five_hundred_and_thirty_five_bytes():
    empty = len(sign_envelope(Role.STATEMENT, b"", ALPHA).to_bytes())
    payload = bytes((ENTRY_BYTES_MAX - empty) // 4 * 3)
    envelope = sign_envelope(Role.STATEMENT, payload, ALPHA)
    assert ENTRY_BYTES_MAX - 4 < len(envelope.to_bytes()) <= ENTRY_BYTES_MAX
    assert Envelope.parse(envelope.to_bytes()).payload == payload
    with pytest.raises(EnvelopeError, match="at most 65,535"):
        Envelope.parse(sign_envelope(Role.STATEMENT, payload + bytes(4), ALPHA).to_bytes())


@given(raw=st.binary(max_size=100))
def test_base64_has_one_spelling(raw):
    text = b64encode(raw)
    assert decode_base64(text) == raw
    for other in (text + b"\n", text.rstrip(b"="), text + b"="):
        if other != text:
            with pytest.raises(EnvelopeError):
                decode_base64(other)

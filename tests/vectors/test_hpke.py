"""RFC 9180 base mode through the library's own calls; the suite we seal with by its draft vector.

The library draws its ephemeral key itself, so encryption cannot be compared to
a vector; decryption can, and what it opens its own encryption must produce.
Only the single-shot call exists: of each vector the first message is reached
(sequence number 0). The calls with associated data are private to the library
and used here alone; `detente` seals with an empty one.
"""

from hashlib import shake_256
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from detente.statements import HpkeOpener, SealingError
from detente.storage.sealing import HpkeSealer
from tests.vectors.published import document

AEADS = {1: AEAD.AES_128_GCM, 3: AEAD.CHACHA20_POLY1305}
X25519, X_WING = 32, 0x647A


def base_mode(kem: int) -> list[dict[str, Any]]:
    vectors = document("rfc9180-hpke.json")
    return [each for each in vectors if each["mode"] == 0 and each["kem_id"] == kem]


def raw(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


def x_wing_secret(seed: bytes) -> bytes:
    """Expand an X-Wing decapsulation key (draft-connolly-cfrg-xwing-kem, section 5.2)."""
    return shake_256(seed).digest(96)


def test_rfc_9180_base_mode_opens() -> None:
    vectors = base_mode(X25519)
    assert len(vectors) == 2
    for vector in vectors:
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEADS[vector["aead_id"]])
        key = X25519PrivateKey.from_private_bytes(raw(vector, "skRm"))
        first = vector["encryptions"][0]
        sealed = raw(vector, "enc") + raw(first, "ct")
        opened = openssl.hpke._decrypt_with_aad(
            suite, sealed, key, raw(vector, "info"), raw(first, "aad")
        )
        assert opened == raw(first, "pt")


def test_the_suite_we_seal_with_opens_its_vector() -> None:
    (vector,) = base_mode(X_WING)
    secret = x_wing_secret(raw(vector, "skRm"))
    key = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(secret[:64]),
        X25519PrivateKey.from_private_bytes(secret[64:]),
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    first = vector["encryptions"][0]
    sealed = raw(vector, "enc") + raw(first, "ct")
    opened = openssl.hpke._decrypt_with_aad(
        suite, sealed, key, raw(vector, "info"), raw(first, "aad")
    )
    assert opened == raw(first, "pt")
    with pytest.raises(InvalidTag):
        openssl.hpke._decrypt_with_aad(suite, sealed, key, raw(vector, "info"), b"other")


def test_our_sealing_keys_are_those_of_the_vector() -> None:
    (vector,) = base_mode(X_WING)
    opener = HpkeOpener(x_wing_secret(raw(vector, "skRm")))
    assert opener.public_key == raw(vector, "pkRm")
    sealed = HpkeSealer().seal(
        public_key=raw(vector, "pkRm"), info=raw(vector, "info"), plaintext=b"k" * 32
    )
    assert opener.open(info=raw(vector, "info"), sealed=sealed) == b"k" * 32
    with pytest.raises(SealingError):
        opener.open(info=b"another place", sealed=sealed)

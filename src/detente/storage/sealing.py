"""HPKE by the library: the real sealer and opener behind the ports of `statements`.

Suite 0x647a/0x0001/0x0003: X-Wing (ML-KEM-768 with X25519), HKDF-SHA256,
ChaCha20-Poly1305. The library draws its own randomness, which is why this
stands above the line. Source: RFC 9180; draft-ietf-hpke-pq; draft-connolly-cfrg-xwing-kem.
"""

from typing import TYPE_CHECKING

from detente.statements import SealingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import (
        MLKEM768X25519PrivateKey,
        MLKEM768X25519PublicKey,
        Suite,
    )

MLKEM_SEED_BYTES = 64
MLKEM_PUBLIC_BYTES = 1184
X25519_BYTES = 32
SECRET_BYTES = MLKEM_SEED_BYTES + X25519_BYTES
PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + X25519_BYTES


class HpkeSealer:
    """Implements `statements.Sealer`; draws an ephemeral key for every wrap."""

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Return enc || ct.

        Raises:
            SealingError: the key is no X-Wing key.
        """
        try:
            return _suite().encrypt(plaintext, _load_public(public_key), info)
        except ValueError as error:
            raise SealingError(f"cannot seal to this key: {error}") from None


class HpkeOpener:
    """Implements `statements.Opener` with a secret held in memory.

    Args:
        secret: 96 bytes: the ML-KEM-768 seed (64), then the X25519 key (32).
    """

    def __init__(self, secret: bytes) -> None:
        self._key = _load_private(secret)
        self._public = _public_bytes(secret)

    @property
    def public_key(self) -> bytes:
        """The raw sealing key, 1,216 bytes."""
        return self._public

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return what was sealed to this key under `info`.

        Raises:
            SealingError: it does not open.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return _suite().decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise SealingError("the wrap does not open under this key at this place") from None


def generate_sealing_secret() -> bytes:
    """Draw a new sealing secret, 96 bytes: what the key store keeps encrypted."""
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    mlkem = MLKEM768PrivateKey.generate().private_bytes_raw()
    return mlkem + X25519PrivateKey.generate().private_bytes_raw()


def _suite() -> "Suite":
    # Loaded here: a command that seals nothing does not pay for OpenSSL.
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def _load_public(public_key: bytes) -> "MLKEM768X25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

    if len(public_key) != PUBLIC_BYTES:
        raise SealingError(f"a sealing key has {PUBLIC_BYTES} bytes, this one {len(public_key)}")
    return MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public_key[:MLKEM_PUBLIC_BYTES]),
        X25519PublicKey.from_public_bytes(public_key[MLKEM_PUBLIC_BYTES:]),
    )


def _load_private(secret: bytes) -> "MLKEM768X25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

    if len(secret) != SECRET_BYTES:
        raise SealingError(f"a sealing secret has {SECRET_BYTES} bytes, this one {len(secret)}")
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(secret[:MLKEM_SEED_BYTES]),
        X25519PrivateKey.from_private_bytes(secret[MLKEM_SEED_BYTES:]),
    )


def _public_bytes(secret: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:MLKEM_SEED_BYTES]).public_key()
    x25519 = X25519PrivateKey.from_private_bytes(secret[MLKEM_SEED_BYTES:]).public_key()
    return mlkem.public_bytes_raw() + x25519.public_bytes_raw()

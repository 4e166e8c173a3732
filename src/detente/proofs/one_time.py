"""Opening with a published one-time secret: what anybody can repeat.

HPKE 0x647a/0x0001/0x0003 in base mode, decryption only, through the library's
single-shot call. The secret is published as seeds, so the public key follows
from it and nobody can publish a crafted secret that fits a crafted key.
"""

from typing import TYPE_CHECKING

from detente.proofs.errors import ProofRefused
from detente.statements import SealingError

if TYPE_CHECKING:
    pass

SECRET_BYTES = 96  # 64-byte ML-KEM-768 seed, then 32 bytes of X25519
_MLKEM_SEED_BYTES = 64


class OneTimeKey:
    """An `Opener` made from a published secret.

    Args:
        secret: 64-byte ML-KEM-768 seed, then the 32-byte X25519 private key.

    Raises:
        ProofRefused: another length, or no such key.
    """

    def __init__(self, secret: bytes) -> None:
        # Loaded here: who never sees a complaint does not pay for it at start.
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

        if len(secret) != SECRET_BYTES:
            raise ProofRefused(f"a one-time secret has {SECRET_BYTES} bytes, this {len(secret)}")
        try:
            mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:_MLKEM_SEED_BYTES])
            x25519 = X25519PrivateKey.from_private_bytes(secret[_MLKEM_SEED_BYTES:])
            self._key: MLKEM768X25519PrivateKey = MLKEM768X25519PrivateKey(mlkem, x25519)
        except ValueError as error:
            raise ProofRefused(f"not a one-time secret: {error}") from None
        self._public_key = (
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @property
    def public_key(self) -> bytes:
        """The public half, 1,216 bytes."""
        return self._public_key

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealingError: it does not open.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

        suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
        try:
            return suite.decrypt(sealed, self._key, info=info)
        except (InvalidTag, ValueError):
            raise SealingError("the wrap does not open under the one-time key") from None

"""HPKE 0x647a/0x0001/0x0003, the opening half: what a secret that one holds can read.

X-Wing (ML-KEM-768 with X25519), HKDF-SHA256, ChaCha20-Poly1305, base mode, single
shot, by the library. Opening draws no randomness, so it stands below the line; the
sealing half is `storage.sealing`. The secret is kept as seeds: the public key follows
from it, so nobody can publish a crafted secret that fits a crafted key. Source:
RFC 9180; draft-ietf-hpke-pq; draft-connolly-cfrg-xwing-kem.
"""

from typing import TYPE_CHECKING

from detente.statements.errors import SealingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import Suite

SEALING_SECRET_BYTES = 96
_MLKEM_SEED_BYTES = 64
_SEALED_BYTES_MAX = 1_120 + 65_536  # enc, and far more than a content key


class HpkeOpener:
    """Implements `Opener` with a secret in memory.

    Args:
        secret: 96 bytes: the ML-KEM-768 seed (64), then the X25519 key (32).

    Raises:
        SealingError: another length, or no such key.
    """

    __slots__ = ("_key", "_public")

    def __init__(self, secret: bytes) -> None:
        # Loaded here: a command that opens nothing does not pay for OpenSSL.
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

        if len(secret) != SEALING_SECRET_BYTES:
            raise SealingError(f"a sealing secret has 96 bytes, this one {len(secret)}")
        try:
            mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:_MLKEM_SEED_BYTES])
            x25519 = X25519PrivateKey.from_private_bytes(secret[_MLKEM_SEED_BYTES:])
        except ValueError as error:
            raise SealingError(f"not a sealing secret: {error}") from None
        self._key: MLKEM768X25519PrivateKey = MLKEM768X25519PrivateKey(mlkem, x25519)
        self._public = (
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @property
    def public_key(self) -> bytes:
        """The raw sealing key, 1,216 bytes: ML-KEM-768, then X25519."""
        return self._public

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return what was sealed to this key under `info` (enc || ct, empty AAD).

        Raises:
            SealingError: it does not open.
        """
        from cryptography.exceptions import InvalidTag

        if len(sealed) > _SEALED_BYTES_MAX:
            raise SealingError(f"a wrap of {len(sealed)} bytes is too large to be one")
        try:
            return hpke_suite().decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise SealingError("the wrap does not open under this key at this place") from None


def hpke_suite() -> "Suite":
    """Return the one suite that is used."""
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

"""HPKE by the library, the sealing half: behind the port `statements.Sealer`.

The library draws its own randomness, which is why this stands above the line.
The suite and the opening half are in `statements.hpke`.
"""

from typing import TYPE_CHECKING

from detente.statements import SealingError
from detente.statements.hpke import hpke_suite

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

MLKEM_PUBLIC_BYTES = 1184
PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + 32


class HpkeSealer:
    """Implements `statements.Sealer`; draws an ephemeral key for every wrap."""

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Return enc || ct.

        Raises:
            SealingError: the key is no X-Wing key.
        """
        try:
            return hpke_suite().encrypt(plaintext, _load_public(public_key), info)
        except ValueError as error:
            raise SealingError(f"cannot seal to this key: {error}") from None


def generate_sealing_secret() -> bytes:
    """Draw a new sealing secret, 96 bytes: what the key store keeps encrypted."""
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    mlkem = MLKEM768PrivateKey.generate().private_bytes_raw()
    return mlkem + X25519PrivateKey.generate().private_bytes_raw()


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

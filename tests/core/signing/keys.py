"""Keys for tests: repeatable, in memory."""

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from nacl import bindings


class Ed25519Seed:
    """Implements `signing.Signer`."""

    def __init__(self, seed: bytes) -> None:
        self.public_key, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        return bindings.crypto_sign(message, self._secret)[:64]


class Mldsa44Seed:
    """Implements `signing.Signer`; hedged, so the same message signs to different bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


ALPHA = Ed25519Seed(bytes([1]) * 32)
BETA = Ed25519Seed(bytes([2]) * 32)
ALPHA_PQ = Mldsa44Seed(bytes([1]) * 32)

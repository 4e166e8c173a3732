"""What signing needs from outside: somebody who holds a private key."""

from typing import Protocol


class Signer(Protocol):
    """Holds one private key. TRUSTED: who owns it can speak as the member in that role.

    An Ed25519 signer is deterministic; an ML-DSA-44 signer is hedged, so the
    same message signs to different bytes. A PKCS#11 token can stand behind it.
    """

    @property
    def public_key(self) -> bytes:
        """The raw public key: 32 bytes (Ed25519) or 1,312 (ML-DSA-44)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature: 64 bytes (Ed25519) or 2,420 (ML-DSA-44, empty context)."""
        ...

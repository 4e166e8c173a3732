"""What statements need from outside: chance, and HPKE, which draws its own."""

from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes. TRUSTED: who can guess it reads sealed content."""

    def draw(self, count: int) -> bytes:
        """Return `count` bytes that nobody can guess."""
        ...


class Sealer(Protocol):
    """Seals to readers by HPKE 0x647a/0x0001/0x0003, base mode, single shot, empty AAD.

    UNTRUSTED for integrity (commitments show what was said), TRUSTED for
    confidentiality: a bad one gives content keys away.
    """

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Return enc || ct.

        Args:
            public_key: 1,216 bytes, ML-KEM-768 then X25519.
            info: `wrap_info`, binds the wrap to its place and reader.
            plaintext: the content key, 32 bytes.

        Raises:
            SealingError: no such key.
        """
        ...


class Opener(Protocol):
    """Holds one sealing key. TRUSTED: who owns it reads what is sealed to the member."""

    @property
    def public_key(self) -> bytes:
        """The raw sealing key, 1,216 bytes."""
        ...

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealingError: it does not open under this key and `info`.
        """
        ...

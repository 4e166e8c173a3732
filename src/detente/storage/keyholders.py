"""Opened keys: each does the one thing it is for, and never shows its secret.

They implement `signing.ports.Signer` and `statements.ports.Opener`. A PKCS#11
token can stand in their place: nobody above sees more than those ports. Python
cannot wipe memory; who can read this process's memory has the keys.
"""

from typing import NoReturn, Protocol, assert_never

from nacl import bindings

from detente.signing import Signer
from detente.statements.hpke import HpkeOpener
from detente.statements.ports import Opener
from detente.storage.keyfiles import SECRET_BYTES, KeyType


class KeyCustody(Protocol):
    """Where a node's private keys are. TRUSTED: who owns it speaks and reads as the member.

    Losing a key is survived by rotation or, for all of them, by the recovery
    key. Implemented by `KeyRing` (files); a hardware token can implement it.
    """

    def signer_of(self, public_key: bytes) -> Signer:
        """Return who signs for this public key.

        Raises:
            NoSuchKey: it is not held here.
        """
        ...

    def opener_of(self, public_key: bytes) -> Opener:
        """Return who opens what was sealed to this public key.

        Raises:
            NoSuchKey: it is not held here.
        """
        ...


class _Guarded:
    """Keeps a private key out of pickles, copies and messages."""

    __slots__ = ()

    @property
    def public_key(self) -> bytes:
        raise AssertionError("every key has a public part")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.public_key[:8].hex()}…>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} holds a private key and does not pickle or copy")


class Ed25519Key(_Guarded):
    """An Ed25519 private key; deterministic (RFC 8032), by libsodium."""

    __slots__ = ("_public", "_secret")

    def __init__(self, seed: bytes) -> None:
        self._public, self._secret = bindings.crypto_sign_seed_keypair(seed)

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return bindings.crypto_sign(message, self._secret)[:64]


class MlDsa44Key(_Guarded):
    """An ML-DSA-44 private key; hedged (FIPS 204), by OpenSSL."""

    __slots__ = ("_key", "_public")

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def public_key(self) -> bytes:
        """1,312 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Return the 2,420-byte signature, empty context."""
        return self._key.sign(message)


class HpkeKey(_Guarded):
    """An ML-KEM-768 and X25519 private key: opens wraps sealed to this member."""

    __slots__ = ("_opener",)

    def __init__(self, secret: bytes) -> None:
        self._opener = HpkeOpener(secret)

    @property
    def public_key(self) -> bytes:
        """1,216 bytes, ML-KEM-768 then X25519."""
        return self._opener.public_key

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return what was sealed (enc || ct, empty AAD).

        Raises:
            SealingError: it does not open under this key and `info`.
        """
        return self._opener.open(info=info, sealed=sealed)


Holder = Ed25519Key | MlDsa44Key | HpkeKey


def hold(kind: KeyType, secret: bytes) -> Holder:
    """Return the opened key with this secret, which must have the length of its type."""
    if len(secret) != SECRET_BYTES[kind]:
        raise ValueError(f"a secret of {len(secret)} bytes is no {kind.value} key")
    match kind:
        case KeyType.ED25519:
            return Ed25519Key(secret)
        case KeyType.MLDSA44:
            return MlDsa44Key(secret)
        case KeyType.HPKE:
            return HpkeKey(secret)
        case _:
            assert_never(kind)

"""Verifier keys: whose signature is looked for, and how it is checked (C2SP signed-note v1.0.0)."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple, Self, assert_never

from detente.signing import (
    EnvelopeError,
    KeyAdmissionError,
    SignatureError,
    admit_ed25519,
    admit_mldsa44,
    decode_base64,
    verify_mldsa44,
    verify_signature,
)
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.cosignature import TIMESTAMP_MAX, ed25519_message, mldsa44_message
from detente.tlog.errors import NoteError

KEY_ID_BYTES = 4
TIMESTAMP_BYTES = 8
_VKEY_CHARS_MAX = 4_096
_PARTS = 3
_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_HEX_ID = re.compile("[0-9a-f]{8}", re.ASCII)


class WeakKey(NoteError):
    """A well-formed verifier key under which no signature can be relied on."""


class KeyType(IntEnum):
    """The first byte of a key, by what it signs."""

    ED25519 = 0x01  # the text of a note
    ED25519_COSIGNATURE = 0x04  # a checkpoint, at a time
    MLDSA44 = 0x06  # a tree, at a time; logs and cosigners

    @property
    def key_bytes(self) -> int:
        """Length of the public key."""
        return 1312 if self is KeyType.MLDSA44 else 32

    @property
    def is_timed(self) -> bool:
        """Whether its signatures begin with a time."""
        return self is not KeyType.ED25519


class VerifierKey(NamedTuple):
    """A verifier key as written, its key id checked, its strength not."""

    name: str
    key_type: KeyType
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Verifier:
    """One key whose signatures count.

    Attributes:
        name: the key name; for a log it equals the origin.
        key_type: what the key signs.
        public_key: 32 bytes (Ed25519) or 1,312 (ML-DSA-44).
        key_id: the 4 bytes that stand before each signature.

    Raises:
        WeakKey: small order, not canonical, not a point (a NoteError).
        NoteError: a name or key of another form.
    """

    name: str
    key_type: KeyType
    public_key: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        key_id = key_id_of(self.name, self.key_type, self.public_key)
        object.__setattr__(self, "key_id", key_id)
        try:
            if self.key_type is KeyType.MLDSA44:
                admit_mldsa44(self.public_key)
            else:
                admit_ed25519(self.public_key)
        except KeyAdmissionError as error:
            raise WeakKey(f"verifier key {self.name!r}: {error}") from None

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read `<name>+<key id>+<base64 of type and key>`.

        Raises:
            NoteError: malformed, an unsupported type, a wrong key id, a weak key.
        """
        return cls(*parse_vkey(vkey))

    @property
    def vkey(self) -> str:
        """The key as a policy or a person writes it."""
        raw = bytes((self.key_type,)) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{b64encode(raw).decode()}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check one signature of this key, as it stands in a note after the key id.

        Returns:
            The time of a cosignature in POSIX seconds, None for a type without time.

        Raises:
            NoteError: it does not verify.
        """
        try:
            match self.key_type:
                case KeyType.ED25519:
                    verify_signature(self.public_key, text.encode(), signature)
                    return None
                case KeyType.ED25519_COSIGNATURE:
                    timestamp, signed = _split_time(signature)
                    verify_signature(self.public_key, ed25519_message(text, timestamp), signed)
                    return timestamp
                case KeyType.MLDSA44:
                    timestamp, signed = _split_time(signature)
                    message = mldsa44_message(
                        Checkpoint.parse(text), cosigner=self.name, timestamp=timestamp
                    )
                    verify_mldsa44(self.public_key, message, signed)
                    return timestamp
                case _:
                    assert_never(self.key_type)
        except SignatureError as error:
            raise NoteError(f"signature of {self.name!r} ({self.key_id.hex()}): {error}") from None


def parse_vkey(vkey: str) -> VerifierKey:
    """Read a verifier key without judging its strength.

    Raises:
        NoteError: malformed, an unsupported type, a wrong key id.
    """
    parts = vkey[: _VKEY_CHARS_MAX + 1].split("+", _PARTS - 1)
    if len(vkey) > _VKEY_CHARS_MAX or len(parts) != _PARTS:
        raise NoteError("a verifier key is written <name>+<key id>+<base64>")
    name, hex_id, encoded = parts
    check_name(name)
    if _HEX_ID.fullmatch(hex_id) is None:
        raise NoteError(f"key id of {name!r}: expected 8 lower-case hex digits, not {hex_id!r}")
    try:
        raw = decode_base64(encoded.encode())
    except (EnvelopeError, UnicodeEncodeError) as error:
        raise NoteError(f"verifier key {name!r}: {error}") from None
    key_type, public_key = _key_type(raw[:1]), raw[1:]
    if len(public_key) != key_type.key_bytes:
        raise NoteError(
            f"verifier key {name!r}: expected {key_type.key_bytes} bytes, not {len(public_key)}"
        )
    if key_id_of(name, key_type, public_key).hex() != hex_id:
        raise NoteError(f"verifier key {name!r}: the key id {hex_id} is not that of name and key")
    return VerifierKey(name, key_type, public_key)


def key_id_of(name: str, key_type: KeyType, public_key: bytes) -> bytes:
    """Return SHA-256(name || LF || type || key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes((key_type,)) + public_key).digest()[:KEY_ID_BYTES]


def check_name(name: str) -> None:
    """Refuse a key name that is empty or holds a space or `+`.

    Raises:
        NoteError: it does.
    """
    if _NAME.fullmatch(name) is None:
        raise NoteError(f"not a key name: {name[:80]!r}")


def _key_type(first: bytes) -> KeyType:
    try:
        return KeyType(int.from_bytes(first))
    except ValueError:
        raise NoteError(f"keys of type 0x{first.hex() or '00'} are not supported") from None


def _split_time(signature: bytes) -> tuple[int, bytes]:
    timestamp = int.from_bytes(signature[:TIMESTAMP_BYTES])
    if len(signature) <= TIMESTAMP_BYTES or timestamp > TIMESTAMP_MAX:
        raise SignatureError("a cosignature begins with a time below 2^63")
    return timestamp, signature[TIMESTAMP_BYTES:]

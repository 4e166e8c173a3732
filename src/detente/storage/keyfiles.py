"""A private key at rest: one canonical JSON file, its secret sealed, its public part in the clear.

XChaCha20-Poly1305 (libsodium) seals the secret; everything else in the file is
authenticated with it, so a key cannot be passed off as another role's, type's
or generation's. The sealing key comes from a passphrase by Argon2id, from an
unlock file that may lie on another medium, or from the ring the key belongs to.
Who can write here but not unlock can destroy keys, never read or exchange them.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from nacl import bindings, pwhash
from nacl.exceptions import CryptoError

from detente.errors import UnitError
from detente.signing import JsonError, JsonLimits, Role, canonical, parse_canonical
from detente.storage.disk import read_capped, refuse_if_shared
from detente.storage.errors import KeyFileError, WrongUnlock

FILE_BYTES_MAX = 65_536
UNLOCK_BYTES = 32
RING_ID_BYTES = 16
SALT_BYTES = pwhash.argon2id.SALTBYTES
NONCE_BYTES = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_KEY_FORMAT = "detente key v1"
_OPERATIONS_MAX = 64
_MEMORY_BYTES_MAX = 2**31
_LIMITS = JsonLimits(size_bytes=FILE_BYTES_MAX, depth=3, values=64)


class KeyType(StrEnum):
    """What kind of key it is, and thereby how long its parts are."""

    ED25519 = "ed25519"
    MLDSA44 = "ml-dsa-44"
    HPKE = "mlkem768-x25519"  # HPKE 0x647a


# Secret as kept: the seed; for HPKE the ML-KEM seed (64) and the X25519 key (32).
SECRET_BYTES = {KeyType.ED25519: 32, KeyType.MLDSA44: 32, KeyType.HPKE: 96}
PUBLIC_BYTES = {KeyType.ED25519: 32, KeyType.MLDSA44: 1312, KeyType.HPKE: 1216}


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """What may be known about a key without opening it.

    Attributes:
        generation: counted from 1 within role and type; the highest is current.
        public_key: raw bytes.
    """

    role: Role
    type: KeyType
    generation: int
    public_key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Passphrase:
    """Words a person remembers. Never printed."""

    text: str

    def __repr__(self) -> str:
        return "Passphrase(…)"


@dataclass(frozen=True, slots=True)
class UnlockFile:
    """A file of 32 random bytes, mode 0600; without it the keys cannot be opened."""

    path: Path


Unlock = Passphrase | UnlockFile


@dataclass(frozen=True, slots=True)
class Cost:
    """How hard Argon2id makes guessing a passphrase.

    Attributes:
        operations: passes over the memory.
        memory_bytes: used while deriving; given back afterwards.
    """

    operations: int = pwhash.argon2id.OPSLIMIT_MODERATE
    memory_bytes: int = pwhash.argon2id.MEMLIMIT_MODERATE


@dataclass(frozen=True, slots=True)
class ByPassphrase:
    """Protected by a passphrase: how to derive the sealing key from it."""

    salt: bytes
    cost: Cost


@dataclass(frozen=True, slots=True)
class ByUnlockFile:
    """Protected by the bytes of an unlock file."""


@dataclass(frozen=True, slots=True)
class ByRing:
    """Protected by the master key of the ring with this id (16 bytes)."""

    ring: bytes


Protection = ByPassphrase | ByUnlockFile | ByRing


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it lies on disk.

    Attributes:
        about: what the file says of it in the clear, authenticated.
    """

    about: dict[str, object]
    protection: Protection
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key file, parsed and not opened."""

    header: KeyHeader
    sealed: SealedSecret


def unlock_key(unlock: Unlock, protection: Protection) -> bytes:
    """Return the 32-byte sealing key that `unlock` gives under `protection`.

    Raises:
        WrongUnlock: the other kind of protection was used, or the unlock file is malformed.
        StorageFault: the unlock file cannot be read, or others can read it.
    """
    match unlock, protection:
        case Passphrase(text), ByPassphrase(salt, cost):
            return _derive(text, salt, cost)
        case UnlockFile(path), ByUnlockFile():
            return _read_unlock_file(path)
        case Passphrase(), _:
            raise WrongUnlock("these keys open with an unlock file, not with a passphrase")
        case UnlockFile(path), _:
            raise WrongUnlock("these keys open with a passphrase, not a file", file=str(path))
        case _:
            assert_never(unlock)


def seal_secret(
    secret: bytes, key: bytes, *, about: dict[str, object], protection: Protection, nonce: bytes
) -> SealedSecret:
    """Seal `secret` under the 32-byte `key`, bound to `about` and to how it is protected."""
    aad = _authenticated(about, protection, nonce)
    ciphertext = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, aad, nonce, key)
    return SealedSecret(about, protection, nonce, ciphertext)


def open_secret(sealed: SealedSecret, key: bytes) -> bytes:
    """Return the secret.

    Raises:
        WrongUnlock: another key sealed it, or a byte of the file was changed;
            the two cannot be told apart.
    """
    aad = _authenticated(sealed.about, sealed.protection, sealed.nonce)
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed.ciphertext, aad, sealed.nonce, key
        )
    except (CryptoError, ValueError):
        raise WrongUnlock(
            "the passphrase or unlock file does not open these keys, or the file was altered",
            remedy="Try again; if it is surely right, restore the key files from a back-up",
        ) from None


def describe(header: KeyHeader) -> dict[str, object]:
    """Return what a key file says of its key in the clear."""
    return {
        "format": _KEY_FORMAT,
        "role": header.role.value,
        "type": header.type.value,
        "generation": header.generation,
        "public": header.public_key.hex(),
    }


def print_sealed(sealed: SealedSecret) -> bytes:
    """Return the bytes of the file (RFC 8785 and a line feed)."""
    fields = _fields(sealed.about, sealed.protection, sealed.nonce)
    return canonical(fields | {"sealed": sealed.ciphertext.hex()}) + b"\n"


def parse_sealed(data: bytes, *, file: str = "") -> SealedSecret:
    """Read any file written by `print_sealed`, whatever its secret is.

    Raises:
        KeyFileError: not such a file; nothing was decrypted.
    """
    try:
        fields = parse_canonical(data.removesuffix(b"\n"), _LIMITS)
        if not isinstance(fields, dict):
            raise KeyFileError("not a JSON object")
        about: dict[str, object] = dict(fields)
        protection = _parse_protection(about.pop("protection", None))
        nonce = _hex(about.pop("nonce", None), "nonce", bytes_exact=NONCE_BYTES)
        sealed = SealedSecret(about, protection, nonce, _hex(about.pop("sealed", None), "sealed"))
        if print_sealed(sealed) != data:
            raise KeyFileError("not in the one form such files have")
    except (JsonError, KeyFileError) as error:
        raise _malformed(file, error) from None
    return sealed


def parse_key(data: bytes, *, file: str = "") -> SealedKey:
    """Read a key file; its claims are believed only once it has been opened.

    Raises:
        KeyFileError: malformed.
    """
    sealed = parse_sealed(data, file=file)
    try:
        return SealedKey(_parse_header(sealed.about), sealed)
    except (ValueError, KeyFileError) as error:
        raise _malformed(file, error) from None


def load_key(path: Path) -> SealedKey:
    """Read a key file from disk.

    Raises:
        StorageFault: unreadable, or others on this machine can read it.
        KeyFileError: malformed.
    """
    refuse_if_shared(path)
    return parse_key(read_capped(path, bytes_max=FILE_BYTES_MAX), file=str(path))


def _malformed(file: str, error: Exception) -> KeyFileError:
    reason = error.message if isinstance(error, UnitError) else str(error)
    return KeyFileError(
        f"not a detente key file: {reason}", file=file, remedy="Restore it from a back-up"
    )


def _derive(text: str, salt: bytes, cost: Cost) -> bytes:
    try:
        return pwhash.argon2id.kdf(
            UNLOCK_BYTES,
            unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape"),
            salt,
            opslimit=cost.operations,
            memlimit=cost.memory_bytes,
        )
    except (CryptoError, ValueError, MemoryError):
        raise WrongUnlock(
            f"Argon2id cannot run with {cost.operations} passes over {cost.memory_bytes} bytes",
            remedy="Free memory on this machine and try again",
        ) from None


def _read_unlock_file(path: Path) -> bytes:
    refuse_if_shared(path)
    key = read_capped(path, bytes_max=FILE_BYTES_MAX)
    if len(key) != UNLOCK_BYTES:
        raise WrongUnlock(
            f"an unlock file has {UNLOCK_BYTES} bytes, this one {len(key)}", file=str(path)
        )
    return key


def _authenticated(about: dict[str, object], protection: Protection, nonce: bytes) -> bytes:
    return canonical(_fields(about, protection, nonce))


def _fields(about: dict[str, object], protection: Protection, nonce: bytes) -> dict[str, object]:
    return about | {"protection": _print_protection(protection), "nonce": nonce.hex()}


def _print_protection(protection: Protection) -> dict[str, object]:
    match protection:
        case ByPassphrase(salt, cost):
            return {
                "by": "passphrase",
                "kdf": "argon2id",
                "salt": salt.hex(),
                "operations": cost.operations,
                "memory_bytes": cost.memory_bytes,
            }
        case ByUnlockFile():
            return {"by": "unlock-file"}
        case ByRing(ring):
            return {"by": "ring", "ring": ring.hex()}
        case _:
            assert_never(protection)


def _parse_protection(value: object) -> Protection:
    if not isinstance(value, dict):
        raise KeyFileError("it does not say how it is protected")
    fields: dict[str, object] = value
    match fields.get("by"):
        case "passphrase":
            cost = Cost(
                operations=_count(fields, "operations", _OPERATIONS_MAX),
                memory_bytes=_count(fields, "memory_bytes", _MEMORY_BYTES_MAX),
            )
            return ByPassphrase(_hex(fields.get("salt"), "salt", bytes_exact=SALT_BYTES), cost)
        case "unlock-file":
            return ByUnlockFile()
        case "ring":
            return ByRing(_hex(fields.get("ring"), "ring", bytes_exact=RING_ID_BYTES))
        case _:
            raise KeyFileError("it does not say how it is protected")


def _parse_header(about: dict[str, object]) -> KeyHeader:
    if about.get("format") != _KEY_FORMAT:
        raise KeyFileError(f"its format is not {_KEY_FORMAT!r}")
    kind, role = KeyType(str(about.get("type"))), Role(str(about.get("role")))
    public = _hex(about.get("public"), "public", bytes_exact=PUBLIC_BYTES[kind])
    generation = _count(about, "generation", 1_000_000)
    header = KeyHeader(role, kind, generation, public)
    if describe(header) != about:
        raise KeyFileError("it holds fields this version does not know")
    return header


def _count(fields: dict[str, object], name: str, maximum: int) -> int:
    value = fields.get(name)
    if type(value) is not int or not 1 <= value <= maximum:
        raise KeyFileError(f"{name} is not a number from 1 to {maximum}")
    return value


def _hex(value: object, name: str, *, bytes_exact: int | None = None) -> bytes:
    if not isinstance(value, str) or value != value.lower():
        raise KeyFileError(f"{name} is not lower-case hex")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise KeyFileError(f"{name} is not lower-case hex") from None
    if bytes_exact is not None and len(data) != bytes_exact:
        raise KeyFileError(f"{name} has {len(data)} bytes, not {bytes_exact}")
    return data

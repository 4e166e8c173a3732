"""Keys that lie outside a ring, each in a file that opens by itself.

For a governance key kept off line, and for the recovery key, of which a node
keeps nothing but the hash. What is written is read back before anybody relies
on it. TRUSTED: whoever has the file and what unlocks it has the key.
"""

import hashlib
import secrets
from pathlib import Path

from detente.errors import InputError
from detente.signing import Role
from detente.storage.disk import Disk, write_whole
from detente.storage.errors import KeyFileError, StorageFault
from detente.storage.keyfiles import (
    NONCE_BYTES,
    SALT_BYTES,
    SECRET_BYTES,
    UNLOCK_BYTES,
    ByPassphrase,
    ByRing,
    ByUnlockFile,
    Cost,
    KeyHeader,
    KeyType,
    Passphrase,
    Protection,
    SealedKey,
    Unlock,
    describe,
    load_key,
    open_secret,
    print_sealed,
    seal_secret,
    unlock_key,
)
from detente.storage.keyholders import Holder, hold

DEFAULT_COST = Cost()


def write_key(
    path: Path,
    header: KeyHeader,
    secret: bytes,
    unlock: Unlock,
    *,
    cost: Cost = DEFAULT_COST,
    disk: Disk | None = None,
) -> None:
    """Write one key to a file that `unlock` opens by itself, and read it back.

    Raises:
        InputError: the file exists already, or the passphrase is empty.
        StorageFault: the disk refused, or what it gave back is not what was written.
    """
    if path.exists():
        raise InputError("a file is there already and is not replaced", file=str(path))
    protection = new_protection(unlock, cost)
    sealed = seal_secret(
        secret,
        unlock_key(unlock, protection),
        about=describe(header),
        protection=protection,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    write_whole(path, print_sealed(sealed), disk=disk or Disk())
    if load_key(path) != SealedKey(header, sealed):
        raise StorageFault(
            f"{path} does not read back as it was written",
            remedy="The medium is failing: use another one, and delete nothing yet",
        )


def read_key(path: Path, unlock: Unlock) -> Holder:
    """Open a key file that stands by itself (governance, recovery).

    Raises:
        WrongUnlock: the passphrase or file is not the right one.
        KeyFileError: malformed, altered, or not the key it says it is.
        StorageFault: unreadable, or open to others on this machine.
    """
    sealed, secret = read_secret(path, unlock)
    return hold_checked(sealed.header.type, secret, sealed.header.public_key)


def create_recovery_key(path: Path, unlock: Unlock, *, cost: Cost = DEFAULT_COST) -> bytes:
    """Make the next recovery key, write it to `path` for safe keeping, and forget it.

    Returns:
        The 32-byte hash of its public key: all that the charter and this node keep.

    Raises:
        InputError: the file exists already, or the passphrase is empty.
        StorageFault: the disk refused.
    """
    secret = secrets.token_bytes(SECRET_BYTES[KeyType.ED25519])
    public_key = hold(KeyType.ED25519, secret).public_key
    header = KeyHeader(Role.RECOVERY, KeyType.ED25519, 1, public_key)
    write_key(path, header, secret, unlock, cost=cost)
    return hashlib.sha256(public_key).digest()


def create_unlock_file(path: Path, *, disk: Disk | None = None) -> None:
    """Write 32 random bytes, mode 0600, to open a ring or a key file with.

    Raises:
        InputError: the file exists already.
        StorageFault: the disk refused.
    """
    if path.exists():
        raise InputError("a file is there already and is not replaced", file=str(path))
    write_whole(path, secrets.token_bytes(UNLOCK_BYTES), disk=disk or Disk())


def new_protection(unlock: Unlock, cost: Cost) -> Protection:
    """Return how a new file is to be protected, with a fresh salt.

    Raises:
        InputError: the passphrase is empty.
    """
    if not isinstance(unlock, Passphrase):
        return ByUnlockFile()
    if not unlock.text:
        raise InputError("an empty passphrase protects nothing", remedy="Choose six words or more")
    return ByPassphrase(secrets.token_bytes(SALT_BYTES), cost)


def read_secret(path: Path, unlock: Unlock) -> tuple[SealedKey, bytes]:
    """Open a key file that stands by itself; for the ring, which seals the secret anew."""
    key = load_key(path)
    if isinstance(key.sealed.protection, ByRing):
        raise KeyFileError(
            "this key belongs to a ring and does not open by itself",
            file=str(path),
            remedy="Export it from its ring to a file of its own",
        )
    return key, open_secret(key.sealed, unlock_key(unlock, key.sealed.protection))


def hold_checked(kind: KeyType, secret: bytes, public_key: bytes) -> Holder:
    """Return the opened key, having compared its public part with what the file claims."""
    try:
        holder = hold(kind, secret)
    except ValueError as error:
        raise KeyFileError(str(error)) from None
    if holder.public_key != public_key:
        raise KeyFileError(f"{name_key(public_key)}: its file holds another key")
    return holder


def name_key(public_key: bytes) -> str:
    """Return how a message names a key."""
    return f"key {public_key[:8].hex()}…"

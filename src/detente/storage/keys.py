"""The key ring: a folder with one sealed file per key, opened as a whole.

TRUSTED. Losing it without a back-up means re-keying by the recovery key; a
stranger who gets the folder *and* the passphrase or unlock file speaks as the
member. `ring.json` holds a random master key, sealed by what unlocks the ring,
so a new passphrase rewrites one small file. Old generations stay, to open what
was sealed to them. An older copy of the folder cannot be told from a newer one:
which key counts is said by the charter, and `signer_of` refuses any other.
"""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from detente.errors import InputError
from detente.signing import Role, Signer
from detente.statements.ports import Opener
from detente.storage.disk import (
    Disk,
    make_private_folder,
    read_capped,
    refuse_if_shared,
    sweep,
    write_whole,
)
from detente.storage.errors import KeyFileError, NoSuchKey, WrongUnlock, storage_faults
from detente.storage.keyfiles import (
    FILE_BYTES_MAX,
    NONCE_BYTES,
    RING_ID_BYTES,
    SECRET_BYTES,
    UNLOCK_BYTES,
    ByRing,
    Cost,
    KeyHeader,
    KeyType,
    Protection,
    SealedKey,
    Unlock,
    describe,
    load_key,
    open_secret,
    parse_sealed,
    print_sealed,
    seal_secret,
    unlock_key,
)
from detente.storage.keyholders import Holder, HpkeKey, hold
from detente.storage.offline_keys import (
    DEFAULT_COST,
    hold_checked,
    name_key,
    new_protection,
    read_secret,
    write_key,
)

ROLE_TYPES: dict[Role, tuple[KeyType, ...]] = {
    Role.STATEMENT: (KeyType.ED25519,),
    Role.LOG: (KeyType.ED25519, KeyType.MLDSA44),
    Role.WITNESS: (KeyType.ED25519, KeyType.MLDSA44),
    Role.MIRROR: (KeyType.ED25519, KeyType.MLDSA44),
    Role.TRANSPORT: (KeyType.ED25519,),
    Role.SEALING: (KeyType.HPKE,),
    Role.GOVERNANCE: (KeyType.ED25519,),
    Role.TRAIL: (KeyType.ED25519,),
}
_RING_FILE = "ring.json"
_RING_FORMAT = "detente ring v1"
_KEY_SUFFIX = ".key.json"
_KEYS_MAX = 4_096
_RING_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(slots=True, repr=False)
class _Master:
    """The ring's master key, in memory while the ring is open."""

    ring: bytes
    key: bytes

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a master key does not pickle or copy")


class KeyRing:
    """An open ring. Make it by `create` or `open`; implements `KeyCustody`."""

    def __init__(self, folder: Path, master: _Master, disk: Disk) -> None:
        self._folder = folder
        self._master = master
        self._disk = disk
        self._sealed: dict[bytes, SealedKey] = {}
        self._holders: dict[bytes, Holder] = {}

    def __repr__(self) -> str:
        return f"KeyRing({self._folder}, {len(self._sealed)} keys)"

    @classmethod
    def create(
        cls, folder: Path, unlock: Unlock, *, cost: Cost = DEFAULT_COST, disk: Disk | None = None
    ) -> Self:
        """Make an empty ring in `folder`, to be opened by `unlock`.

        Args:
            folder: made if absent; must not hold a ring.
            cost: of deriving the key from a passphrase, ignored for an unlock file.

        Raises:
            InputError: there is a ring already, or the passphrase is empty.
            StorageFault: the disk refused.
        """
        disk = disk or Disk()
        make_private_folder(folder)
        if (folder / _RING_FILE).exists():
            raise InputError("there is a key ring already", file=str(folder / _RING_FILE))
        master = _Master(secrets.token_bytes(RING_ID_BYTES), secrets.token_bytes(UNLOCK_BYTES))
        _write_master(folder / _RING_FILE, master, unlock, cost=cost, disk=disk)
        return cls(folder, master, disk)

    @classmethod
    def open(cls, folder: Path, unlock: Unlock, *, disk: Disk | None = None) -> Self:
        """Open the ring and check that every key in it is whole.

        Raises:
            WrongUnlock: the passphrase or unlock file is not the right one.
            KeyFileError: a key file is malformed, altered or of another ring.
            StorageFault: unreadable, or open to others on this machine.
        """
        ring = cls(folder, _read_master(folder / _RING_FILE, unlock), disk or Disk())
        sweep(folder)
        with storage_faults(doing="listing the keys", where=str(folder)):
            files = sorted(folder.glob("*" + _KEY_SUFFIX))[: _KEYS_MAX + 1]
        if len(files) > _KEYS_MAX:
            raise KeyFileError(f"more than {_KEYS_MAX} keys in one ring", file=str(folder))
        for path in files:
            ring._admit(load_key(path), path)
        return ring

    def headers(self) -> tuple[KeyHeader, ...]:
        """Return what is held, by role, type and generation; opens nothing."""
        headers = (sealed.header for sealed in self._sealed.values())
        return tuple(sorted(headers, key=lambda h: (h.role, h.type, h.generation)))

    def current(self, role: Role, kind: KeyType) -> KeyHeader:
        """Return the newest generation.

        Raises:
            NoSuchKey: there is none.
        """
        held = [h for h in self.headers() if h.role is role and h.type is kind]
        if not held:
            raise NoSuchKey(
                f"this ring holds no {kind.value} key for {role.value}",
                remedy="Make one with `detente keys rotate`, or import the file it was moved to",
            )
        return held[-1]

    def generate(self, role: Role, kind: KeyType) -> KeyHeader:
        """Make the next generation of a key, durably, and keep the old ones beside it.

        The new key means nothing to others until the charter names it.

        Raises:
            InputError: this role has no key of this type in a ring.
            StorageFault: the disk refused; nothing changed.
        """
        if kind not in ROLE_TYPES.get(role, ()):
            raise InputError(f"a ring keeps no {kind.value} key for {role.value}")
        held = [h.generation for h in self.headers() if h.role is role and h.type is kind]
        secret = secrets.token_bytes(SECRET_BYTES[kind])
        public_key = hold(kind, secret).public_key
        header = KeyHeader(role, kind, max(held, default=0) + 1, public_key)
        self._keep(header, secret)
        return header

    def signer_of(self, public_key: bytes) -> Signer:
        """Return who signs for this public key.

        Raises:
            NoSuchKey: not held here, or it is a sealing key.
        """
        holder = self._open(public_key)
        if isinstance(holder, HpkeKey):
            raise NoSuchKey(f"{name_key(public_key)} is a sealing key and signs nothing")
        return holder

    def opener_of(self, public_key: bytes) -> Opener:
        """Return who opens what was sealed to this public key, of whatever generation.

        Raises:
            NoSuchKey: not held here, or it is a signing key.
        """
        holder = self._open(public_key)
        if not isinstance(holder, HpkeKey):
            raise NoSuchKey(f"{name_key(public_key)} is a signing key and opens nothing")
        return holder

    def signer(self, role: Role, kind: KeyType = KeyType.ED25519) -> Signer:
        """Return who signs with the newest key of a role.

        Raises:
            NoSuchKey: there is none.
        """
        return self.signer_of(self.current(role, kind).public_key)

    def export(
        self, header: KeyHeader, path: Path, unlock: Unlock, *, cost: Cost = DEFAULT_COST
    ) -> None:
        """Write one key to a file of its own, and read it back to be sure.

        Raises:
            NoSuchKey: not held here.
            InputError: the file exists already.
            StorageFault: the disk refused.
        """
        secret = self._secret(header.public_key)
        write_key(path, header, secret, unlock, cost=cost, disk=self._disk)

    def import_key(self, path: Path, unlock: Unlock) -> KeyHeader:
        """Take a key that was moved off line back into the ring.

        Raises:
            WrongUnlock, KeyFileError, StorageFault: as in `read_key`.
            InputError: another key stands at its place.
        """
        sealed, secret = read_secret(path, unlock)
        header = sealed.header
        if header.role not in ROLE_TYPES:
            raise InputError(f"a {header.role.value} key is never kept in a ring", file=str(path))
        if header.public_key not in self._sealed:
            if self._path(header).exists():
                raise InputError("the ring has another key of this generation", file=str(path))
            self._keep(header, secret)
        return header

    def remove(self, header: KeyHeader) -> None:
        """Destroy a key of this ring: a governance key moved off line, or an old generation.

        Raises:
            NoSuchKey: not held here.
            InputError: the node needs it.
            StorageFault: the disk refused.
        """
        if header.public_key not in self._sealed:
            raise NoSuchKey(f"{name_key(header.public_key)} is not in this ring")
        if header.role is not Role.GOVERNANCE and header == self.current(header.role, header.type):
            raise InputError(
                f"the node needs its current {header.role.value} key", remedy="Rotate it first"
            )
        path = self._path(header)
        with storage_faults(doing="removing the key", where=str(path)):
            self._disk.unlink(path)
            self._disk.sync_folder(self._folder)
        del self._sealed[header.public_key]
        self._holders.pop(header.public_key, None)

    def change_unlock(self, unlock: Unlock, *, cost: Cost = DEFAULT_COST) -> None:
        """Let another passphrase or file open the ring from now on.

        Copies of the old `ring.json`, in back-ups, still open with the old one.

        Raises:
            InputError: the passphrase is empty.
            StorageFault: the disk refused; the old one still holds, or the new one does.
        """
        path = self._folder / _RING_FILE
        _write_master(path, self._master, unlock, cost=cost, disk=self._disk)

    def _admit(self, sealed: SealedKey, path: Path) -> None:
        header = sealed.header
        if path != self._path(header):
            raise KeyFileError("the file's name is not that of the key in it", file=str(path))
        try:
            self._sealed[header.public_key] = sealed
            self._secret(header.public_key)
        except WrongUnlock:
            raise KeyFileError(
                "the key was altered, or belongs to another ring",
                file=str(path),
                remedy="Restore it from a back-up; if that is not possible, rotate the key",
            ) from None

    def _keep(self, header: KeyHeader, secret: bytes) -> None:
        sealed = seal_secret(
            secret,
            self._master.key,
            about=describe(header),
            protection=ByRing(self._master.ring),
            nonce=secrets.token_bytes(NONCE_BYTES),
        )
        write_whole(self._path(header), print_sealed(sealed), disk=self._disk)
        self._sealed[header.public_key] = SealedKey(header, sealed)

    def _open(self, public_key: bytes) -> Holder:
        if public_key not in self._holders:
            secret = self._secret(public_key)
            kind = self._sealed[public_key].header.type
            self._holders[public_key] = hold_checked(kind, secret, public_key)
        return self._holders[public_key]

    def _secret(self, public_key: bytes) -> bytes:
        if public_key not in self._sealed:
            raise NoSuchKey(
                f"{name_key(public_key)} is not in this ring",
                remedy="`detente keys show` lists what is; an off-line key must be imported first",
            )
        sealed = self._sealed[public_key].sealed
        if sealed.protection != ByRing(self._master.ring):
            raise WrongUnlock("the key does not belong to this ring")
        return open_secret(sealed, self._master.key)

    def _path(self, header: KeyHeader) -> Path:
        name = f"{header.role.value}-{header.type.value}-{header.generation}"
        return self._folder / (name + _KEY_SUFFIX)


def read_protection(folder: Path) -> Protection:
    """Say by what a ring is to be opened; opens nothing.

    Raises:
        KeyFileError: not the file of a ring.
        StorageFault: unreadable, or open to others on this machine.
    """
    path = folder / _RING_FILE
    refuse_if_shared(path)
    return parse_sealed(read_capped(path, bytes_max=FILE_BYTES_MAX), file=str(path)).protection


def _write_master(path: Path, master: _Master, unlock: Unlock, *, cost: Cost, disk: Disk) -> None:
    protection = new_protection(unlock, cost)
    sealed = seal_secret(
        master.key,
        unlock_key(unlock, protection),
        about={"format": _RING_FORMAT, "ring": master.ring.hex()},
        protection=protection,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    write_whole(path, print_sealed(sealed), disk=disk)


def _read_master(path: Path, unlock: Unlock) -> _Master:
    refuse_if_shared(path)
    sealed = parse_sealed(read_capped(path, bytes_max=FILE_BYTES_MAX), file=str(path))
    match sealed.about:
        case {"format": "detente ring v1", "ring": str(ring), **rest} if not rest:
            if _RING_ID.fullmatch(ring) is None:
                raise KeyFileError("the ring id is not 32 hex digits", file=str(path))
            return _Master(
                bytes.fromhex(ring), open_secret(sealed, unlock_key(unlock, sealed.protection))
            )
        case _:
            raise KeyFileError("not the file of a key ring", file=str(path))

"""A node's directory, opened: everything the flows need, wired in one place."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from threading import Lock, RLock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from detente.charter import Charter, KeySlot, Member, MemberKeys, parse_charter
from detente.charter.keylife import Left
from detente.errors import InputError
from detente.node.errors import SigningRefused
from detente.node.identity import (
    Identity,
    check_label,
    load_identity,
    new_identity,
    save_identity,
)
from detente.node.intake import Intake
from detente.node.layout import DATABASE_FILE, Layout
from detente.node.log import Appender
from detente.node.settings import load_settings, name_database
from detente.proofs.chain import CharterChain, parse_chain
from detente.proofs.file import FILE_BYTES_MAX
from detente.signing import Role, Signer
from detente.storage.belonging import belong_to, refuse_another
from detente.storage.blobs import BlobStore
from detente.storage.charters import CharterShelf
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.content_keys import ContentKeys
from detente.storage.database import Database, create_database, open_database
from detente.storage.disk import Disk, make_private_folder, read_capped, write_whole
from detente.storage.errors import DamagedStore, storage_faults
from detente.storage.journal import EntryJournal
from detente.storage.keyfiles import KeyType, Unlock, UnlockFile
from detente.storage.keys import ROLE_TYPES, KeyRing
from detente.storage.lock import DirectoryLock
from detente.storage.objects import ObjectIndex
from detente.storage.offline_keys import create_recovery_key, create_unlock_file
from detente.storage.small_blobs import SmallBlobs
from detente.storage.tiles import TileFiles

if TYPE_CHECKING:
    from detente.node.covering import Covered

_CHAIN_LOST = "Restore it from a back-up, or copy it from any member: it is public"

SLOT_TYPES = {
    slot: KeyType.HPKE
    if slot is KeySlot.SEALING
    else (KeyType.MLDSA44 if slot.value.endswith("_mldsa44") else KeyType.ED25519)
    for slot in KeySlot
}


class Home:
    """An open node directory; one process at a time. Use as a context manager."""

    def __init__(
        self,
        layout: Layout,
        *,
        lock: DirectoryLock,
        identity: Identity,
        keys: KeyRing,
        database: Database,
        blobs: BlobStore,
    ) -> None:
        self.layout = layout
        self.identity = identity
        self.keys = keys
        self.database = database
        self.blobs = blobs
        self.journal = EntryJournal(database)
        self.checkpoints = SqliteCheckpoints(database)
        self.charters = CharterShelf(database, blobs)
        self.content_keys = ContentKeys(database)
        self.index = ObjectIndex(database)
        self.settings = load_settings(layout.settings)
        # Who appends to the log while the node runs; None in a process that only passes by.
        self.live: Appender | None = None
        # What a running node made of a content forgets it, by the statement's id.
        self.forget: Callable[[str], None] | None = None
        # What a running watch says of its rules; None where nothing watches in this process.
        self.covered: Callable[[], Covered] | None = None
        self.taking_up = RLock()
        self.intake = Intake()
        self.entering = Lock()  # held by whoever brings an open offer about
        self._lock = lock
        self._chain: CharterChain | None = None

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        name: str,
        operator: str = "",
        unlock: Unlock | None = None,
        exercise: bool = False,
        database: str = "",
    ) -> Self:
        """Make a node: keys for every role, an identity, an empty state.

        Args:
            directory: made if absent; must be empty.
            name: display label.
            operator: the legal entity that answers for it, or "".
            unlock: what opens the key ring; without it an unlock file is made in DIR.
            exercise: made for training; it joins only units made for training.
            database: URL of an empty database of a PostgreSQL server; "" for a file in DIR.

        Raises:
            InputError: the directory holds something already.
            NameRefused: a name that hides something or mixes scripts.
            StorageFault: the disk refused.
        """
        layout = Layout(directory, database_url=database)
        check_label(name, operator)
        with storage_faults(doing="making a node", where=str(directory)):
            _require_empty(layout)
        make_private_folder(directory)
        with _emptied_on_error(directory):
            if unlock is None:
                create_unlock_file(layout.unlock)
                unlock = UnlockFile(layout.unlock)
            ring = KeyRing.create(layout.keys, unlock)
            for role, kinds in ROLE_TYPES.items():
                for kind in kinds:
                    ring.generate(role, kind)
            identity = new_identity(
                name=name,
                operator=operator,
                first_governance_key=ring.current(Role.GOVERNANCE, KeyType.ED25519).public_key,
                recovery_hash=create_recovery_key(layout.recovery, unlock).hex(),
                exercise=exercise,
            )
            _make_state(layout, identity.member)
            if database:
                name_database(layout.settings, database)
            # Last, because its presence says that the node is complete.
            save_identity(layout.identity, identity)
        return cls.open(directory, unlock)

    @classmethod
    def open(cls, directory: Path, unlock: Unlock | None = None) -> Self:
        """Open a node for one process.

        Raises:
            InputError: no node is there, or its settings are wrong.
            WrongUnlock: the keys do not open.
            StoreInUse: another process has it open.
            StorageFault: the disk or the database refused, or is damaged.
        """
        identity = load_identity(Layout(directory).identity)
        layout = Layout.of(directory)
        _require_one_state(layout)
        with ExitStack() as stack:
            lock = DirectoryLock(directory)
            stack.callback(lock.close)
            keys = KeyRing.open(layout.keys, unlock or UnlockFile(layout.unlock))
            database = open_database(layout.database)
            stack.callback(database.close)
            database.hold()
            refuse_another(database, identity.member)
            home = cls(
                layout,
                lock=lock,
                identity=identity,
                keys=keys,
                database=database,
                blobs=BlobStore.open(layout.blobs, small=SmallBlobs(database)),
            )
            stack.pop_all()
        return home

    def close(self) -> None:
        """Let go of the directory."""
        self.database.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def charter(self) -> Charter | None:
        """The charter this node is bound to, None while it works alone.

        Raises:
            StorageFault: the database or the disk refused, or a document is damaged.
        """
        for unit in self.charters.units():
            kept = self.charters.adopted(unit)
            if kept is not None:
                return parse_charter(self.charters.document(kept.digest))
        return None

    @property
    def chain(self) -> CharterChain | None:
        """The verified charter chain of the unit, None while the node works alone.

        Raises:
            UnitError: the file is damaged or does not verify.
            StorageFault: the disk refused.
        """
        if self._chain is None:
            self._chain = self._read_chain()
        return self._chain

    def _read_chain(self) -> CharterChain | None:
        path, charter = self.layout.chain, self.charter
        if not path.exists():
            if charter is None:
                return None
            # Without it nobody knows which keys were suspended: the newest are no answer.
            raise DamagedStore(f"{path} is missing", remedy=_CHAIN_LOST)
        chain = parse_chain(read_capped(path, bytes_max=FILE_BYTES_MAX))
        if charter is not None and chain.unit != charter.unit_id:
            raise DamagedStore(f"{path} is the chain of another unit", remedy=_CHAIN_LOST)
        return chain

    def keep_chain(self, chain: CharterChain) -> None:
        """Replace the chain by one that was verified and says more.

        Raises:
            StorageFault: the disk refused; the old one stands.
        """
        write_whole(self.layout.chain, chain.file.to_bytes(), disk=Disk())
        self._chain = chain

    @property
    def card(self) -> Member:
        """This node as it would stand in a charter, with the newest keys of its ring."""
        raw = {
            slot.value: self.keys.current(slot.role, kind).public_key
            for slot, kind in SLOT_TYPES.items()
        }
        return self.identity.card(MemberKeys(recovery_hash=self.identity.recovery_hash, **raw))

    def keep_identity(self, identity: Identity) -> None:
        """Replace what the node says of itself.

        Raises:
            StorageFault: the disk refused; the old one stands.
        """
        save_identity(self.layout.identity, identity)
        self.identity = identity

    def present_charter(self, charter: Charter) -> Charter:
        """Return a charter with the keys its members have now, as far as the chain knows.

        For reading signatures and sealing, never for its digest: members change their own
        keys without a new version.
        """
        members = tuple(self.present(member) for member in charter.members)
        return replace(charter, unit=charter.unit_id, members=members)

    def present(self, member: Member, *, epoch: int | None = None) -> Member:
        """Return a member with its newest keys, suspended ones included.

        Args:
            member: as a charter has it.
            epoch: the last one whose keys are wanted; the present one where not given.
        """
        chain = self.chain
        if chain is None:
            return member
        last = epoch or chain.epoch_of(member.id) or member.epoch
        raw = {slot: member.keys.key(slot) for slot in KeySlot}
        for slot in KeySlot:
            for key in chain.keyring.of(member.id, slot):
                if key.span.start[0] <= last:
                    raw[slot] = key.raw
        keys = MemberKeys(
            recovery_hash=member.keys.recovery_hash,
            **{slot.value: key for slot, key in raw.items()},
        )
        return replace(member, epoch=last, keys=keys)

    def key_in_force(self, slot: KeySlot, member: str = "") -> bytes | None:
        """Return the public key a member (this one by default) has in a slot.

        None where it is suspended. The chain says which: a newer key of the ring means
        nothing to others yet.
        """
        chain = self.chain
        if chain is None:
            return self.keys.current(slot.role, SLOT_TYPES[slot]).public_key
        held = chain.keyring.of(member or self.identity.member, slot)
        return held[-1].raw if held and held[-1].span.end is None else None

    def signer(self, slot: KeySlot) -> Signer:
        """Return who signs with the key in force.

        Raises:
            SigningRefused: the key is suspended.
            NoSuchKey: not held here; a governance key may lie off line.
        """
        key = self.key_in_force(slot)
        chain = self.chain
        history = None if chain is None else chain.keyring.history(self.identity.member)
        if key is None and history is not None and isinstance(history.standing, Left):
            raise SigningRefused(
                f"{self.identity.name!r} {history.standing.reason}: its keys say no more",
                remedy="`detente charter card` writes the card to come back with",
            )
        if key is None:
            raise SigningRefused(
                f"the {slot.value} key of {self.identity.name!r} is suspended",
                remedy="`detente keys recover` opens a new epoch with new keys"
                if slot is KeySlot.GOVERNANCE
                else f"`detente keys rotate {slot.value}` puts another in its place",
            )
        return self.keys.signer_of(key)

    def tiles(self, origin: str) -> TileFiles:
        """Return the public files of one log, own or mirrored."""
        return TileFiles(self.layout.log(origin))


def _require_one_state(layout: Layout) -> None:
    file = layout.directory / DATABASE_FILE
    if layout.database_url and file.exists():
        raise DamagedStore(
            f"{file} is here, and {layout.settings} names a database server: two states",
            remedy="Restore once more if a restore was cut off; otherwise move away the one "
            "that is older, never both",
        )


def _make_state(layout: Layout, member: str) -> None:
    database = create_database(layout.database)
    try:
        belong_to(database, member)
    finally:
        database.close()


def _require_empty(layout: Layout) -> None:
    directory = layout.directory
    if not directory.exists() or not any(directory.iterdir()):
        return
    if layout.identity.exists():
        raise InputError(
            "a node is here already",
            file=str(directory),
            remedy="Name a new directory; a node is never made over another",
        )
    raise InputError(
        "the directory is not empty",
        file=str(directory),
        remedy="Name a new directory; if `detente init` was killed here, remove what it left",
    )


@contextmanager
def _emptied_on_error(directory: Path) -> Iterator[None]:
    """Leave the directory as empty as it was where a node cannot be finished."""
    try:
        yield
    except BaseException:
        for path in directory.iterdir():
            if path.is_dir():
                rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise

"""The machine under a node gives way: it says what, where and what to do; nothing is lost.

(docs/threats.md: full disks, read-only disks, cut files, old back-ups. The log's own
faults are in test_sequencer_faults; a clock set back in test_sequencer.)
"""

import asyncio
import itertools
import os
import re
import resource
import shutil
import sqlite3
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from detente.errors import EnvironmentFault, PeerFault, UnitError
from detente.node.home import Home
from detente.node.keeping import back_up_home, restore_home
from detente.node.speaking import say
from detente.signing import Role
from detente.statements.batch import IndexRow
from detente.storage import create_database, open_database
from detente.storage.backup import back_up, restore
from detente.storage.blobs import BlobStore
from detente.storage.charters import CharterShelf
from detente.storage.errors import RestoredState, StorageFault, storage_fault
from detente.storage.evidence import EvidenceShelf
from detente.storage.keyfiles import Cost, KeyType, Passphrase
from detente.storage.keys import KeyRing
from detente.storage.model import StatementRow
from detente.storage.objects import ObjectIndex
from tests.edge.faulty_database import FaultyDatabase
from tests.edge.faulty_disk import every_fault

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
WORDS = Passphrase("six quiet words nobody would guess")
QUICK = Cost(operations=1, memory_bytes=8192)
KIB = 1024
BIG = bytes(range(256)) * 4 * KIB  # 1 MiB, more than the small disk has left
FIRST_CHARTER = b'{"version":1}'


class Stores:
    """Every store of a node that is not the log itself, with something in each."""

    def __init__(self, root):
        self.root = root
        self.ring = KeyRing.create(root / "keys", WORDS, cost=QUICK)
        self.key = self.ring.generate(Role.LOG, KeyType.ED25519)
        self.blobs = BlobStore.open(root / "blobs")
        self.blob = self.blobs.put(b"kept before")
        self.database = create_database(root / "state.sqlite")
        self.index = ObjectIndex(self.database)
        self.index.add([(a_statement(0), [an_object(1, "kept.example")])])
        self.evidence = EvidenceShelf(self.database)
        self.evidence.keep_fault(PeerFault("bb" * 32, "rule", b"kept"), now=NOW)
        self.charters = CharterShelf(self.database, self.blobs)
        self.unit = self.charters.found(FIRST_CHARTER).unit

    def check(self):
        """Everything that was there is there, also for a new process."""
        assert self.key in KeyRing.open(self.root / "keys", WORDS).headers()
        assert BlobStore(self.root / "blobs").get(self.blob) == b"kept before"
        database = open_database(self.root / "state.sqlite")
        assert len(ObjectIndex(database).objects_by_value("kept.example")) == 1
        assert len(EvidenceShelf(database).of("bb" * 32)) >= 1
        assert CharterShelf(database, self.blobs).chain(self.unit)[0].version == 1
        database.close()

    def close(self):
        self.database.close()


def a_statement(seq):
    return StatementRow(f"{seq:064x}", "aa" * 32, "ab" * 16 + "/1", seq, "indicator", NOW)


def an_object(leaf, value):
    return IndexRow(leaf, f"indicator--{leaf}", "indicator", (("domain-name:value", value),))


def keep_keys(stores):
    for _ in range(2_000):
        stores.ring.generate(Role.LOG, KeyType.MLDSA44)


def keep_a_blob(stores):
    stores.blobs.put(BIG)


def keep_a_stream(stores):
    stores.blobs.put_stream(itertools.repeat(BIG, 4))


def index_a_batch(stores):
    rows = (an_object(leaf, f"host{leaf}.example") for leaf in range(1, 200_000))
    stores.index.add_batch(a_statement(7), rows)


def keep_evidence(stores):
    for number in range(8):
        fault = PeerFault("bb" * 32, "rule", bytes([number]) + BIG[1:])
        stores.evidence.keep_fault(fault, now=NOW)


def keep_a_charter(stores):
    stores.charters.follow(stores.unit, version=2, document=BIG, certificate=BIG)


WRITES = [keep_keys, keep_a_blob, keep_a_stream, index_a_batch, keep_evidence, keep_a_charter]


@contextmanager
def mounted(folder, size):
    folder.mkdir()
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not made:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path / "disk", "1500k") as folder:
        yield folder


@contextmanager
def files_no_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(folder):
    """Leave nothing free, and return the file that takes it."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (64 * KIB, KIB):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_on_a_full_disk_every_store_says_so_and_goes_on_when_there_is_room(small_disk, write):
    stores = Stores(small_disk)
    ballast = fill(small_disk)
    with pytest.raises(EnvironmentFault) as told:
        write(stores)
    assert str(small_disk) in str(told.value)
    assert "space" in str(told.value).lower() or "full" in str(told.value).lower()
    assert told.value.remedy
    ballast.unlink()
    stores.check()
    stores.blobs.put(b"after")
    stores.index.add([(a_statement(1), [an_object(1, "after.example")])])
    assert len(stores.index.objects_by_value("after.example")) == 1
    stores.close()


def test_a_database_on_a_disk_without_a_free_byte_says_that_the_disk_is_full(small_disk):
    """SQLite itself says only "disk I/O error": it cannot make room for its index."""
    path = small_disk / "state.sqlite"
    create_database(path).close()
    ballast = fill(small_disk)
    with pytest.raises(StorageFault, match="No space left on device") as told:
        open_database(path)
    assert str(path) in told.value.message
    assert "Free space" in told.value.remedy
    ballast.unlink()
    open_database(path).close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_CANTOPEN])
def test_a_broken_disk_with_room_is_not_called_full(tmp_path, code):
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = code
    told = storage_fault(
        OperationalError("", None, cause), doing="writing", where=str(tmp_path / "state.sqlite")
    )
    assert "space" not in f"{told}".lower()


@pytest.mark.parametrize("write", [keep_a_blob, keep_a_stream, index_a_batch, keep_evidence])
def test_at_a_limit_of_file_sizes_every_store_says_so_and_loses_nothing(tmp_path, write):
    stores = Stores(tmp_path)
    with files_no_larger_than(600 * KIB), pytest.raises(EnvironmentFault) as told:
        write(stores)
    assert str(tmp_path) in str(told.value)
    assert told.value.remedy
    stores.check()
    stores.close()


def test_a_back_up_onto_a_full_disk_leaves_no_half_file(small_disk, tmp_path):
    (tmp_path / "node").mkdir()
    stores = Stores(tmp_path / "node")
    stores.blobs.put(BIG + BIG)
    with pytest.raises(EnvironmentFault, match=str(small_disk)):
        back_up(
            tmp_path / "node",
            small_disk / "node.tar",
            database=stores.database,
            database_name="state.sqlite",
            leave_out=(),
            now=NOW,
        )
    assert list(small_disk.iterdir()) == []
    stores.close()


def test_a_restore_onto_a_full_disk_leaves_no_half_node(small_disk, tmp_path):
    (tmp_path / "node").mkdir()
    stores = Stores(tmp_path / "node")
    stores.blobs.put(BIG + BIG)
    back_up(
        tmp_path / "node",
        tmp_path / "node.tar",
        database=stores.database,
        database_name="state.sqlite",
        leave_out=(),
        now=NOW,
    )
    stores.close()
    place = small_disk / "back"
    with pytest.raises(EnvironmentFault, match=str(place)):
        restore(tmp_path / "node.tar", place, database_name="state.sqlite", now=NOW)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("write", [keep_keys, keep_a_blob, keep_a_stream, keep_a_charter])
def test_on_a_disk_mounted_read_only_every_store_reads_and_says_why_it_cannot_write(
    tmp_path, write
):
    with mounted(tmp_path / "disk", "8m") as folder:
        stores = Stores(folder)
        stores.close()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(EnvironmentFault, match=r"[Rr]ead-only.*mount it for writing") as told:
            write(stores)
        assert str(folder) in str(told.value)
        assert stores.blobs.get(stores.blob) == b"kept before"
        assert stores.ring.signer_of(stores.key.public_key).sign(b"still")
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        stores.check()


def test_a_folder_that_may_not_be_entered_is_named(tmp_path):
    folder = tmp_path / "file-not-folder"
    folder.write_bytes(b"")
    for make in (
        lambda: KeyRing.create(folder / "keys", WORDS, cost=QUICK),
        lambda: BlobStore.open(folder / "blobs"),
        lambda: create_database(folder / "state.sqlite"),
    ):
        with pytest.raises(EnvironmentFault, match=str(folder)):
            make()


def read_all(path):
    database = open_database(path)
    try:
        with database.reading() as connection:
            verdict = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    finally:
        database.close()
    if verdict != "ok":
        raise EnvironmentFault(f"{path}: {verdict}", remedy="as `detente doctor` says")


@pytest.mark.parametrize("keep", [0, 1, 100, 4096, 8192, 0.3, 0.5, 0.999])
def test_a_database_cut_anywhere_is_an_error_with_a_remedy_and_is_left_as_it_is(cut_from, keep):
    whole, path = cut_from
    part = whole[: keep if isinstance(keep, int) else int(len(whole) * keep)]
    path.write_bytes(part)
    with pytest.raises(EnvironmentFault, match=str(path)) as told:
        read_all(path)
    assert told.value.remedy
    assert path.read_bytes() == part


@pytest.fixture(scope="module")
def whole_database(tmp_path_factory):
    stores = Stores(tmp_path_factory.mktemp("node"))
    index_a_batch(stores)
    stores.close()
    return (stores.root / "state.sqlite").read_bytes()


@pytest.fixture
def cut_from(whole_database, tmp_path):
    return whole_database, tmp_path / "cut.sqlite"


def test_whichever_step_fails_the_key_ring_opens_with_all_keys_it_said_it_kept(tmp_path):
    names = (tmp_path / str(n) for n in itertools.count())

    def work(disk, root, kept):
        ring = KeyRing.create(root, WORDS, cost=QUICK, disk=disk)
        first = ring.generate(Role.LOG, KeyType.ED25519)
        kept.append(ring.generate(Role.LOG, KeyType.ED25519))
        ring.remove(first)
        ring.change_unlock(WORDS, cost=QUICK)

    for disk in every_fault(lambda disk: work(disk, next(names), [])):
        root, kept = next(names), []
        with pytest.raises(EnvironmentFault, match=str(root)):
            work(disk, root, kept)
        if not (root / "ring.json").exists():
            KeyRing.create(root, WORDS, cost=QUICK)
        again = KeyRing.open(root, WORDS)
        assert set(kept) <= set(again.headers())
        assert not list(root.glob(".*"))
        again.generate(Role.LOG, KeyType.ED25519)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_database_that_fails_at_any_transaction_leaves_an_index_that_can_go_on(places, after):
    rows = [an_object(leaf, "v.example") for leaf in range(1, 2_000)]

    def work(database):
        index = ObjectIndex(database)
        index.add([(a_statement(0), rows[:1])])
        index.add_batch(a_statement(1), iter(rows))
        index.erase(a_statement(0).payload_hash)
        EvidenceShelf(database).keep_fault(PeerFault("bb" * 32, "rule", b"kept"), now=NOW)

    create_database(place := places()).close()
    counting = FaultyDatabase(place)
    work(counting)
    counting.close()
    for step in range(counting.transactions):
        create_database(place := places()).close()
        faulty = FaultyDatabase(place, step, after=after)
        with pytest.raises(EnvironmentFault, match=re.escape(faulty.where)):
            work(faulty)
        faulty.close()
        database = open_database(place)
        work(database)
        hits = ObjectIndex(database).objects_by_value("v.example", limit=1000)
        assert [hit.leaf for hit in hits] == list(range(1, 1_001))
        assert len(EvidenceShelf(database).of("bb" * 32)) == 1
        database.close()


def test_a_node_restored_from_an_old_back_up_says_nothing_and_says_why(tmp_path):
    with Home.create(tmp_path / "node", name="Aurel") as home:
        back_up_home(home, tmp_path / "old.tar")
    restore_home(tmp_path / "old.tar", tmp_path / "back")
    shutil.copy(tmp_path / "node/unlock.key", tmp_path / "back/unlock.key")
    with Home.open(tmp_path / "back") as restored:
        with pytest.raises(RestoredState, match=r"may be older.*new epoch.*keys recover"):
            asyncio.run(say(restored, None, [], lambda: NOW))
        assert restored.identity == home.identity


def test_a_restored_node_without_its_unlock_file_says_what_is_missing(tmp_path):
    with Home.create(tmp_path / "node", name="Aurel") as home:
        back_up_home(home, tmp_path / "old.tar")
    restore_home(tmp_path / "old.tar", tmp_path / "back")
    with pytest.raises(UnitError, match=r"unlock\.key"):
        Home.open(tmp_path / "back")

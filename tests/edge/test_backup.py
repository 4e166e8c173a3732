"""A back-up brings a node back whole, or says why not; and never lets it sign from old state."""

import hashlib
import io
import itertools
import subprocess
import tarfile
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from detente.errors import EnvironmentFault, UnitError
from detente.signing import Role
from detente.storage import create_database, open_database
from detente.storage.backup import back_up, restore
from detente.storage.blobs import BlobStore
from detente.storage.errors import BackupError, RestoredState
from detente.storage.keyfiles import Cost, KeyType, Passphrase
from detente.storage.keys import KeyRing
from detente.storage.restored import (
    confirm_restored,
    mark_restored,
    refuse_unconfirmed,
    restored_note,
)
from detente.storage.schema import last_checkpoint
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.recovery import Fresh, RolledBack
from tests.edge.faulty_disk import every_fault
from tests.shared import scaled

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
WORDS = Passphrase("six quiet words nobody would guess")
LEFT_OUT = ("unlock.key", "recovery.key", "lock")
ORIGIN = "ab" * 16 + "/1"


def make_node(root):
    (root / "logs/tile/0/x000").mkdir(parents=True)
    (root / "logs/tile/0/x000/000").write_bytes(b"tile" * 2048)
    (root / "logs/checkpoint").write_bytes(b"newest note")
    (root / "identity.json").write_bytes(b"{}")
    (root / "unlock.key").write_bytes(b"opens everything")
    (root / "recovery.key").write_bytes(b"even more")
    (root / "lock").write_bytes(b"77\n")
    ring = KeyRing.create(root / "keys", WORDS, cost=Cost(1, 8192))
    ring.generate(Role.LOG, KeyType.ED25519)
    blobs = BlobStore.open(root / "blobs")
    blobs.put_many([b"ciphertext", b"x" * 3_000_000, b""])
    blobs.erase(blobs.put(b"regretted"))
    (root / "blobs/incoming/.00.part").write_bytes(b"half a blob")
    database = create_database(root / "state.sqlite")
    with database.writing() as connection:
        row = {"origin": ORIGIN, "size": 7, "root": b"r" * 32}
        connection.execute(insert(last_checkpoint).values(row))
    return database


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    root = tmp_path_factory.mktemp("node")
    database = make_node(root)
    yield root, database
    database.close()


@pytest.fixture(scope="module")
def archive(node, tmp_path_factory):
    target = tmp_path_factory.mktemp("safe") / "node.tar"
    save(node, target)
    return target


def save(node, target, disk=None):
    root, database = node
    return back_up(
        root,
        target,
        database=database,
        database_name="state.sqlite",
        leave_out=LEFT_OUT,
        now=NOW,
        disk=disk,
    )


def bring_back(archive, place, disk=None):
    return restore(archive, place, database_name="state.sqlite", now=NOW, disk=disk)


def files_of(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("state.sqlite")
    }


def test_what_is_restored_is_what_was_backed_up(node, archive, tmp_path):
    report = bring_back(archive, tmp_path / "back")
    before, after = files_of(node[0]), files_of(tmp_path / "back")
    for left_out in (*LEFT_OUT, "blobs/incoming/.00.part"):
        del before[left_out]
    assert after == before
    assert report.files == len(after) + 1
    database = open_database(tmp_path / "back/state.sqlite")
    with database.reading() as connection:
        row = connection.execute(select(last_checkpoint)).one()
    assert (row.origin, row.size) == (ORIGIN, 7)
    database.close()


def test_the_restored_keys_open_with_the_same_words(archive, tmp_path):
    bring_back(archive, tmp_path / "back")
    assert len(KeyRing.open(tmp_path / "back/keys", WORDS).headers()) == 1


def test_what_unlocks_the_keys_is_never_in_a_back_up(archive):
    whole = archive.read_bytes()
    assert b"opens everything" not in whole
    assert b"even more" not in whole


def test_what_was_erased_stays_erased_in_a_restored_node(archive, tmp_path):
    bring_back(archive, tmp_path / "back")
    blobs = BlobStore.open(tmp_path / "back/blobs")
    assert blobs.is_erased(hashlib.sha256(b"regretted").hexdigest())


def test_a_back_up_is_checked_by_the_tools_of_any_system(archive, tmp_path):
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_a_back_up_never_replaces_a_file_or_lies_in_the_node(node, archive):
    with pytest.raises(BackupError, match="new file"):
        save(node, archive)
    with pytest.raises(BackupError, match="outside"):
        save(node, node[0] / "inside.tar")


def test_a_node_is_never_restored_over_another(archive, tmp_path):
    (tmp_path / "precious").write_bytes(b"state")
    with pytest.raises(BackupError, match="not an empty directory"):
        bring_back(archive, tmp_path)
    assert (tmp_path / "precious").read_bytes() == b"state"


def test_an_old_back_up_refuses_to_sign_and_says_what_to_do(archive, tmp_path):
    bring_back(archive, tmp_path / "back")
    database = open_database(tmp_path / "back/state.sqlite")
    with pytest.raises(RestoredState, match=r"may be older.*new epoch with `detente keys recover`"):
        refuse_unconfirmed(database)
    newer = RolledBack(Checkpoint(ORIGIN, 9, b"s" * 32), b"note")
    with pytest.raises(RestoredState, match=r"size 9.*open a new epoch"):
        confirm_restored(database, [Fresh(), newer], compared=3)
    with pytest.raises(RestoredState, match="nobody was asked"):
        confirm_restored(database, [Fresh()], compared=0)
    with pytest.raises(RestoredState):
        refuse_unconfirmed(database)
    confirm_restored(database, [Fresh()], compared=2)
    refuse_unconfirmed(database)
    database.close()


def test_a_state_that_was_never_restored_may_sign(node):
    assert restored_note(node[1]) is None
    refuse_unconfirmed(node[1])


def test_a_back_up_of_an_unconfirmed_state_is_still_unconfirmed(tmp_path):
    database = make_node(tmp_path / "node")
    mark_restored(database, source="older.tar", now=NOW)
    save((tmp_path / "node", database), tmp_path / "again.tar")
    bring_back(tmp_path / "again.tar", tmp_path / "back")
    database.close()
    restored = open_database(tmp_path / "back/state.sqlite")
    assert "again.tar" in restored_note(restored)
    restored.close()


def test_a_back_up_taken_while_the_node_writes_is_consistent(tmp_path):
    root = tmp_path / "node"
    database = make_node(root)
    with database.writing() as connection:
        row = {"origin": "cd" * 16 + "/1", "size": 1, "root": b"r" * 32}
        connection.execute(insert(last_checkpoint).values(row))
        save((root, database), tmp_path / "busy.tar")
    database.close()
    bring_back(tmp_path / "busy.tar", tmp_path / "back")
    restored = open_database(tmp_path / "back/state.sqlite")
    with restored.reading() as connection:
        assert len(connection.execute(select(last_checkpoint)).all()) == 1
    restored.close()


def test_any_damage_to_a_back_up_is_noticed_and_nothing_is_restored(archive, tmp_path):
    whole = archive.read_bytes()
    places = range(0, len(whole), max(1, len(whole) // scaled(60, 3_000)))
    for at in (*places, len(whole) - 1):
        damaged = tmp_path / "damaged.tar"
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(UnitError, match="nothing was restored"):
            bring_back(damaged, tmp_path / "back")
        assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("part", [0, 0.3, 0.9, 0.999])
def test_a_back_up_that_ends_early_is_not_restored(archive, tmp_path, part):
    whole = archive.read_bytes()
    short = tmp_path / "short.tar"
    short.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BackupError, match="nothing was restored"):
        bring_back(short, tmp_path / "back")
    assert [path.name for path in tmp_path.iterdir()] == ["short.tar"]


def hostile_tar(path, *members):
    sums = io.BytesIO()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname, info.size = "/etc/passwd", 0
            tar.addfile(info, io.BytesIO(data))
            sums.write(f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode())
        info = tarfile.TarInfo("SHA256SUMS")
        info.size = len(sums.getvalue())
        tar.addfile(info, io.BytesIO(sums.getvalue()))


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "a/../../out", "..", "a//b", "a\nb", "a b", "./a"]
)
def test_a_back_up_from_a_stranger_writes_nowhere_else(tmp_path, name):
    hostile_tar(tmp_path / "hostile.tar", (name, b"mine", tarfile.REGTYPE))
    with pytest.raises(BackupError):
        bring_back(tmp_path / "hostile.tar", tmp_path / "into" / "back")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "into" / "out").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_back_up_holds_plain_files_only(tmp_path, kind):
    hostile_tar(tmp_path / "hostile.tar", ("state.sqlite", b"", kind))
    with pytest.raises(BackupError, match="no plain file"):
        bring_back(tmp_path / "hostile.tar", tmp_path / "back")


def test_one_name_twice_is_refused(tmp_path):
    twice = ("state.sqlite", b"x", tarfile.REGTYPE)
    hostile_tar(tmp_path / "hostile.tar", twice, twice)
    with pytest.raises(BackupError, match="twice"):
        bring_back(tmp_path / "hostile.tar", tmp_path / "back")


def test_a_back_up_without_a_database_is_not_restored(tmp_path):
    hostile_tar(tmp_path / "empty.tar", ("identity.json", b"{}", tarfile.REGTYPE))
    with pytest.raises(BackupError, match="no database"):
        bring_back(tmp_path / "empty.tar", tmp_path / "back")


def test_a_back_up_with_a_damaged_database_is_not_restored(tmp_path):
    hostile_tar(tmp_path / "bad.tar", ("state.sqlite", b"no database" * 1000, tarfile.REGTYPE))
    with pytest.raises(EnvironmentFault):
        bring_back(tmp_path / "bad.tar", tmp_path / "back")
    assert not (tmp_path / "back").exists()


@settings(max_examples=scaled(60, 2_000))
@given(data=st.binary(max_size=2_000))
def test_bytes_that_are_no_back_up_are_named_so(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("noise") / "noise.tar"
    path.write_bytes(data)
    with pytest.raises(UnitError):
        bring_back(path, path.parent / "back")


def small_node(root):
    database = create_database(root / "state.sqlite")
    (root / "identity.json").write_bytes(b"{}")
    return root, database


def test_whichever_step_fails_a_back_up_is_whole_or_absent(tmp_path):
    (tmp_path / "node").mkdir()
    node = small_node(tmp_path / "node")
    names = (tmp_path / f"{n}.tar" for n in itertools.count())
    for disk in every_fault(lambda disk: save(node, next(names), disk)):
        target = next(names)
        with pytest.raises(EnvironmentFault, match=str(target)):
            save(node, target, disk)
        assert not list(tmp_path.glob(".*"))
        if target.exists():
            bring_back(target, tmp_path / target.stem)
    node[1].close()


def test_whichever_step_fails_a_node_is_restored_whole_or_not_at_all(tmp_path):
    (tmp_path / "node").mkdir()
    node = small_node(tmp_path / "node")
    save(node, tmp_path / "node.tar")
    node[1].close()
    names = (tmp_path / str(n) for n in itertools.count())
    work = tmp_path / "node.tar"
    for disk in every_fault(lambda disk: bring_back(work, next(names), disk)):
        place = next(names)
        with pytest.raises(EnvironmentFault, match=str(place)):
            bring_back(work, place, disk)
        assert not list(tmp_path.glob(".*"))
        if place.exists():
            database = open_database(place / "state.sqlite")
            assert restored_note(database)
            database.close()

"""A node stopped at any step of sync misses nothing and does nothing twice.

A disk that goes away before step k leaves what a process killed there leaves; then a
healthy process takes the same again. (trust.md, section 7; kill -9 of live nodes is in
test_run)
"""

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from io import BytesIO

import pytest

from detente.charter import KeySlot
from detente.node import bringing
from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.keykeeping import rotate
from detente.node.outward import HomeOutward
from detente.node.receiving import Receiver
from detente.proofs.cosigners import log_verifiers, mirror_verifiers, witness_verifiers
from detente.storage.blobs import BlobStore
from detente.storage.database import Database
from detente.storage.disk import Disk
from detente.storage.errors import StorageFault
from detente.storage.evidence import EvidenceShelf
from detente.storage.following import FollowedLogs
from detente.tlog import Checkpoint, open_note, verify_mirror
from tests.edge.offices import (
    chosen,
    copy_unit,
    count_steps,
    halted,
    make_unit,
    opened,
    run,
    warn,
)
from tests.shared import scaled

STOPS = scaled(24, 1_000)
VALUES = ("198.51.100.1", "198.51.100.2", "198.51.100.3")


def outward_of(home):
    logs = {member.origin: log_verifiers(member) for member in home.charter.members}
    return HomeOutward(home, member_cosigner(home, mirror=False, logs=logs, now=now))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A unit of two, and what Aurel gives Borea: three warnings and a new key between them."""
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    with opened(copied(place), "Aurel", "Borea") as (aurel, borea):
        for value in VALUES[:2]:
            warn(aurel, value)
        rotate(aurel, [KeySlot.STATEMENT], now=now)
        warn(aurel, VALUES[2])
        bundle = BytesIO()
        export_bundle(aurel, outward_of(aurel), bundle, reader=borea.identity.member)
        return place, bundle.getvalue(), aurel.identity


def copied(unit):
    return {path.name: path for path in sorted(unit.iterdir())}


def take(directory, data, disk=None):
    with Home.open(directory) as home:
        receiver = Receiver(HomeHoldings(home, now=now, stopped=print, disk=disk), now=now)
        face = open_bundle(BytesIO(data), file="bundle")
        run(take_bundle(home, face, receiver, here=outward_of(home).read, now=now))


def held_by(directory, origin):
    """Everything that taking the bundle is to bring about, as Borea shows it."""
    with Home.open(directory) as home:
        rows = home.index.statements(limit=100)
        found = [home.index.objects_by_value(value) for value in VALUES]
        followed = FollowedLogs(home.database)
        row = followed.read(origin)
        awaited = followed.awaited(rows[0].row.issuer, limit=10) if rows else ["nothing came"]
        copies = home.tiles(origin)
        note = home.layout.cosigned(origin).read_bytes()
        owner = home.present(home.charter.members[0])
        for member in home.charter.members:
            if member.origin == origin:
                owner = home.present(member)
        own = next(m for m in home.charter.members if m.id == home.identity.member)
        keys = (*log_verifiers(owner), *mirror_verifiers(own), *witness_verifiers(own))
        opened_note = open_note(note, keys)
        verify_mirror(copies, Checkpoint.parse(opened_note.text))
        return {
            "statements": sorted((s.row.seq, s.row.kind, s.objects) for s in rows),
            "objects": [len(hits) for hits in found],
            "taken": (row.taken, row.note == row.complete, row.forked),
            "awaited": awaited,
            "lines": len(opened_note.verified),
            "faults": len(EvidenceShelf(home.database).of(owner.id)),
            "avowals": len(home.chain.file.avowals),
        }


WHOLE = {
    "statements": [
        (0, "indicator", 1),
        (1, "indicator", 1),
        (2, "rotate", 0),
        (3, "indicator", 1),
    ],
    "objects": [1, 1, 1],
    "taken": (4, True, None),
    "awaited": [],
    "lines": 6,
    "faults": 0,
    "avowals": 1,
}


def test_what_a_member_said_is_taken_up_whole_and_taken_again_changes_nothing(told, tmp_path):
    unit, data, aurel = told
    borea = copy_unit(unit, tmp_path / "unit")["Borea"]
    take(borea, data)
    assert held_by(borea, aurel.origin) == WHOLE
    take(borea, data)
    assert held_by(borea, aurel.origin) == WHOLE


def test_stopped_before_any_step_nothing_is_missed_and_nothing_done_twice(
    told, tmp_path, monkeypatch
):
    unit, data, aurel = told
    whole = copy_unit(unit, tmp_path / "whole")["Borea"]
    steps = count_steps(monkeypatch, lambda: take(whole, data))
    assert steps > 15
    for at in chosen(steps, STOPS):
        directory = copy_unit(unit, tmp_path / str(at))["Borea"]
        halted(monkeypatch, at, lambda directory=directory: take(directory, data))
        take(directory, data)
        assert held_by(directory, aurel.origin) == WHOLE, at
        shutil.rmtree(tmp_path / str(at))


class StoppedShowing(Disk):
    """Goes away before the file numbered `at` of what is shown of others' logs."""

    def __init__(self, at=None):
        self.files, self._at = 0, at

    def rename(self, source, target):
        if target.name == "cosigned" or target.parent.parent.name == "witness":
            if self.files == self._at:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self.files += 1
        super().rename(source, target)


def test_stopped_between_cosigning_and_showing_the_note_is_shown_after_all(told, tmp_path):
    unit, data, aurel = told
    healthy = StoppedShowing()
    take(copy_unit(unit, tmp_path / "whole")["Borea"], data, healthy)
    assert healthy.files >= 2
    for at in range(healthy.files):
        directory = copy_unit(unit, tmp_path / str(at))["Borea"]
        with pytest.raises(StorageFault):
            take(directory, data, StoppedShowing(at))
        # Its cosigners have given their word and keep it: the same size is shown, not a larger.
        take(directory, data)
        assert held_by(directory, aurel.origin) == WHOLE, at


@pytest.fixture
def nothing_small(monkeypatch):
    """Let every content take the way of large ones: streamed to the disk."""
    monkeypatch.setattr(bringing, "SMALL_CONTENT_BYTES_MAX", -1)


def test_streamed_to_the_disk_and_stopped_before_any_step_nothing_is_missed_either(
    told, tmp_path, monkeypatch, nothing_small
):
    unit, data, aurel = told
    whole = copy_unit(unit, tmp_path / "whole")["Borea"]
    steps = count_steps(monkeypatch, lambda: take(whole, data))
    assert held_by(whole, aurel.origin) == WHOLE
    assert steps > 20
    for at in chosen(steps, STOPS):
        directory = copy_unit(unit, tmp_path / str(at))["Borea"]
        halted(monkeypatch, at, lambda directory=directory: take(directory, data))
        take(directory, data)
        assert held_by(directory, aurel.origin) == WHOLE, at
        shutil.rmtree(tmp_path / str(at))


@pytest.mark.parametrize("how", ["put_promised", "put_stream"])
def test_a_disk_that_fails_while_something_is_fetched_ends_the_pull(
    told, tmp_path, monkeypatch, how
):
    unit, data, _ = told
    directory = copy_unit(unit, tmp_path / "unit")["Borea"]
    if how == "put_stream":
        monkeypatch.setattr(bringing, "SMALL_CONTENT_BYTES_MAX", -1)

    def refusing(*_arguments, **_named):
        raise StorageFault("the disk is gone")

    monkeypatch.setattr(BlobStore, how, refusing)
    with pytest.raises(StorageFault, match="the disk is gone"):
        take(directory, data)


@contextmanager
def answers_lost(monkeypatch, at):
    """Let the transaction numbered `at` be committed and then reported as failed."""
    count, original = iter(range(1_000_000)), Database.writing

    @contextmanager
    def writing(database, *arguments):
        with original(database, *arguments) as connection:
            yield connection
        if next(count) == at:
            raise StorageFault("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", writing)
        yield count


def test_a_commit_that_was_done_and_reported_as_failed_is_not_done_again(
    told, tmp_path, monkeypatch
):
    unit, data, aurel = told
    for at in range(scaled(14, 40)):
        directory = copy_unit(unit, tmp_path / str(at))["Borea"]
        with answers_lost(monkeypatch, at), suppress(StorageFault):
            take(directory, data)
        take(directory, data)
        assert held_by(directory, aurel.origin) == WHOLE, at
        shutil.rmtree(tmp_path / str(at))

"""A process stopped between any two steps loses nothing, says nothing twice, opens no epoch twice.

A disk that goes away before step k leaves what a process killed there leaves. Every flow is
stopped at its steps, and then done again by a healthy process. (trust.md, sections 1 and 4)
"""

import shutil
from hashlib import sha256

import pytest

from detente.charter import KeySlot
from detente.errors import InputError
from detente.node.clock import now
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.keykeeping import rotate, suspend
from detente.node.reading import newest_statements, own_entry, read_said
from detente.node.recovering import recover
from detente.proofs.judged import judge_entry
from detente.storage.keyfiles import UnlockFile
from detente.storage.offline_keys import create_recovery_key, read_key
from tests.edge.offices import chosen, copy_unit, count_steps, halted, make_unit, opened, warn
from tests.shared import scaled

STOPS = scaled(12, 400)


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    with opened(copied(place), "Aurel") as (home,):
        warn(home, "198.51.100.1")
    return place


def copied(unit):
    return {path.name: path for path in sorted(unit.iterdir())}


@pytest.fixture
def stopped(unit, tmp_path, monkeypatch):
    """Return copies of one node, each stopped at another step of some work on it."""

    def stop(work):
        def on(directory):
            with Home.open(directory) as home:
                work(home)

        whole = copy_unit(unit, tmp_path / "whole")["Aurel"]
        steps = count_steps(monkeypatch, lambda: on(whole))
        for at in chosen(steps, STOPS):
            directory = copy_unit(unit, tmp_path / str(at))["Aurel"]
            fault = halted(monkeypatch, at, lambda directory=directory: on(directory))
            assert (fault is None) == (at == steps), at
            yield directory
            shutil.rmtree(tmp_path / str(at))

    return stop


def acknowledged(home):
    return home.journal.end(home.identity.origin)


def index_of(home):
    origin = home.identity.origin
    return [each.row.seq for each in newest_statements(home, kind=None, limit=100)
            if each.row.origin == origin]  # fmt: skip


def test_a_statement_is_in_the_log_and_in_the_index_or_in_neither(stopped):
    for directory in stopped(lambda home: warn(home, "198.51.100.2")):
        with opened({"Aurel": directory}, "Aurel") as (home,):
            assert index_of(home) == list(range(acknowledged(home)))
            hits = home.index.objects_by_value("198.51.100.2")
            assert len(hits) == acknowledged(home) - 1
            for hit in hits:
                assert b"198.51.100.2" in read_content(home, hit)
            warn(home, "198.51.100.3")
            assert index_of(home) == list(range(acknowledged(home)))


def read_content(home, hit):
    return read_said(home, hit.statement.row.payload_hash).content.leaves[hit.leaf].data


def test_keys_that_were_made_and_never_said_count_for_nothing_and_are_made_again(stopped):
    slots = [KeySlot.STATEMENT, KeySlot.LOG, KeySlot.SEALING]
    for directory in stopped(lambda home: rotate(home, slots, now=now)):
        with opened({"Aurel": directory}, "Aurel") as (home,):
            assert len(home.chain.file.avowals) == acknowledged(home) - 1
            warn(home, "198.51.100.2")
            rotate(home, slots, now=now)
            said = warn(home, "198.51.100.3")
            judge_entry(own_entry(home, said.origin, said.seq), home.chain)
            assert read_said(home, said.payload_hash).content is not None
            first = newest_statements(home, kind="indicator", limit=100)[0]
            assert b"198.51.100.1" in read_said(home, first.row.payload_hash).content.leaves[1].data


def renew_seat(home):
    layout = home.layout
    rotate(
        home,
        [KeySlot.GOVERNANCE],
        now=now,
        recovery=(layout.recovery, UnlockFile(layout.unlock)),
        next_recovery=layout.directory / "recovery-2.key",
    )


def reopen(home, number=1):
    """Recover with the recovery key of that number, from 1; the next one goes beside it."""
    layout = home.layout
    name = "recovery.key" if number == 1 else f"recovery-{number}.key"
    return recover(
        home,
        layout.directory / name,
        UnlockFile(layout.unlock),
        next_recovery=layout.directory / f"recovery-{number + 1}.key",
        now=now,
    )


def test_a_new_governance_key_and_the_next_recovery_key_come_together(stopped):
    for directory in stopped(renew_seat):
        with opened({"Aurel": directory}, "Aurel") as (home,):
            if acknowledged(home) == 1:
                renew_seat(home)
            assert holds_recovery_key(home, "recovery-2.key")
            suspend(home, [KeySlot.TRANSPORT], now=now)
            assert reopen(home, number=2).epoch == 2


def holds_recovery_key(home, name):
    layout = home.layout
    key = read_key(layout.directory / name, UnlockFile(layout.unlock)).public_key
    return sha256(key).hexdigest() == home.identity.recovery_hash


def test_an_epoch_is_opened_once_and_the_next_recovery_key_is_never_lost(stopped):
    for directory in stopped(reopen):
        with opened({"Aurel": directory}, "Aurel") as (home,):
            first = reopen(home)
            assert (first.epoch, first.seq) == (2, 0)
            assert reopen(home) == first, "the same files, the same answer"
            assert home.identity.epoch == home.chain.epoch_of(home.identity.member) == 2
            assert acknowledged(home) == 1
            assert holds_recovery_key(home, "recovery-2.key")
            said = warn(home, "198.51.100.2")
            judge_entry(own_entry(home, said.origin, said.seq), home.chain)


def test_a_recovery_key_that_was_never_named_opens_nothing(unit, tmp_path):
    directory = copy_unit(unit, tmp_path / "members")["Aurel"]
    create_recovery_key(directory / "recovery-9.key", UnlockFile(directory / "unlock.key"))
    with opened({"Aurel": directory}, "Aurel") as (home,):
        with pytest.raises(InputError, match="not the recovery key that counts now"):
            reopen(home, number=9)
        assert home.identity.epoch == 1
        assert not (directory / "recovery-10.key").exists()


def test_a_founding_that_was_stopped_is_applied_again(tmp_path, monkeypatch):
    place = tmp_path / "unit"
    homes = [Home.create(place / name, name=name) for name in ("Aurel", "Borea")]
    document = make_offer(
        name="Border unit",
        members=[read_card(write_card(home)) for home in homes],
        witnesses=[],
        f=0,
        now=now(),
    ).to_bytes()
    answers = [accept_offer(home, document) for home in homes]
    for home in homes:
        home.close()

    def found(directory):
        with Home.open(directory) as home:
            apply_founding(home, document, answers, now())

    steps = count_steps(monkeypatch, lambda: found(copy_unit(place, tmp_path / "whole")["Aurel"]))
    for at in range(steps + 1):
        directory = copy_unit(place, tmp_path / str(at))["Aurel"]
        halted(monkeypatch, at, lambda directory=directory: found(directory))
        found(directory)
        found(directory)
        with opened({"Aurel": directory}, "Aurel") as (home,):
            assert warn(home).seq == 0


def test_a_node_that_cannot_be_finished_leaves_its_directory_as_empty_as_it_was(
    tmp_path, monkeypatch
):
    def make(directory):
        Home.create(directory, name="Aurel").close()

    steps = count_steps(monkeypatch, lambda: make(tmp_path / "whole"))
    opening = count_steps(monkeypatch, lambda: Home.open(tmp_path / "whole").close())
    for at in range(steps - opening):
        directory = tmp_path / str(at)
        assert halted(monkeypatch, at, lambda directory=directory: make(directory))
        assert list(directory.iterdir()) == []
        make(directory)

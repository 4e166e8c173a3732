"""Every store may fail at any step, before it or after it: nothing acknowledged is lost.

(docs/threats.md: full disks, dying disks, read-only folders.)
"""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, event

from detente.errors import EnvironmentFault
from detente.node.log import Log, LogStores, SequencerLimits
from detente.node.sequencer import Sequencer
from detente.signing import leaf_hash, merkle_root
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.journal import EntryJournal
from detente.storage.tiles import TileFiles
from detente.tlog import Checkpoint, open_note
from tests.edge.faulty_database import FaultyDatabase
from tests.edge.faulty_disk import FaultyDisk
from tests.edge.log_on_disk import (
    VERIFIERS,
    at,
    location,
    new_log,
    payload_hash,
    read_log,
    reopen_log,
    sign,
)
from tests.shared import ROOT, scaled

LIMITS = SequencerLimits(batch_entries_max=100, integrate_every_s=0.0, journal_spare_entries=256)
ROUNDS = (1, 200, 100)  # crosses one bundle, so that partial files go and the journal shrinks


class KeptNotes(TileFiles):
    """Keeps every note that readers may have seen."""

    def __init__(self, *args, notes, **kwargs):
        super().__init__(*args, **kwargs)
        self._notes = notes

    def publish(self, note):
        self._notes.append(note)
        super().publish(note)


async def say_rounds(log: Log, acknowledged: dict[int, str]) -> None:
    async with Sequencer(log, sign=sign, now=at(), limits=LIMITS) as running:
        for count in ROUNDS:
            drafts = (running.submit(f"{count}/{number}") for number in range(count))
            answers = await asyncio.gather(*drafts, return_exceptions=True)
            for one in answers:
                if isinstance(one, Exception):
                    assert isinstance(one, EnvironmentFault), one
                    assert str(one)
                else:
                    acknowledged[one.seq] = one.payload_hash
            if answers and not isinstance(answers[-1], Exception):
                await running.covered(answers[-1].seq)


def attempt(log: Log, acknowledged: dict[int, str]) -> None:
    """Work until a fault; every one must be an error that an operator can read."""
    with suppress(EnvironmentFault):
        asyncio.run(say_rounds(log, acknowledged))


def check_after(directory: Path, acknowledged: dict[int, str], notes: list[bytes]) -> None:
    """Start again on sound stores: all that was acknowledged is there, and one history."""
    opened = reopen_log(directory)
    asyncio.run(say_rounds(opened.log, dict(acknowledged)))
    _, entries = read_log(opened.tiles)
    opened.close()
    for seq, digest in acknowledged.items():
        assert payload_hash(entries[seq]) == digest
    for note in notes:
        shown = Checkpoint.parse(open_note(note, VERIFIERS).text)
        leaves = [leaf_hash(entry) for entry in entries[: shown.size]]
        assert merkle_root(leaves) == shown.root, "a second tree of one size"


def disk_steps(directory: Path) -> int:
    new_log(directory).close()
    disk = FaultyDisk()
    opened = reopen_log(directory, disk=disk)
    asyncio.run(say_rounds(opened.log, {}))
    opened.close()
    return disk.steps


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_disk_that_fails_at_any_step_costs_nothing_acknowledged(tmp_path, after):
    (tmp_path / "count").mkdir()
    steps = disk_steps(tmp_path / "count")
    assert steps > 60
    for step in range(after, steps, scaled(7, 1)):
        directory = tmp_path / str(step)
        directory.mkdir()
        new_log(directory).close()
        acknowledged, notes = {}, []
        disk = FaultyDisk(step, after=after, for_good=step % 2 == 0, code=errno.ENOSPC)
        opened = reopen_log(directory, tiles=KeptNotes(directory / "log", disk=disk, notes=notes))
        attempt(opened.log, acknowledged)
        opened.close()
        check_after(directory, acknowledged, notes)


def database_log(directory: Path, database: FaultyDatabase, notes: list[bytes]) -> Log:
    tiles = KeptNotes(directory / "log", notes=notes)
    stores = LogStores(EntryJournal(database), SqliteCheckpoints(database), tiles)
    opened = reopen_log(directory, tiles=tiles)
    opened.close()
    return replace(opened.log, stores=stores)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_database_that_fails_at_any_transaction_costs_nothing_acknowledged(
    tmp_path, places, after
):
    for number in range(40):
        directory = tmp_path / str(number)
        directory.mkdir()
        if isinstance(url := places(), str):
            (directory / "database").write_text(url)
        new_log(directory).close()
        acknowledged, notes = {}, []
        database = FaultyDatabase(location(directory), number, after=after)
        attempt(database_log(directory, database, notes), acknowledged)
        database.close()
        check_after(directory, acknowledged, notes)
        if database.transactions <= number:
            break
    assert number >= 12, "the table must reach into the middle of the run"


@pytest.fixture
def small_database() -> Iterator[None]:
    """Let every database that is opened now hold no more than its tables and a few pages."""

    def limit(connection, _record):
        connection.execute("PRAGMA max_page_count=200")

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


def test_a_full_database_says_so_and_keeps_what_it_acknowledged(tmp_path, small_database):
    new_log(tmp_path).close()
    opened = reopen_log(tmp_path)
    acknowledged: dict[int, str] = {}
    faults: list[EnvironmentFault] = []

    async def fill():
        limits = replace(LIMITS, journal_spare_entries=1_000_000)
        async with Sequencer(opened.log, sign=sign, now=at(), limits=limits) as log:
            while not faults:
                drafts = (log.submit("x" * 1000) for _ in range(20))
                for one in await asyncio.gather(*drafts, return_exceptions=True):
                    if isinstance(one, EnvironmentFault):
                        faults.append(one)
                    else:
                        acknowledged[one.seq] = one.payload_hash

    asyncio.run(fill())
    opened.close()
    assert "database or disk is full" in str(faults[0])
    assert "Free space" in faults[0].remedy
    assert len(acknowledged) > 20
    event.listen(Engine, "connect", lift_limit)
    try:
        check_after(tmp_path, acknowledged, [])
    finally:
        event.remove(Engine, "connect", lift_limit)


def lift_limit(connection, _record):
    connection.execute("PRAGMA max_page_count=1000000")


@pytest.mark.parametrize("part", ["database", "tiles"])
def test_a_read_only_directory_is_named_and_nothing_is_lost(part):
    acknowledged: dict[int, str] = {}
    # Not below pytest's own folder, which another user may not enter.
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        opened = new_log(directory)
        attempt(opened.log, acknowledged)
        opened.close()
        work = [sys.executable, "-m", "tests.edge.append_read_only", folder, part]
        done = subprocess.run(work, cwd=ROOT, capture_output=True, text=True, check=False)
        for path in [directory, *directory.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        assert done.returncode == 3, done.stdout + done.stderr
        assert folder in done.stdout
        assert "Give the user who runs detente read and write access" in done.stdout
        assert len(acknowledged) == sum(ROUNDS)
        check_after(directory, acknowledged, [])


def test_a_tile_disk_that_is_full_says_which_folder_and_how_to_go_on(tmp_path):
    new_log(tmp_path).close()
    disk = FaultyDisk(6, for_good=True, code=errno.ENOSPC)
    opened = reopen_log(tmp_path, disk=disk)
    try:
        with pytest.raises(EnvironmentFault) as refused:
            asyncio.run(say_rounds(opened.log, {}))
        assert os.strerror(errno.ENOSPC) in refused.value.message
        assert str(tmp_path / "log") in refused.value.message
        assert "Free space" in refused.value.remedy
    finally:
        opened.close()

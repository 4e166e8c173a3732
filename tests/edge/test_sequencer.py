"""One writer, one history: an acknowledgement means durable, and no size has two roots.

(docs/threats.md: a node that loses, forgets or rewrites what it said.)
"""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import EnvironmentFault, UnitError
from detente.node.errors import SigningRefused
from detente.node.log import SequencerLimits, found_log
from detente.node.sequencer import Sequencer
from detente.signing import Envelope, Role, sign_envelope
from detente.storage import DamagedStore, StoreInUse
from detente.storage.keyholders import Ed25519Key
from detente.tlog import Checkpoint, SignedNote, StaleCheckpoint, TilePath, open_note
from tests.edge.log_on_disk import (
    ORIGIN,
    VERIFIERS,
    at,
    new_log,
    payload_hash,
    read_log,
    reopen_log,
    sign,
)

QUICK = SequencerLimits(integrate_every_s=0.0)


def sequencer(opened, *, signing=sign, now=None, limits=QUICK):
    return Sequencer(opened.log, sign=signing, now=now or at(), limits=limits)


def say(opened, *drafts, **wiring):
    """Submit drafts at once to a started log, close it, and return the answers."""

    async def run():
        async with sequencer(opened, **wiring) as log:
            return await asyncio.gather(*map(log.submit, drafts), return_exceptions=True)

    return asyncio.run(run())


@pytest.fixture
def opened(tmp_path):
    opened = new_log(tmp_path)
    yield opened
    opened.close()


def test_a_stranger_finds_every_acknowledged_statement_in_the_log(opened):
    said = say(opened, *(f"draft {number}" for number in range(700)))
    checkpoint, entries = read_log(opened.tiles)
    assert checkpoint == opened.checkpoints.read(ORIGIN)
    assert [one.seq for one in said] == list(range(700))
    assert [one.payload_hash for one in said] == [payload_hash(entry) for entry in entries]


@settings(max_examples=15)
@given(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_a_log_stopped_and_started_anywhere_goes_on_from_there(tmp_path_factory, sizes):
    directory = tmp_path_factory.mktemp("log")
    new_log(directory).close()
    total = 0
    for size in sizes:
        opened = reopen_log(directory)
        said = say(opened, *map(str, range(size)))
        opened.close()
        assert [one.seq for one in said] == list(range(total, total + size))
        total += size
    opened = reopen_log(directory)
    assert read_log(opened.tiles)[0].size == total
    opened.close()


def test_what_covers_a_statement_can_be_waited_for(opened):
    async def run():
        async with sequencer(opened) as log:
            said = await log.submit("one")
            checkpoint = await log.covered(said.seq)
            assert checkpoint.size > said.seq
            assert log.published == checkpoint
            assert read_log(opened.tiles)[0].size == checkpoint.size
            assert await log.covered(said.seq) == checkpoint

    asyncio.run(run())


def test_a_draft_that_cannot_be_signed_fails_alone_and_takes_no_position(opened):
    def picky(draft, epoch, seq):
        if draft == "bad":
            raise UnitError("this draft names nobody")
        return sign(draft, epoch, seq)

    first, refused, second = say(opened, "a", "bad", "b", signing=picky)
    assert isinstance(refused, UnitError)
    assert (first.seq, second.seq) == (0, 1)


@pytest.mark.parametrize("forge", ["other key", "other bytes"])
def test_an_entry_that_its_own_key_did_not_sign_never_enters_the_log(opened, forge):
    def forged(draft, epoch, seq):
        envelope = sign(draft, epoch, seq)
        if forge == "other bytes":
            return replace(envelope, payload=envelope.payload + b" ")
        return sign_envelope(Role.STATEMENT, envelope.payload, Ed25519Key(b"x" * 32))

    (answer,) = say(opened, "a", signing=forged)
    assert isinstance(answer, UnitError)
    assert read_log(opened.tiles)[0].size == 0


def test_our_own_fault_while_signing_is_not_swallowed_and_stops_the_log(opened):
    def broken(draft, epoch, seq):
        raise ZeroDivisionError("a bug")

    async def run():
        async with sequencer(opened, signing=broken) as log:
            with pytest.raises(ZeroDivisionError):
                await log.submit("a")
            with pytest.raises(SigningRefused, match="fault of this program"):
                await log.submit("b")

    asyncio.run(run())


def test_a_node_told_that_its_state_is_old_signs_nothing_more_and_says_why(opened):
    async def run():
        async with sequencer(opened) as log:
            await log.covered((await log.submit("before")).seq)
            note = opened.tiles.published()
            log.refuse(SigningRefused("peers hold size 90", remedy="Open a new epoch"))
            with pytest.raises(SigningRefused, match=r"peers hold size 90\. Open a new epoch"):
                await log.submit("after")
            with pytest.raises(SigningRefused, match="peers hold size 90"):
                await log.covered(5)
        assert opened.tiles.published() == note

    asyncio.run(run())
    assert opened.checkpoints.read(ORIGIN).size == 1


def test_a_node_told_before_it_starts_does_not_sign_a_checkpoint_either(opened):
    async def run():
        log = sequencer(opened)
        log.refuse(SigningRefused("peers hold size 90", remedy="Open a new epoch"))
        with pytest.raises(SigningRefused, match="Open a new epoch"):
            await log.start()

    asyncio.run(run())
    assert opened.tiles.published() is None


def test_a_closed_log_takes_no_more_drafts(opened):
    async def run():
        log = sequencer(opened)
        await log.start()
        await log.close()
        with pytest.raises(SigningRefused, match="closed"):
            await log.submit("late")
        await log.close()

    asyncio.run(run())


def test_a_submitter_who_gives_up_does_not_stop_the_others(opened):
    async def run():
        async with sequencer(opened) as log:
            tasks = [asyncio.ensure_future(log.submit(str(number))) for number in range(40)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            return [one.seq for one in done if not isinstance(one, asyncio.CancelledError)]

    assert len(asyncio.run(run())) >= 20


def test_more_drafts_than_the_queue_holds_wait_outside(opened):
    let_go, asked = Event(), []

    def slow(draft, epoch, seq):
        asked.append(draft)
        let_go.wait(10)
        return sign(draft, epoch, seq)

    async def run():
        limits = replace(QUICK, waiting_entries_max=3, batch_entries_max=1)
        async with sequencer(opened, signing=slow, limits=limits) as log:
            tasks = [asyncio.ensure_future(log.submit(str(number))) for number in range(10)]
            await asyncio.sleep(0.05)
            assert log._waiting.qsize() <= 3
            let_go.set()
            assert {one.seq for one in await asyncio.gather(*tasks)} == set(range(10))

    asyncio.run(run())


def test_signing_waits_when_the_tree_falls_too_far_behind(opened):
    async def run():
        limits = replace(QUICK, lag_entries_max=8, batch_entries_max=4, integrate_every_s=60.0)
        async with sequencer(opened, limits=limits) as log:
            await asyncio.gather(*(log.submit(str(number)) for number in range(100)))
            # Three batches more may be on their way: one signed, one waiting, one committing.
            assert log.published.size >= 100 - 8 - 3 * 4

    asyncio.run(run())


def test_an_idle_log_shows_a_fresh_checkpoint_of_the_same_tree(opened):
    times = iter(range(1_800_000_000, 1_900_000_000))

    async def run():
        limits = replace(QUICK, checkpoint_every_s=0.02)
        clock = lambda: datetime.fromtimestamp(next(times), UTC)  # noqa: E731
        async with sequencer(opened, now=clock, limits=limits) as log:
            await log.covered((await log.submit("only")).seq)
            first = opened.tiles.published()
            while opened.tiles.published() == first:
                await asyncio.sleep(0.01)
            return first, opened.tiles.published()

    first, second = (open_note(note, VERIFIERS) for note in asyncio.run(run()))
    assert first.text == second.text
    assert timestamp_of(first) < timestamp_of(second)


def timestamp_of(note):
    return max(one.timestamp or 0 for one in note.verified)


# --- state that is missing, older or damaged ---------------------------------------------------


def test_a_log_whose_last_checkpoint_was_lost_is_never_resumed(tmp_path):
    opened = new_log(tmp_path)
    say(opened, "a")
    opened.close()
    for path in tmp_path.glob("node.db*"):
        path.unlink()
    with pytest.raises(SigningRefused, match="new epoch"):
        new_log(tmp_path)
    opened = reopen_log(tmp_path)
    with pytest.raises(SigningRefused, match="no last checkpoint is kept"):
        say(opened, "b")
    opened.close()


def test_a_log_is_founded_once(opened):
    with pytest.raises(StaleCheckpoint):
        found_log(opened.log.stores, ORIGIN)


def test_an_old_database_put_back_under_a_newer_log_is_refused_and_says_what_to_do(tmp_path):
    opened = new_log(tmp_path)
    say(opened, "a")
    opened.close()
    old = {path.name: path.read_bytes() for path in tmp_path.glob("node.db*")}
    opened = reopen_log(tmp_path)
    say(opened, "b")
    note = opened.tiles.published()
    opened.close()
    for path in tmp_path.glob("node.db*"):
        path.unlink()
    for name, data in old.items():
        (tmp_path / name).write_bytes(data)
    opened = reopen_log(tmp_path)
    with pytest.raises(SigningRefused, match=r"published size 2 .* knows size 1 .*new epoch"):
        say(opened, "c")
    assert opened.tiles.published() == note
    opened.close()


def test_a_damaged_published_note_is_written_anew(opened):
    say(opened, "a")
    opened.tiles.publish(b"not a note")
    say(opened, "b")
    assert read_log(opened.tiles)[0].size == 2


@pytest.mark.parametrize("damage", ["altered", "truncated", "missing"])
def test_a_corrupt_tile_at_the_edge_is_named_and_nothing_is_signed_over_it(opened, damage):
    say(opened, *map(str, range(10)))
    note = opened.tiles.published()
    tile = opened.directory / "log" / str(TilePath(0, 0, 10))
    match damage:
        case "altered":
            tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
        case "truncated":
            tile.write_bytes(tile.read_bytes()[:-1])
        case "missing":
            tile.unlink()
    with pytest.raises(DamagedStore, match="mirror"):
        say(opened, "more")
    assert opened.tiles.published() == note


def test_a_tile_that_holds_other_bytes_than_the_journal_leads_to_stops_the_log(opened):
    opened.tiles.write(TilePath(0, 0, 1), b"\x00" * 32)

    async def run():
        async with sequencer(opened) as log:
            said = await log.submit("a")
            with pytest.raises(SigningRefused, match=r"tile/0/000\.p/1 should hold"):
                await log.covered(said.seq)

    asyncio.run(run())
    (opened.directory / "log" / str(TilePath(0, 0, 1))).unlink()
    say(opened, "b")
    assert read_log(opened.tiles)[0].size == 2


def test_a_second_writer_that_got_past_the_lock_is_refused_by_the_database(tmp_path):
    first, second = new_log(tmp_path), reopen_log(tmp_path)

    async def run():
        other = sequencer(second)
        async with sequencer(first) as log:
            await other.start()
            await log.covered((await log.submit("mine")).seq)
            with pytest.raises(StoreInUse, match="does not end at position 0"):
                await other.submit("also mine")
            await other.close()

    asyncio.run(run())
    assert read_log(first.tiles)[0].size == 1
    first.close()
    second.close()


# --- the clock ---------------------------------------------------------------------------------


def test_a_clock_that_steps_back_a_little_never_makes_an_earlier_signature(opened):
    say(opened, "a", now=at(1_800_000_000))
    say(opened, "b", now=at(1_800_000_000 - 299))
    assert timestamp_of(open_note(opened.tiles.published(), VERIFIERS)) == 1_800_000_000


def test_a_clock_set_back_is_reported_and_nothing_is_lost(opened):
    say(opened, "a", now=at(1_800_000_000))
    note = opened.tiles.published()
    with pytest.raises(SigningRefused, match=r"3600 s before .*Set the clock"):
        say(opened, "b", now=at(1_800_000_000 - 3600))
    assert opened.tiles.published() == note
    (said,) = say(opened, "b", now=at(1_800_000_001))
    assert said.seq == 1


def test_a_clock_set_back_while_running_stops_the_log_with_its_entries_kept(opened):
    clock = [1_800_000_000]

    async def run():
        now = lambda: datetime.fromtimestamp(clock[0], UTC)  # noqa: E731
        async with sequencer(opened, now=now) as log:
            await log.covered((await log.submit("a")).seq)
            clock[0] -= 100_000
            said = await log.submit("b")
            with pytest.raises(SigningRefused, match="Set the clock"):
                await log.covered(said.seq)

    asyncio.run(run())
    say(opened, now=at(1_800_000_000))
    assert [draft_of(entry) for entry in read_log(opened.tiles)[1]] == ["a", "b"]


def draft_of(entry):
    return json.loads(Envelope.parse(entry).payload)["draft"]


def test_every_refusal_of_the_environment_exits_as_one():
    assert issubclass(SigningRefused, EnvironmentFault)
    assert issubclass(DamagedStore, EnvironmentFault)


def test_the_checkpoint_is_signed_by_both_keys_of_the_log(opened):
    say(opened, "a")
    note = opened.tiles.published()
    assert {one.verifier for one in open_note(note, VERIFIERS).verified} == set(VERIFIERS)
    assert Checkpoint.parse(SignedNote.parse(note).text).origin == ORIGIN

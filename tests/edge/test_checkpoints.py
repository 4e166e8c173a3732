"""The checkpoint table never rolls back. (docs/threats.md: forked log)"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.storage import create_database, open_database
from detente.storage.checkpoints import SqliteCheckpoints
from detente.tlog import Checkpoint, StaleCheckpoint

ORIGIN = "0123456789abcdef0123456789abcdef/1"


def tree(size, fill=0, origin=ORIGIN):
    return Checkpoint(origin, size, bytes([fill]) * 32)


AT_ONE, AT_TWO = tree(1), tree(2)


@pytest.fixture
def shelf(place):
    database = create_database(place)
    yield SqliteCheckpoints(database)
    database.close()


def test_before_the_first_there_is_none(shelf):
    assert shelf.read(ORIGIN) is None


def test_what_was_advanced_is_there_after_a_restart(place):
    database = create_database(place)
    SqliteCheckpoints(database).advance(None, AT_ONE)
    SqliteCheckpoints(database).advance(AT_ONE, AT_TWO)
    database.close()
    database = open_database(place)
    assert SqliteCheckpoints(database).read(ORIGIN) == AT_TWO
    database.close()


@pytest.mark.parametrize("late", [AT_TWO, tree(2, 9), tree(3)], ids=["replay", "fork", "ahead"])
def test_of_two_sequencers_the_second_is_refused(shelf, late):
    shelf.advance(None, AT_ONE)
    shelf.advance(AT_ONE, AT_TWO)
    with pytest.raises(StaleCheckpoint, match="found another state"):
        shelf.advance(AT_ONE, late)
    assert shelf.read(ORIGIN) == AT_TWO


def test_a_log_begins_once(shelf):
    shelf.advance(None, AT_ONE)
    with pytest.raises(StaleCheckpoint, match="expected no checkpoint yet"):
        shelf.advance(None, AT_TWO)
    assert shelf.read(ORIGIN) == AT_ONE


@pytest.mark.parametrize("back", [AT_ONE, tree(2, 9)], ids=["smaller", "same size, other root"])
def test_not_even_its_owner_can_roll_it_back(shelf, back):
    shelf.advance(None, AT_TWO)
    with pytest.raises(StaleCheckpoint, match="does not grow"):
        shelf.advance(AT_TWO, back)
    assert shelf.read(ORIGIN) == AT_TWO


def test_one_log_s_checkpoint_does_not_replace_another_s(shelf):
    shelf.advance(None, AT_ONE)
    with pytest.raises(StaleCheckpoint, match="cannot be replaced by a tree of"):
        shelf.advance(AT_ONE, tree(2, origin="another/1"))
    assert shelf.read("another/1") is None


def test_of_sixteen_forks_at_once_exactly_one_wins(shelf):
    shelf.advance(None, AT_ONE)

    def try_fork(fill):
        try:
            shelf.advance(AT_ONE, tree(2, fill))
        except StaleCheckpoint:
            return None
        return fill

    with ThreadPoolExecutor(16) as pool:
        winners = [fill for fill in pool.map(try_fork, range(16)) if fill is not None]
    assert len(winners) == 1
    assert shelf.read(ORIGIN) == tree(2, winners[0])


@settings(max_examples=30)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1))))
def test_whatever_is_tried_sizes_only_grow_and_no_size_has_two_roots(tmp_path_factory, steps):
    database = create_database(tmp_path_factory.mktemp("shelf") / "node.db")
    shelf = SqliteCheckpoints(database)
    shelf.advance(None, tree(0))
    history = [shelf.read(ORIGIN)]
    for old, new, fill in steps:
        for root in range(2):
            try:
                shelf.advance(tree(old, root), tree(new, fill))
            except StaleCheckpoint:
                continue
            history.append(shelf.read(ORIGIN))
    database.close()
    sizes = [one.size for one in history]
    assert sizes == sorted(sizes)
    assert len({one.root for one in history}) <= len(set(sizes))


@settings(max_examples=30)
@given(times=st.lists(st.integers(0, 2**40), min_size=1))
def test_a_claimed_time_is_never_earlier_than_one_before(tmp_path_factory, times):
    database = create_database(tmp_path_factory.mktemp("shelf") / "node.db")
    shelf = SqliteCheckpoints(database)
    claimed = [shelf.claim_time(ORIGIN, time) for time in times]
    assert claimed == [max(times[: place + 1]) for place in range(len(times))]
    assert shelf.signed_at(ORIGIN) == max(times)
    assert shelf.signed_at("another/1") == 0
    database.close()

"""A witness never cosigns two histories, nor an earlier time. (docs/threats.md: split view)"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from detente.storage import create_database, open_database
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import StaleCheckpoint, WitnessState

ORIGIN = "0123456789abcdef0123456789abcdef/1"
FIRST = WitnessState(size=5, root=b"a" * 32, timestamp=100)
SECOND = WitnessState(size=9, root=b"b" * 32, timestamp=200)


@pytest.fixture
def database(place):
    database = create_database(place)
    yield database
    database.close()


@pytest.fixture
def states(database):
    return SqliteWitnessStates(database, cosigner="beta-witness")


def test_what_was_cosigned_is_remembered_after_a_restart(place):
    database = create_database(place)
    states = SqliteWitnessStates(database, cosigner="beta-witness")
    assert states.read(ORIGIN) is None
    states.advance(ORIGIN, None, FIRST)
    states.advance(ORIGIN, FIRST, SECOND)
    database.close()
    database = open_database(place)
    assert SqliteWitnessStates(database, cosigner="beta-witness").read(ORIGIN) == SECOND
    database.close()


def test_witness_and_mirror_of_one_node_keep_their_states_apart(states, database):
    states.advance(ORIGIN, None, FIRST)
    mirror = SqliteWitnessStates(database, cosigner="beta-mirror")
    assert mirror.read(ORIGIN) is None
    mirror.advance(ORIGIN, None, SECOND)
    assert states.read(ORIGIN) == FIRST


@pytest.mark.parametrize(
    "old",
    [None, WitnessState(5, b"x" * 32, 100), WitnessState(5, b"a" * 32, 99), SECOND],
    ids=["nothing", "other root", "other time", "other size"],
)
def test_only_from_what_is_stored_can_it_advance(states, old):
    states.advance(ORIGIN, None, FIRST)
    with pytest.raises(StaleCheckpoint, match="found another state"):
        states.advance(ORIGIN, old, WitnessState(12, b"c" * 32, 300))
    assert states.read(ORIGIN) == FIRST


@pytest.mark.parametrize(
    "new",
    [WitnessState(8, b"c" * 32, 300), WitnessState(12, b"c" * 32, 199)],
    ids=["smaller", "earlier"],
)
def test_neither_size_nor_time_ever_goes_back(states, new):
    states.advance(ORIGIN, None, SECOND)
    with pytest.raises(StaleCheckpoint, match="never size"):
        states.advance(ORIGIN, SECOND, new)
    assert states.read(ORIGIN) == SECOND


def test_of_sixteen_requests_at_once_exactly_one_is_cosigned(states):
    states.advance(ORIGIN, None, FIRST)

    def try_fork(number):
        try:
            states.advance(ORIGIN, FIRST, WitnessState(10, bytes([number]) * 32, 300))
        except StaleCheckpoint:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(try_fork, range(16))) == 1

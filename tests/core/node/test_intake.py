"""Much that comes in goes first, and a peer that sends without end holds nothing up for ever."""

import asyncio
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from detente.node import weighing
from detente.node.intake import JUST_NOW_S, MUCH_BYTES, Intake
from detente.node.weighing import Weighing


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, MUCH_BYTES)), max_size=30))
def test_much_is_what_came_within_the_last_second(steps):
    clock, came = Clock(), []
    intake = Intake(clock)
    for wait, size in steps:
        clock.now += wait
        intake.note(size)
        came.append((clock.now, size))
        recent = sum(size for at, size in came if at >= clock.now - JUST_NOW_S)
        assert intake.is_much == (recent >= MUCH_BYTES)
    clock.now += JUST_NOW_S + 0.1
    assert not intake.is_much


def test_what_is_being_taken_up_counts_until_it_was_taken_up_and_a_little_longer():
    clock = Clock()
    intake = Intake(clock)
    with intake.taking(MUCH_BYTES):
        clock.now += 10 * JUST_NOW_S
        assert intake.is_much
    assert intake.is_much
    clock.now += JUST_NOW_S + 0.1
    assert not intake.is_much


def test_a_turn_under_way_leaves_the_rest_where_much_comes_unless_it_was_late(monkeypatch):
    for much, late in ((iter([False, True]), False), (iter([True] * 1_000), True)):
        turns = turning(much, monkeypatch)
        gives_way = asyncio.run(turns.may_begin())
        assert gives_way() is not late


def turning(is_much, monkeypatch, slept=None):
    """Return what takes turns at a node that takes in as `is_much` says."""
    slept = [] if slept is None else slept

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(weighing.asyncio, "sleep", sleep)
    intake = type("", (), {"is_much": property(lambda _self: next(is_much))})()
    turns = object.__new__(Weighing)
    turns._home = SimpleNamespace(intake=intake)
    return turns


def waited(is_much, monkeypatch):
    """Return how long a turn waits there."""
    slept = []
    turns = turning(is_much, monkeypatch, slept)
    seconds = asyncio.run(turns.let_come())
    assert sum(slept) == seconds
    return seconds


def test_a_turn_begins_at_once_where_little_comes(monkeypatch):
    assert waited(iter([False]), monkeypatch) == 0


def test_a_turn_waits_for_the_end_of_much_and_not_for_ever(monkeypatch):
    assert waited(iter([True, True, False]), monkeypatch) == 2 * weighing.WEIGH_EVERY_S
    assert waited(iter([True] * 1_000), monkeypatch) == weighing.WEIGH_LATE_S_MAX

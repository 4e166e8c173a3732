"""The machine of one peer: bounded, patient, and calm whatever it is told. (A05, A69)"""

from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.exchange.protocol import Roster, begin, next_round, step
from detente.exchange.protocol.commands import Fetch, FetchBlob, KeepFault, Open, Wait
from detente.exchange.protocol.events import (
    Failed,
    Fetched,
    Hinted,
    Kept,
    Opened,
    Proven,
    Reminded,
    Ticked,
    Unopened,
)
from detente.exchange.protocol.limits import (
    BACK_OFF_MOST,
    CONTENTS_AT_ONCE_MAX,
    HINT_LEAST,
    JITTER,
    ROUND_EVERY,
    SMALL_CONTENT_BYTES_MAX,
    SMALL_CONTENTS_AT_ONCE_MAX,
    SMALL_CONTENTS_BYTES_MAX,
)
from detente.exchange.protocol.model import Awaited
from tests.core.charter.people import NOW, member
from tests.core.proofs.makers import AUREL, BOREA, Log, chain, content_entry

PEER, ME = member(AUREL).id, member(BOREA).id
CHAIN = chain()
LOG = Log(AUREL, [content_entry(AUREL, seq) for seq in range(3)])


def fresh():
    return begin(PEER, Roster(CHAIN, ME), {}, now=NOW)


def tick(now=NOW, chance=0.0):
    return Ticked(now, chance)


def asked(commands):
    return {each.path: each.request for each in commands if isinstance(each, Fetch)}


def waits(commands):
    return [each.until for each in commands if isinstance(each, Wait)]


def answer_all(state, commands, answer):
    """Answer every request until nothing more is asked; return the state and the last wait."""
    waiting, until = list(commands), None
    while waiting:
        command = waiting.pop(0)
        if isinstance(command, Wait):
            until = command.until
        elif isinstance(command, Fetch | FetchBlob):
            state, more = step(state, answer(command))
            waiting += more
    return state, until


def gone(command):
    return Failed(command.request, "nothing there", missing=True)


def silent(command):
    return Failed(command.request, "no answer")


def test_a_round_looks_at_the_peers_own_log_first_and_at_its_proofs():
    _state, commands = step(fresh(), tick())
    paths = asked(commands)
    assert f"logs/{LOG.checkpoint().origin}/checkpoint" in paths
    assert "proofs" in paths


def test_a_peer_that_shows_nothing_is_looked_at_again_after_the_usual_time():
    state, commands = step(fresh(), tick())
    state, until = answer_all(state, commands, gone)
    assert until == NOW + ROUND_EVERY
    assert state.failures == 0


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_who_does_not_answer_is_left_alone_longer_each_time_but_not_for_ever(chance):
    state, now, before = fresh(), NOW, timedelta(0)
    for _ in range(20):
        state, commands = step(state, tick(now, chance))
        state, until = answer_all(state, commands, silent)
        wait = until - now
        assert before <= wait <= BACK_OFF_MOST * (1 + JITTER)
        before, now = wait, until
    assert wait >= BACK_OFF_MOST
    state, commands = step(state, tick(now))
    state, until = answer_all(state, commands, gone)
    assert until - now == ROUND_EVERY


def test_chance_spreads_the_rounds():
    state, commands = step(fresh(), tick(chance=0.5))
    _state, until = answer_all(state, commands, gone)
    assert until == NOW + ROUND_EVERY * (1 + JITTER / 2)


def test_hints_bring_the_next_round_forward_and_no_flood_of_them_brings_more():
    state, commands = step(fresh(), tick())
    state, _until = answer_all(state, commands, gone)
    state, commands = step(state, Hinted())
    assert waits(commands) == [NOW + HINT_LEAST]
    for _ in range(100):
        state, commands = step(state, Hinted())
        assert asked(commands) == {}
    state, commands = step(state, tick(NOW + HINT_LEAST))
    assert len(asked(commands)) > 0
    assert not state.is_hinted


def test_hints_do_not_shorten_the_back_off_of_who_does_not_answer():
    state, commands = step(fresh(), tick())
    state, until = answer_all(state, commands, silent)
    state, commands = step(state, Hinted())
    assert waits(commands) == [until]


LARGE, SMALL = SMALL_CONTENT_BYTES_MAX + 1, 1_000


def awaited(number, size=SMALL):
    return Awaited(
        payload_hash=f"{number:064x}",
        issuer=PEER,
        origin=LOG.checkpoint().origin,
        seq=number,
        wrap=f"{number:064x}",
        ciphertext=f"{number + 10_000:064x}",
        size=size,
        entry=b"",
    )


@pytest.mark.parametrize(
    ("size", "count", "most"),
    [(LARGE, 20, CONTENTS_AT_ONCE_MAX), (SMALL, 300, 2 * SMALL_CONTENTS_AT_ONCE_MAX)],
)
@pytest.mark.parametrize("which", [0, -1])
def test_only_so_many_contents_are_on_their_way_at_once_and_all_come_in_the_end(
    size, count, most, which
):
    """A large one brings its wrap first; a small one both parts at once, in any order."""
    state, commands = step(fresh(), Reminded(tuple(awaited(n, size) for n in range(count))))
    running = [each for each in commands if isinstance(each, FetchBlob)]
    opened = 0
    assert len(running) == most
    while running:
        assert len(running) <= most
        command = running.pop(which)
        state, commands = step(state, Kept(command.request))
        for each in commands:
            if isinstance(each, Open):
                opened += 1
                state, more = step(state, Opened(each.awaited.payload_hash))
                running += [every for every in more if isinstance(every, FetchBlob)]
        running += [each for each in commands if isinstance(each, FetchBlob)]
    assert opened == count
    assert state.contents == {}


def test_small_contents_on_their_way_fit_in_memory_however_many_may_come():
    many = tuple(awaited(n, SMALL_CONTENT_BYTES_MAX) for n in range(200))
    _state, commands = step(fresh(), Reminded(many))
    asked = [each for each in commands if isinstance(each, FetchBlob)]
    ciphertexts = {each.seq for each in asked if each.digest == many[each.seq].ciphertext}
    assert len(ciphertexts) * SMALL_CONTENT_BYTES_MAX == SMALL_CONTENTS_BYTES_MAX


def test_events_taken_in_together_come_to_what_they_come_to_one_by_one():
    state, commands = step(fresh(), Reminded(tuple(awaited(n) for n in range(300))))
    kept = [Kept(each.request) for each in commands if isinstance(each, FetchBlob)]
    opened = [Opened(awaited(n).payload_hash) for n in range(200)]
    together, told = step(state, *kept, *opened)
    alone, told_alone = state, []
    for event in (*kept, *opened):
        alone, more = step(alone, event)
        told_alone += more
    assert together == alone
    assert sorted(map(repr, told)) == sorted(map(repr, told_alone))
    assert not any(each.is_opening for each in state.contents.values())


def test_many_small_contents_hold_up_no_large_one():
    many = tuple(awaited(n) for n in range(300))
    _state, commands = step(fresh(), Reminded((*many, awaited(300, LARGE))))
    assert any(each.seq == 300 for each in commands if isinstance(each, FetchBlob))


def test_a_part_that_came_for_a_content_given_up_before_is_no_reason_to_forget_the_other():
    state, commands = step(fresh(), Reminded((awaited(1),)))
    wrap, ciphertext = [each for each in commands if isinstance(each, FetchBlob)]
    state, _ = step(state, Failed(wrap.request, "no"))
    state, commands = step(state, Reminded((awaited(1),)))
    state, commands = step(state, Kept(ciphertext.request))
    (again,) = [each for each in commands if isinstance(each, FetchBlob)]
    assert again.digest == wrap.digest
    state, commands = step(state, Kept(again.request))
    assert [each for each in commands if isinstance(each, Open)]


def test_content_that_never_opens_is_left_to_a_person_after_some_tries():
    state, opened = fresh(), 0
    for _ in range(10):
        state, commands = step(state, Reminded((awaited(1),)))
        blobs = [each for each in commands if isinstance(each, FetchBlob)]
        while blobs:
            state, commands = step(state, Kept(blobs.pop().request))
            blobs += [each for each in commands if isinstance(each, FetchBlob)]
            for each in commands:
                if isinstance(each, Open):
                    opened += 1
                    state, commands = step(state, Unopened(f"{1:064x}", "garbage"))
                    assert any(isinstance(every, KeepFault) for every in commands)
    assert opened == 3


def test_contents_of_another_issuer_are_left_to_its_own_machine():
    state, commands = step(
        fresh(),
        Reminded(
            (
                awaited(1).__class__(
                    **{f.name: getattr(awaited(1), f.name) for f in fields(Awaited)}
                    | {"issuer": "f" * 64}
                ),
            )
        ),
    )
    assert state.contents == {}
    assert not any(isinstance(each, FetchBlob) for each in commands)


EVENTS = st.one_of(
    st.builds(
        Ticked,
        st.timedeltas(timedelta(0), timedelta(hours=1)).map(lambda after: NOW + after),
        st.floats(0, 0.999),
    ),
    st.just(Hinted()),
    st.builds(
        Fetched,
        st.integers(0, 30),
        st.one_of(
            st.binary(max_size=80),
            st.just(LOG.note()),
            st.just(LOG.note(2)),
            st.just(b"".join(bytes(tile) for tile in [])),
        ),
    ),
    st.builds(Kept, st.integers(0, 30)),
    st.builds(Failed, st.integers(0, 30), st.just("no"), st.booleans()),
    st.builds(Reminded, st.lists(st.integers(0, 5).map(awaited), max_size=6).map(tuple)),
    st.integers(0, 5).map(lambda number: Opened(f"{number:064x}")),
    st.integers(0, 5).map(lambda number: Unopened(f"{number:064x}", "no")),
    st.just(Proven("0" * 64)),
)


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=40))
def test_nothing_that_a_peer_sends_in_any_order_is_a_fault_of_ours(events):
    state = fresh()
    for event in events:
        again = step(state, event)
        state, commands = step(state, event)
        assert again == (state, commands), "the same step gave two answers"
        numbers = [each.request for each in commands if isinstance(each, Fetch | FetchBlob)]
        assert len(set(numbers)) == len(numbers)
        assert next_round(state) >= NOW
    assert len(state.requests) <= 2 + 4 + 2 * SMALL_CONTENTS_AT_ONCE_MAX + 1

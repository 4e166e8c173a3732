"""A source that falls silent and a field that is gone are told, once, and not without need."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch.coverage import Habits, Missing, Rhythms
from tests.shared import scaled

HABITS = Habits(
    times=3.0, pause_least_s=60.0, learning_s=600.0, arrivals_least=5, run_least=10,
    events_least=5, remembered_s=10_000.0, followed_max=50,
)  # fmt: skip
EVENT = {"Channel": "System", "EventID": 7, "Image": "x"}
BARE = {"Channel": "System", "EventID": 7}


def steady(rhythms, *, start=0.0, step=30.0, times=40, source="a", event=EVENT):
    """Let a source come at an even pace; return the time of its last event."""
    for number in range(times):
        now = start + number * step
        assert rhythms.due(now) == []
        rhythms.observe(source, [event], now=now)
    return start + (times - 1) * step


def told(rhythms, now):
    return [(each.what, each.source) for each in rhythms.due(now)]


def test_a_steady_source_that_falls_silent_is_told_once_with_what_was_allowed():
    rhythms = Rhythms({"image"}, HABITS)
    last = steady(rhythms)
    assert rhythms.due(last + 90) == []
    (found,) = rhythms.due(last + 91)
    assert (found.what, found.source, found.log) == (Missing.SOURCE, "a", "")
    assert (found.since, found.absent, found.longest, found.allowed) == (last, 91, 30, 90)
    assert rhythms.due(last + 10_000) == []


def test_one_log_of_a_source_that_goes_on_is_told_alone():
    rhythms = Rhythms({"image"}, HABITS)
    other = {"_ls": {"product": "zeek"}}
    found = []
    for number in range(80):
        rhythms.observe("a", [EVENT, other] if number < 40 else [EVENT], now=30.0 * number)
        found += rhythms.due(30.0 * number)
    assert [(each.what, each.log) for each in found] == [(Missing.LOG, "zeek/-/-")]


def test_what_came_only_briefly_is_not_missed():
    rhythms = Rhythms({"image"}, HABITS)
    for number in range(500):
        rhythms.observe("imported", [EVENT], now=number * 0.1)
    assert rhythms.due(1e6) == []


def test_time_that_nobody_watched_is_no_silence():
    rhythms = Rhythms({"image"}, HABITS)
    last = steady(rhythms)
    later = Rhythms({"image"}, HABITS)
    later.take_up(orjson.loads(orjson.dumps(rhythms.state())))
    later.resume(last + 50_000)
    assert later.due(last + 50_060) == []
    assert told(later, last + 50_091) == [(Missing.SOURCE, "a")]


def test_a_long_silence_teaches_no_more_than_what_was_allowed():
    rhythms = Rhythms({"image"}, HABITS)
    last = steady(rhythms)
    assert told(rhythms, last + 5_000)
    last = steady(rhythms, start=last + 5_000)
    (found,) = rhythms.due(last + 300)
    assert found.longest == 90
    assert found.allowed == 270


def test_a_field_that_is_gone_is_told_and_told_again_only_after_it_came():
    rhythms = Rhythms({"image"}, HABITS)
    rhythms.observe("a", [EVENT] * 20, now=0.0)
    rhythms.observe("a", [BARE] * 10, now=1.0)
    assert rhythms.due(1.0) == []
    rhythms.observe("a", [{**BARE, "Image": None}], now=2.0)
    (found,) = rhythms.due(2.0)
    assert (found.what, found.log, found.name) == (Missing.FIELD, "System 7", "image")
    assert (found.since, found.absent, found.allowed) == (0.0, 11, 10)
    rhythms.observe("a", [BARE] * 100, now=3.0)
    assert rhythms.due(3.0) == []
    rhythms.observe("a", [{**BARE, "IMAGE": "x"}, *[BARE] * 31], now=4.0)
    assert told(rhythms, 4.0) == [(Missing.FIELD, "a")]


def test_a_field_that_no_rule_asks_is_not_followed():
    rhythms = Rhythms({"image"}, HABITS)
    rhythms.observe("a", [{**BARE, "Other": 1}] * 20, now=0.0)
    rhythms.observe("a", [BARE] * 1_000, now=1.0)
    assert rhythms.due(1.0) == []


def test_a_flood_of_invented_logs_is_counted_and_hides_no_source():
    rhythms = Rhythms({"image"}, HABITS)
    for number in range(200):
        rhythms.observe("a", [{"Channel": f"C{number}", "EventID": number}], now=10.0 * number)
    assert rhythms.unfollowed > 0
    assert len(orjson.dumps(rhythms.state())) < 50_000
    assert told(rhythms, 3_000.0)[:1] == [(Missing.SOURCE, "a")]


gaps = st.lists(st.floats(0.001, 400.0), min_size=25, max_size=60)


@settings(max_examples=scaled(150, 5_000), deadline=None)
@given(gaps)
def test_a_pause_within_the_factor_of_an_earlier_one_is_never_told(found):
    rhythms = Rhythms(set(), HABITS)
    now, longest = 0.0, 0.0
    rhythms.observe("a", [EVENT], now=now)
    for gap in found:
        allowed = max(HABITS.pause_least_s, HABITS.times * longest)
        told_now = bool(rhythms.due(now + gap))
        assert not told_now or gap > allowed * 0.999
        now += gap
        rhythms.observe("a", [EVENT], now=now)
        longest = max(longest, min(gap, allowed))


@settings(max_examples=scaled(100, 3_000), deadline=None)
@given(gaps, st.floats(1.0, 1e6))
def test_whatever_the_rhythm_was_an_end_is_told_and_told_once(found, more):
    rhythms = Rhythms(set(), HABITS)
    now = 0.0
    for gap in [700.0, *found]:
        rhythms.observe("a", [EVENT], now=now)
        now += gap
    rhythms.observe("a", [EVENT], now=now)
    latest = now + max(60.0, 3.0 * 700.0) + more
    assert (Missing.SOURCE, "a") in told(rhythms, latest)
    assert rhythms.due(latest + more) == []


@settings(max_examples=scaled(100, 3_000), deadline=None)
@given(st.lists(st.sampled_from([EVENT, BARE]), min_size=1, max_size=60), st.data())
def test_how_events_are_cut_into_batches_changes_nothing(events, data):
    whole = Rhythms({"image"}, HABITS)
    whole.observe("a", events, now=5.0)
    cut = Rhythms({"image"}, HABITS)
    at = data.draw(st.integers(0, len(events)))
    cut.observe("a", events[:at], now=5.0)
    cut.observe("a", events[at:], now=5.0)
    assert whole.due(5.0) == cut.due(5.0)
    assert whole.state()["kinds"] == cut.state()["kinds"]


@settings(max_examples=scaled(60, 2_000), deadline=None)
@given(gaps)
def test_what_was_learnt_comes_back_as_it_was(found):
    rhythms = Rhythms({"image"}, HABITS)
    now = 0.0
    for number, gap in enumerate(found):
        rhythms.observe("ab"[number % 2], [EVENT, BARE], now=now)
        now += gap
        rhythms.due(now)
    again = Rhythms({"image"}, HABITS)
    again.take_up(orjson.loads(orjson.dumps(rhythms.state())))
    assert again.state() == rhythms.state()
    assert again.due(now + 1e4) == rhythms.due(now + 1e4)


@settings(max_examples=scaled(200, 5_000), deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["until", "turned", "coming", "kinds"]), inner),
        ),
        max_leaves=8,
    )
)
def test_a_damaged_state_is_refused_in_one_way(state):
    try:
        Rhythms({"image"}, HABITS).take_up(state)
    except ValueError:
        return
    assert isinstance(state, dict)

"""A storm becomes one alarm whose count is right, and costs a bounded number of rows."""

from itertools import pairwise
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from detente.watch.alarms import (
    AlarmBook,
    AlarmKey,
    Grouping,
    detection_id,
    entity_of,
    is_kept,
)

KEYS = st.builds(
    AlarmKey, st.sampled_from("rs"), st.sampled_from(["web", "mail"]), st.sampled_from("ab")
)
STEPS = st.lists(st.tuples(KEYS, st.integers(0, 40)), max_size=200)


def run(steps, grouping, book=None):
    book = book or AlarmBook(grouping)
    alarms, kept, now = {}, 0, 0.0
    for number, (key, pause) in enumerate(steps):
        now += pause
        alarm, keep = book.take(key, f"detection {number}", at=now)
        alarms[alarm.id] = alarm
        kept += keep
    return alarms, kept


@given(STEPS, st.integers(1, 5))
def test_every_detection_is_counted_once_whatever_is_kept(steps, kept_each):
    alarms, kept = run(steps, Grouping(stretch_s=60, kept_each=kept_each))
    assert sum(each.count for each in alarms.values()) == len(steps)
    assert sum(each.kept for each in alarms.values()) == kept


@given(STEPS)
def test_an_alarm_takes_only_what_belongs_to_it(steps):
    grouping = Grouping(stretch_s=60)
    alarms, _ = run(steps, grouping)
    for alarm in alarms.values():
        assert alarm.last - alarm.first < grouping.stretch_s
    for key in {each.key for each in alarms.values()}:
        of_key = sorted((a for a in alarms.values() if a.key == key), key=lambda a: a.first)
        for before, after in pairwise(of_key):
            assert after.first >= before.first + grouping.stretch_s


@given(STEPS, st.data())
def test_a_restart_in_the_middle_changes_nothing(steps, data):
    grouping = Grouping(stretch_s=60, kept_each=3)
    cut = data.draw(st.integers(0, len(steps)))
    whole, kept = run(steps, grouping)
    book = AlarmBook(grouping)
    now = 0.0
    alarms, count = {}, 0
    for number, (key, pause) in enumerate(steps):
        if number == cut:
            book = AlarmBook(grouping, alarms.values())
        now += pause
        alarm, keep = book.take(key, f"detection {number}", at=now)
        alarms[alarm.id] = alarm
        count += keep
    assert (alarms, count) == (whole, kept)


@given(st.integers(1, 300), st.integers(1, 20))
def test_what_is_kept_of_a_storm_grows_with_its_logarithm(count, kept_each):
    kept = sum(is_kept(number, kept_each) for number in range(1, count + 1))
    assert kept <= kept_each + log2(max(count / kept_each, 1)) + 1
    assert kept >= min(count, kept_each)


def test_a_flood_of_kinds_closes_the_oldest_alarm_and_never_grows():
    book = AlarmBook(Grouping(open_max=10))
    for number in range(100):
        book.take(AlarmKey("r", "s", str(number)), str(number), at=float(number))
        assert len(book) <= 10


@given(st.lists(st.text(max_size=5), min_size=3, max_size=3), st.binary(max_size=4))
def test_the_id_of_a_detection_tells_its_parts_apart(parts, event_hash):
    source, position, rule = parts
    one = detection_id(source=source, position=position, rule=rule, event_hash=event_hash)
    assert len(one) == 64
    other = detection_id(
        source=source + position[:1], position=position[1:], rule=rule, event_hash=event_hash
    )
    assert (one == other) == (position == "")


def test_an_event_is_about_the_first_entity_that_it_names():
    assert entity_of({"Computer": "pc7", "User": "x"}) == "pc7"
    assert entity_of({"User": "x"}) == "x"
    assert entity_of({"Computer": "", "n": 1}) == ""
    assert entity_of({"Computer": "\ud800"}) == "?"
    assert len(entity_of({"Computer": "a" * 10_000})) == 200

"""When it happened: one clock for every format, and none invented where the log has none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch.reading import event_time
from detente.watch.reading.times import access_time, bsd_time, seconds_of

EIGHT = 1772352000.0  # 2026-03-01 08:00:00 UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T08:00:00Z", "2026-03-01 08:00:00", "2026-03-01T09:00:00.000+0100",
        "2026-03-01T08:00:00.0000000Z", "2026-03-01 08:00:00 UTC", EIGHT, int(EIGHT),
        int(EIGHT * 1e3), int(EIGHT * 1e6), int(EIGHT * 1e9), "1772352000",
    ],
    ids=str,
)  # fmt: skip
def test_the_same_moment_in_every_spelling(value):
    assert seconds_of(value) == EIGHT


@pytest.mark.parametrize(
    "value", ["", "yesterday", "-", True, None, -5, 1e30, "9" * 500, "nan", "inf", [], {}]
)
def test_what_is_no_time_gives_none(value):
    assert seconds_of(value) is None


def test_apache_writes_its_zone():
    assert access_time("01/Mar/2026:09:00:00 +0100") == EIGHT
    assert access_time("01/Foo/2026:09:00:00 +0100") is None


def test_a_time_without_a_year_takes_the_latest_that_has_come():
    assert bsd_time("Mar  1 08:00:00", EIGHT + 60) == EIGHT
    december = datetime(2025, 12, 31, 23, tzinfo=UTC).timestamp()
    assert bsd_time("Dec 31 23:00:00", EIGHT) == december
    assert bsd_time("Feb 29 12:00:00", EIGHT) == datetime(2024, 2, 29, 12, tzinfo=UTC).timestamp()
    assert bsd_time("Mar  1 08:00:00", None) is None


@given(st.text(max_size=45))
def test_no_text_stops_the_clock(text):
    for read in (seconds_of, access_time, lambda value: bsd_time(value, EIGHT)):
        moment = read(text)
        assert moment is None or isinstance(moment, float)


def test_an_event_of_windows_is_asked_when_it_matters():
    assert event_time({"SystemTime": "2026-03-01T08:00:00Z", "Channel": "x"}) == EIGHT
    assert event_time({"_time": "not ours", "UtcTime": "2026-03-01 08:00:00.000"}) == EIGHT
    assert event_time({}) is None

"""A time on the wire has one form, so that it means one moment. (docs/threats.md, A27)"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import TimeError, format_time, parse_time

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@given(moment=MOMENTS)
def test_a_time_reads_back_as_it_was_written(moment):
    assert parse_time(format_time(moment)) == moment
    assert len(format_time(moment)) == 20


@given(moment=MOMENTS, minutes=st.integers(-14 * 60, 14 * 60))
def test_one_moment_is_written_in_one_way_whatever_the_zone(moment, minutes):
    zone = timezone(timedelta(minutes=minutes))
    if datetime(2, 1, 1, tzinfo=UTC) < moment < datetime(9998, 1, 1, tzinfo=UTC):
        assert format_time(moment.astimezone(zone)) == format_time(moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-07T12:00:00+00:00",
        "2026-07-07T12:00:00+14:00",
        "2026-07-07T12:00:00",
        "2026-07-07t12:00:00Z",
        "2026-07-07T12:00:00z",
        "2026-07-07 12:00:00Z",
        "2026-07-07T12:00:00.000Z",
        "2026-07-07T12:00Z",
        "2026-07-07",
        "20260707T120000Z",
        "2026-07-07T12:00:60Z",
        "9999-12-31T23:59:60Z",
        "2026-07-07T24:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        " 2026-07-07T12:00:00Z",
        "2026-07-07T12:00:00Z\n",
        "٢٠٢٦-07-07T12:00:00Z",
        "",
    ],
)
def test_another_form_is_refused(text):
    with pytest.raises(TimeError):
        parse_time(text)


@given(text=st.text(max_size=30))
def test_hostile_text_is_no_time_and_nothing_else(text):
    with pytest.raises(TimeError):
        parse_time(text)

"""Claimed times bind nobody. (docs/threats.md: A24 backdating, A25 the far future)"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.statements import Backdated, StatementError, Timely, check_not_future, timeliness
from tests.core.statements.makers import NOON


def test_a_clock_may_be_300_seconds_ahead_and_no_more():
    check_not_future(NOON + timedelta(seconds=300), NOON)
    with pytest.raises(StatementError, match="ahead of our clock"):
        check_not_future(NOON + timedelta(seconds=301), NOON)


@given(days=st.integers(0, 700_000))
def test_the_past_is_never_refused(days):
    check_not_future(NOON - timedelta(days=days), NOON)


def test_a_statement_backdated_by_thirty_days_is_shown_as_such():
    claimed = NOON - timedelta(days=30)
    assert timeliness(claimed, NOON) == Backdated(by=timedelta(days=30, seconds=-360))


def test_a_statement_seen_within_a_checkpoint_interval_and_the_skew_is_timely():
    assert timeliness(NOON - timedelta(seconds=360), NOON) == Timely()
    assert timeliness(NOON + timedelta(seconds=60), NOON) == Timely()

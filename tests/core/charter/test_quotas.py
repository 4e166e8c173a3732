"""Nobody drowns the others, and nobody is silenced when it must recover."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import Quota, Refused, Size, Spent, charge_quota

DAY = date(2026, 3, 1)
QUOTA = Quota(statements=3, size_bytes=1_000)


def test_entry_ciphertext_and_wraps_all_count():
    size = Size(entry=300, ciphertext=600, wraps=100)
    spent = charge_quota(Spent(day=DAY), QUOTA, kind="", size=size, day=DAY)
    assert spent == Spent(day=DAY, statements=1, size_bytes=1_000)
    over = charge_quota(spent, QUOTA, kind="", size=Size(entry=1), day=DAY)
    assert isinstance(over, Refused)


@pytest.mark.parametrize("kind", ["recover", "suspend", "objection", "leave"])
def test_recovery_is_exempt(kind):
    full = Spent(day=DAY, statements=3, size_bytes=1_000)
    assert charge_quota(full, QUOTA, kind=kind, size=Size(entry=9_999), day=DAY) == full
    assert isinstance(
        charge_quota(full, QUOTA, kind="proposal", size=Size(entry=1), day=DAY), Refused
    )


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 1)), max_size=30))
def test_no_day_ever_holds_more_than_the_quota(arrivals):
    spent, day, taken = Spent(day=DAY), DAY, {}
    for size, later in arrivals:
        day += timedelta(days=later)
        answer = charge_quota(spent, QUOTA, kind="", size=Size(entry=size), day=day)
        if isinstance(answer, Spent):
            spent = answer
            taken.setdefault(day, []).append(size)
    assert all(len(sizes) <= 3 and sum(sizes) <= 1_000 for sizes in taken.values())

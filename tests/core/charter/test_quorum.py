"""A unit is as safe as its quorums: both tables of the design, and what they are for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import UnsafeUnit, governance, parse_charter, settlement
from tests.core.charter.people import unit

SETTLEMENT = """
| 2 | 1L / × / × | 2L / 2S / × | 2L / 3S / 3S | 3L / 3L / 4S |
| 3 | 2L / 2S / × | 2L / 3S / 3S | 3L / 3L / 4S | 3L / 4L / 4S |
| 4 | 2L / 3S / 3S | 3L / 3L / 4S | 3L / 4L / 4S | 4L / 4L / 5S |
| 5 | 3L / 3L / 4S | 3L / 4L / 4S | 4L / 4L / 5S | 4L / 5L / 5L |
"""  # noqa: RUF001 (the table as printed)
GOVERNANCE = """
| 2 | 2L− / 2S− / × |
| 3 | 2L+ / 3S− / 3S− |
| 4 | 3L+ / 3L+ / 4S− |
| 5 | 3L+ / 4L+ / 4S+ |
| 6 | 4L+ / 4L+ / 5S+ |
| 7 | 4L+ / 5L+ / 5L+ |
"""  # noqa: RUF001 (the table as printed)


def rows(table: str) -> list[tuple[int, list[list[str]]]]:
    lines = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    return [(int(n), [cell.split(" / ") for cell in cells]) for n, *cells in lines]


@pytest.mark.parametrize(("n", "columns"), rows(SETTLEMENT))
def test_the_settlement_table_is_what_the_code_computes(n, columns):
    computed = [
        [settlement(n=n, f=f, outside=outside).cell for f in range(3)] for outside in range(4)
    ]
    assert computed == columns


@pytest.mark.parametrize(("n", "columns"), rows(GOVERNANCE))
def test_the_charter_table_is_what_the_code_computes(n, columns):
    assert [[governance(n=n, f=f).cell for f in range(3)]] == columns


@given(n=st.integers(2, 64), f=st.integers(0, 20), outside=st.integers(0, 32))
def test_two_quorums_share_more_than_the_hostile(n, f, outside):
    settled, bound = settlement(n=n, f=f, outside=outside), governance(n=n, f=f)
    assert 2 * settled.q - settled.eligible > f
    assert 2 * bound.q - n > f
    assert 2 * (settled.q - 1) - settled.eligible <= f, "the least such quorum"
    assert 2 * (bound.q - 1) - n <= f, "the least such quorum"


@given(n=st.integers(2, 64), f=st.integers(0, 20), outside=st.integers(0, 32))
def test_the_hostile_alone_never_hold_all_entries_behind_a_settled_one(n, f, outside):
    mirrors = settlement(n=n, f=f, outside=outside).member_mirrors
    assert mirrors == min(f + 1, n - 1)
    assert mirrors > f or mirrors == n - 1


def test_the_exercise_unit_is_safe_and_its_cosigners_live_but_its_mirrors_can_block():
    """3 members, 2 witnesses, f = 1: 3L counts cosigners; 2 of 2 other members must mirror."""
    rule = settlement(n=3, f=1, outside=2)
    assert (rule.cell, rule.member_mirrors, rule.mirrors_live) == ("3L", 2, False)


def test_a_unit_whose_charter_could_never_change_safely_is_refused_with_its_row():
    with pytest.raises(UnsafeUnit, match=r"n = 2: q at f = 0 / 1 / 2 is 2L"):
        parse_charter(unit(2, f=2, outside=3).to_bytes())


def test_a_unit_that_could_never_settle_is_refused_with_its_row():
    with pytest.raises(UnsafeUnit, match=r"n = 2, f = 1: 0 outside: .*, 1 outside: 2S"):
        parse_charter(unit(2, f=1, outside=0).to_bytes())

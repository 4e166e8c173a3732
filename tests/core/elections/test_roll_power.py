"""How much tampering would be seen is measured by the very checks, and no row stands in it."""

from datetime import datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.rolls import Action, Transaction, parse_layout
from detente.elections.rolls.power import (
    SHARES,
    TAMPERINGS,
    Churn,
    Curve,
    Point,
    churn_of,
    curve,
    make_town,
    picture,
)
from detente.elections.rolls.power.churn import usual_churn

START = datetime(2026, 9, 1, 9)  # noqa: DTZ001 - a county's own time has no zone
COLUMNS = ["id", "last_name", "first_name", "birth_year", "address", "party", "status", "precinct"]
LAYOUT = parse_layout({"key": "id", "columns": COLUMNS})
ROWS = [
    [f"V{n:05d}", f"NAME{n % 97}", f"F{n}", str(1940 + n % 60), f"{n} HILL RD",
     ("DEM", "REP", "UNA")[n % 3], "AI"[n % 8 == 0], f"{n % 10:02d}"]
    for n in range(1_500)
]  # fmt: skip
TOWN = make_town(ROWS, LAYOUT, usual_churn(LAYOUT), size=20_000)


def seen(name, share, *, periods=3):
    return curve(TAMPERINGS[name], TOWN, np.random.default_rng(5), periods=periods, shares=(share,))


@pytest.mark.parametrize("name", list(TAMPERINGS))
def test_the_checks_are_silent_where_nobody_tampers_and_see_a_fiftieth_of_the_roll(name):
    made = seen(name, 0.02)
    assert made.clean.seen == 0
    if name != "slow_removal":
        assert made.points[0].seen == made.points[0].periods


def test_one_silent_edit_in_ten_thousand_is_seen_and_slow_removals_are_not():
    assert seen("silent_edit", 0.0001).points[0].rate == 1
    assert seen("slow_removal", 0.001).points[0].rate == 0
    assert seen("mass_removal", 0.0001).points[0].rate == 0


def test_the_same_dice_give_the_same_curve():
    first, second = (seen("reversal", 0.0005, periods=4) for _ in range(2))
    assert first == second


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_rate_and_stays_within_bounds(counts):
    point = Point(0.01, 1, *counts)
    low, high = point.interval
    assert 0 <= low <= point.rate + 1e-12
    assert point.rate - 1e-12 <= high <= 1


def test_seen_from_is_where_it_stays_seen():
    hits = (9, 2, 9, 10, 9, 10, 10, 10)
    points = tuple(Point(share, 1, hit, 10) for share, hit in zip(SHARES, hits, strict=True))
    assert Curve("x", "y", Point(0, 0, 0, 10), points).seen_from == SHARES[2]
    nothing = tuple(Point(share, 1, 0, 10) for share in SHARES)
    assert Curve("x", "y", Point(0, 0, 0, 10), nothing).seen_from is None


def test_the_picture_is_xml_with_a_panel_and_words_for_each_and_no_voter():
    curves = [
        Curve(name, "a < b & c", Point(0, 0, 1, 40),
              tuple(Point(share, 2, 20, 40) for share in SHARES))
        for name in TAMPERINGS
    ]  # fmt: skip
    drawn = picture(curves, title="Power <of> the checks")
    tree = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    assert len(tree.findall(f".//{space}polyline")) == len(curves)
    said = tree.findtext(f"{space}desc")
    assert all(name in said for name in TAMPERINGS)
    assert "HILL RD" not in drawn


def test_churn_is_taken_from_a_log_of_the_county():
    log = [
        Transaction("V1", action, column, "", "", START + timedelta(days=n), "op", "here", form)
        for n, (action, column, form) in enumerate(
            ((Action.REMOVE, "", "F1"), (Action.ADD, "", ""), (Action.CHANGE, "party", "F1"),
             (Action.CHANGE, "hair", "F1"))
        )
    ]  # fmt: skip
    made = churn_of(log, LAYOUT, size=100)
    assert (made.days, made.removed, made.added, made.incomplete) == (7, 0.01, 0.01, 0.25)
    assert made.changed == {"party": 0.01}
    assert churn_of([], LAYOUT, size=100) == usual_churn(LAYOUT)


def test_a_handful_of_rows_says_nothing():
    with pytest.raises(ElectionsError, match="500 are needed"):
        make_town(ROWS[:20], LAYOUT, Churn(7, 0, 0, 0, 0), size=20)

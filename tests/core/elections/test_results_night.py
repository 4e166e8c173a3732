"""Weak signs are never told alone; hours and directions are said with what is innocent."""

from datetime import UTC, datetime, timedelta

import pytest

from detente.elections.results import (
    Check,
    Contest,
    Device,
    Difference,
    Event,
    Expected,
    Level,
    Place,
    Report,
    Weight,
    beside,
    direction,
    early,
    echoes,
    late_votes,
    roll_up,
    shapes,
    still_open,
    transit,
    unlike_pages,
)

CLOSE = datetime(2026, 11, 3, 20, tzinfo=UTC)
MAYOR, LEVY = Contest("Mayor"), Contest("Levy")


def precinct(n):
    return Place("Arden", f"P{n}")


def precincts(shares, source="now"):
    votes = {}
    for n, share in enumerate(shares):
        votes[precinct(n), MAYOR] = {"Ann": share, "Bo": 1000 - share}
        votes[precinct(n), LEVY] = {"Yes": 500 + n % 3, "No": 500 - n % 3}
    return Report(source, Level.PRECINCT, votes)


BEFORE = precincts([500 + n for n in range(12)], "before")
NOW = precincts([500 + n + 3 * (n % 4) if n != 5 else 900 for n in range(12)])


def difference(place, weight=Weight.LOOK):
    return Difference(Check.ROLL_UP, place, 3, False, "said.", weight)


def test_a_place_that_moved_alone_is_seen_beside_another_finding_and_never_alone():
    seen = shapes(NOW, BEFORE)
    assert {each.place for each in seen} == {precinct(5)}
    assert beside([], seen) == []
    told, other = beside([difference("Arden P5: Mayor: Ann"), difference("Arden P6: Mayor")], seen)
    assert "weak, never alone" in told.explanation
    assert other.explanation == "said."


def test_a_place_where_every_contest_moved_is_no_shape():
    moved = dict(NOW.votes) | {(precinct(5), LEVY): {"Yes": 100, "No": 900}}
    assert shapes(Report("now", Level.PRECINCT, moved), BEFORE) == []


def test_few_neighbours_say_nothing():
    assert shapes(precincts([500, 900]), precincts([500, 501])) == []


def county(counts):
    votes = {(Place(f"C{n}"), MAYOR): dict(each) for n, each in enumerate(counts)}
    return Report("county.csv", Level.COUNTY, votes)


def compared(extra):
    parts = {(Place(f"C{n}", "P"), MAYOR): {"Ann": 90_000, "Bo": 50_000} for n in range(len(extra))}
    inner = Report("precincts.csv", Level.PRECINCT, parts)
    outer = county([{"Ann": 90_000 + more, "Bo": 50_000} for more in extra])
    found = roll_up(inner, outer)
    return found, direction(found, inner, outer)


def test_small_differences_weigh_little_and_their_direction_is_said():
    found, said = compared([2] * 9)
    assert {each.weight for each in found} == {Weight.LOW}
    assert "all 9 differences go one way: county.csv has more" in said
    assert "those who lead gain 18 of these votes, those behind them 0" in said


@pytest.mark.parametrize(("extra", "said"), [([2, -2] * 5, "no one direction"), ([2, 2], "")])
def test_no_direction_is_read_into_what_has_none(extra, said):
    assert said in compared(extra)[1]
    assert bool(said) == bool(compared(extra)[1])


def test_a_large_difference_is_looked_at_and_one_that_turns_a_contest_first():
    assert compared([500])[0][0].weight is Weight.LOOK
    assert compared([-60_000])[0][0].weight is Weight.NOW


def test_who_votes_longer_by_order_is_not_late():
    longer = Expected("+1 555 0100", CLOSE, CLOSE + timedelta(hours=1))
    expected = {precinct(1): longer, precinct(2): Expected("", CLOSE)}
    waiting = dict(still_open(expected, CLOSE + timedelta(minutes=30)))
    assert waiting == {precinct(1): "Arden P1 votes by order until 2026-11-03T21:00:00Z"}


def test_figures_shown_while_a_place_still_votes_are_said():
    longer = {precinct(1): Expected("", CLOSE, CLOSE + timedelta(hours=1))}
    page = Report("public", Level.PUBLIC, {(Place(), MAYOR): {"Ann": 1}}, generated=CLOSE)
    own = Report("f", Level.PRECINCT, {(precinct(1), MAYOR): {"Ann": 1}}, generated=CLOSE)
    found = early([page, own], longer)
    assert [each.place for each in found] == ["public: Arden P1", "f: Arden P1"]
    assert all("Innocent" in each.explanation for each in found)
    after = Report("f", Level.PRECINCT, own.votes, generated=CLOSE + timedelta(hours=2))
    assert early([after], longer) == []


def test_ballots_taken_after_the_close_are_said_unless_an_order_extends_it():
    events = tuple(
        Event("e", n, CLOSE + timedelta(minutes=minutes), "scan")
        for n, minutes in enumerate((-5, 10, 20), 1)
    )
    device = Device("s-1", events)
    (found,) = late_votes([device], {precinct(1): Expected("", CLOSE, None, ("s-1",))}, "log")
    assert found.difference == 2
    assert "no order extends its hours" in found.explanation
    longer = Expected("", CLOSE, CLOSE + timedelta(hours=1), ("s-1",))
    assert late_votes([device], {precinct(1): longer}, "log") == []


def test_a_real_file_with_every_figure_of_the_rehearsal_is_said():
    test = Report("test.csv", Level.COUNTY, {(Place("A"), MAYOR): {"Ann": 7}}, is_test=True)
    real = Report("county.csv", Level.COUNTY, dict(test.votes))
    (found,) = echoes([test, real])
    assert "does not say that it is a rehearsal" in found.explanation
    assert echoes([test, Report("c", Level.COUNTY, {(Place("A"), MAYOR): {"Ann": 8}})]) == []


def test_two_vantage_points_tell_a_page_altered_on_its_way_from_one_altered_at_home():
    ours = Report("ours", Level.STATE, {(Place(), MAYOR): {"Ann": 9, "Bo": 8}}, signed_by="State")
    good = Report("public-home", Level.PUBLIC, dict(ours.votes))
    bad = Report("public-away", Level.PUBLIC, {(Place(), MAYOR): {"Ann": 8, "Bo": 9}})
    found = transit(ours, [good, bad])
    assert all(each.weight is Weight.NOW for each in found)
    assert "public-home shows the office's own figures" in found[0].explanation
    assert unlike_pages([good, bad])
    assert unlike_pages([good]) == [
        "public-home: the public page was looked at from one place only"
    ]

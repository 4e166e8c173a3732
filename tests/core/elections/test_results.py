"""A mistake and an attack look alike from figures: each is said with place, votes and innocence."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.results import (
    Check,
    Contest,
    Level,
    Place,
    Report,
    Turnout,
    bounds,
    completeness,
    monotone,
    read_clarity,
    read_report,
    read_table,
    rehearsals,
    roll_up,
    shifted_by,
    shifts,
    transit,
    unlike_pages,
)
from detente.elections.results.gathering import as_votes
from detente.elections.rows import near

MAYOR = Contest("Mayor")
HEAD = "county,precinct,office,candidate,votes\n"


def report(level, figures, source="file", **other):
    votes = {(place, MAYOR): dict(zip("ABCD", counts, strict=False)) for place, counts in figures}
    return Report(source, level, votes, **other)


def precincts(*counts, **other):
    figures = [(Place("Arden", f"P{n}"), each) for n, each in enumerate(counts)]
    return report(Level.PRECINCT, figures, "precincts.csv", **other)


def county(counts, **other):
    return report(Level.COUNTY, [(Place("Arden"), counts)], "county.csv", **other)


@given(st.lists(st.lists(st.integers(0, 9_999), min_size=3, max_size=3), min_size=1, max_size=9))
def test_sums_that_agree_are_quiet(counts):
    assert (
        roll_up(precincts(*counts), county([sum(each) for each in zip(*counts, strict=True)])) == []
    )


def test_a_small_difference_is_said_and_no_winner_changes():
    found = roll_up(precincts([100, 50], [200, 80]), county([304, 130]))
    assert [(each.difference, each.can_change_winner) for each in found] == [(4, False)]
    assert found[0].place == "Arden: Mayor: A"
    for said in ("4 more", "no winner changes", "Innocent", "Settled by"):
        assert said in found[0].explanation
    assert "attack" not in found[0].explanation


def test_differences_that_together_reach_the_margin_can_change_the_winner():
    found = roll_up(precincts([100, 90]), county([98, 95]))
    assert [each.can_change_winner for each in found] == [True, True]


def test_what_one_side_does_not_name_is_not_a_zero():
    assert roll_up(precincts([1, 2]), report(Level.COUNTY, [(Place("Borea"), [9, 9])])) == []


def test_a_choice_that_one_side_does_not_name_has_no_votes_there():
    counted = precincts([10, 5, 9])
    found = roll_up(counted, county([10, 5]))
    assert [(each.place, each.difference) for each in found] == [("Arden: Mayor: C", -9)]
    assert found[0].can_change_winner
    added = roll_up(precincts([10, 5]), county([10, 5, 9]))
    assert [each.difference for each in added] == [9]


@pytest.mark.parametrize(("shown", "difference"), [([10, 5], -9), ([10, 5, 9, 3], 3)])
def test_a_choice_that_the_public_page_drops_or_adds_is_found(shown, difference):
    ours, page = county([10, 5, 9]), report(Level.PUBLIC, [(Place(), shown)], "public")
    found = transit(ours, [page])
    assert [each.difference for each in found] == [difference]
    assert unlike_pages([page, report(Level.PUBLIC, [(Place(), [10, 5, 9])], "other")])


@pytest.mark.parametrize(
    ("told", "counted", "move"),
    [
        ([5, 9, 2], [9, 2, 5], -1),
        ([9, 2, 5], [9, 2, 5], None),
        ([1, 1, 1], [1, 1, 1], None),
        ([0, 9, 2, 5], [9, 2, 5, 0], 1),
        ([9, 2, 6], [9, 2, 5], None),
    ],
)
def test_figures_of_the_line_above_are_told_from_other_errors(told, counted, move):
    assert shifted_by(told, counted) == move or (
        move and abs(shifted_by(told, counted)) == abs(move)
    )


def test_a_shifted_town_is_said_to_have_lost_no_vote():
    tape = report(Level.TAPE, [(Place("Antrim", "P1"), [900, 100, 5, 0])], "tape.csv")
    told = report(Level.PRECINCT, [(Place("Antrim", "P1"), [0, 900, 100, 5])], "precinct.csv")
    found = shifts(tape, told)
    assert found[0].can_change_winner
    assert "no vote is missing" in found[0].explanation


def test_a_shift_is_told_of_a_whole_county_and_whatever_order_a_file_lists():
    counted = precincts([900, 100, 5, 0], [90, 10, 5, 0])
    assert [each.place for each in shifts(counted, county([0, 990, 110, 10]))] == ["Arden: Mayor"]
    votes = {(Place("Arden"), MAYOR): {"D": 10, "A": 0, "C": 110, "B": 990}}
    assert len(shifts(counted, Report("county.csv", Level.COUNTY, votes))) == 1


def test_an_altered_page_is_found_from_the_vantage_point_that_sees_it():
    ours = county([900, 800], signed_by="Arden")
    page = report(Level.PUBLIC, [(Place(), [900, 800])], "public-a")
    altered = report(Level.PUBLIC, [(Place(), [800, 900])], "public-b")
    found = transit(ours, [page, altered])
    assert {each.place.split(":")[0] for each in found} == {"public-b"}
    assert all(each.can_change_winner for each in found)
    assert "signed by Arden" in found[0].explanation
    assert "unsigned" in transit(county([900, 800]), [altered])[0].explanation


def test_counts_that_fall_and_places_that_vanish_are_said():
    found = monotone(precincts([10, 5], [7, 7]), precincts([9, 6]))
    assert [(each.place, each.difference) for each in found] == [
        ("Arden P0: Mayor: A", -1),
        ("Arden P1", -14),
    ]


@pytest.mark.parametrize(
    ("said", "difference"),
    [
        (Turnout(ballots=10), 5),
        (Turnout(ballots=20, registered=18), 2),
        (Turnout(ballots=20, blanks=3, spoiled=1), -1),
        (Turnout(ballots=15, registered=15, blanks=0, spoiled=0), None),
    ],
)
def test_figures_beyond_what_is_possible_are_said(said, difference):
    place = Place("Arden", "P0")
    seen = precincts([10, 5], turnout={(place, MAYOR): said})
    assert [each.difference for each in bounds(seen)] == (
        [] if difference is None else [difference]
    )


def test_late_places_are_named_with_their_telephone():
    expected = {Place("Arden", "P0"): "", Place("Arden", "P9"): "+1 555 0100"}
    found = completeness([precincts([1, 2])], expected)
    assert [each.place for each in found] == ["Arden P9"]
    assert "+1 555 0100" in found[0].explanation


def test_a_rehearsal_is_never_taken_for_the_real_thing():
    assert rehearsals([county([1, 2], is_test=True)])[0].check is Check.TEST_FLAG
    marked = read_table(
        b"county,office,candidate,votes,is_test\nArden,Mayor,A,5,yes\n", "f", level=None
    )
    assert marked.is_test


def test_a_table_of_any_columns_is_read_by_a_map():
    table = b"Race;x\n"
    with pytest.raises(ElectionsError, match="no column for contest, choice, votes"):
        read_table(table, "f", level=None)
    names = {"contest": "Race", "choice": "Who", "votes": "N"}
    seen = read_table(b'Race,Who,N\nMayor,"B,  C","1,204"\n', "f", level=None, names=names)
    assert seen.votes == {(Place(), MAYOR): {"B, C": 1204}}
    assert seen.level is Level.STATE


def test_kinds_of_votes_are_added_and_two_parties_of_one_candidate_too():
    text = b"county,precinct,office,party,candidate,early_votes,day_votes\n"
    text += b"Arden,P1,Mayor,X,Ann,2,3\nArden,P1,Mayor,Y,Ann,1,1\n"
    seen = read_table(text, "f", level=None)
    assert seen.votes == {(Place("Arden", "P1"), MAYOR): {"Ann": 7}}


def test_every_bad_row_is_told_at_once_and_nothing_is_taken():
    rows = (
        b"Arden,P1,Mayor,A,5\nArden,P1,Mayor,A,5\nArden,P2,Mayor,A,-1\nArden,P3,Mayor,A,x\nshort\n"
    )
    with pytest.raises(ElectionsError) as caught:
        read_table(HEAD.encode() + rows, "f", level=None)
    for told in ("4 rows", "line 3", "a second time", "line 4: -1 votes", "line 5", "line 6"):
        assert told in caught.value.message


@given(st.binary(max_size=300))
def test_no_bytes_break_a_reader(data):
    for read in (lambda: read_table(HEAD.encode() + data, "f", level=None),
                 lambda: read_clarity(b"<ElectionResult>" + data, "f")):  # fmt: skip
        with suppress(ElectionsError):
            read()


CLARITY = """<ElectionResult><Region>AR</Region><Contest text="Mayor" voteFor="1">
<VoteType name="Undervotes" votes="1"/><Choice text="Ann" totalVotes="{total}">
<VoteType name="Day"><County name="Arden" votes="3"/></VoteType>
<VoteType name="Mail"><County name="Arden" votes="4"/></VoteType></Choice></Contest>
</ElectionResult>"""


def test_a_clarity_feed_gives_its_places_and_its_own_sums():
    places, sums = read_clarity(CLARITY.format(total=7).encode(), "f")
    assert places.votes == {(Place("Arden"), MAYOR): {"Ann": 7}}
    assert roll_up(places, sums) == []
    assert roll_up(*read_clarity(CLARITY.format(total=9).encode(), "f"))[0].difference == 2


@pytest.mark.parametrize(
    ("once", "said"),
    [
        ('<County name="Arden" votes="3"/>', "the votes of Arden stand there a second time"),
        ('<VoteType name="Day"><County name="Arden" votes="3"/></VoteType>', "the votes by 'Day'"),
    ],
)
def test_a_place_that_a_feed_counts_twice_is_refused_with_its_line(once, said):
    twice = CLARITY.format(total=7).replace(once, once + once)
    with pytest.raises(ElectionsError, match=f"line 3: Mayor: 'Ann': {said}"):
        read_clarity(twice.encode(), "f")


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ElectionsError, match="two columns are called 'votes'"):
        read_table(b"county,office,candidate,votes,votes\nArden,Mayor,A,5,99\n", "f", level=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "defines a document type"),
        ("<ElectionResult><Contest>", "broken XML"),
        ("<a>" * 40, "nests deeper"),
        (CLARITY.format(total=7).replace('"3"', '"-3"'), "is no count"),
        ("<ElectionResult/>", "no figures"),
    ],
)
def test_hostile_xml_is_refused(text, said):
    with pytest.raises(ElectionsError, match=said):
        read_clarity(text.encode(), "f")


STANDARD = {"@type": "ElectionResults.ElectionReport"}


@pytest.mark.parametrize("document", [None, {}, {"@type": "x"}, STANDARD, STANDARD | {"GpUnit": 5}])
def test_what_is_no_standard_report_is_refused(document):
    with pytest.raises(ElectionsError):
        read_report(document, "f")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1,204", 1204),
        ("", 0),
        ("12.0", 12),
        ("-3", -3),
        ("3.5", None),
        ("1e9", None),
        ("\u0663", None),
    ],
)
def test_counts_are_read_as_files_write_them(text, count):
    assert as_votes(text) == count


def test_a_name_that_is_nearly_another_is_hinted_at():
    assert near("Ardn", ["Arden", "Borea"]) == " (near: Arden)"

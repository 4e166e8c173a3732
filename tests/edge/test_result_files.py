"""One folder, one plain line: what agrees, or what does not, where, and by how much."""

import gzip

import pytest

from detente.errors import InputError
from detente.node.result_files import check_results

HEAD = "county,precinct,office,candidate,votes\n"
GOOD = (
    HEAD + "Arden,P1,Mayor,Ann,10\nArden,P1,Mayor,Bo,4\nArden,P2,Mayor,Ann,3\nArden,P2,Mayor,Bo,9\n"
)
COUNTY = "county,office,candidate,votes\nArden,Mayor,Ann,13\nArden,Mayor,Bo,13\n"


def night(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return check_results(folder)


def test_a_good_night_is_one_sentence(tmp_path):
    seen = night(tmp_path, precincts=GOOD, county=COUNTY)
    assert seen.line == "All 2 precinct reports agree along the chain."


def test_the_public_page_is_compared_with_what_the_office_gave_out(tmp_path):
    page = COUNTY.replace("Ann,13", "Ann,11")
    seen = night(tmp_path, county=COUNTY, public_a=COUNTY, public_b=page)
    assert [(each.check, each.difference) for each in seen.differences] == [("transit", -2)]


def test_a_tape_that_was_typed_one_line_too_low_is_one_finding(tmp_path):
    rows = [("Ann", 9), ("Bo", 4), ("Cy", 2)]
    tape = HEAD + "".join(f"Arden,P1,Mayor,{name},{n}\n" for name, n in rows)
    told = HEAD + "".join(
        f"Arden,P1,Mayor,{name},{n}\n" for (name, _), n in zip(rows, (2, 9, 4), strict=True)
    )
    seen = night(tmp_path, tape=tape, precincts=told)
    assert [each.check for each in seen.differences] == ["shift"]


def test_who_has_not_reported_is_named(tmp_path):
    who = "county,precinct,telephone\nArden,P1,1\nArden,P3,+1 555 0100\n"
    seen = night(tmp_path, precincts=GOOD, expected=who)
    assert [each.place for each in seen.differences] == ["Arden P3"]


def test_two_reports_of_one_level_follow_each_other(tmp_path):
    later = GOOD.replace("P2,Mayor,Bo,9", "P2,Mayor,Bo,8")
    seen = night(tmp_path, precincts_1=GOOD, precincts_2=later)
    assert [each.check for each in seen.differences] == ["monotone"]


def test_a_file_that_is_not_read_is_told(tmp_path):
    (tmp_path / "detail.xls").write_bytes(b"\xd0\xcf")
    seen = night(tmp_path, precincts=GOOD, county=COUNTY)
    assert seen.notes == ("detail.xls: left out: no table (CSV), XML or JSON",)


def test_figures_that_stand_alone_are_not_said_to_agree(tmp_path):
    seen = night(tmp_path, county=COUNTY)
    assert seen.line == "1 files read; nothing stands beside them to compare with."


def test_a_place_on_one_side_only_is_not_said_to_agree(tmp_path):
    seen = night(tmp_path, tape=GOOD, precincts=GOOD.partition("Arden,P2")[0])
    assert seen.line == "What both sides name agrees; 1 contests at places stand on one side only."
    assert seen.notes == ("Arden P2: Mayor is only in tape.csv",)


def test_files_of_one_county_each_are_parts_of_one_whole(tmp_path):
    borea = HEAD + "Borea,P1,Mayor,Ann,5\nBorea,P1,Mayor,Bo,6\n"
    both = COUNTY + "Borea,Mayor,Ann,5\nBorea,Mayor,Bo,6\n"
    seen = night(tmp_path, precincts_arden=GOOD, precincts_borea=borea, county=both)
    assert (seen.line, seen.notes) == ("All 3 precinct reports agree along the chain.", ())
    later = borea.replace("Bo,6", "Bo,4")
    seen = night(tmp_path, precincts_borea_later=later)
    assert [(each.check, each.difference) for each in seen.differences] == [
        ("roll_up", 2),
        ("monotone", -2),
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "no column"),
        ("a.csv", HEAD.encode() + b"Arden,P1,Mayor,Ann,\xff\n", "a.csv:2: not UTF-8"),
        ("a.csv", HEAD.encode(), "no figures"),
        ("a.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:-12], "broken gzip"),
        ("a.json", b"{", "not JSON"),
        ("a.xml", b"<a", "broken XML"),
        ("expected.csv", b"who\n", "no column county"),
        ("expected.csv", b"precinct\nP1\nS\xe3o\n", "expected.csv:3: not UTF-8"),
        ("columns.json", b"[]", "object of texts"),
        ("notes.md", b"", "no figures"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_nothing_is_half_read(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        check_results(tmp_path)


def test_a_folder_that_is_none_says_so(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        check_results(tmp_path / "nowhere")

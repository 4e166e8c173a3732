"""A file becomes another format whole, or is not written at all."""

import json

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.errors import InputError
from detente.node.cvr_files import read_records
from detente.node.result_reading import read_figures
from tests.shared import shared_path

TABLE = "county,office,candidate,votes,is_test\nArden,Mayor,Ann,5,yes\nArden,Mayor,Bo,4,yes\n"
RAIRE = "1\nContest,7,2,ann,bob\n7,c1,ann,bob\n7,c2\n"


def convert(folder, text, form, *more, name="in.csv"):
    (folder / name).write_text(text)
    words = [
        "elections",
        "results",
        "convert",
        folder / name,
        "--to",
        form,
        "--out",
        folder / "out",
    ]
    done = CliRunner().invoke(root, [*map(str, words), *more, "--json"], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout), (folder / "out").read_bytes()


def test_figures_become_the_standards_report_and_keep_the_flag_of_a_rehearsal(tmp_path):
    told, data = convert(tmp_path, TABLE, "1500-100", "--issuer", "Arden", "--day", "2026-11-03")
    assert told["holds"] == "2 figures, of a rehearsal"
    (tmp_path / "out.json").write_bytes(data)
    (back,) = read_figures(tmp_path / "out.json")
    assert back.is_test
    assert list(next(iter(back.votes.values())).items()) == [("Ann", 5), ("Bo", 4)]
    again, table = convert(tmp_path, data.decode(), "csv", name="in.json")
    assert b"Arden,,Mayor,,Ann,5,1,,,,,yes" in table
    assert again["left_out"] == []


def test_records_become_raires_problem_and_a_table_where_nothing_is_ranked(tmp_path):
    _, data = convert(tmp_path, RAIRE, "raire-json")
    assert json.loads(data)["votes"] == [{"n": 1, "prefs": [0, 1]}, {"n": 1, "prefs": []}]
    with pytest.raises(InputError, match="ranks several choices"):
        convert(tmp_path, RAIRE, "csv")
    _, data = convert(tmp_path, "card,Mayor\nc1,ann\nc2,\n", "raire")
    assert data == b"1\nContest,Mayor,1,ann\nMayor,c1,ann\nMayor,c2\n"


def test_a_file_with_bad_rows_is_not_written_at_all(tmp_path):
    bad = TABLE + "Arden,Mayor,Cy,-1,\nArden,Mayor,Di,x,\n"
    with pytest.raises(InputError, match=r"in.csv:4: 2 rows cannot be read.*line 5"):
        convert(tmp_path, bad, "1500-100")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "form", "more", "said"),
    [
        (TABLE, "raire", (), "figures cannot be written as raire. Possible: 1500-100, csv"),
        (RAIRE, "1500-101", (), "records of cards cannot be written"),
        (TABLE, "csv", ("--contest", "Major"), "near: Mayor"),
        (TABLE, "1500-100", ("--day", "soon"), "is no day"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_what_can(tmp_path, text, form, more, said):
    with pytest.raises(InputError, match=said):
        convert(tmp_path, text, form, *more)


def test_an_event_log_gets_a_chain(tmp_path):
    event = {"Id": "e", "Sequence": "1", "TimeStamp": "2026-11-03T07:00:00Z", "Type": "open"}
    log = {"@type": "EventLogging.ElectionEventLog", "Device": [{"Id": "s", "Event": [event]}]}
    told, data = convert(tmp_path, json.dumps(log), "1500-101", name="in.json")
    assert told["holds"] == "1 events"
    assert len(json.loads(data)["Device"][0]["Event"][0]["Hash"]) == 64


def test_a_published_export_of_dominion_agrees_with_its_own_counts():
    export = shared_path("data/elections/results/dominion_sf2024_cvr_subset.json")
    meant = json.loads(
        shared_path("data/elections/results/expected_dominion_subset.json").read_bytes()
    )
    read = read_records(export)
    names = {
        kind: {row["Id"]: row["Description"] for row in json.loads(
            shared_path(f"data/elections/results/dominion_sf2024_{kind}Manifest.json").read_bytes()
        )["List"]}
        for kind in ("Contest", "Candidate")
    }  # fmt: skip
    for row in meant["first_preference_votes"]:
        cards = read.contests[names["Contest"][row["contest"]]]
        candidate = names["Candidate"][row["candidate"]]
        seats = read.seats[cards.contest]
        votes = sum(
            candidate in (marks if seats > 1 else marks[:1])
            for marks in (cards.marks[n] for n in cards.which.tolist())
        )
        assert votes == row["votes"], row


@pytest.mark.parametrize("number", [1, 2])
def test_the_standards_own_examples_are_read(number):
    path = shared_path(f"data/elections/results/nist_1500-103_example_{number}.xml")
    assert sum(cards.count for cards in read_records(path).contests.values()) > 5


def test_georgia_does_not_cry_wolf(tmp_path):
    from detente.node.result_files import check_results

    for name in ("county", "precinct"):
        source = shared_path(f"data/elections/results/ga2024_{name}.csv.gz")
        (tmp_path / f"ga_{name}.csv.gz").write_bytes(source.read_bytes())
    seen = check_results(tmp_path)
    assert seen.line == "40 figures do not agree, 123 votes in all; no winner changes."
    assert {each.weight.name for each in seen.differences} == {"LOW"}
    assert any("all 40 differences go one way" in note for note in seen.notes)

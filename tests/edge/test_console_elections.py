"""Elections in the console: figures, audits, rolls and names from the office's own folders.

The threats: a name that leads out of the node's directory, a place, choice, card or host name
that was chosen to be read as something else, a file of another shape, and figures that a person
takes for agreed, signed or real when they are not. (issue 7, page 6)
"""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from detente.console.hosting import Console
from detente.elections.results import Contest, Level, Place, Report
from detente.node.audits.commitment import commit
from detente.node.audits.conducting import begin_round, enter
from detente.node.audits.definition import load_audit
from detente.node.audits.folder import AuditFolder
from detente.node.audits.rounds import Seed
from detente.node.election_pages import KEPT_FOR, parts_of
from detente.node.home import Home
from detente.node.offices import Role
from detente.node.result_tree import tree_of
from detente.node.signing_in import Place as Where
from tests.edge.county import SEED, fill_in, make_county
from tests.edge.test_console import HOSTILE, ORIGIN, Clock, sign_in

HEAD = ("county", "precinct", "office", "candidate", "votes")
FIGURES = [
    ("Arden", "P1", "Mayor", "Ann", 10),
    ("Arden", "P1", "Mayor", "Bo", 4),
    ("Borea", "P2", "Mayor", "Ann", 3),
    ("Borea", "P2", "Mayor", "Bo", 9),
]
SEEN_AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def console(tmp_path, clock):
    home = Home.create(tmp_path / "office", name="Aurel")
    said = []
    yield Console(home, Where("localhost", ORIGIN), now=clock.now, report=said.append)
    home.close()
    assert said == []  # no page failed


@pytest.fixture
def viewer(console):
    return sign_in(console, Role.VIEWER)[0]


def folder(console, subject, name="night"):
    place = console.desk.home.layout.directory / "elections" / subject / name
    place.mkdir(parents=True)
    return place


def table(rows, head=HEAD):
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


def by_county(rows, **more):
    sums = {}
    for county, _, office, name, votes in rows:
        sums[county, office, name] = sums.get((county, office, name), 0) + votes
    told = [(*key, votes + more.get(key[2], 0)) for key, votes in sums.items()]
    return table(told, ("county", "office", "candidate", "votes"))


def shown(visitor, path):
    answer = visitor.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_night_says_what_does_not_agree_innocent_explanation_first_and_who_signed(
    console, viewer
):
    night = folder(console, "results")
    (night / "precincts.csv").write_text(table(FIGURES))
    (night / "county.csv").write_text(by_county(FIGURES, Ann=5))
    page = shown(viewer, "/elections/results/night")
    assert page.index("Innocent:") < page.index("Seen:") < page.index("Settled by:")
    assert "unsigned" in page
    assert "Ann</bdi> +5" in page
    assert "night" in shown(viewer, "/elections")


def test_what_was_read_is_read_again_when_a_file_changes_and_after_a_while(console, viewer, clock):
    night = folder(console, "results")
    (night / "precincts.csv").write_text(table(FIGURES))
    (night / "county.csv").write_text(by_county(FIGURES))
    expected = "county,precinct,closes\nArden,P9,2026-11-03T21:00:30+00:00\n"
    (night / "expected.csv").write_text(expected)
    assert "agree along the chain" in shown(viewer, "/elections/results/night")
    clock.moment += KEPT_FOR  # by now the polls have closed there
    assert "Arden P9" in shown(viewer, "/elections/results/night")
    (night / "expected.csv").unlink()
    assert "Arden P9" not in shown(viewer, "/elections/results/night")


def test_figures_add_up_from_tape_to_state_and_a_county_that_does_not_is_opened():
    mayor = Contest("Mayor")
    a1, a2, b1 = Place("A", "1"), Place("A", "2"), Place("B", "1")

    def report(level, votes):
        return Report(level.name, level, {(place, mayor): each for place, each in votes.items()})

    tree = tree_of(
        [
            report(Level.TAPE, {a1: {"x": 1}, b1: {"x": 5}}),
            report(Level.PRECINCT, {a1: {"x": 1}, a2: {"x": 2}, b1: {"x": 4}}),
            report(Level.COUNTY, {Place("A"): {"x": 3}, Place("B"): {"x": 7}}),
            report(Level.STATE, {Place(): {"x": 10}}),
        ],
        mayor,
    )
    assert [(each.level, each.votes) for each in tree.links] == [
        (Level.TAPE, {"x": 6}),
        (Level.PRECINCT, {"x": 7}),
        (Level.COUNTY, {"x": 10}),
        (Level.STATE, {"x": 10}),
    ]
    assert tree.state.differences == {}
    assert [(each.place.county, each.differences) for each in tree.counties] == [
        ("A", {}), ("B", {"x": 3})
    ]  # fmt: skip
    assert tree.county == "B"
    assert [(each.place, each.differences) for each in tree.precincts] == [(b1, {"x": -1})]


def test_an_explanation_without_its_usual_parts_is_shown_whole():
    assert parts_of("Odd.") == ("Odd.", "", "")
    assert parts_of("Odd. Innocent: a typo. Settled by: a call.") == ("Odd.", "a typo.", "a call.")


def test_an_audit_shows_its_risk_what_is_left_and_a_list_to_print(console, viewer):
    place = make_county(folder(console, "audits", "county"), rehearsal=True)
    assert "not committed to yet" in shown(viewer, "/elections/audits/county")
    audit = load_audit(AuditFolder(place))
    made = commit(audit, SEEN_AT)
    assert "the seed is still to be thrown" in shown(viewer, "/elections/audits/county")
    later = made.committed + timedelta(seconds=2)
    begin_round(audit, seed=Seed(SEED, later, ("Aurel",)), cards=20, now=later)
    page = shown(viewer, "/elections/audits/county")
    assert "REHEARSAL" in page
    assert "drawn cards are not entered yet" in page
    filled = fill_in(place / "round-1.csv", lies=1)
    enter(audit, filled.read_bytes(), filled.name)
    page = shown(viewer, "/elections/audits/county")
    assert "drawn cards are not entered yet" not in page
    assert 'data-picture="risk"' in page
    assert page.count("<tr data-x=") == 2 * 21  # the table beside each picture holds its points
    sample = shown(viewer, "/elections/audits/county/rounds/1")
    cards = json.loads((place / "round-1.json").read_text())["cards"]
    assert [sample.index(f">{each}<") for each in cards] == sorted(
        sample.index(f">{each}<") for each in cards
    )
    assert viewer.ask("GET", "/elections/audits/county/rounds/2").status_code == 400


def rolls_of(place, **changes):
    point = {"share": 0.01, "records": 5, "detected": 0.9, "interval": [0.7, 1.0]}
    curve = {"class": "silent", "false_alarms": 0.02, "points": [point]}
    report = {"signals": [{"signal": "silent_edit", "count": 3, "explanation": "Odd."}],
              "rows": {"before": 9, "after": 9}, "columns": {"name": 3}}  # fmt: skip
    power = {"records": 9, "periods": 5, "curves": [curve]}
    (place / "report.json").write_text(json.dumps(report | changes))
    (place / "power.json").write_text(json.dumps(power))


def test_a_roll_shows_signals_and_the_power_of_its_checks(console, viewer):
    rolls_of(folder(console, "rolls", "arden"))
    page = shown(viewer, "/elections/rolls/arden")
    assert "silent edit" in page
    assert 'data-picture="power"' in page
    assert "to 100 %" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"signals": None},
        {"signals": [1]},
        {"signals": [{"signal": "x", "count": -1, "explanation": ""}]},
        {"signals": [{"signal": "x", "count": 1}] * 101},
        {"rows": {"before": "many"}},
        {"rows": []},
    ],
    ids=str,
)
def test_a_report_of_another_shape_is_refused_with_its_file(console, viewer, changes):
    rolls_of(folder(console, "rolls", "arden"), **changes)
    answer = viewer.ask("GET", "/elections/rolls/arden")
    assert (answer.status_code, "report.json" in answer.text) == (400, True)


@pytest.mark.parametrize("path", ["results", "audits", "rolls", "names"])
def test_a_folder_is_named_and_never_a_path_and_a_link_out_of_it_is_refused(
    console, viewer, tmp_path, path
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "county.csv").write_text(by_county(FIGURES))
    base = folder(console, path, "real").parent
    (base / "link").symlink_to(outside, target_is_directory=True)
    (base / "real" / "county.csv").symlink_to(outside / "county.csv")
    for name in ("%2e%2e", "..%2f..%2fkeys", ".hidden", "none", "a%00b", "link", "real"):
        answer = viewer.ask("GET", f"/elections/{path}/{name}")
        assert answer.status_code in {400, 404}, name
        assert "Ann" not in answer.text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_figures_rolls_and_names_say_is_shown_as_inert_text(console, viewer, text):
    flat = " ".join(text.replace("\x00", "").split())  # what a table can hold at all
    rows = [(flat, flat, flat, flat, 3), (flat, flat, flat, "Bo", 2)]
    night = folder(console, "results")
    (night / "precincts.csv").write_text(table(rows))
    (night / "county.csv").write_text(by_county(rows, Bo=4))
    rolls_of(folder(console, "rolls"), columns={text: 1},
             signals=[{"signal": text, "count": 1, "explanation": text}])  # fmt: skip
    name = {"observed": text, "protects": text, "class": text, "score": 1, "facts": text}
    (folder(console, "names") / "scan.json").write_text(json.dumps(name) + "\n")
    audit = make_county(folder(console, "audits"), title=text)
    document = json.loads((audit / "audit.json").read_text()) | {"audit": text}
    (audit / "audit.json").write_text(json.dumps(document))
    for subject in ("results", "rolls", "names", "audits"):
        page = shown(viewer, f"/elections/{subject}/night")
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        for hidden in "\u202e\u200b\u2066\u2069\x1b\x00":
            assert hidden not in page
        if "\u202e" in text:
            assert "U+202E" in page


def test_a_name_in_letters_of_another_script_is_also_shown_as_the_network_writes_it(
    console, viewer
):
    row = {"observed": "\u0430rden.example", "protects": "arden.example", "class": "homoglyph",
           "score": 1, "facts": ""}  # fmt: skip
    (folder(console, "names") / "scan.json").write_text(json.dumps(row))
    page = shown(viewer, "/elections/names/night")
    assert "xn--rden-43d.example" in page
    assert "letters that look like others" in page

"""An officer audits a contest from files, and a rival with the same files comes to the same."""

import gzip
import json
from hashlib import sha256

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.elections.audit import Assertion, sufficiency
from detente.errors import InputError
from detente.node.cvr_files import matched, read_assertions, read_cards, read_ids, read_pulled

SEED = "53417960661093690826"
RAIRE = "1\nContest,7,3,ann,bob,cy\n"


def run(*words):
    done = CliRunner().invoke(
        root, ["elections", "audit", *map(str, words), "--json"], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.return_value, json.loads(done.stdout)


@pytest.fixture
def office(tmp_path):
    cards = [("ann",)] * 60 + [("bob", "ann")] * 30 + [("cy",)] * 5 + [()] * 5
    rows = [",".join(("7", f"b_{n}", *marks)) for n, marks in enumerate(cards)]
    (tmp_path / "cvr.raire").write_text(RAIRE + "\n".join(rows) + "\n")
    wanted = [("ann", "bob"), ("ann", "cy")]
    listed = [{"winner": w, "loser": one, "assertion_type": "WINNER_ONLY"} for w, one in wanted]
    contest = {"contest": "7", "winner": "ann", "assertions": listed}
    (tmp_path / "raire.json").write_text(json.dumps({"audits": [contest]}))
    ballots = [
        {"id": f"b-{n}", "votes": {"7": {name: rank for rank, name in enumerate(marks, 1)}}}
        for n, marks in enumerate(cards)
    ]
    (tmp_path / "pulled.json").write_text(json.dumps({"ballots": ballots}))
    return tmp_path


def arguments(office):
    return ("--records", office / "cvr.raire", "--assertions", office / "raire.json")


def test_a_plan_says_how_many_cards_and_whether_they_would_prove_the_winner(office):
    _, answer = run("plan", *arguments(office))
    assert answer["proves_winner"]
    margins = [each["margin"] for each in answer["assertions"]]
    assert margins == pytest.approx([0.3, 0.55])
    assert answer["records_sha256"] == sha256((office / "cvr.raire").read_bytes()).hexdigest()


def test_assertions_that_leave_another_winner_open_confirm_nobody(office):
    contest = json.loads((office / "raire.json").read_text())
    contest["audits"][0]["assertions"].pop()
    (office / "raire.json").write_text(json.dumps(contest))
    status, answer = run("risk", *arguments(office), "--pulled", office / "pulled.json")
    assert (status, answer["met"], answer["proves_winner"]) == (1, False, False)


def test_paper_that_agrees_confirms_the_winner(office):
    status, answer = run("risk", *arguments(office), "--pulled", office / "pulled.json")
    assert (status, answer["met"]) == (0, True)
    assert answer["assertions"][0]["discrepancies"] == {"2": 0, "1": 0, "-1": 0, "-2": 0}


def test_paper_that_disagrees_sends_the_contest_to_a_full_count(office):
    pulled = json.loads((office / "pulled.json").read_text())
    for ballot in pulled["ballots"][:25]:
        ballot["votes"] = {"7": {"bob": 1}}
    (office / "pulled.json").write_text(json.dumps(pulled))
    status, answer = run("risk", *arguments(office), "--pulled", office / "pulled.json")
    assert (status, answer["met"]) == (1, False)
    assert answer["assertions"][0]["discrepancies"]["2"] == 25


def test_cards_that_are_not_found_count_against_every_winner(office):
    pulled = json.loads((office / "pulled.json").read_text())
    for ballot in pulled["ballots"][:40]:
        ballot["votes"] = None
    (office / "pulled.json").write_text(json.dumps(pulled))
    _, answer = run("risk", *arguments(office), "--pulled", office / "pulled.json")
    assert not answer["met"]


def test_pending_ballots_are_taken_for_the_loser(office):
    _, now = run("plan", *arguments(office))
    _, later = run("plan", *arguments(office), "--pending", 20)
    assert later["assertions"][0]["margin"] == pytest.approx((30 - 20) / 100)
    assert later["assertions"][0]["clean"] is None or (
        later["assertions"][0]["clean"] > now["assertions"][0]["clean"]
    )


def test_anybody_draws_the_same_cards_and_a_changed_manifest_is_refused(office):
    manifest = office / "cvr.raire"
    known = sha256(manifest.read_bytes()).hexdigest()
    words = ("sample", "--manifest", manifest, "--seed", SEED, "--cards", 4)
    _, first = run(*words, "--manifest-sha256", known)
    listed = office / "ids.txt"
    listed.write_text("\n".join(sorted(read_ids(manifest), reverse=True)))
    _, second = run("sample", "--manifest", listed, "--seed", SEED, "--cards", 4)
    assert first["cards"] == second["cards"]
    manifest.write_text(manifest.read_text() + "7,b_100,bob\n")
    with pytest.raises(InputError, match="not the one committed"):
        run(*words, "--manifest-sha256", known)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"1\nContest,7\n", ":2: expected Contest"),
        (RAIRE.encode() + b"8,x,ann\n", ":3: 1 row cannot be read.*no record of a contest"),
        (RAIRE.encode() + b"7,x,zoe\n", "'zoe', who does not stand"),
        (RAIRE.encode() + b"7,x,ann,ann\n", ":3: .*ranks somebody twice"),
        (RAIRE.encode() + b"7,x,ann\n7,x,bob\n", "stands twice"),
        (b"card,choice\nnothing\n", ":2: 1 row cannot be read.*1 columns instead of 2"),
        (b"hello\n", ":1: no column 'card'"),
        (gzip.compress(RAIRE.encode(), mtime=0)[:-9], "broken gzip"),
    ],
)
def test_broken_records_are_refused_with_their_line(tmp_path, data, said):
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(InputError, match=said):
        read_cards(tmp_path / "f")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"ballots": [5]}', '{"ballots": [{"id": "a", "votes": {"7": {"x": "?"}}}]}',
             '{"ballots": [{"id": "a", "votes": null}, {"id": "a", "votes": null}]}']
)  # fmt: skip
def test_broken_ballots_are_refused(tmp_path, text):
    (tmp_path / "f").write_text(text)
    with pytest.raises(InputError):
        read_pulled(tmp_path / "f", "7")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"assertions": [{"assertion_type": "X"}]}'])
def test_broken_assertions_are_refused(tmp_path, text):
    (tmp_path / "f").write_text(text)
    with pytest.raises(InputError):
        read_assertions(tmp_path / "f")


def test_a_table_of_choices_is_audited_as_plurality(tmp_path):
    rows = ["card,choice", *(f"c{n},{'A' if n % 3 else 'B'}" for n in range(300)), "c300,"]
    (tmp_path / "cvr.csv").write_text("\n".join(rows))
    _, answer = run("plan", "--records", tmp_path / "cvr.csv")
    assert [each["assertion"] for each in answer["assertions"]] == ["A v B"]


def test_ids_spelt_with_another_sign_are_the_same_cards():
    assert matched({"1-2-3": (), "x": None}, ["1_2_3"]) == {"1_2_3": (), "x": None}


def test_sufficiency_is_that_of_the_whole_set():
    assert sufficiency([Assertion("a", "b")], ["a", "b"], "a").sufficient

"""Published audit figures come out to their last digit. (SHANGRLA, Arlo, Colorado 2024)"""

import csv
import gzip
import itertools
import json
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest

from detente.elections.audit.supersimple import Discrepancies, Margin, p_value
from detente.node.audits.commitment import commit
from detente.node.audits.conducting import begin_round, enter, report
from detente.node.audits.definition import load_audit
from detente.node.audits.folder import AuditFolder
from detente.node.audits.rounds import Seed
from detente.node.audits.verification import verify_audit
from detente.node.clock import now
from tests.shared import shared_path

SEED = "53417960661093690826"


def table():
    return shared_path("data", "elections", "rla_expected.json")


def is_close(seen, expected, tolerance):
    if isinstance(expected, list):
        pairs = zip(seen, expected, strict=True)
        return all(is_close(one, other, tolerance) for one, other in pairs)
    if isinstance(expected, str | dict | bool):
        return seen == expected
    return seen == pytest.approx(expected, abs=tolerance.get("abs", 0), rel=tolerance.get("rel", 0))


def test_every_published_row_is_reproduced_by_the_command_line():
    rows = json.loads(table().read_bytes())["rows"]
    assert len(rows) > 90
    done = subprocess.run(
        [sys.executable, "-m", "detente", "elections", "audit", "compute", str(table()), "--json"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    seen = {row["id"]: row["value"] for row in json.loads(done.stdout)["rows"]}
    wrong = [
        (row["id"], seen[row["id"]], row["expected"])
        for row in rows
        if not is_close(seen[row["id"]], row["expected"], row["tolerance"])
    ]
    assert wrong == []


SF = ("data", "elections", "sf2019")


def audit(*words):
    command = [sys.executable, "-m", "detente", "elections", "audit", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    return json.loads(done.stdout)


def sf_arguments():
    return (
        "--records",
        shared_path(*SF, "cvr_da2019_report12.raire.gz"),
        "--assertions",
        shared_path(*SF, "assertions.json"),
    )


def test_san_francisco_2019_has_its_published_margins_and_sizes():
    published = json.loads(shared_path(*SF, "margins.json").read_bytes())["published"]
    answer = audit("plan", *sf_arguments())
    assert answer["proves_winner"]
    seen = {each["assertion"]: each for each in answer["assertions"]}
    assert len(seen) == 13
    for row in published:
        assert seen[row["assertion"]]["margin"] == pytest.approx(row["margin"], rel=1e-12)
        assert seen[row["assertion"]]["quantiles"]["80%"] == row["sample_size"]


@pytest.mark.parametrize("name", ["mvr_errors_1-1-5", "mvr_errors_5-5-5", "mvr_200_perfect"])
def test_planted_errors_are_seen_as_discrepancies(name):
    expected = json.loads(shared_path(*SF, "expected_mvr_differences.json").read_bytes())["files"]
    answer = audit("risk", *sf_arguments(), "--pulled", shared_path(*SF, f"{name}.json"))
    seen = max(sum(each["discrepancies"].values()) for each in answer["assertions"])
    assert seen <= expected[name]["rankings_that_differ"]
    assert (seen > 0) == (expected[name]["rankings_that_differ"] > 0)


def colorado():
    path = shared_path("data", "elections", "results", "co2024_round1_risk_summary.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(itertools.islice(stream, 1, None))
        return [row for row in rows if (row["min margin"] or "-").isdigit()]


def test_the_risks_that_colorado_published_in_2024_come_out_for_every_contest():
    seen = wrong = 0
    for row in colorado():
        if not int(row["min margin"]):
            continue
        contest = Margin(int(row["ballot count"]), int(row["min margin"]), float(row["gamma"]))
        kinds = ("disc +1", "disc +2", "disc -1", "disc -2")
        found = Discrepancies(*(int(row[kind]) for kind in kinds))
        risk = 100 * p_value(contest, sampled=int(row["audited sample count"]), seen=found)
        # Published with one digit, rounded half up from a decimal of its own.
        wrong += abs(risk - float(row["Risk measurement %"])) > 0.05 + 1e-6
        seen += 1
    assert (seen, wrong) == (613, 0)


def test_a_whole_audit_of_san_francisco_2019_is_verified_figure_by_figure(tmp_path):
    for name in ("cvr_da2019_report12.raire.gz", "assertions.json"):
        shutil.copy(shared_path(*SF, name), tmp_path / name)
    contest = {
        "name": "339",
        "title": "District attorney",
        "choice": "irv",
        "winners": ["15"],
        "records": "cvr_da2019_report12.raire.gz",
        "assertions": "assertions.json",
    }
    (tmp_path / "audit.json").write_text(json.dumps({"audit": "SF 2019", "contests": [contest]}))
    audit = load_audit(AuditFolder(tmp_path))
    made = commit(audit, now())
    thrown = made.committed + timedelta(seconds=1)
    drawn = begin_round(audit, seed=Seed(SEED, thrown), cards=None, now=now())
    cards = audit.contests["339"].electorate.cards
    said = {card: cards.marks[cards.which[at]] for card, at in cards.places({*drawn.cards}).items()}
    ballots = [{"id": card, "votes": {"339": list(said[card])}} for card in drawn.cards]
    state = enter(audit, json.dumps({"ballots": ballots}).encode(), "ballots.json")
    assert state.line == "1 of 1 contests confirmed."
    published = {row["assertion"]: row["margin"] for row in json.loads(
        shared_path(*SF, "margins.json").read_bytes())["published"]}  # fmt: skip
    margins = {str(each.assertion): each.margin for each in state.found["339"].judged}
    assert {name: margins[name] for name in published} == pytest.approx(published, rel=1e-12)
    report(audit)
    found = verify_audit(tmp_path, None)
    assert [each.name for each in found.checks if not each.good] == [
        "the commitment was seen before the seed"  # nobody was asked to see it
    ]

"""Georgia 2024 does not roll up by 123 votes, and that is not cried over. (openelections)"""

import json
import shutil

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from tests.shared import shared_path

FOLDER = ("data", "elections", "results")


def checked(folder):
    words = ["elections", "results", "check", str(folder), "--json"]
    done = CliRunner().invoke(root, words, standalone_mode=False)
    return done.return_value, json.loads(done.stdout)


def test_every_row_of_georgia_that_differs_is_told_and_no_winner_changes(tmp_path):
    for name in ("ga2024_county.csv.gz", "ga2024_precinct.csv.gz"):
        shutil.copy(shared_path(*FOLDER, name), tmp_path)
    expected = json.loads(shared_path(*FOLDER, "expected_rollup.json").read_bytes())
    status, seen = checked(tmp_path)
    places = {
        f"{row['county']}: {row['office']}"
        + (f", {row['district']}" if row["district"] else "")
        + f": {row['candidate']}": row["county_total"] - row["precinct_total"]
        for row in expected["differences"]
    }
    assert {row["place"]: row["difference"] for row in seen["findings"]} == places
    assert not any(row["can_change_winner"] for row in seen["findings"])
    assert seen["line"] == "40 figures do not agree, 123 votes in all; no winner changes."
    assert status == 1


@pytest.mark.parametrize("name", ["co2024_clarity_detail.xml.gz", "clarity_sample_precinct.xml"])
def test_a_published_feed_agrees_with_its_own_sums(tmp_path, name):
    shutil.copy(shared_path(*FOLDER, name), tmp_path)
    status, seen = checked(tmp_path)
    assert (status, seen["findings"]) == (0, [])


def test_a_standard_report_marked_as_test_is_used_for_nothing(tmp_path):
    shutil.copy(shared_path(*FOLDER, "sample_1500-100_v2.json"), tmp_path)
    _, seen = checked(tmp_path)
    assert {row["check"] for row in seen["findings"]} == {"test_flag"}


def test_a_standard_report_rolls_up_from_precincts_to_its_county(tmp_path):
    report = json.loads(shared_path(*FOLDER, "sample_1500-100_v2.json").read_bytes())
    report["IsTest"] = False
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert checked(tmp_path)[1]["findings"] == []
    counts = report["Election"][0]["Contest"][0]["ContestSelection"][0]["VoteCounts"]
    counts[1]["Count"] += 1
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert [row["difference"] for row in checked(tmp_path)[1]["findings"]] == [-1]

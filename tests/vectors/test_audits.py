"""Published audit figures come out to their last digit. (SHANGRLA, Arlo, Colorado 2024)"""

import json
import subprocess
import sys

import pytest

from tests.shared import shared_path


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

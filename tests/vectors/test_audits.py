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

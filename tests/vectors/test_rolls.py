"""Every planted class is found in made rolls, nothing is in clean ones. (shared/tools)"""

import json
import subprocess
import sys
from datetime import date

import pytest

from detente.node.roll_files import RollFiles, compare_rolls
from tests.shared import shared_path

CLASSES = ("mass_removal", "one_field_burst", "silent_edit", "reversal", "missing_provenance",
           "id_enumeration", "selection", "non_eligible_cause", "duplicates",
           "schema_drift")  # fmt: skip


def made(folder, *arguments):
    tool = shared_path("tools", "make_rolls.py")
    words = [sys.executable, str(tool), "--out", str(folder), "--voters", "8000", *arguments]
    done = subprocess.run(words, capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


def looked_at(folder):
    layout = shared_path("data", "elections", "rolls", "nc_voter_layout.json")
    names = ("transactions.tsv", "lookups.tsv", "peers.tsv")
    return compare_rolls(
        RollFiles(
            folder / "snapshot_a.tsv",
            folder / "snapshot_b.tsv",
            layout,
            *(folder / name for name in names),
            election=date(2026, 11, 3),
        )
    )


@pytest.mark.parametrize("seed", ["1", "2"])
def test_honest_churn_fires_nothing(tmp_path, seed):
    made(tmp_path, "--clean", "--seed", seed)
    assert looked_at(tmp_path).findings == ()


@pytest.mark.parametrize("planted", CLASSES)
def test_each_class_alone_is_found_and_no_other(tmp_path, planted):
    truth = made(tmp_path, "--only", planted)
    report = looked_at(tmp_path)
    assert [each.signal.value for each in report.findings] == [planted]
    assert report.findings[0].count == pytest.approx(truth["planted"][planted]["count"], rel=0.15)


def test_all_together_are_found_and_the_rows_that_differ_are_counted_exactly(tmp_path):
    truth = made(tmp_path)
    report = looked_at(tmp_path)
    assert {each.signal.value for each in report.findings} == set(CLASSES)
    seen = report.comparison
    assert truth["diff"] == {
        "removed": len(seen.removed),
        "added": len(seen.added),
        "changed": len(seen.changed),
    }

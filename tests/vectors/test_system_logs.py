"""Incidents of the record inside made traffic: what is found, missed, and why. (shared/tools)"""

import subprocess
import sys

import pytest

from bench.systems import BEYOND_A_LOG, NOT_ACCUSED, by_stage, made
from tests.shared import scaled, shared_path

SEEDS = [str(seed) for seed in range(1, scaled(2, 11))]


@pytest.fixture(scope="module", params=SEEDS)
def folder(request, tmp_path_factory):
    tool = shared_path("tools", "make_weblogs.py")
    place = tmp_path_factory.mktemp("logs")
    return made(tool, place, "--seed", request.param, "--benign", "12000")


def test_every_stage_that_a_log_can_show_is_found(folder):
    rows = by_stage(folder).stages
    missed = {(row.incident, row.stage): row for row in rows if row.recall < 1}
    assert set(missed) <= set(BEYOND_A_LOG)
    assert len(rows) - len(missed) >= 12


def test_of_nobody_else_anything_is_said(folder):
    """A flood is told as a whole, and names no voter who asked for the same page."""
    odd = [row for row in by_stage(folder).signs if row.others]
    assert {row.sign for row in odd} <= set(NOT_ACCUSED)


def test_clean_traffic_with_its_decoys_is_silent(tmp_path):
    tool = shared_path("tools", "make_weblogs.py")
    assert by_stage(made(tool, tmp_path, "--clean", "--benign", "12000")).signs == ()


def test_the_table_is_printed_with_every_miss_explained():
    shared_path("tools", "make_weblogs.py")
    words = [sys.executable, "-m", "bench.systems", "--benign", "3000", "--repeats", "1"]
    done = subprocess.run(words, capture_output=True, check=True, text=True, timeout=60)
    for (incident, stage), reason in BEYOND_A_LOG.items():
        assert any(
            incident in line and stage in line and reason in line
            for line in done.stdout.splitlines()
        )

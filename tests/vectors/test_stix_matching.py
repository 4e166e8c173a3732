"""OASIS's own tables of patterns, observations and verdicts."""

from typing import Any

import pytest

from detente.errors import UnitError
from detente.statements import PatternError, parse_pattern
from detente.watch import match_pattern
from tests.vectors.published import cases, document


def verdict(case: dict[str, Any], sets: list[list[dict[str, Any]]]) -> str:
    try:
        return "match" if match_pattern(case["pattern"], sets[case["observations"]]) else "nomatch"
    except UnitError:
        return "error"


def is_read(pattern: str) -> bool:
    try:
        parse_pattern(pattern)
    except PatternError:
        return False
    return True


@pytest.mark.parametrize("version", ["2.1", "2.0"])
def test_every_row_gets_the_published_verdict(version: str) -> None:
    parts = ("stix", f"pattern-match-{version}.json")
    sets = document(*parts)["observation_sets"]
    read = [case for case in cases(*parts) if is_read(case["pattern"])]
    assert len(read) > 250
    for case in read:
        assert verdict(case, sets) == case["expect"], case["name"]


def test_of_the_2_0_rows_only_a_qualifier_given_twice_is_not_read_though_others_do() -> None:
    rows = cases("stix", "pattern-match-2.0.json")
    refused = {
        case["pattern"]
        for case in rows
        if case["validator_accepts"] and case["expect"] != "error" and not is_read(case["pattern"])
    }
    assert refused == {
        "[person:age < 20] REPEATS 2 TIMES REPEATS 2 TIMES",
        "[person:age < 20] REPEATS 2 TIMES REPEATS 5 TIMES",
        "[person:age < 20] REPEATS 5 TIMES REPEATS 2 TIMES",
    }


@pytest.mark.parametrize("version", ["2.1", "2.0"])
def test_what_the_table_refuses_as_no_pattern_is_refused(version: str) -> None:
    parts = ("stix", f"pattern-match-{version}.json")
    sets = document(*parts)["observation_sets"]
    for case in cases(*parts):
        if case["expect"] == "error":
            assert verdict(case, sets) == "error", case["name"]

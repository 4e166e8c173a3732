"""OASIS's own verdicts on patterns, and what its inspector finds in them."""

from collections import defaultdict
from typing import Any

import pytest

from detente.statements import Pattern, PatternError, parse_pattern
from detente.statements.expressions import (
    AnyElement,
    Combined,
    Comparison,
    Expression,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from tests.vectors.published import cases


def taken(text: str) -> bool:
    try:
        parse_pattern(text)
    except PatternError:
        return False
    return True


@pytest.mark.parametrize("version", ["2.1", "2.0"])
def test_every_pattern_gets_the_published_verdict(version: str) -> None:
    for case in cases("stix", f"pattern-valid-{version}.json"):
        assert taken(case["pattern"]) == case["valid"], case["name"]


def test_the_patterns_to_be_matched_are_read_as_the_reference_reads_them() -> None:
    for case in cases("stix", "pattern-match-2.1.json"):
        assert taken(case["pattern"]) == case["validator_accepts"], case["name"]


def test_the_inspector_finds_the_same_comparisons_operators_and_qualifiers() -> None:
    for case in cases("stix", "pattern-inspect-2.1.json"):
        pattern = parse_pattern(case["pattern"])
        operators, qualifiers = structure(pattern.expression)
        assert comparisons(pattern) == published(case["comparisons"]), case["name"]
        assert operators == set(case["observation_ops"]), case["name"]
        assert qualifiers == set(case["qualifiers"]), case["name"]


def comparisons(pattern: Pattern) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for comparison in pattern.comparisons():
        found[comparison.path.object_type].append(inspected(comparison))
    return {kind: sorted(rows, key=repr) for kind, rows in found.items()}


def inspected(comparison: Comparison) -> list[Any]:
    steps = ["*" if step is AnyElement.ANY else step for step in comparison.path.steps]
    operator = f"NOT {comparison.operator}" if comparison.negated else str(comparison.operator)
    values = ",".join(constant.text for constant in comparison.constants)
    return [steps, operator, f"({values})" if comparison.operator is Operator.IN else values]


def published(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    def star(step: Any) -> Any:
        return "*" if str(step).startswith("<object") else step

    return {
        kind: sorted(([[star(step) for step in row[0]], *row[1:]] for row in rows), key=repr)
        for kind, rows in found.items()
    }


def structure(expression: Expression) -> tuple[set[str], set[str]]:
    operators: set[str] = set()
    qualifiers: set[str] = set()
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case Combined(joint=joint, parts=parts):
                operators.add(joint.value)
                waiting += parts
            case Qualified(expression=inner, qualifier=qualifier):
                qualifiers.add(written(qualifier))
                waiting.append(inner)
            case _:
                pass
    return operators, qualifiers


def written(qualifier: Within | Repeats | StartStop) -> str:
    match qualifier:
        case Within(seconds=seconds):
            return f"WITHIN {seconds:g} SECONDS"
        case Repeats(times=times):
            return f"REPEATS {times} TIMES"
        case StartStop(start=start, stop=stop):
            return f"START t'{start}' STOP t'{stop}'"

"""Observed data for the tests, and the slow evaluator that draws everything there is to draw."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from detente.statements.expressions import (
    Combined,
    Expression,
    Joint,
    Observation,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from detente.watch.patterns import compile_pattern
from detente.watch.patterns.moments import parse_moment, ticks_of
from detente.watch.patterns.observations import Observed, read_observed

Drawn = frozenset[tuple[int, int]]  # (observation, which of its times)


def at(second: int) -> str:
    return f"2026-11-23T12:{second // 60:02}:{second % 60:02}Z"


def observation(
    *objects: dict[str, Any], first: int = 0, last: int | None = None, count: int = 1
) -> dict[str, Any]:
    return {
        "type": "observed-data",
        "first_observed": at(first),
        "last_observed": at(first if last is None else last),
        "number_observed": count,
        "objects": {str(number): each for number, each in enumerate(objects)},
    }


def slow_match(pattern: str, data: list[dict[str, Any]]) -> bool:
    """As STIX says it: is there any set of different observations that is one of the drawn?"""
    observed = read_observed(data)
    compiled = compile_pattern(pattern)
    return next(_drawn(compiled.expression, compiled.tests, observed), None) is not None


def _drawn(expression: Expression, tests: Any, observed: tuple[Observed, ...]) -> Iterator[Drawn]:
    match expression:
        case Observation():
            yield from _singles(tests[expression][1], observed)
        case Combined(joint=Joint.OR, parts=parts):
            for part in parts:
                yield from _drawn(part, tests, observed)
        case Combined(joint=joint, parts=parts):
            found = list(_drawn(parts[0], tests, observed))
            for part in parts[1:]:
                right = list(_drawn(part, tests, observed))
                found = [a | b for a in found for b in right if joins(a, b, joint, observed)]
            yield from found
        case Qualified(expression=inner, qualifier=Repeats(times=times)):
            yield from _repeated(set(_drawn(inner, tests, observed)), times)
        case Qualified(expression=inner, qualifier=qualifier):
            drawn = _drawn(inner, tests, observed)
            yield from (one for one in drawn if fits([observed[n] for n, _ in one], qualifier))


def _singles(test: Any, observed: tuple[Observed, ...]) -> Iterator[Drawn]:
    for number, each in enumerate(observed):
        if any(test(node, each.objects) for node in each.objects.values()):
            yield from (frozenset({(number, time)}) for time in range(each.count))


def _repeated(drawn: set[Drawn], times: int) -> Iterator[Drawn]:
    for several in combinations(drawn, times):
        whole = frozenset[tuple[int, int]]().union(*several)
        if len(whole) == sum(map(len, several)):
            yield whole


def joins(a: Drawn, b: Drawn, joint: Joint, observed: tuple[Observed, ...]) -> bool:
    if a & b:
        return False
    return joint is Joint.AND or max(observed[n].first for n, _ in a) <= min(
        observed[n].last for n, _ in b
    )


def fits(drawn: list[Observed], qualifier: Within | Repeats | StartStop) -> bool:
    match qualifier:
        case Within(seconds=seconds):
            end = min(each.last for each in drawn) + ticks_of(seconds)
            return all(each.first <= end for each in drawn)
        case StartStop(start=start, stop=stop):
            since, until = parse_moment(start), parse_moment(stop)
            assert since is not None
            assert until is not None
            return since < until and all(e.first < until and e.last >= since for e in drawn)
        case _:
            raise AssertionError(qualifier)

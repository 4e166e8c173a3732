"""Look-up pages walked by a script: ids that rise by one, at an even pace."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import mean, pstdev

from detente.elections.rolls.model import Finding, Signal

_RUN_MIN = 50
_PER_HOUR_MIN = 200.0
_SPACING_CV_MAX = 0.3
_RISING_MIN = 0.9


@dataclass(frozen=True, slots=True)
class LookUp:
    """One request of the look-up page: when, from where, for which id."""

    at: datetime
    source: str
    voter: str


def enumeration(requests: Iterable[LookUp]) -> Finding | None:
    """Sources that walk the ids: rising, evenly spaced, more than 200 an hour."""
    by_source: dict[str, list[LookUp]] = defaultdict(list)
    for request in requests:
        by_source[request.source].append(request)
    walking = {source: each for source, each in by_source.items() if _is_walk(each)}
    if not walking:
        return None
    count = sum(len(each) for each in walking.values())
    return Finding(
        Signal.ID_ENUMERATION,
        count,
        f"{count} look-ups by {len(walking)} source(s) went through rising ids at an even pace. "
        "Innocent: a tester, a list process that uses the page. Settled by: asking whose address "
        "that is, and limiting the page's rate meanwhile.",
    )


def _is_walk(requests: list[LookUp]) -> bool:
    if len(requests) < _RUN_MIN:
        return False
    ordered = sorted(requests, key=lambda each: each.at)
    numbers = [int(each.voter) for each in ordered if each.voter.isdecimal()]
    if len(numbers) < _RUN_MIN:
        return False
    rising = sum(0 < b - a <= 2 for a, b in pairwise(numbers))  # noqa: PLR2004
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(ordered)]
    hours = max((ordered[-1].at - ordered[0].at).total_seconds() / 3600, 1e-9)
    even = mean(gaps) > 0 and pstdev(gaps) / mean(gaps) < _SPACING_CV_MAX
    return (
        rising / (len(numbers) - 1) >= _RISING_MIN and even and len(ordered) / hours > _PER_HOUR_MIN
    )

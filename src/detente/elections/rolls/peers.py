"""A county against its own history and its peers in the same week.

First the robust score, z = (logit r - median) / (1.4826 MAD); then what is left
of the county's count when a non-negative factorisation of all counties and
weeks has explained what they have in common (method: arXiv 2106.15285).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import median

import numpy as np

from detente.elections.errors import ElectionsError
from detente.elections.rolls.model import Finding, Signal

_Z_MIN = 5.0
_COUNT_MIN = 50
_MAD_SCALE = 1.4826
_RANK = 2
_ROUNDS = 400
_WEEKS_MIN = 4


@dataclass(frozen=True, slots=True)
class WeekCount:
    """One county's week: how many were registered, and how many of one class of change."""

    county: str
    week: int
    registered: int
    count: int


@dataclass(frozen=True, slots=True)
class Score:
    """How odd a county's last week is, in robust standard deviations.

    Attributes:
        own: against its own weeks before.
        peers: against the same week of other counties.
        residual: what the factorisation leaves, against what it leaves elsewhere.
        count: how many there were.
    """

    own: float
    peers: float
    residual: float
    count: int

    @property
    def is_odd(self) -> bool:
        """Odd by its history and by its peers, and not explained by both together."""
        scores = (self.own, self.peers, self.residual)
        return min(scores) > _Z_MIN and self.count > _COUNT_MIN


def score(weeks: Sequence[WeekCount], county: str) -> Score:
    """Score the last week of `county`.

    Raises:
        ElectionsError: the county is missing, or has fewer than four weeks.
    """
    mine = sorted((w for w in weeks if w.county == county), key=lambda w: w.week)
    if len(mine) < _WEEKS_MIN:
        raise ElectionsError(f"{county!r:.60} has {len(mine)} weeks; four are needed")
    last = mine[-1]
    others = [w for w in weeks if w.county != county and w.week == last.week]
    return Score(
        own=_robust(_logit(last), [_logit(w) for w in mine[:-1]], last),
        peers=_robust(_logit(last), [_logit(w) for w in others], last),
        residual=_residual(weeks, last),
        count=last.count,
    )


def odd_week(
    weeks: Sequence[WeekCount], county: str, *, signal: Signal, what: str
) -> Finding | None:
    """The signal from a table of weeks, beside what the county's own log says.

    Args:
        weeks: counts of one class, of this county and its peers.
        county: this one.
        signal: what an odd week is a sign of.
        what: the class in words, such as "removals".
    """
    seen = score(weeks, county)
    if not seen.is_odd:
        return None
    return Finding(
        signal,
        seen.count,
        f"{seen.count} {what} in the last week: {seen.own:.0f} robust deviations above the "
        f"county's own weeks, {seen.peers:.0f} above its peers, {seen.residual:.0f} beyond what "
        "all have in common. Innocent: a list of deaths or moves, or a box of forms, worked "
        "through in one go. Settled by: that list, and ten records by hand.",
    )


def _logit(week: WeekCount) -> float:
    return log((week.count + 0.5) / (max(week.registered - week.count, 0) + 0.5))


def _robust(value: float, others: Sequence[float], week: WeekCount) -> float:
    if not others:
        return 0.0
    middle = median(others)
    spread = _MAD_SCALE * median(abs(each - middle) for each in others)
    # A logit of a count scatters by chance alone with one over the root of the count.
    chance = 1 / max(week.registered / (1 + np.exp(-middle)), 1.0) ** 0.5
    return float((value - middle) / max(spread, chance, 1e-9))


def _residual(weeks: Sequence[WeekCount], last: WeekCount) -> float:
    counties = sorted({w.county for w in weeks})
    numbers = sorted({w.week for w in weeks})
    rates = np.full((len(counties), len(numbers)), 1e-6)
    for w in weeks:
        rates[counties.index(w.county), numbers.index(w.week)] = w.count / max(w.registered, 1)
    rates *= 1000.0
    at = counties.index(last.county), numbers.index(last.week)
    weight = np.ones_like(rates)
    weight[at] = 0.0  # what is judged does not take part in what it is judged by
    explained = _factorise(rates, weight)
    left = (rates - explained) / np.sqrt(np.maximum(explained, 1e-6))
    others = left[weight > 0]
    spread = _MAD_SCALE * float(np.median(np.abs(others - np.median(others))))
    return float((left[at] - np.median(others)) / max(spread, 1e-9))


def _factorise(rates: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted non-negative factorisation by multiplicative steps (Lee and Seung, 2001)."""
    rank = min(_RANK, *rates.shape)
    level = float(rates[weight > 0].mean()) ** 0.5
    rows = level * (1 + 0.1 * np.cos(np.arange(rates.shape[0] * rank)).reshape(-1, rank))
    columns = level * (1 + 0.1 * np.sin(np.arange(rates.shape[1] * rank)).reshape(rank, -1))
    for _ in range(_ROUNDS):
        rows *= ((weight * rates) @ columns.T) / ((weight * (rows @ columns)) @ columns.T + 1e-12)
        columns *= (rows.T @ (weight * rates)) / (rows.T @ (weight * (rows @ columns)) + 1e-12)
    return np.asarray(rows @ columns)

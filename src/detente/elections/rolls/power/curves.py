"""Detection by size: so many made periods for each, and how many of them were seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from detente.elections.rolls.power.month import Town, honest_month
from detente.elections.rolls.power.tampering import Tampering

SHARES = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)
"""Sizes of tampering, as shares of the roll: 0.01 % to 2 %."""
_Z = 1.959964  # 95 % of a normal distribution lie so near its middle


@dataclass(frozen=True, slots=True)
class Point:
    """One size, and in how many of the periods it was seen.

    Attributes:
        share: of the roll; 0 where nobody tampered.
        records: so many.
        seen: periods in which the check fired.
        periods: made.
    """

    share: float
    records: int
    seen: int
    periods: int

    @property
    def rate(self) -> float:
        """Share of the periods in which it was seen."""
        return self.seen / self.periods

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 % (Wilson, 1927)."""
        n, p, square = self.periods, self.rate, _Z * _Z
        middle = (p + square / (2 * n)) / (1 + square / n)
        half = _Z * sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Curve:
    """Detection of one way to tamper, by its size.

    Attributes:
        name: of the way.
        story: how it is done.
        clean: how often the same check fires where nobody tampers.
        points: one for each size, the smallest first.
    """

    name: str
    story: str
    clean: Point
    points: tuple[Point, ...]

    @property
    def seen_from(self) -> float | None:
        """The smallest size from which on nine periods of ten are seen; None if none is."""
        found = None
        for point in reversed(self.points):
            if point.rate < 0.9:  # noqa: PLR2004 - nine of ten
                break
            found = point.share
        return found


def curve(
    tampering: Tampering,
    town: Town,
    chance: np.random.Generator,
    *,
    periods: int,
    shares: Sequence[float] = SHARES,
) -> Curve:
    """Make periods, tamper, look.

    Args:
        tampering: the way.
        town: whose rows and churn.
        chance: its dice.
        periods: made for each size.
        shares: the sizes.
    """
    points = tuple(_point(tampering, town, chance, share, periods) for share in shares)
    clean = _point(tampering, town, chance, 0.0, periods)
    return Curve(str(tampering.name), tampering.story, clean, points)


def _point(
    tampering: Tampering, town: Town, chance: np.random.Generator, share: float, periods: int
) -> Point:
    records = max(1, round(share * town.size)) if share else 0
    seen = 0
    for _ in range(periods):
        month = honest_month(town, chance)
        if records:
            tampering.do(month, records)
        seen += tampering.look(month) is not None
    return Point(share, records, seen, periods)

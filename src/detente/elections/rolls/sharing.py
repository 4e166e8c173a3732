"""What of a roll other offices may learn: counts of a period, few of them, and once.

A count under the floor is left out like none at all; the others are rounded. A
period is released once and no two overlap: the difference of two releases
would tell what each of them keeps back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from detente.elections.errors import ElectionsError

FLOOR = 10
ROUNDED_TO = 10
_SHORTEST = timedelta(days=7)
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both in it.

    Raises:
        ElectionsError: shorter than a week, or backwards.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last - self.first + timedelta(days=1) < _SHORTEST:
            raise ElectionsError(
                f"{self.first} to {self.last} is less than {_SHORTEST.days} days",
                remedy="Counts of a few days tell of single voters; take the whole period",
            )

    def overlaps(self, other: "Period") -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last


def shared_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts that may be said: none under the floor, each rounded to tens."""
    return {
        name: ROUNDED_TO * max(round(count / ROUNDED_TO), 1)
        for name, count in sorted(counts.items())
        if count >= FLOOR
    }


def shared_size(size: int) -> int:
    """How large a roll is, to two digits: enough for a rate, too little for a difference."""
    unit = int(10 ** max(len(str(size)) - _DIGITS, 1))
    return unit * round(size / unit)


def require_unreleased(period: Period, released: Sequence[Period]) -> None:
    """See that no day of a period was released before.

    Raises:
        ElectionsError: one was.
    """
    for other in released:
        if period.overlaps(other):
            raise ElectionsError(
                f"counts of {other.first} to {other.last} were released already",
                remedy="A second release of the same days would tell what the first kept back; "
                "begin with the day after",
            )

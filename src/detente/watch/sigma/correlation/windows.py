"""What one group of matches holds within a time span, and how much of it."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from detente.watch.kernel.numbers import number_in
from detente.watch.sigma.correlation.model import Correlation, Kind

Place = tuple[str, int]
"""Where a match was seen: input, and line or record in it."""

Value = tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One match: when, which in the order of coming, of which rule, with which values."""

    time: float
    order: int
    rule: int = field(compare=False)
    value: Value = field(compare=False)
    place: Place = field(compare=False)


@dataclass(slots=True)
class Group:
    """The recent matches of one group, by time.

    Attributes:
        entries: ascending.
        told_from: beginning of what was last told of this group.
        told_until: its end; a window that touches it is the same story.
    """

    entries: list[Entry] = field(default_factory=list)
    told_from: float = float("inf")
    told_until: float = float("-inf")

    def add(self, entry: Entry, *, keep: float, entries_max: int, unique: bool) -> int:
        """Take a match; return how many had to go for want of room."""
        if unique:
            self._drop_same(entry)
        insort(self.entries, entry)
        newest = self.entries[-1].time
        old = bisect_left(self.entries, newest - keep, key=_time)
        del self.entries[:old]
        excess = max(0, len(self.entries) - entries_max)
        del self.entries[:excess]
        return excess

    def _drop_same(self, entry: Entry) -> None:
        for at, each in enumerate(self.entries):
            if each.value == entry.value and each.time <= entry.time:
                del self.entries[at]
                return

    def windows(self, time: float, span: float) -> list[Sequence[Entry]]:
        """Return what stands in each window that a match at this time may complete."""
        entries = self.entries
        first = bisect_left(entries, time - span, key=_time)
        after = bisect_right(entries, time, key=_time)
        if after == len(entries):
            return [entries[first:]]
        starts = dict.fromkeys(entry.time for entry in entries[first:after])
        return [
            entries[
                bisect_left(entries, start, key=_time) : bisect_right(
                    entries, start + span, key=_time
                )
            ]
            for start in starts
        ]

    def tell(self, window: Sequence[Entry]) -> bool:
        """Say whether a window that fulfils the condition is news, and remember it."""
        begins, ends = window[0].time, window[-1].time
        if begins <= self.told_until and ends >= self.told_from:
            self.told_from = min(self.told_from, begins)
            self.told_until = max(self.told_until, ends)
            return False
        self.told_from, self.told_until = begins, ends
        return True


def _time(entry: Entry) -> float:
    return entry.time


def amount(correlation: Correlation, window: Sequence[Entry]) -> float | None:
    """Return the figure that the condition is about; None where there is none to have."""
    match correlation.kind:
        case Kind.EVENT_COUNT:
            return len(window)
        case Kind.VALUE_COUNT:
            return len({entry.value for entry in window})
        case Kind.TEMPORAL:
            return len({entry.rule for entry in window})
        case Kind.TEMPORAL_ORDERED:
            return len(chain(correlation.of, window))
        case _:
            return _figure(correlation, [each for entry in window for each in _numbers(entry)])


def _numbers(entry: Entry) -> list[float]:
    found = (number_in(text) for text in entry.value)
    return [float(number) for number in found if number is not None]


def _figure(correlation: Correlation, numbers: list[float]) -> float | None:
    if not numbers:
        return None
    match correlation.kind:
        case Kind.VALUE_SUM:
            return sum(numbers)
        case Kind.VALUE_AVG:
            return sum(numbers) / len(numbers)
        case Kind.VALUE_MEDIAN:
            ordered = sorted(numbers)
            half = len(ordered) // 2
            return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
        case _:
            ordered = sorted(numbers)  # the nearest rank
            return ordered[max(0, ceil(correlation.percentile / 100 * len(ordered)) - 1)]


def chain(of: Sequence[int], window: Sequence[Entry]) -> frozenset[int]:
    """Return the most rules of which one match each comes in the wanted order."""
    place = {rule: at for at, rule in enumerate(of)}
    best: list[frozenset[int]] = [frozenset()] * len(of)
    for entry in window:
        at = place[entry.rule]
        longest = max(best[:at], key=len, default=frozenset())
        if len(longest) >= len(best[at]):
            best[at] = longest | {entry.rule}
    return max(best, key=len, default=frozenset())

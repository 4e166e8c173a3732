"""Observations in time: which lie before a moment, which after, how many a set holds."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from detente.statements.errors import PatternError
from detente.watch.patterns.observations import Observed

WORK_MAX = 150_000_000  # words of sets touched, some seconds


class Timeline:
    """Observations by the time they were first observed; counts the work done on them.

    Args:
        observed: ascending by `first`.
        work: how much is allowed.
    """

    def __init__(self, observed: Sequence[Observed], work: int = WORK_MAX) -> None:
        self._firsts = [each.first for each in observed]
        self._lasts = [each.last for each in observed]
        self._left = work
        self.everything = (1 << len(observed)) - 1
        planes: dict[int, list[int]] = {}
        for number, each in enumerate(observed):
            for plane in range(each.count.bit_length()):
                if each.count >> plane & 1:
                    planes.setdefault(plane, []).append(number)
        self._planes = [(plane, self._mask(numbers)) for plane, numbers in planes.items()]
        self._words = (len(observed) // 64 + 8) * max(1, len(self._planes))
        self.from_on = lru_cache(maxsize=64)(self._from_on)

    def spend(self, sets: int) -> None:
        """Count work on so many sets.

        Raises:
            PatternError: it is too much.
        """
        self._left -= sets * self._words
        if self._left < 0:
            raise PatternError(
                "the pattern allows more combinations of these observations than can be tried",
                remedy="Ask for less at a time, or give fewer observations",
            )

    def weight(self, mask: int) -> int:
        """Return how many times the observations of a set were observed in all."""
        return sum((mask & members).bit_count() << plane for plane, members in self._planes)

    def until(self, moment: int) -> int:
        """Return those that may have been observed at a moment or before."""
        return (1 << bisect_right(self._firsts, moment)) - 1

    def within(self, start: int, stop: int) -> int:
        """Return those that may have been observed from `start` on and before `stop`."""
        if stop <= start:
            return 0
        return self._from_on(start) & ((1 << bisect_left(self._firsts, stop)) - 1)

    def _from_on(self, moment: int) -> int:
        """Return those that may have been observed at a moment or after."""
        return self._mask([n for n, last in enumerate(self._lasts) if last >= moment])

    def first_after(self, mask: int, count: int) -> int | None:
        """Return when so many of a set may have been observed at the earliest, None for never."""
        if count == 1 and mask:
            return self._firsts[(mask & -mask).bit_length() - 1]
        low, high = 0, mask.bit_length()
        if self.weight(mask) < count:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.weight(mask & ((1 << middle) - 1)) >= count:
                high = middle
            else:
                low = middle + 1
        return self._firsts[low - 1]

    def moments(self, mask: int, *, earliest: int) -> Iterator[int]:
        """Yield the different times at which something of a set was first observed, ascending."""
        at = bisect_left(self._firsts, earliest)
        rest, said = mask >> at, None
        while rest:
            step = (rest & -rest).bit_length()
            at, rest = at + step, rest >> step
            moment = self._firsts[at - 1]
            if moment != said:
                yield moment
            said = moment

    def ends(self, mask: int) -> list[int]:
        """Return the different times at which something of a set was last observed, ascending."""
        return sorted({last for n, last in enumerate(self._lasts) if mask >> n & 1})

    def _mask(self, numbers: Sequence[int]) -> int:
        bits = bytearray(len(self._firsts) // 8 + 1)
        for number in numbers:
            bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")

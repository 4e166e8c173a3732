"""Cast vote records as columns: one small number a card, never an object.

A contest's cards differ in few ways: of 146,662 cards of San Francisco's 2019
race only some thousand rankings are distinct. So a record is an index into the
distinct ones, and an assertion is judged once for each of those.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from detente.elections.audit.martingale import Values
from detente.elections.errors import ElectionsError

DISTINCT_MAX = 1_000_000
"""Different ways to mark one contest; a file with more is not of one contest."""

Marks = tuple[str, ...]
"""What one card says: its marks in the order of preference; empty: blank or not valid."""


@runtime_checkable
class Placed(Protocol):
    """Ids that find their own places faster than one after the other."""

    def places(self, wanted: set[str]) -> dict[str, int]:
        """Where the cards with these ids stand."""
        ...


@dataclass(frozen=True, slots=True)
class Cards:
    """The records of one contest.

    Attributes:
        contest: its name or number.
        candidates: who stood.
        ids: each card's id, in the order of the file.
        marks: the distinct ways the cards are marked.
        which: for each card its place in `marks`.
    """

    contest: str
    candidates: tuple[str, ...]
    ids: Sequence[str]
    marks: tuple[Marks, ...]
    which: NDArray[np.unsignedinteger[Any]]

    @property
    def count(self) -> int:
        """How many cards there are."""
        return int(self.which.size)

    def values(self, assorter: Callable[[Marks], float]) -> Values:
        """One assorter's value of every card."""
        values: Values = self.table(assorter)[self.which]
        return values

    def table(self, assorter: Callable[[Marks], float]) -> Values:
        """One assorter's value of each distinct way to mark."""
        return np.asarray([assorter(marks) for marks in self.marks], dtype=np.float64)

    def margin(self, assorter: Callable[[Marks], float]) -> float:
        """v = 2 mean - 1 over all cards."""
        if not self.count:
            raise ElectionsError("a margin needs at least one record")
        counts = np.bincount(self.which, minlength=len(self.marks))
        return float(2 * (counts @ self.table(assorter)) / self.count - 1)

    def places(self, wanted: set[str]) -> dict[str, int]:
        """Where the cards with these ids stand."""
        if isinstance(self.ids, Placed):
            return self.ids.places(wanted)
        return {card: at for at, card in enumerate(self.ids) if card in wanted}

    def renamed(
        self, candidates: Sequence[str], marks: Sequence[Marks], contest: str | None = None
    ) -> "Cards":
        """The same cards under other names; `marks` stand in the order of its own."""
        return replace(
            self,
            contest=self.contest if contest is None else contest,
            candidates=tuple(candidates),
            marks=tuple(marks),
        )

    def first_marks(self) -> dict[str, int]:
        """How many cards have each candidate first."""
        counts = np.bincount(self.which, minlength=len(self.marks))
        tally = dict.fromkeys(self.candidates, 0)
        for marks, count in zip(self.marks, counts.tolist(), strict=True):
            if marks:
                tally[marks[0]] = tally.get(marks[0], 0) + count
        return tally

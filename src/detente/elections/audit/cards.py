"""Cast vote records as columns: one small number a card, never an object.

A contest's cards differ in few ways: of 146,662 cards of San Francisco's 2019
race only some thousand rankings are distinct. So a record is an index into the
distinct ones, and an assertion is judged once for each of those.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.elections.audit.irv import Assertion
from detente.elections.audit.martingale import Values
from detente.elections.errors import ElectionsError

DISTINCT_MAX = 1_000_000
"""Different ways to mark one contest; a file with more is not of one contest."""

Marks = tuple[str, ...]
"""What one card says: its marks in the order of preference; empty: blank or not valid."""


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
    which: NDArray[np.uint32]

    @property
    def count(self) -> int:
        """How many cards there are."""
        return int(self.which.size)

    def values(self, assorter: Callable[[Marks], float]) -> Values:
        """One assorter's value of every card."""
        return self.table(assorter)[self.which]

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
        return {card: at for at, card in enumerate(self.ids) if card in wanted}

    def first_marks(self) -> dict[str, int]:
        """How many cards have each candidate first."""
        counts = np.bincount(self.which, minlength=len(self.marks))
        tally = dict.fromkeys(self.candidates, 0)
        for marks, count in zip(self.marks, counts.tolist(), strict=True):
            if marks:
                tally[marks[0]] = tally.get(marks[0], 0) + count
        return tally


class CardsBuilder:
    """Collects cards; the distinct ways to mark are found on the way."""

    def __init__(self, contest: str, candidates: Sequence[str]) -> None:
        self._contest = contest
        self._candidates = tuple(candidates)
        self._ids: list[str] = []
        self._known: dict[bytes, int] = {}
        self._which: list[int] = []

    def add(self, card: str, marks: bytes) -> None:
        """Add a card with its marks, separated by commas, best first."""
        at = self._known.setdefault(marks, len(self._known))
        if at >= DISTINCT_MAX:
            raise ElectionsError(f"more than {DISTINCT_MAX} different ways to mark {self._contest}")
        self._ids.append(card)
        self._which.append(at)

    def build(self) -> Cards:
        """All cards as columns.

        Raises:
            ElectionsError: a card names somebody who does not stand, or twice the same id.
        """
        if len(set(self._ids)) != len(self._ids):
            raise ElectionsError("a card id stands twice in the records")
        marks = tuple(_parse_marks(each, self._candidates) for each in self._known)
        which = np.asarray(self._which, dtype=np.uint32)
        return Cards(self._contest, self._candidates, self._ids, marks, which)


def _parse_marks(marks: bytes, candidates: tuple[str, ...]) -> Marks:
    names = tuple(part.strip() for part in marks.decode("utf-8", "replace").split(","))
    named = tuple(name for name in names if name)
    unknown = set(named) - set(candidates)
    if unknown:
        raise ElectionsError(f"a card names {sorted(unknown)[0]!r:.60}, who does not stand")
    if len(set(named)) != len(named):
        raise ElectionsError(f"a card ranks somebody twice: {', '.join(named)[:80]}")
    return named


def plurality_assertions(cards: Cards, winners: int = 1) -> list[Assertion]:
    """Winner against loser, each pair, from the records' own first marks."""
    tally = sorted(cards.first_marks().items(), key=lambda row: -row[1])
    return [
        Assertion(winner, loser) for winner, _ in tally[:winners] for loser, _ in tally[winners:]
    ]

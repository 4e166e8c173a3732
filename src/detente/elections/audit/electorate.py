"""The cards an audit of one contest draws from, and what their records say.

Phantoms: cards without a record count one half for everybody, and nothing for
the winner if the paper is not found. Card style: where the records tell which
cards show the contest, only those are drawn, and one that lacks it counts as
found wanting. Pools: where only a batch's cards together are known, each has
the batch's mean (Stark, "ONEAudit", 2023). Ballots not counted yet are votes
for the loser, every one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.elections.audit.cards import Cards
from detente.elections.audit.contests import Assorter
from detente.elections.audit.martingale import Values
from detente.elections.errors import ElectionsError

Places = NDArray[np.int64]
"""For each card where its record stands, or -1; or for each record its pool, or -1."""

PHANTOM = "phantom-"
"""What the ids of cards begin with that only a bound on their number tells of."""


@dataclass(frozen=True, slots=True)
class Electorate:
    """All cards that could hold a contest.

    Attributes:
        cards: the records that show it.
        total: how many cards could hold it; those without a record are phantoms, or, without
            card style, cards of other contests.
        pending: ballots not counted yet.
        has_style: the records tell which cards show the contest.
        pools: for each record its pool, or -1; None: no pools.
    """

    cards: Cards
    total: int
    pending: int = 0
    has_style: bool = True
    pools: Places | None = None

    def __post_init__(self) -> None:
        if self.total < max(self.cards.count, 1):
            raise ElectionsError(
                f"{self.cards.count} records stand on {self.total} cards",
                remedy="The number of cards is an upper bound, such as ballots cast by the poll "
                "books",
            )
        if self.pending < 0:
            raise ElectionsError("ballots not counted yet are a count from 0")
        if self.pools is not None and self.pools.shape != self.cards.which.shape:
            raise ElectionsError("each record is in one pool or in none")

    def margin(self, assertion: Assorter) -> float:
        """v: twice what the mean exceeds one half by, pending ballots counted for the loser.

        The mean over the N cards drawn from must exceed (N + pending) / 2N, so
        v = 2 mean - 1 - pending / N; half of it is what overstatements may eat up.
        """
        counts = np.bincount(self.cards.which, minlength=len(self.cards.marks))
        known = float(counts @ self.cards.table(assertion.value))
        missing = 0.5 * (self.total - self.cards.count)
        return (2 * (known + missing) - self.pending) / self.total - 1

    def recorded(self, assertion: Assorter, places: Places) -> Values:
        """What the records at `places` say; one of a pool says its pool's mean, none one half."""
        said = np.full(places.size, 0.5)
        listed = places >= 0
        if self.pools is None:
            said[listed] = self.cards.table(assertion.value)[self.cards.which[places[listed]]]
        else:
            said[listed] = self._with_means(assertion, self.pools)[places[listed]]
        return said

    def is_pooled(self, places: Places) -> NDArray[np.bool_]:
        """Which of the records at `places` stand for a pool's mean."""
        if self.pools is None:
            return np.zeros(places.size, dtype=bool)
        return (places >= 0) & (self.pools[places] >= 0)

    def expected(self, assertion: Assorter) -> tuple[Values, Values]:
        """What records overstate if every one is right: distinct values and their shares.

        0, but in pools, where each card differs from its pool's mean.
        """
        if self.pools is None:
            return np.zeros(1), np.ones(1)
        overstated = np.zeros(self.total)
        own = self.cards.values(assertion.value)
        overstated[: self.cards.count] = self._with_means(assertion, self.pools) - own
        distinct, counts = np.unique(overstated.round(12), return_counts=True)
        return distinct, counts / self.total

    def _with_means(self, assertion: Assorter, pools: Places) -> Values:
        values = self.cards.values(assertion.value)
        pooled = pools >= 0
        sums = np.bincount(pools[pooled], weights=values[pooled])
        counts = np.maximum(np.bincount(pools[pooled]), 1)
        values[pooled] = (sums / counts)[pools[pooled]]
        return values

    def ids(self, manifest: list[str]) -> Iterator[str]:
        """The ids to draw from; phantoms have ids of their own."""
        listed = self.cards.ids if self.has_style else manifest
        yield from listed
        yield from (f"{PHANTOM}{number}" for number in range(1, self.total - len(listed) + 1))

"""Instant run-off: assertions that together leave only one winner.

RAIRE (Blom, Stuckey, Teague, 2019) writes them, we consume and judge them:
*winner-only* (NEB): w is ranked first on more cards than l could ever have
while w stands; *elimination* (NEN): with exactly E gone, w has more than l. A
set is sufficient if every order of elimination with another winner is
contradicted by one of its assertions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detente.elections.errors import ElectionsError

CANDIDATES_MAX = 24
"""A contest with more cannot be checked for sufficiency here: the orders are too many."""

FRONTIER_MAX = 1_000_000
"""Sets of eliminated candidates looked at, at once; an insufficient set over many explodes."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One RAIRE assertion.

    Attributes:
        winner: who is said to have more.
        loser: than whom.
        eliminated: who has exactly gone; None for a winner-only assertion.
    """

    winner: str
    loser: str
    eliminated: frozenset[str] | None = field(default=None)

    def __post_init__(self) -> None:
        if self.winner == self.loser:
            raise ElectionsError(f"{self.winner!r} cannot have more votes than itself")
        if self.eliminated is not None and {self.winner, self.loser} & self.eliminated:
            raise ElectionsError(
                f"the assertion {self} names a candidate as standing and as eliminated"
            )

    def __str__(self) -> str:
        gone = "" if self.eliminated is None else " elim " + " ".join(sorted(self.eliminated))
        return f"{self.winner} v {self.loser}{gone.rstrip()}"

    @property
    def bound(self) -> float:
        """1: a card for the winner."""
        return 1.0

    def value(self, ranking: Sequence[str]) -> float:
        """What a card with this ranking, best first, says: 1, one half or 0."""
        if self.eliminated is None:
            return _winner_only(ranking, self.winner, self.loser)
        return _elimination(ranking, self.winner, self.loser, self.eliminated)

    def contradicts(self, gone: frozenset[str], leaver: str) -> bool:
        """Whether `leaver` cannot be the next to go after `gone`."""
        if leaver != self.winner:
            return False
        if self.eliminated is None:
            return self.loser not in gone
        return self.eliminated == gone


def _winner_only(ranking: Sequence[str], winner: str, loser: str) -> float:
    if ranking and ranking[0] == winner:
        return 1.0
    for name in ranking:
        if name == winner:
            return 0.5
        if name == loser:
            return 0.0
    return 0.5


def _elimination(
    ranking: Sequence[str], winner: str, loser: str, eliminated: frozenset[str]
) -> float:
    top = next((name for name in ranking if name not in eliminated), None)
    return 1.0 if top == winner else 0.0 if top == loser else 0.5


def clean_ranking(ranks: Mapping[str, int]) -> list[str]:
    """The candidates in the order of their ranks, gaps closed, ended by an overvote.

    Raises:
        ElectionsError: a rank below 1.
    """
    by_rank: dict[int, list[str]] = {}
    for name, rank in ranks.items():
        if rank < 1:
            raise ElectionsError(f"{name!r} has the rank {rank}; ranks count from 1")
        by_rank.setdefault(rank, []).append(name)
    ranking: list[str] = []
    for rank in sorted(by_rank):
        if len(by_rank[rank]) > 1:
            break
        ranking += by_rank[rank]
    return ranking


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """Whether a set of assertions proves the winner.

    Attributes:
        sufficient: no order of elimination with another winner is left.
        open_orders: how many are left.
        example: one of them, the first to go first; empty where none is.
    """

    sufficient: bool
    open_orders: int
    example: tuple[str, ...] = ()


def sufficiency(
    assertions: Sequence[Assertion], candidates: Sequence[str], winner: str
) -> Sufficiency:
    """Count the orders of elimination that no assertion contradicts and `winner` does not win.

    Walks from nobody gone to one left, merging orders that have eliminated the same set.

    Raises:
        ElectionsError: a candidate twice, an unknown one, or too many to walk.
    """
    _check(assertions, candidates, winner)
    ways: dict[frozenset[str], tuple[int, tuple[str, ...]]] = {frozenset(): (1, ())}
    for _ in range(len(candidates) - 1):
        ways = _one_more(ways, assertions, candidates)
        if len(ways) > FRONTIER_MAX:
            raise ElectionsError(
                f"more than {FRONTIER_MAX} sets of eliminated candidates are left open",
                remedy="give the whole set of assertions that RAIRE wrote for this contest",
            )
    left = [(n, order) for gone, (n, order) in ways.items() if winner in gone]
    count = sum(n for n, _ in left)
    return Sufficiency(sufficient=not count, open_orders=count, example=left[0][1] if left else ())


def _one_more(
    ways: dict[frozenset[str], tuple[int, tuple[str, ...]]],
    assertions: Sequence[Assertion],
    candidates: Sequence[str],
) -> dict[frozenset[str], tuple[int, tuple[str, ...]]]:
    after: dict[frozenset[str], tuple[int, tuple[str, ...]]] = {}
    for gone, (count, order) in ways.items():
        for leaver in candidates:
            if leaver in gone or any(each.contradicts(gone, leaver) for each in assertions):
                continue
            then = gone | {leaver}
            known, example = after.get(then, (0, (*order, leaver)))
            after[then] = (known + count, example)
    return after


def _check(assertions: Sequence[Assertion], candidates: Sequence[str], winner: str) -> None:
    if len(set(candidates)) != len(candidates) or winner not in candidates:
        raise ElectionsError("candidates are named once each, the winner among them")
    if len(candidates) > CANDIDATES_MAX:
        raise ElectionsError(f"{len(candidates)} candidates; at most {CANDIDATES_MAX} are walked")
    for each in assertions:
        unknown = ({each.winner, each.loser} | (each.eliminated or set())) - set(candidates)
        if unknown:
            raise ElectionsError(f"the assertion {each} names {sorted(unknown)[0]!r}, no candidate")

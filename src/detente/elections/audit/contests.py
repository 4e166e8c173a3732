"""What a contest asks, and the assertions that together say its outcome is right.

Plurality, several seats and approval: each winner against each loser. A share
to reach: one assertion, or one a candidate where nobody is said to have reached
it. Instant run-off: RAIRE's assertions, their sufficiency checked. Stark, "Sets
of half-average nulls generate risk-limiting audits: SHANGRLA" (2020), section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, assert_never

from detente.elections.audit.assorters import plurality, supermajority, supermajority_bound
from detente.elections.audit.cards import Marks
from detente.elections.audit.irv import Assertion, sufficiency
from detente.elections.errors import ElectionsError


class Assorter(Protocol):
    """One assertion: true if the mean of `value` over all cards exceeds one half."""

    @property
    def bound(self) -> float:
        """The largest value a card can have."""
        ...

    def value(self, ranking: Marks) -> float:
        """What one card says of it."""
        ...


class Choice(StrEnum):
    """How a contest is decided."""

    PLURALITY = "plurality"
    APPROVAL = "approval"
    SUPERMAJORITY = "supermajority"
    IRV = "irv"


@dataclass(frozen=True, slots=True)
class MoreVotes:
    """The winner has more votes than the loser.

    Attributes:
        winner: who is said to have more.
        loser: than whom.
        allowed: marks a card may hold; one with more counts as blank. None: any number.
    """

    winner: str
    loser: str
    allowed: int | None = 1

    def __str__(self) -> str:
        return f"{self.winner} v {self.loser}"

    @property
    def bound(self) -> float:
        """1: the winner alone."""
        return 1.0

    def value(self, ranking: Marks) -> float:
        """1, one half or 0."""
        if self.allowed is not None and len(ranking) > self.allowed:
            return 0.5
        return plurality(ranking, winner=self.winner, loser=self.loser)


@dataclass(frozen=True, slots=True)
class Share:
    """A candidate has more than a share of the valid votes, or has not.

    Attributes:
        candidate: whose votes.
        share: of the valid votes, between 0 and 1.
        reached: False: the others together have more than the rest of the votes.
    """

    candidate: str
    share: float
    reached: bool = True

    def __str__(self) -> str:
        return f"{self.candidate} {'above' if self.reached else 'below'} {self.share:g}"

    @property
    def bound(self) -> float:
        """1/(2f), f the share that the votes for this assertion have to exceed."""
        return supermajority_bound(self.share if self.reached else 1 - self.share)

    def value(self, ranking: Marks) -> float:
        """1/(2f), one half or 0."""
        if self.reached:
            return supermajority(ranking, winner=self.candidate, share=self.share)
        others = tuple("other" if mark != self.candidate else "" for mark in ranking)
        return supermajority(others, winner="other", share=1 - self.share)


@dataclass(frozen=True, slots=True)
class Contest:
    """One contest and its reported outcome.

    Attributes:
        name: as the records name it.
        choice: how it is decided.
        candidates: who stands.
        winners: who is reported to have won; for a share nobody reached, none.
        share: for a supermajority, what has to be exceeded.
        raire: for instant run-off, RAIRE's assertions.
    """

    name: str
    choice: Choice
    candidates: tuple[str, ...]
    winners: tuple[str, ...]
    share: float = 0.5
    raire: tuple[Assertion, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.candidates)) != len(self.candidates):
            raise ElectionsError(f"contest {self.name}: a candidate stands twice")
        if len(set(self.winners)) != len(self.winners) or set(self.winners) - set(self.candidates):
            raise ElectionsError(
                f"contest {self.name}: the winners are named once each, among those who stand: "
                f"{', '.join(self.candidates)[:200]}"
            )
        if not self._winners_fit():
            raise ElectionsError(
                f"contest {self.name}: {len(self.winners)} winners do not fit {self.choice.value}"
            )

    def _winners_fit(self) -> bool:
        match self.choice:
            case Choice.PLURALITY | Choice.APPROVAL:
                return bool(self.winners)
            case Choice.SUPERMAJORITY:
                return len(self.winners) <= 1 and 0 < self.share < 1
            case Choice.IRV:
                return len(self.winners) == 1
            case _:
                assert_never(self.choice)

    @property
    def losers(self) -> tuple[str, ...]:
        """Who stands and is not reported to have won."""
        return tuple(each for each in self.candidates if each not in self.winners)

    def assertions(self) -> list[Assorter]:
        """What has to be shown so that nobody else can have won."""
        match self.choice:
            case Choice.PLURALITY:
                return self._pairs(len(self.winners))
            case Choice.APPROVAL:
                return self._pairs(None)
            case Choice.SUPERMAJORITY if self.winners:
                return [Share(self.winners[0], self.share)]
            case Choice.SUPERMAJORITY:
                return [Share(each, self.share, reached=False) for each in self.candidates]
            case Choice.IRV:
                return list(self.raire)
            case _:
                assert_never(self.choice)

    def _pairs(self, allowed: int | None) -> list[Assorter]:
        return [MoreVotes(w, loser, allowed) for w in self.winners for loser in self.losers]

    def is_proven_by_assertions(self) -> bool:
        """Whether the outcome follows once every assertion holds.

        Raises:
            ElectionsError: assertions that name somebody who does not stand, or too many
                candidates to walk.
        """
        if self.choice is not Choice.IRV:
            return True
        return sufficiency(self.raire, self.candidates, self.winners[0]).sufficient


def reported_winners(tally: Sequence[tuple[str, int]], seats: int) -> tuple[str, ...]:
    """The `seats` candidates with the most votes.

    Raises:
        ElectionsError: a tie for the last seat, or fewer candidates than seats.
    """
    ranked = sorted(tally, key=lambda row: (-row[1], row[0]))
    if not 0 < seats <= len(ranked):
        raise ElectionsError(f"{seats} seats for {len(ranked)} candidates")
    if seats < len(ranked) and ranked[seats - 1][1] == ranked[seats][1]:
        raise ElectionsError(
            f"{ranked[seats - 1][0]} and {ranked[seats][0]} have the same number of votes",
            remedy="Decide the tie as the law says; no audit can",
        )
    return tuple(name for name, _ in ranked[:seats])

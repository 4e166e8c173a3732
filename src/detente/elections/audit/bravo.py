"""BRAVO: Wald's ratio test of two candidates by polling, with replacement.

Lindeman, Stark, Yates, "BRAVO: ballot-polling risk-limiting audits to verify
outcomes" (2012). Logarithms throughout: Georgia 2020 counted five million.
"""

from dataclasses import dataclass
from math import ceil, exp, floor, inf, log, sqrt
from statistics import NormalDist

from detente.elections.errors import ElectionsError


@dataclass(frozen=True, slots=True)
class Pair:
    """A reported winner and loser.

    Attributes:
        winner: votes reported for the winner.
        loser: votes reported for the loser; fewer.
        ballots: all ballots of the contest, votes for others and blanks included.
    """

    winner: int
    loser: int
    ballots: int

    def __post_init__(self) -> None:
        if not 0 <= self.loser < self.winner:
            raise ElectionsError(
                f"a winner has more votes than the loser: {self.winner} against {self.loser}"
            )
        if self.winner + self.loser > self.ballots:
            raise ElectionsError(f"{self.winner + self.loser} votes stand on {self.ballots} cards")

    @property
    def share(self) -> float:
        """The winner's share of the pair's votes."""
        return self.winner / (self.winner + self.loser)

    @property
    def gain(self) -> float:
        """What a vote for the winner adds to the log of the ratio."""
        return log(2 * self.share)

    @property
    def loss(self) -> float:
        """What a vote for the loser adds to it; negative."""
        return log(2 * (1 - self.share)) if self.loser else -inf


def p_value(pair: Pair, *, for_winner: int, for_loser: int) -> float:
    """min(1, 1/T) after a sample with so many votes; a ballot not found is one for the loser."""
    against = for_loser * pair.loss if for_loser else 0.0
    return exp(-max(for_winner * pair.gain + against, 0.0))


def average_sample(pair: Pair, *, risk_limit: float) -> int:
    """ASN: cards expected until the risk limit is met, if the report is right."""
    if not pair.loser:
        return ceil(log(1 / risk_limit) / (pair.winner / pair.ballots * pair.gain))
    drift = (pair.winner * pair.gain + pair.loser * pair.loss) / pair.ballots
    return ceil((log(1 / risk_limit) + pair.gain / 2) / drift)


def sample_size(pair: Pair, *, risk_limit: float, probability: float) -> int:
    """Cards that meet the risk limit with this probability if the report is right.

    A normal approximation of the log of the ratio, as Arlo publishes.
    """
    if not pair.loser:
        return average_sample(pair, risk_limit=risk_limit)
    won, lost = pair.winner / pair.ballots, pair.loser / pair.ballots
    drift = won * pair.gain + lost * pair.loss
    spread = sqrt(won * pair.gain**2 + lost * pair.loss**2 - drift**2)
    z = NormalDist().inv_cdf(probability) * spread
    root = (z + sqrt(z * z + 4 * drift * log(1 / risk_limit))) / (2 * drift)
    return floor(root * root)

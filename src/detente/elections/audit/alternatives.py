"""Which alternative mean to bet on: the three that audits use.

Each eta_j looks only at cards before j, as the martingale demands. Formulas:
Stark, "ALPHA" (2023), sections 2.4 and 3; the comparison form is SHANGRLA's.
"""

from dataclasses import dataclass

import numpy as np

from detente.elections.audit.martingale import Block, Null, Values, clip_alternatives
from detente.elections.errors import ElectionsError

_EPSILON = 2.0**-52


@dataclass(frozen=True, slots=True)
class Fixed:
    """The mean first expected, less what has been seen: (N eta - S_j) / (N - j + 1).

    With replacement it stays what was expected. The kernel clips the result.

    Attributes:
        expected: eta_0, such as the reported assorter mean.
    """

    expected: float

    def __call__(self, block: Block, null: Null) -> Values:
        """eta_j."""
        if null.cards is None:
            return np.full(block.drawn.size, self.expected)
        return np.asarray((null.cards * self.expected - block.sums) / (null.cards - block.drawn))


@dataclass(frozen=True, slots=True)
class ShrinkTruncate:
    """A running mean, drawn towards what was expected and kept above the null.

    Attributes:
        expected: eta_0, the reported assorter mean.
        caution: c; how far above the null the bet stays, c / sqrt(d + j - 1).
        weight: d; how many cards `expected` is worth.
    """

    expected: float
    caution: float
    weight: float = 100.0

    def __post_init__(self) -> None:
        if self.weight <= 0 or self.caution < 0:
            raise ElectionsError("shrink-truncate needs a weight above 0 and a caution from 0")

    def __call__(self, block: Block, null: Null) -> Values:
        """eta_j."""
        worth = self.weight + block.drawn
        room = self.caution / np.sqrt(worth)
        running = (self.weight * self.expected + block.sums) / worth
        low = block.means * (1 + _EPSILON) + room
        high = null.bound * (1 - _EPSILON) - room
        return np.asarray(np.minimum(high, np.maximum(running, low)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """For card comparison, if overstatements of two votes come at this rate.

    eta = (1 - u (1 - p2)) / (2 - 2u) + u (1 - p2) - 1/2, brought into (m_j, u].

    Attributes:
        two_vote_rate: p2, such as 1e-4.
    """

    two_vote_rate: float = 1e-4

    def __call__(self, block: Block, null: Null) -> Values:
        """eta_j; raises ElectionsError where the bound leaves no margin."""
        etas = np.full(block.drawn.size, self.mean(null.bound))
        return clip_alternatives(etas, block.means, null.bound)

    def mean(self, bound: float) -> float:
        """eta for an overstatement assorter bounded by u = 2 / (2 - v/u_A)."""
        if bound <= 1:
            raise ElectionsError("a comparison audit needs a positive margin")
        clean = bound * (1 - self.two_vote_rate)
        return (1 - clean) / (2 - 2 * bound) + clean - 0.5


@dataclass(frozen=True, slots=True)
class Stake:
    """The same bet on every card.

    Attributes:
        stake: lambda.
    """

    stake: float

    def __call__(self, block: Block, null: Null) -> Values:
        """lambda_j."""
        return np.full(block.drawn.size, self.stake)


@dataclass(frozen=True, slots=True)
class StakeAsMean:
    """A stake said as an alternative mean: eta = m (1 + lambda (u - m))."""

    stake: float

    def __call__(self, block: Block, null: Null) -> Values:
        """eta_j."""
        means = block.means
        return np.asarray(means * (1.0 + self.stake * (null.bound - means)))


def best_stake(values: Values, shares: Values, null: Null) -> float:
    """The stake under which wealth is expected to grow fastest, if cards come like this.

    The largest of E log(1 + lambda (x - t)), a concave function of lambda; found by halving,
    from values known before any card is pulled (Kelly's bet).

    Args:
        values: what a card may be worth.
        shares: how often, together 1.
        null: its mean is t.
    """
    gains = values - null.mean
    low, high = 0.0, 1.0 / null.mean * (1 - 1e-9)
    for _ in range(60):
        middle = (low + high) / 2
        if float((gains / (1 + middle * gains)) @ shares) > 0:
            low = middle
        else:
            high = middle
    return low

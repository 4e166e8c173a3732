"""One test martingale for every risk-limiting audit, in log space.

The null is "the mean of the assorter over all N cards is at most t". A wealth
process starts at 1, bets against the null card by card, and exceeds 1/alpha
with probability at most alpha if the null is true (Ville). Two ways to say the
same bet, both of Stark, "ALPHA: audit that learns from previously
hand-audited ballots" (2023): an alternative mean eta_j (ALPHA), or a stake
lambda_j (betting), with eta = m (1 + lambda (u - m)).

Wealth is kept as its logarithm: a million cards overflow a float (harmless) or
underflow it (not harmless).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError

Values = NDArray[np.float64]

# What is left of the null's total counts as nothing below this share of that total: sums of
# assorter values are not exact, and a null mean of -1e-17 would declare a true null false.
_NOTHING = 1e-12

# Cards at a time: some ten columns of this length fit the second-level cache.
_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Null:
    """The claim that an audit tries to refute: mean <= `mean`, with values in [0, `bound`].

    Attributes:
        mean: t, one half for every assertion.
        bound: u, the largest value a card can have.
        cards: N, drawn without replacement; None: with replacement.
    """

    mean: float
    bound: float
    cards: int | None

    def __post_init__(self) -> None:
        if not 0 < self.mean < self.bound:
            raise ElectionsError(
                f"a null mean lies between 0 and the bound {self.bound}, not at {self.mean}"
            )
        if self.cards is not None and self.cards < 1:
            raise ElectionsError(f"an audit has at least one card, not {self.cards}")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What the evidence came to, card by card.

    Attributes:
        log_wealth: after each card, the natural logarithm of the wealth; may be infinite.
    """

    log_wealth: Values

    @property
    def p_values(self) -> Values:
        """After each card min(1, 1/T_j): not the running minimum."""
        return np.exp(-np.maximum(self.log_wealth, 0.0))

    @property
    def last_p(self) -> float:
        """The p-value after the last card; 1 before the first."""
        if not self.log_wealth.size:
            return 1.0
        return float(np.exp(-max(float(self.log_wealth[-1]), 0.0)))

    @property
    def p_value(self) -> float:
        """The sequential p-value: the smallest so far, for cards in random order."""
        if not self.log_wealth.size:
            return 1.0
        return float(np.exp(-max(float(self.log_wealth.max()), 0.0)))

    def cards_until(self, risk_limit: float) -> int | None:
        """How many cards until p <= `risk_limit`; None if that never happened."""
        reached = self.log_wealth >= -np.log(risk_limit)
        return int(reached.argmax()) + 1 if reached.any() else None


def as_values(values: object, bound: float) -> Values:
    """Assorter values as a column.

    Raises:
        ElectionsError: a value below 0, above `bound`, or not a number.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ElectionsError("assorter values are one list of numbers")
    if column.size and not (column.min() >= 0 and column.max() <= bound * (1 + _NOTHING)):
        raise ElectionsError(f"an assorter value lies outside 0 to {bound}")
    return column


@dataclass(frozen=True, slots=True)
class Block:
    """A run of cards as an alternative may see it: what came before, never what comes.

    Attributes:
        drawn: for each card how many were drawn before it.
        sums: for each card the sum of the values before it.
        means: for each card m_j, the mean of what is left if the null is true.
    """

    drawn: Values
    sums: Values
    means: Values


class Bet(Protocol):
    """One number for each card of a block: an alternative mean, or a stake."""

    def __call__(self, block: Block, null: Null) -> Values:
        """eta_j, or lambda_j, from what came before card j."""
        ...


def null_means(values: Values, null: Null) -> Values:
    """m_j, the mean of what is left if the null is true: (N t - S_j) / (N - j + 1), or t.

    Raises:
        ElectionsError: more values than cards.
    """
    _check_count(values, null)
    return _block(values, null, drawn=0, before=0.0).means


def alpha(values: Values, alternative: Bet, null: Null) -> Trajectory:
    """The ALPHA martingale of `values`.

    T_j = T_{j-1} (x_j eta_j / m_j + (u - x_j)(u - eta_j) / (u - m_j)) / u. Alternatives
    outside (m_j, u] are clipped into it.

    Raises:
        ElectionsError: more values than cards.
    """

    def steps(part: Values, block: Block) -> Values:
        etas = clip_alternatives(alternative(block, null), block.means, null.bound)
        return _alpha_steps(part, etas, block.means, null.bound)

    return _run(values, steps, null)


def betting(values: Values, stake: Bet, null: Null) -> Trajectory:
    """The same martingale in its betting form, T_j = prod (1 + lambda_j (x_j - m_j)).

    Stakes are kept in [0, 1/m_j], where the wealth cannot turn negative.

    Raises:
        ElectionsError: more values than cards.
    """

    def steps(part: Values, block: Block) -> Values:
        legal = np.where(block.means > 0, 1.0 / block.means, np.inf)
        stakes = np.clip(stake(block, null), 0.0, legal)
        return np.asarray(1.0 + stakes * (part - block.means))

    return _run(values, steps, null)


def clip_alternatives(etas: Values, means: Values, bound: float) -> Values:
    """Alternatives brought into (m_j, u], where a bet is legal and not wasted."""
    floor = means + (bound - means) * 2.0**-30
    return np.minimum(np.maximum(etas, floor), bound)


def _alpha_steps(values: Values, etas: Values, means: Values, bound: float) -> Values:
    up = values * etas / means
    down = (bound - values) * (bound - etas) / (bound - means)
    return np.asarray((up + down) / bound)


def _run(values: Values, steps: Callable[[Values, Block], Values], null: Null) -> Trajectory:
    """The wealth, in blocks that stay in the processor's cache."""
    _check_count(values, null)
    wealth = np.empty_like(values)
    before = carried = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, values.size, _BLOCK):
            part = values[start : start + _BLOCK]
            block = _block(part, null, drawn=start, before=before)
            target = wealth[start : start + _BLOCK]
            _grow(target, np.log(steps(part, block)), carried, part, block.means, null)
            carried = float(target[-1])
            before = float(block.sums[-1] + part[-1])
    if null.cards is not None and values.size == null.cards:
        _settle_last(wealth, before, null)
    return Trajectory(wealth)


def _block(part: Values, null: Null, *, drawn: int, before: float) -> Block:
    counts = np.arange(drawn, drawn + part.size, dtype=np.float64)
    sums = np.empty_like(part)
    if part.size:
        sums[0] = before
        np.cumsum(part[:-1], out=sums[1:])
        sums[1:] += before
    if null.cards is None:
        return Block(counts, sums, np.full(part.size, null.mean))
    total = null.cards * null.mean
    left = total - sums
    left[np.abs(left) <= _NOTHING * total] = 0.0
    return Block(counts, sums, left / (null.cards - counts))


def _grow(
    target: Values, logs: Values, carried: float, part: Values, means: Values, null: Null
) -> None:
    """Fill `target`: once the null is surely true the wealth is 0, surely false it is infinite."""
    inside = (means > 0) & (means < null.bound)
    if inside.all() and np.isfinite(carried):
        np.cumsum(logs, out=target)
        target += carried
        return
    if not np.isfinite(carried):
        target[:] = carried
    else:
        np.cumsum(np.where(inside, logs, 0.0), out=target)
        target += carried
    target[means > null.bound] = -np.inf
    false = (means < 0) | ((means == 0) & (part > 0))
    if false.any():
        target[int(false.argmax()) :] = np.inf


def _settle_last(wealth: Values, total: float, null: Null) -> None:
    """Every card was seen: a mean above t leaves nothing to doubt."""
    if null.cards is not None and total > null.cards * null.mean * (1 + _NOTHING):
        wealth[-1] = np.inf


def _check_count(values: Values, null: Null) -> None:
    if null.cards is not None and values.size > null.cards:
        raise ElectionsError(f"{values.size} cards were drawn of {null.cards}")

"""A card-comparison audit: how many cards, and what the cards pulled so far have shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, log

import numpy as np

from detente.elections.audit import overstatement
from detente.elections.audit.alternatives import Comparison, Stake, best_stake
from detente.elections.audit.cards import Marks
from detente.elections.audit.contests import Assorter
from detente.elections.audit.electorate import Electorate, Places
from detente.elections.audit.martingale import Null, Trajectory, Values, alpha, betting
from detente.elections.errors import ElectionsError

_SEED = 20190305
_TRIAL_MAX = 100_000
"""Cards of one simulated audit; beyond that a full count is the answer."""


class Absent(Enum):
    """What is not there when a card is looked at."""

    CARD = "not found"
    CONTEST = "found, without the contest"


Hand = Marks | Absent
"""What people found: a card's marks, or what was not there."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one assertion needs.

    Attributes:
        assertion: which.
        margin: v over all cards; not above 0: the records themselves contradict it.
        clean: cards if every record is right (for pools: expected); None: a full count.
        quantiles: cards that suffice with each probability, at the expected error rates.
    """

    assertion: Assorter
    margin: float
    clean: int | None
    quantiles: Mapping[float, int | None]


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a record is expected to be off by one vote, and by two."""

    one_vote: float = 0.001
    two_vote: float = 0.0


@dataclass(frozen=True, slots=True)
class _Test:
    """How one assertion is tested: fixed by the records alone, before any card is pulled."""

    null: Null
    clean: float
    stake: float | None

    @classmethod
    def of(cls, electorate: Electorate, assertion: Assorter, margin: float) -> "_Test":
        bound = overstatement.bound(margin, assertion.bound)
        clean = overstatement.clean(margin, assertion.bound)
        null = Null(mean=0.5, bound=bound, cards=electorate.total)
        if electorate.pools is None:
            return cls(null, clean, None)
        values, shares = _predicted(electorate, assertion, clean)
        return cls(null, clean, best_stake(values, shares, null))

    def run(self, values: Values) -> Trajectory:
        """Comparison-optimal for cards alone; with pools the stake that grows fastest."""
        if self.stake is None:
            return alpha(values, Comparison(), self.null)
        return betting(values, Stake(self.stake), self.null)

    def gain(self, electorate: Electorate, assertion: Assorter) -> float:
        """How much the log of the wealth grows with a card if its record is right."""
        if self.stake is None:
            endless = replace(self.null, cards=None)
            return float(alpha(np.asarray([self.clean]), Comparison(), endless).log_wealth[0])
        values, shares = _predicted(electorate, assertion, self.clean)
        return float(np.log1p(self.stake * (values - self.null.mean)) @ shares)


def _predicted(
    electorate: Electorate, assertion: Assorter, clean: float, rates: Rates = Rates(0.001, 0.0001)
) -> tuple[Values, Values]:
    """Values of the overstatement assorter if the records are right but for such errors."""
    overstated, shares = electorate.expected(assertion)
    values = (1 - overstated / assertion.bound) * clean
    right = 1 - rates.one_vote - rates.two_vote
    return (
        np.concatenate((values, [clean / 2, 0.0])),
        np.concatenate((shares * right, [rates.one_vote, rates.two_vote])),
    )


def plan(
    electorate: Electorate,
    assertions: Sequence[Assorter],
    *,
    risk_limit: float,
    rates: Rates = Rates(),
    probabilities: Sequence[float] = (0.5, 0.8, 0.9),
    trials: int = 100,
) -> list[Need]:
    """How many cards to pull for each assertion, by simulation with a fixed seed.

    Raises:
        ElectionsError: the risk limit or a rate is not between 0 and 1.
    """
    if not 0 < risk_limit < 1:
        raise ElectionsError(f"a risk limit lies between 0 and 1, not at {risk_limit}")
    if not (rates.one_vote >= 0 and rates.two_vote >= 0 and rates.one_vote + rates.two_vote < 1):
        raise ElectionsError("rates of discrepancies lie between 0 and 1, together below 1")
    needs: list[Need] = []
    for number, each in enumerate(assertions):
        margin = electorate.margin(each)
        if margin <= 0:
            needs.append(Need(each, margin, None, dict.fromkeys(probabilities)))
            continue
        random = np.random.default_rng((_SEED, number))
        test = _Test.of(electorate, each, margin)
        clean = _clean_size(electorate, each, test, risk_limit)
        length = min(electorate.total, _TRIAL_MAX, 4 * (clean or electorate.total) + 200)
        draws = _Draws(electorate, each, test, rates)
        tried = (test.run(draws(random, length)).cards_until(risk_limit) for _ in range(trials))
        sizes = sorted(size or electorate.total + 1 for size in tried)
        quantiles = _quantiles(sizes, probabilities, electorate.total)
        needs.append(Need(each, margin, clean, quantiles))
    return needs


def _clean_size(
    electorate: Electorate, assertion: Assorter, test: _Test, risk_limit: float
) -> int | None:
    if test.stake is None:
        values = np.full(min(electorate.total, _TRIAL_MAX), test.clean)
        return test.run(values).cards_until(risk_limit)
    growth = test.gain(electorate, assertion)
    size = ceil(log(1 / risk_limit) / growth) if growth > 0 else electorate.total + 1
    return size if size <= electorate.total else None


class _Draws:
    """Simulated cards: what each is worth if records err at the expected rates."""

    def __init__(
        self, electorate: Electorate, assertion: Assorter, test: _Test, rates: Rates
    ) -> None:
        self._clean, self._rates = test.clean, rates
        self._mixed: tuple[Values, Values] | None = None
        if electorate.pools is not None:
            values, shares = _predicted(electorate, assertion, test.clean, rates)
            self._mixed = values, np.cumsum(shares)

    def __call__(self, random: np.random.Generator, length: int) -> Values:
        """The next `length` cards of one audit."""
        drawn = random.random(length)
        if self._mixed is not None:
            values, edges = self._mixed
            return values[np.minimum(np.searchsorted(edges, drawn), values.size - 1)]
        left = np.ones(length)
        left[drawn < self._rates.one_vote + self._rates.two_vote] = 0.5
        left[drawn < self._rates.two_vote] = 0.0
        return left * self._clean


def _quantiles(
    sizes: list[int], probabilities: Sequence[float], cards: int
) -> dict[float, int | None]:
    chosen = {
        p: sizes[min(len(sizes) - 1, int(np.ceil(p * len(sizes))) - 1)] for p in probabilities
    }
    return {p: size if size <= cards else None for p, size in chosen.items()}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the cards pulled so far say of one assertion.

    Attributes:
        assertion: which.
        margin: v over all cards.
        p_value: the risk so far; the audit of this assertion may end at or below the limit.
        discrepancies: cards by how many votes the record favoured the winner: 2, 1, -1, -2;
            a card of a pool differs from no record of its own and is not among them.
        trajectory: the risk after each card.
        gain: what a card that agrees with its record adds to the log of the wealth (for pools:
            what one adds on the average); 0 where the margin is not above 0.
    """

    assertion: Assorter
    margin: float
    p_value: float
    discrepancies: Mapping[int, int]
    trajectory: Trajectory
    gain: float


def judge(
    electorate: Electorate,
    assertions: Sequence[Assorter],
    pulled: Mapping[str, Hand],
    *,
    order: Sequence[str],
) -> list[Judged]:
    """The risk of each assertion after the cards in `order`.

    Args:
        electorate: the cards drawn from, and their records.
        assertions: what is tested.
        pulled: each card in hand; not found: the worst for every winner.
        order: ids in the order of the draw; a card without a record is a phantom.

    Raises:
        ElectionsError: a card of the order was not pulled, or stands twice in it.
    """
    waiting = [card for card in order if card not in pulled]
    if waiting:
        raise ElectionsError(
            f"{len(waiting)} cards of the draw are not entered yet, first {waiting[0]!r:.60}",
            remedy="Enter them, or mark them as not found",
        )
    if len(set(order)) != len(order):
        raise ElectionsError("a card stands twice in the draw")
    known = electorate.cards.places(set(order))
    places = np.asarray([known.get(card, -1) for card in order], dtype=np.int64)
    hand = [pulled[card] for card in order]
    return [_judge(electorate, each, hand, places) for each in assertions]


def _judge(
    electorate: Electorate,
    assertion: Assorter,
    hand: Sequence[Hand],
    places: Places,
) -> Judged:
    margin = electorate.margin(assertion)
    recorded = electorate.recorded(assertion, places)
    audited = np.asarray(
        [
            _audited(assertion, seen, lacking=0.0 if electorate.has_style and at >= 0 else 0.5)
            for seen, at in zip(hand, places.tolist(), strict=True)
        ],
        dtype=np.float64,
    )
    overstated = (recorded - audited)[~electorate.is_pooled(places)]
    steps = np.rint(2 * overstated / assertion.bound).astype(int)
    seen = {votes: int((steps == votes).sum()) for votes in (2, 1, -1, -2)}
    if margin <= 0:
        return Judged(assertion, margin, 1.0, seen, Trajectory(np.zeros(len(hand))), 0.0)
    values = overstatement.assort(recorded, audited, margin=margin, assorter_bound=assertion.bound)
    test = _Test.of(electorate, assertion, margin)
    found = test.run(values)
    gain = test.gain(electorate, assertion)
    return Judged(assertion, margin, found.p_value, seen, found, gain)


def _audited(assertion: Assorter, seen: Hand, *, lacking: float) -> float:
    match seen:
        case Absent.CARD:
            return 0.0
        case Absent.CONTEST:
            return lacking
        case _:
            return assertion.value(seen)

"""A card-comparison audit: how many cards, and what the cards pulled so far have shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detente.elections.audit import overstatement
from detente.elections.audit.alternatives import Comparison
from detente.elections.audit.cards import Cards, Marks
from detente.elections.audit.irv import Assertion
from detente.elections.audit.martingale import Null, Trajectory, Values, alpha
from detente.elections.errors import ElectionsError

_SEED = 20190305
_TRIAL_MAX = 100_000
"""Cards of one simulated audit; beyond that a full count is the answer."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one assertion needs.

    Attributes:
        assertion: which.
        margin: v over all records; not above 0: the records themselves contradict it.
        clean: cards if every record is right; None: a full count.
        quantiles: cards that suffice with each probability, at the expected error rates.
    """

    assertion: Assertion
    margin: float
    clean: int | None
    quantiles: Mapping[float, int | None]


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a record is expected to be off by one vote, and by two."""

    one_vote: float = 0.001
    two_vote: float = 0.0


def plan(
    cards: Cards,
    assertions: Sequence[Assertion],
    *,
    risk_limit: float,
    rates: Rates = Rates(),
    probabilities: Sequence[float] = (0.5, 0.8, 0.9),
    trials: int = 100,
    pending: int = 0,
) -> list[Need]:
    """How many cards to pull for each assertion, by simulation with a fixed seed.

    `pending` ballots are not counted yet; each is taken for a vote for the loser.

    Raises:
        ElectionsError: the risk limit is not between 0 and 1.
    """
    if not 0 < risk_limit < 1:
        raise ElectionsError(f"a risk limit lies between 0 and 1, not at {risk_limit}")
    needs: list[Need] = []
    for number, each in enumerate(assertions):
        margin, count = _margin(cards, each, pending)
        if margin <= 0:
            needs.append(Need(each, margin, None, dict.fromkeys(probabilities)))
            continue
        random = np.random.default_rng((_SEED, number))
        clean = _until(count, margin, risk_limit, None)
        length = min(count, _TRIAL_MAX, 4 * (clean or count) + 200)
        tried = (
            _until(count, margin, risk_limit, _errors(random, length, rates)) for _ in range(trials)
        )
        sizes = sorted(size or count + 1 for size in tried)
        needs.append(Need(each, margin, clean, _quantiles(sizes, probabilities, count)))
    return needs


def _margin(cards: Cards, assertion: Assertion, pending: int) -> tuple[float, int]:
    """The margin and the number of cards, pending ballots counted for the loser."""
    count = cards.count + pending
    return (cards.margin(assertion.value) * cards.count - pending) / count, count


def _quantiles(
    sizes: list[int], probabilities: Sequence[float], cards: int
) -> dict[float, int | None]:
    chosen = {
        p: sizes[min(len(sizes) - 1, int(np.ceil(p * len(sizes))) - 1)] for p in probabilities
    }
    return {p: size if size <= cards else None for p, size in chosen.items()}


def _errors(random: np.random.Generator, length: int, rates: Rates) -> Values:
    """What is left of each card's value: 1 right, one half off by one vote, 0 by two."""
    drawn = random.random(length)
    left = np.ones(length)
    left[drawn < rates.one_vote + rates.two_vote] = 0.5
    left[drawn < rates.two_vote] = 0.0
    return left


def _until(count: int, margin: float, risk_limit: float, left: Values | None) -> int | None:
    if left is None:
        left = np.ones(min(count, _TRIAL_MAX))
    null = Null(mean=0.5, bound=overstatement.bound(margin, 1.0), cards=count)
    return alpha(left * overstatement.clean(margin, 1.0), Comparison(), null).cards_until(
        risk_limit
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the cards pulled so far say of one assertion.

    Attributes:
        assertion: which.
        margin: v over the records.
        p_value: the risk so far; the audit of this assertion may end at or below the limit.
        discrepancies: cards by how many votes the record favoured the winner: 2, 1, -1, -2.
        trajectory: the risk after each card.
    """

    assertion: Assertion
    margin: float
    p_value: float
    discrepancies: Mapping[int, int]
    trajectory: Trajectory


def judge(
    cards: Cards,
    assertions: Sequence[Assertion],
    pulled: Mapping[str, Marks | None],
    *,
    order: Sequence[str],
    pending: int = 0,
) -> list[Judged]:
    """The risk of each assertion after the cards in `order`.

    Args:
        cards: the records.
        assertions: what is tested.
        pulled: each card in hand; None: not found, the worst for every winner.
        order: ids in the order of the draw; a card without a record is a phantom.
        pending: ballots not counted yet, each taken for a vote for the loser.

    Raises:
        ElectionsError: a card of the order was not pulled.
    """
    waiting = [card for card in order if card not in pulled]
    if waiting:
        raise ElectionsError(
            f"{len(waiting)} cards of the draw are not entered yet, first {waiting[0]!r:.60}",
            remedy="Enter them, or mark them as not found",
        )
    places = cards.places(set(order))
    hand = [pulled[card] for card in order]
    at = [places.get(card) for card in order]
    return [_judge(cards, each, hand, at, pending) for each in assertions]


def _judge(
    cards: Cards,
    assertion: Assertion,
    hand: Sequence[Marks | None],
    places: Sequence[int | None],
    pending: int,
) -> Judged:
    margin, count = _margin(cards, assertion, pending)
    recorded = np.asarray([_recorded(cards, assertion.value, at) for at in places])
    audited = np.asarray([_audited(assertion.value, marks) for marks in hand])
    steps = np.rint(2 * (recorded - audited)).astype(int)
    seen = {votes: int((steps == votes).sum()) for votes in (2, 1, -1, -2)}
    if margin <= 0:
        return Judged(assertion, margin, 1.0, seen, Trajectory(np.zeros(len(hand))))
    null = Null(mean=0.5, bound=overstatement.bound(margin, 1.0), cards=count)
    values = overstatement.assort(recorded, audited, margin=margin, assorter_bound=1.0)
    found = alpha(values, Comparison(), null)
    return Judged(assertion, margin, found.p_value, seen, found)


def _recorded(cards: Cards, assorter: Callable[[Marks], float], at: int | None) -> float:
    return 0.5 if at is None else assorter(cards.marks[int(cards.which[at])])


def _audited(assorter: Callable[[Marks], float], marks: Marks | None) -> float:
    return 0.0 if marks is None else assorter(marks)

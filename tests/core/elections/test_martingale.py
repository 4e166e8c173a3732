"""A wrong outcome passes an audit no more often than the risk limit, whatever order the cards take.

The kernel is judged by exact fractions (slow_audit.py), by its other parametrisation, and by
whole elections that were lost.
"""

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.audit import Null, alpha, betting, kaplan, null_means
from detente.elections.audit.alternatives import (
    Comparison,
    Fixed,
    ShrinkTruncate,
    Stake,
    StakeAsMean,
)
from detente.elections.audit.martingale import as_values
from tests.core.elections.slow_audit import alpha_wealth, p_of
from tests.shared import scaled

HALVES = st.sampled_from((0.0, 0.5, 1.0))
SAMPLES = st.lists(HALVES, min_size=1, max_size=40)
RISK_LIMIT = 0.05


def column(values):
    return np.asarray(values, dtype=np.float64)


@given(SAMPLES, st.integers(0, 30), st.sampled_from((0.55, 0.6, 0.75, 0.99)))
def test_every_p_value_is_the_one_of_exact_fractions(values, unseen, eta):
    cards, exact_eta = len(values) + unseen, Fraction(eta)

    def eta_of(card, before):
        return (cards * exact_eta - before) / (cards - card + 1)

    exact = alpha_wealth(
        [Fraction(v) for v in values], eta_of, mean=Fraction(1, 2), bound=Fraction(1), cards=cards
    )
    quick = alpha(column(values), Fixed(eta), Null(0.5, 1.0, cards))
    assert quick.p_values == pytest.approx([p_of(wealth) for wealth in exact], rel=1e-6, abs=1e-12)


@given(SAMPLES, st.floats(0.0, 1.9))
def test_both_ways_to_write_a_bet_come_to_the_same_wealth(values, stake):
    null = Null(0.5, 1.0, None)
    bet = betting(column(values), Stake(stake), null).log_wealth
    mean = alpha(column(values), StakeAsMean(stake), null).log_wealth
    # Clipping keeps an alternative a hair above the null; a stake may be nothing.
    assert np.exp(mean) == pytest.approx(np.exp(bet), rel=1e-6)


@given(st.integers(1, 40_000), st.integers(0, 2**32 - 1))
def test_blocks_leave_no_seam(count, seed):
    values = np.random.default_rng(seed).integers(0, 3, count) / 2
    null = Null(0.5, 1.0, count + 1000)
    whole = alpha(values, ShrinkTruncate(0.6, 0.05), null).log_wealth
    sums = np.concatenate(([0.0], np.cumsum(values)[:-1]))
    means = (null.cards * 0.5 - sums) / (null.cards - np.arange(count))
    assert null_means(values, null) == pytest.approx(means, abs=1e-9)
    room = 0.05 / np.sqrt(100 + np.arange(count))
    running = (100 * 0.6 + sums) / (100 + np.arange(count))
    etas = np.minimum(np.maximum(running, means + room), 1 - room)
    inside = (means > 0) & (means < 1)
    if inside.all():
        steps = values * etas / means + (1 - values) * (1 - etas) / (1 - means)
        assert whole == pytest.approx(np.cumsum(np.log(steps)), abs=1e-6)


def test_a_full_count_that_shows_the_winner_leaves_no_doubt():
    seen = alpha(column([1, 0, 1, 1, 0, 0, 1]), Fixed(0.6), Null(0.5, 1.0, 7))
    assert seen.p_value == 0


def test_a_full_count_of_a_tie_does_not_confirm_a_winner():
    seen = alpha(column([1, 0] * 50), Fixed(0.9), Null(0.5, 1.0, 100))
    assert seen.last_p == 1


def test_a_null_that_is_surely_true_ends_the_audit_for_ever():
    lost = alpha(column([0] * 6 + [1] * 4), Fixed(0.6), Null(0.5, 1.0, 10))
    assert lost.log_wealth[-1] == -inf
    assert lost.last_p == 1


@pytest.mark.parametrize(
    "alternative",
    [Fixed(0.7), ShrinkTruncate(0.7, 0.1), Fixed(0.51), Comparison(1e-4)],
    ids=lambda a: type(a).__name__,
)
def test_lost_elections_pass_no_more_often_than_the_risk_limit(alternative):
    trials, cards = scaled(25_000, 250_000), 200
    bound = 2 / (2 - 0.1) if isinstance(alternative, Comparison) else 1.0
    random = np.random.default_rng(20261123)
    if isinstance(alternative, Comparison):  # a half of the cards is clean, others overstate
        ballots = np.where(np.arange(cards) < cards * 0.95, bound / 2, 0.0)
        ballots[0] = max(0.0, cards / 2 - ballots[1:].sum())
    else:
        ballots = np.repeat([0.0, 1.0], cards // 2)  # a tie: the reported winner did not win
    assert ballots.mean() <= 0.5 + 1e-12
    null = Null(0.5, bound, cards)
    passed = sum(
        alpha(random.permutation(ballots), alternative, null).p_value <= RISK_LIMIT
        for _ in range(trials)
    )
    error = 4 * (RISK_LIMIT * (1 - RISK_LIMIT) / trials) ** 0.5
    assert passed / trials <= RISK_LIMIT + error


def test_an_honest_wide_win_passes_soon():
    ballots = np.random.default_rng(1).permutation(np.repeat([0.0, 1.0], [3_000, 7_000]))
    seen = alpha(ballots, ShrinkTruncate(0.7, 0.1), Null(0.5, 1.0, 10_000))
    assert (seen.cards_until(RISK_LIMIT) or inf) < 200


def test_a_limit_that_is_never_met_is_said_to_be_never_met():
    assert alpha(column([0.5] * 9), Fixed(0.7), Null(0.5, 1.0, 100)).cards_until(0.05) is None


def test_no_card_is_no_evidence():
    nothing = alpha(column([]), Fixed(0.7), Null(0.5, 1.0, 100))
    assert nothing.p_value == nothing.last_p == 1


def test_kaplan_tests_say_what_their_product_is():
    values = column([1, 1, 1, 1, 1, 0])
    assert kaplan.markov(values, mean=0.5, padding=0.1).p_value == pytest.approx((0.6 / 1.1) ** 5)
    assert kaplan.markov(values, mean=0.5, padding=0).last_p == 1
    assert kaplan.wald(values, mean=0.5, padding=0.1).last_p == pytest.approx(1.9**-5 * 10)


@pytest.mark.parametrize("values", [[-0.1], [1.1], [float("nan")], [[1.0]]])
def test_what_is_no_assorter_value_is_refused(values):
    with pytest.raises(ElectionsError):
        as_values(values, 1.0)


def test_more_cards_than_there_are_is_refused():
    with pytest.raises(ElectionsError, match="3 cards were drawn of 2"):
        alpha(column([1, 1, 1]), Fixed(0.7), Null(0.5, 1.0, 2))


@pytest.mark.parametrize(("mean", "bound", "cards"), [(0, 1, 5), (1, 1, 5), (0.5, 1, 0)])
def test_a_null_that_cannot_be_tested_is_refused(mean, bound, cards):
    with pytest.raises(ElectionsError):
        Null(mean, bound, cards)

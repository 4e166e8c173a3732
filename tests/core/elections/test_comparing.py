"""Every kind of contest is audited as the papers define it, and a wrong outcome passes no oftener.

(audit) a wrong outcome may hide behind phantoms, pools, ballots not counted yet or the wrong kind
of assertion. Judged by exact fractions (slow_comparison.py, slow_audit.py) and by lost elections.
"""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.audit import (
    Absent,
    Assertion,
    Choice,
    Confirmed,
    Contest,
    Electorate,
    FullCount,
    MoreCards,
    MoreVotes,
    Rates,
    Rule,
    Share,
    decide,
    judge,
    plan,
    winners_by_rankings,
    winners_by_tally,
)
from detente.elections.audit.alternatives import best_stake
from detente.elections.audit.cards import Cards
from detente.elections.audit.contests import reported_winners
from detente.elections.audit.martingale import Null
from tests.core.elections import slow_comparison as slow
from tests.core.elections.slow_audit import alpha_wealth, p_of
from tests.shared import scaled

NAMES = ("ann", "bob", "cy")
MARKS = st.lists(st.permutations(NAMES).map(lambda p: tuple(p[:1])) | st.just(()), min_size=2,
                 max_size=12)  # fmt: skip
RISK_LIMIT = 0.05


def cards_of(marks):
    distinct = list(dict.fromkeys(marks))
    which = np.asarray([distinct.index(each) for each in marks], dtype=np.uint32)
    ids = [f"c{n}" for n in range(len(marks))]
    return Cards("mayor", NAMES, ids, tuple(distinct), which)


def electorate(marks, *, extra=0, pending=0, pools=None, has_style=True):
    numbers = None
    if pools is not None:
        numbers = np.asarray([-1 if each is None else each for each in pools], dtype=np.int64)
    return Electorate(cards_of(marks), len(marks) + extra, pending=pending, pools=numbers,
                      has_style=has_style)  # fmt: skip


ASSERTIONS = st.sampled_from(
    (
        MoreVotes("ann", "bob"),
        Share("ann", 0.5),
        Share("ann", 2 / 3),
        Share("cy", 0.4, reached=False),
        Assertion("ann", "bob"),
        Assertion("ann", "cy", frozenset({"bob"})),
    )
)
RANKING = st.tuples(st.permutations(NAMES), st.integers(0, 3)).map(lambda p: tuple(p[0][: p[1]]))


def exact(assertion, marks):
    """An assertion's value, as a fraction, written again."""
    top = marks[0] if marks else None
    match assertion:
        case MoreVotes(winner, loser):
            return Fraction((top == winner) - (top == loser) + 1, 2)
        case Share(candidate, share, reached):
            wanted = Fraction(share) if reached else 1 - Fraction(share)
            if top is None:
                return Fraction(1, 2)
            return 1 / (2 * wanted) if (top == candidate) == reached else Fraction(0)
        case Assertion(winner, loser, None):
            return Fraction(1 if top == winner else 0 if loser in marks else Fraction(1, 2))
        case Assertion(winner, loser, gone):
            left = [mark for mark in marks if mark not in gone]
            return Fraction((left[:1] == [winner]) - (left[:1] == [loser]) + 1, 2)


@settings(max_examples=120)
@given(MARKS, ASSERTIONS, st.integers(0, 3), st.integers(0, 3), st.data())
def test_every_risk_of_a_comparison_is_the_one_of_exact_fractions(
    marks, assertion, extra, pending, data
):
    papers = data.draw(st.lists(MARKS.map(lambda m: m[0]), min_size=len(marks),
                                max_size=len(marks)))  # fmt: skip
    place = electorate(marks, extra=extra, pending=pending)
    said = [exact(assertion, each) for each in marks]
    margin = slow.margin_of(said, place.total, pending)
    assert place.margin(assertion) == pytest.approx(float(margin), abs=1e-12)
    if margin <= 0:
        return
    phantoms = [f"phantom-{n + 1}" for n in range(extra)]
    order = [*(f"c{n}" for n in range(len(marks))), *phantoms]
    hands = dict(zip(order, [*papers, *[Absent.CARD] * extra], strict=True))
    (judged,) = judge(place, [assertion], hands, order=order)
    bound = Fraction(assertion.bound)
    recorded = [*said, *[Fraction(1, 2)] * extra]
    audited = [*(exact(assertion, each) for each in papers), *[Fraction(0)] * extra]
    values = slow.overstatement_values(recorded, audited, margin=margin, bound=bound)
    top = 2 / (2 - margin / bound)
    rate = Fraction(1e-4)
    eta = (1 - top * (1 - rate)) / (2 - 2 * top) + top * (1 - rate) - Fraction(1, 2)
    wealth = alpha_wealth(values, lambda _j, _s: eta, mean=Fraction(1, 2), bound=top,
                          cards=place.total)  # fmt: skip
    best = min(p_of(each) for each in wealth)
    assert judged.p_value == pytest.approx(best, rel=1e-5, abs=1e-9)


@given(MARKS, st.data())
def test_a_pooled_record_says_its_pools_mean(marks, data):
    pools = data.draw(st.lists(st.none() | st.integers(0, 2), min_size=len(marks),
                               max_size=len(marks)))  # fmt: skip
    place, assertion = electorate(marks, pools=pools), MoreVotes("ann", "bob")
    said = slow.means([exact(assertion, each) for each in marks], pools)
    seen = place.recorded(assertion, np.arange(-1, len(marks)))
    assert seen == pytest.approx([0.5, *map(float, said)])
    values, shares = place.expected(assertion)
    assert shares.sum() == pytest.approx(1)
    assert values @ shares == pytest.approx(0, abs=1e-9)


LOST = {
    "a tie that the records hide": {},
    "phantoms": {"extra": 20},
    "ballots not counted yet": {"pending": 16},
    "pools": {"pools": True},
    "no card style": {"has_style": False, "extra": 40},
}


@pytest.mark.parametrize("how", LOST.values(), ids=LOST)
def test_a_wrong_outcome_passes_no_more_often_than_the_risk_limit(how):
    how, trials = dict(how), scaled(2_000, 100_000)
    extra, pending = how.get("extra", 0), how.get("pending", 0)
    records = [("ann",)] * 90 + [("bob",)] * 50 + [()] * 60
    pools = [n % 4 if n % 2 else None for n in range(200)] if how.get("pools") else None
    place = electorate(records, extra=extra, pending=pending, pools=pools,
                       has_style=how.get("has_style", True))  # fmt: skip
    assertion = MoreVotes("ann", "bob")
    ids = [*place.cards.ids, *(f"phantom-{n + 1}" for n in range(extra))]
    votes = {"extra": 0.5 if not place.has_style else 0.0}
    papers = dict(zip(place.cards.ids, records, strict=True))
    # Cards that say Ann say Bob in truth, until the paper, with all that is against it, is a tie.
    for number in range(90):
        values = [float(assertion.value(papers[card])) for card in place.cards.ids]
        total = sum(values) + votes["extra"] * extra
        if total <= (place.total + pending) / 2:
            break
        papers[f"c{number}"] = ("bob",)
    hands = papers | {f"phantom-{n + 1}": Absent.CARD if place.has_style else Absent.CONTEST
                      for n in range(extra)}  # fmt: skip
    everything = [*(assertion.value(papers[card]) for card in place.cards.ids)]
    everything += [votes["extra"]] * extra
    assert not slow.true_mean_exceeds_half(
        [Fraction(each) for each in everything], place.total, pending
    )
    random = np.random.default_rng(20261124)
    passed = sum(
        judge(
            place, [assertion], hands, order=[ids[at] for at in random.permutation(len(ids))[:80]]
        )[0].p_value
        <= RISK_LIMIT
        for _ in range(trials)
    )
    error = 4 * (RISK_LIMIT * (1 - RISK_LIMIT) / trials) ** 0.5
    assert passed / trials <= RISK_LIMIT + error


def test_pools_that_are_right_confirm_a_wide_win():
    records = ([("ann",)] * 700 + [("bob",)] * 300) * 2
    place = electorate(records, pools=[n % 5 if n < 1000 else None for n in range(2000)])
    (need,) = plan(place, [MoreVotes("ann", "bob")], risk_limit=RISK_LIMIT)
    assert need.clean < 2000
    random = np.random.default_rng(3)
    order = [f"c{at}" for at in random.permutation(2000)[: need.quantiles[0.9]]]
    hands = {card: records[int(card[1:])] for card in order}
    (judged,) = judge(place, [MoreVotes("ann", "bob")], hands, order=order)
    assert judged.p_value <= RISK_LIMIT
    pooled = sum(int(card[1:]) < 1000 for card in order)
    assert 0 < pooled < len(order)


def test_ballots_not_counted_yet_can_turn_a_lead_around():
    records = [("ann",)] * 60 + [("bob",)] * 40
    leads = [electorate(records, pending=n).margin(MoreVotes("ann", "bob")) for n in (0, 10, 20)]
    assert leads == pytest.approx([0.2, 0.1, 0.0])
    (need,) = plan(electorate(records, pending=20), [MoreVotes("ann", "bob")], risk_limit=0.05)
    assert need.clean is None


def test_a_stake_grows_fastest_where_its_growth_is_flat():
    values, shares = np.asarray([1.0, 0.0]), np.asarray([0.6, 0.4])
    assert best_stake(values, shares, Null(0.5, 1.0, None)) == pytest.approx(0.4, abs=1e-6)
    assert best_stake(values, shares[::-1], Null(0.5, 1.0, None)) == pytest.approx(0, abs=1e-6)


def test_several_seats_and_approval_compare_each_winner_with_each_loser():
    two = Contest("council", Choice.PLURALITY, (*NAMES, "dee"), ("ann", "bob"))
    assert [str(each) for each in two.assertions()] == [
        "ann v cy", "ann v dee", "bob v cy", "bob v dee"
    ]  # fmt: skip
    first = two.assertions()[0]
    assert [first.value(m) for m in (("bob", "ann"), ("cy", "ann"), ("cy", "bob", "dee"), ())] == [
        1, 0.5, 0.5, 0.5
    ]  # fmt: skip
    assert first.value(("cy", "bob", "ann")) == 0.5, "too many marks count for nobody"
    liked = Contest("board", Choice.APPROVAL, (*NAMES, "dee"), ("ann",)).assertions()[0]
    assert liked.value(("ann", "cy", "dee")) == 1


@given(st.lists(st.sampled_from([("ann",), ("bob",), ("cy",), ()]), min_size=1),
       st.sampled_from((0.3, 0.5, 2 / 3)))  # fmt: skip
def test_a_share_is_reached_exactly_if_its_assertion_is_true(marks, share):
    valid = sum(1 for each in marks if each)
    votes = sum(each == ("ann",) for each in marks)
    for reached in (True, False):
        assertion = Share("ann", share, reached=reached)
        mean = sum(exact(assertion, each) for each in marks) / len(marks)
        above = votes > Fraction(share) * valid
        below = votes < Fraction(share) * valid
        assert (mean > Fraction(1, 2)) == (above if reached else below)
        assert [assertion.value(m) for m in marks] == pytest.approx(
            [float(exact(assertion, m)) for m in marks]
        )


def test_a_share_that_nobody_reached_is_shown_for_each_candidate():
    none = Contest("measure", Choice.SUPERMAJORITY, NAMES, (), share=0.6)
    assert [str(each) for each in none.assertions()] == [f"{n} below 0.6" for n in NAMES]


@pytest.mark.parametrize(
    ("choice", "winners", "share"),
    [
        (Choice.PLURALITY, (), 0.5),
        (Choice.IRV, ("ann", "bob"), 0.5),
        (Choice.SUPERMAJORITY, ("ann", "bob"), 0.5),
        (Choice.SUPERMAJORITY, ("ann",), 1.0),
        (Choice.PLURALITY, ("zoe",), 0.5),
        (Choice.PLURALITY, ("ann", "ann"), 0.5),
    ],
)
def test_an_outcome_that_no_such_contest_has_is_refused(choice, winners, share):
    with pytest.raises(ElectionsError):
        Contest("mayor", choice, NAMES, winners, share)


def run_off(rankings):
    """Count an instant run-off by trying every order of elimination; None for a tie."""
    found = set()
    for order in permutations(NAMES):
        standing = list(NAMES)
        for leaver in order[:-1]:
            votes = {name: 0 for name in standing}
            for marks, count in rankings:
                top = next((mark for mark in marks if mark in standing), None)
                if top:
                    votes[top] += count
            if votes[leaver] > min(votes.values()):
                break
            standing.remove(leaver)
        else:
            found.add(order[-1])
    return found


@given(st.lists(st.tuples(RANKING, st.integers(0, 9)), max_size=6))
def test_a_full_count_of_rankings_names_the_only_winner_or_the_tie(rankings):
    contest = Contest("mayor", Choice.IRV, NAMES, ("ann",))
    try:
        winners = set(winners_by_rankings(contest, rankings))
    except ElectionsError:
        return  # refused is safe; that clear counts are not refused is tested below
    assert run_off(rankings) == winners


def test_last_ones_that_tie_go_together_only_where_their_order_does_not_matter():
    contest = Contest("mayor", Choice.IRV, NAMES, ("ann",))
    assert winners_by_rankings(contest, [(("ann",), 9), (("bob",), 2), (("cy",), 2)]) == ("ann",)
    with pytest.raises(ElectionsError, match="tie"):
        winners_by_rankings(contest, [(("ann",), 4), (("bob",), 2), (("cy",), 2)])
    with pytest.raises(ElectionsError, match="does not stand"):
        winners_by_rankings(contest, [(("zoe",), 4)])


def test_a_full_count_decides_by_votes_and_refuses_ties_and_strangers():
    contest = Contest("council", Choice.PLURALITY, NAMES, ("ann", "bob"))
    assert winners_by_tally(contest, {"ann": 5, "bob": 3, "cy": 4}) == ("ann", "cy")
    for tally in ({"ann": 5, "bob": 4, "cy": 4}, {"zoe": 1}, {"ann": -1}):
        with pytest.raises(ElectionsError):
            winners_by_tally(contest, tally)
    share = Contest("measure", Choice.SUPERMAJORITY, NAMES, ("ann",), share=0.5)
    assert winners_by_tally(share, {"ann": 5, "bob": 5}) == ()
    with pytest.raises(ElectionsError, match="rankings"):
        winners_by_tally(Contest("mayor", Choice.IRV, NAMES, ("ann",)), {"ann": 1})
    with pytest.raises(ElectionsError):
        reported_winners([("ann", 1)], 2)


def judged(p_values, *, margin=0.1, grows=True):
    place = electorate([("ann",)] * 60 + [("bob",)] * 40)
    hands = {"c0": ("ann",), "c1": ("ann",)} if grows else {"c0": ("bob",), "c1": ("bob",)}
    found = judge(place, [MoreVotes("ann", "bob")] * len(p_values), hands, order=list(hands))
    return [
        type(each)(each.assertion, margin, p, each.discrepancies, each.trajectory, each.gain)
        for each, p in zip(found, p_values, strict=True)
    ]


RULE = Rule(RISK_LIMIT, cards_max=90)


def test_a_contest_is_confirmed_by_all_its_assertions_together():
    assert decide(judged([0.01, 0.05]), RULE, pulled=2, is_proven=True) == Confirmed(2)
    assert isinstance(decide(judged([0.01, 0.06]), RULE, pulled=2, is_proven=True), MoreCards)


@pytest.mark.parametrize(
    ("found", "is_proven", "cards_max", "said"),
    [
        (judged([0.01]), False, 90, "do not prove"),
        (judged([0.01], margin=0.0), True, 90, "contradict"),
        (judged([0.9], grows=False), True, 90, "risk of 90.00%"),
        (judged([0.9]), True, 5, "more than 5"),
    ],
)
def test_a_contest_goes_to_a_full_count_for_a_stated_reason(found, is_proven, cards_max, said):
    outcome = decide(found, Rule(RISK_LIMIT, cards_max), pulled=2, is_proven=is_proven)
    assert isinstance(outcome, FullCount)
    assert said in outcome.reason


def test_more_records_than_cards_and_impossible_rates_are_refused():
    with pytest.raises(ElectionsError, match="upper bound"):
        Electorate(cards_of([("ann",)] * 3), 2)
    with pytest.raises(ElectionsError):
        Electorate(cards_of([("ann",)] * 3), 3, pending=-1)
    with pytest.raises(ElectionsError):
        plan(electorate([("ann",)] * 3), [], risk_limit=0.05, rates=Rates(0.9, 0.2))
    with pytest.raises(ElectionsError):
        plan(electorate([("ann",)] * 3), [], risk_limit=1)


def test_a_card_drawn_twice_or_not_entered_is_refused():
    place = electorate([("ann",)] * 3)
    for order in (["c0", "c0"], ["c0", "c1"]):
        with pytest.raises(ElectionsError):
            judge(place, [MoreVotes("ann", "bob")], {"c0": ("ann",)}, order=order)

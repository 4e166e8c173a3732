"""Whoever has the public files recomputes every figure of an audit, or learns why not."""

import json
from contextlib import suppress
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.audit import METHODS, Assertion, compute, draw, sufficiency, ticket
from detente.elections.audit.bravo import Pair, average_sample, p_value, sample_size
from detente.elections.audit.expressions import number, numbers
from detente.elections.audit.irv import clean_ranking
from detente.elections.audit.macro import Batch
from detente.elections.audit.macro import p_value as macro_p
from detente.elections.audit.sampler import check_seed
from detente.elections.audit.supersimple import Discrepancies, Margin, Rates
from detente.elections.audit.supersimple import p_value as supersimple_p
from detente.elections.audit.supersimple import sample_size as supersimple_size
from tests.core.elections.slow_audit import open_orders

NAMES = ("ann", "bob", "cy", "dee")
SEED = "53417960661093690826"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**13) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
WORDS = """x N t u eta c d g n v p2 alpha lambda winner loser ballots votes winners sample pair
batches cards margin_votes gamma seen_n one_over rates reported audited contest_margin U taints
vote_for card share assertion pool ranking already_eliminated ranks seed k"""
FIELDS = st.sampled_from(WORDS.split())


def no_assertions(name):
    raise ElectionsError(f"{name} is not there")


@given(st.sampled_from(sorted(METHODS)), st.dictionaries(FIELDS, JSON, max_size=8))
def test_whatever_a_row_holds_it_gives_a_value_or_a_reason(method, inputs):
    with suppress(ElectionsError):
        compute(method, inputs, assertions=no_assertions)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(ElectionsError) as caught:
        compute("guess", {}, assertions=no_assertions)
    assert "bravo_p" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "value"),
    [("3/7 + (1 - 3/7)/2", 5 / 7), ("-0.5 * 2", -1), ("1e-4", 1e-4), (" 2 - -3 ", 5)],
)
def test_numbers_are_read_as_papers_write_them(text, value):
    assert number(text) == pytest.approx(value)


def test_lists_are_repeated_and_joined():
    assert numbers("[1, 0.5]*2 + [0]") == [1, 0.5, 1, 0.5, 0]


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 5))
def test_a_list_written_out_is_read_as_it_was(values, times):
    assert numbers(f"{json.dumps(values)}*{times}") == [float(v) for v in values * times]


@pytest.mark.parametrize(
    "text",
    [
        "", "1/0", "[1]*99999999", "[[1]]", "[1]*-1", "1+", "(" * 60 + "1" + ")" * 60, "-" * 9_000,
        "__import__('os')", "1e99", "9" * 5_000, "[1]/2", "1 2", "x", "2**9", "[1,,2]", "[1",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_without_being_run(text):
    with pytest.raises(ElectionsError):
        numbers(text) if text.startswith("[") else number(text + " + [1]")


@given(st.text("0123456789+-*/()[],. e", max_size=40))
def test_no_text_breaks_the_reader(text):
    for read in (number, numbers):
        with suppress(ElectionsError):
            read(text)


def assertions(names):
    pair = st.permutations(names)

    def build(parts):
        order, kind, gone = parts
        rest = frozenset(order[2:][:gone])
        return Assertion(order[0], order[1], None if kind else rest)

    return st.tuples(pair, st.booleans(), st.integers(0, 2)).map(build)


@given(st.lists(assertions(NAMES), max_size=8), st.sampled_from(NAMES))
def test_sufficiency_counts_the_orders_that_a_full_walk_counts(listed, winner):
    found = sufficiency(listed, NAMES, winner)
    assert found.open_orders == open_orders(listed, NAMES, winner)
    assert found.sufficient == (found.open_orders == 0)
    assert found.sufficient or found.example


def test_a_set_without_its_main_assertion_is_not_sufficient():
    whole = [Assertion("ann", name) for name in NAMES[1:]]
    assert sufficiency(whole, NAMES, "ann").sufficient
    assert not sufficiency(whole[1:], NAMES, "ann").sufficient


def test_an_assertion_about_a_stranger_is_refused():
    with pytest.raises(ElectionsError, match="no candidate"):
        sufficiency([Assertion("ann", "zoe")], NAMES, "ann")


@pytest.mark.parametrize(
    ("ranking", "value"), [(["ann"], 1), (["cy", "ann"], 0.5), (["bob"], 0), (["cy", "bob"], 0)]
)
def test_winner_only_counts_first_ranks_against_any_mention(ranking, value):
    assert Assertion("ann", "bob").value(ranking) == value


def test_elimination_looks_past_who_is_gone():
    assert Assertion("ann", "bob", frozenset({"cy"})).value(["cy", "bob", "ann"]) == 0


@pytest.mark.parametrize(
    ("ranks", "ranking"),
    [({"a": 2, "b": 9}, ["a", "b"]), ({"a": 1, "b": 2, "c": 2, "d": 3}, ["a"]), ({}, [])],
)
def test_a_ranking_ends_where_two_share_a_rank(ranks, ranking):
    assert clean_ranking(ranks) == ranking


def test_a_ballot_not_found_helps_only_the_loser():
    pair = Pair(600, 400, 1000)
    found = p_value(pair, for_winner=72, for_loser=47)
    assert p_value(pair, for_winner=72, for_loser=48) > found


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.floats(0.01, 0.3))
def test_bravo_needs_more_cards_for_a_closer_race(lead, loser, limit):
    close, wide = Pair(loser + lead, loser, 4 * 10**7), Pair(loser + 2 * lead, loser, 4 * 10**7)
    needed = [average_sample(pair, risk_limit=limit) for pair in (close, wide)]
    assert needed[0] >= needed[1]
    assert sample_size(close, risk_limit=limit, probability=0.9) >= sample_size(
        close, risk_limit=limit, probability=0.5
    )


def test_discrepancies_raise_the_risk_and_understatements_lower_it():
    margin = Margin(cards=100_000, votes=20_000)
    clean = supersimple_p(margin, sampled=27)
    assert supersimple_p(margin, sampled=27, seen=Discrepancies(one_over=1)) > clean
    assert supersimple_p(margin, sampled=27, seen=Discrepancies(two_over=1)) == 1
    assert supersimple_p(margin, sampled=27, seen=Discrepancies(two_under=1)) < clean


@given(st.integers(1, 10**6), st.floats(0.01, 0.5))
def test_a_sample_without_discrepancies_meets_its_limit_or_is_everything(votes, limit):
    margin = Margin(cards=10**6, votes=votes)
    size = supersimple_size(margin, risk_limit=limit, rates=Rates(0.0, 0.0, 0.0, 0.0))
    met = supersimple_p(margin, sampled=size) <= limit * (1 + 1e-9)
    assert met or size == margin.cards


def test_batches_that_could_hide_nothing_need_no_drawing():
    assert macro_p(0.5, [0.0]) == 0
    assert macro_p(21, [1.0]) == 1
    assert macro_p(21, [0.0] * 29) == pytest.approx(exp(29 * -0.04879016), rel=1e-6)


def test_negative_votes_are_refused():
    with pytest.raises(ElectionsError):
        Batch(-1, 0, 10)


@given(st.sets(st.text("abc-0123", min_size=1, max_size=6), min_size=3, max_size=30))
def test_a_smaller_sample_is_the_start_of_a_larger_one(cards):
    larger = draw(SEED, sorted(cards), 3)
    assert draw(SEED, sorted(cards, reverse=True), 2) == larger[:2]
    assert larger == sorted(cards, key=lambda card: ticket(SEED, card))[:3]


def test_a_card_that_stands_twice_is_noticed_where_it_is_drawn():
    with pytest.raises(ElectionsError, match="twice"):
        draw(SEED, ["a", "b", "a"], 3)


@pytest.mark.parametrize("seed", ["1234", "1" * 19 + "x", "", "\u0661" * 20])
def test_a_seed_that_nobody_threw_is_refused(seed):
    with pytest.raises(ElectionsError, match="20 decimal digits"):
        check_seed(seed)

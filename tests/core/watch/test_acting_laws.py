"""The decision depends on what was said, never on the order in which it came. (trust.md, 6)"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch import (
    Basis,
    Item,
    Level,
    Outcome,
    Precision,
    Sort,
    Stance,
    Weigher,
    decide,
    marks_of,
    tally,
    weigh,
)
from tests.core.watch.makers import MEMBERS, NOW, RULES, Lists, claim, dossier, objection

issuers = st.sampled_from(MEMBERS)
minutes = st.floats(-30, 30, allow_nan=False).map(lambda value: round(value, 2))


@st.composite
def claims(draw, basis=None):
    held = draw(st.dictionaries(issuers, minutes, max_size=3))
    stated = draw(st.sampled_from(Basis)) if basis is None else basis
    return claim(
        draw(issuers),
        draw(minutes),
        basis=stated,
        name=draw(st.text("abc", max_size=2)),
        readers=draw(st.sets(issuers, min_size=1)),
        held=held,
        cosigned=draw(st.booleans()) or stated is Basis.MATCH,
        handshake=draw(st.booleans()),
        source=draw(st.sampled_from(("", "cisa", "cert"))) if stated is Basis.IMPORT else "",
        revoked=draw(st.sampled_from((False, False, False, True))),
    )


@st.composite
def histories(draw):
    said = draw(st.lists(claims(), min_size=1, max_size=7))
    against = [
        objection(draw(issuers), draw(st.sampled_from(said)), stance=stance, name=str(number))
        for number, stance in enumerate(draw(st.lists(st.sampled_from(Stance), max_size=4)))
    ]
    return said, against


later = st.sampled_from((0, 40, 100)).map(lambda days: NOW + timedelta(days=days))


@given(histories(), st.randoms(use_true_random=False), later)
def test_the_order_of_arrival_changes_nothing(history, random, now):
    said, against = history
    decided = decide(dossier(*said, objections=against), RULES, now)
    random.shuffle(said)
    random.shuffle(against)
    assert decide(dossier(*said, objections=against), RULES, now) == decided
    assert marks_of(dossier(*said, objections=against), RULES) == marks_of(
        dossier(*reversed(said), objections=against[::-1]), RULES
    )


names = st.sampled_from(
    [
        Item("ipv4-addr:value", "198.51.100.7"),
        Item("ipv4-addr:value", "198.51.100.8"),
        Item("ipv4-addr:value", "198.51.0.0/16"),
        Item("domain-name:value", "evil.example"),
        Item("domain-name:value", "no name"),
    ]
)


def renamed(held, item):
    claims = tuple(replace(each, item=item) for each in held.claims)
    return replace(held, item=item, claims=claims)


poor = st.dictionaries(
    st.tuples(issuers, st.sampled_from((Sort.ADDRESS, Sort.NAME))),
    st.builds(Precision, confirmed=st.just(0), refuted=st.integers(0, 9)),
    max_size=2,
)


@given(histories(), later, poor)
def test_decision_and_marks_made_together_are_those_made_apart(history, now, ledger):
    said, against = history
    rules = replace(RULES, ledger=ledger)
    held = dossier(*said, objections=against)
    assert weigh(held, rules, now) == (decide(held, rules, now), marks_of(held, rules))


@given(histories(), st.lists(st.tuples(names, st.booleans()), max_size=6), later, poor)
def test_values_weighed_together_are_decided_as_each_alone(history, several, now, ledger):
    said, against = history
    lists = Lists(a_list=("198.51.100.7", True), another=("evil.example", False))
    rules = replace(RULES, ledger=ledger, benign=lists)
    weigher = Weigher(rules, now)
    for item, doubted in several:
        held = renamed(dossier(*said, objections=against if doubted else ()), item)
        assert weigher.weigh(held) == (decide(held, rules, now), marks_of(held, rules))


@given(histories(), later)
def test_saying_everything_twice_changes_nothing(history, now):
    said, against = history
    once = decide(dossier(*said, objections=against), RULES, now)
    twice = decide(dossier(*said, *said, objections=[*against, *against]), RULES, now)
    assert twice == once


@given(histories(), st.sampled_from(Stance), issuers, later, st.data())
def test_an_objection_never_promotes(history, stance, issuer, now, data):
    said, against = history
    one_more = objection(issuer, data.draw(st.sampled_from(said)), stance=stance, name="more")
    before = decide(dossier(*said, objections=against), RULES, now)
    after = decide(dossier(*said, objections=[*against, one_more]), RULES, now)
    assert after.level <= before.level


@given(histories(), later, later)
def test_time_alone_never_promotes(history, one, other):
    said, against = history
    here = dossier(*said, objections=against)
    early, late = min(one, other), max(one, other)
    assert decide(here, RULES, late).level <= decide(here, RULES, early).level


@given(histories(), later)
def test_more_hostile_members_feared_never_promotes(history, now):
    said, against = history
    here = dossier(*said, objections=against)
    assert decide(here, replace(RULES, f=2), now).level <= decide(here, RULES, now).level


@given(histories(), st.lists(st.sampled_from((Basis.MATCH, Basis.UNSTATED)), max_size=5), later)
def test_a04_words_that_rest_on_nothing_of_their_own_add_no_origin(history, bases, now):
    said, against = history
    talk = [
        claim(who, 20, basis=basis, name=f"talk{n}")
        for n, (who, basis) in enumerate(zip(MEMBERS * 2, bases, strict=False))
    ]
    before = decide(dossier(*said, objections=against), RULES, now)
    after = decide(dossier(*said, *talk, objections=against), RULES, now)
    assert set(after.origins) <= set(before.origins)


@given(st.lists(st.tuples(issuers, st.integers(3, 600)), max_size=12))
def test_a04_an_echo_adds_nothing_however_often_it_sounds(echoes):
    first = claim(MEMBERS[0], 0)
    sounded = [claim(who, at, name=f"e{n}") for n, (who, at) in enumerate(echoes)]
    assert decide(dossier(first, *sounded), RULES, NOW).origins == (MEMBERS[0],)


@given(st.lists(claims(), max_size=8))
def test_one_owner_is_one_origin_at_most(said):
    alone = [each for each in said if each.said.issuer == MEMBERS[0]]
    if alone:
        decision = decide(dossier(*alone), RULES, NOW)
        assert len(decision.origins) <= 1
        assert decision.level < Level.ACTIONABLE


@settings(max_examples=20)
@given(st.integers(1, 100))
def test_a34_taking_back_and_saying_again_leaves_one_mark(cycles):
    said = [claim(MEMBERS[0], n, name=f"cycle{n}") for n in range(cycles)]
    taken_back = [
        objection(MEMBERS[0], each, stance=Stance.RETRACTION, minute=200 + n)
        for n, each in enumerate(said)
    ]
    score = tally(marks_of(dossier(*said, objections=taken_back), RULES))
    again = claim(MEMBERS[0], 400, name="last")
    after = tally(marks_of(dossier(*said, again, objections=taken_back), RULES))
    assert score == after
    assert score[MEMBERS[0], "address"].refuted == 1
    assert score[MEMBERS[0], "address"].confirmed == 0


@given(histories())
def test_each_value_gives_an_issuer_one_mark_in_its_class(history):
    said, against = history
    marks = marks_of(dossier(*said, objections=against), RULES)
    assert len({(mark.issuer, mark.sort) for mark in marks}) == len(marks)
    assert all(mark.outcome in Outcome for mark in marks)


@given(st.integers(0, 10_000))
def test_a58_no_record_is_so_good_that_one_word_acts(confirmed):
    from detente.watch import Precision

    rules = replace(RULES, ledger={(MEMBERS[0], "address"): Precision(confirmed=confirmed)})
    assert decide(dossier(claim(MEMBERS[0])), rules, NOW).level is Level.ALERTING

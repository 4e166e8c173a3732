"""An audit of whole batches: nobody chooses the batches, and a wrong outcome seldom passes."""

import random
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detente.elections.audit import macro
from detente.elections.audit.batches import BatchAudit, Reported
from detente.elections.errors import ElectionsError
from tests.shared import scaled

SEED = "31415926535897932384"
BATCHES = [Reported(f"b{n}", 400, (200, 180)) for n in range(20)]


def seeds(chance):
    return str(chance.randrange(10**29, 10**30))


def test_of_two_choices_it_is_macro_of_the_papers():
    audit = BatchAudit(BATCHES)
    plain = [macro.Batch(200, 180, 400) for _ in BATCHES]
    total = sum(macro.bound(each, contest_margin=400) for each in plain)
    assert (audit.margin, audit.winners) == (400, (0,))
    assert float(audit.bound) == pytest.approx(total)
    assert audit.draws(0.05) == macro.sample_size(total, risk_limit=0.05)
    drawn = audit.draw(SEED, 30)
    taint = macro.taint(plain[0], audited_lead=10, contest_margin=400)
    counted = {each.name: (190, 180) for each in BATCHES}
    assert audit.p_value(drawn, counted) == pytest.approx(macro.p_value(total, [taint] * 30))


def test_anybody_draws_the_same_batches_and_another_seed_draws_others():
    audit = BatchAudit(BATCHES)
    assert audit.draw(SEED, 40) == BatchAudit(BATCHES).draw(SEED, 40)
    assert audit.draw(SEED, 40)[:7] == audit.draw(SEED, 7)
    assert audit.draw(SEED, 40) != audit.draw(SEED[::-1], 40)


def test_what_can_hide_more_is_drawn_more_often_and_what_can_hide_nothing_never():
    batches = [Reported("large", 300, (200, 100)), Reported("none", 50, (0, 50)),
               Reported("small", 100, (60, 40))]  # fmt: skip
    drawn = Counter(BatchAudit(batches).draw(SEED, 4_000))
    assert drawn["none"] == 0
    # u_p: (100 + 300) to (20 + 100)
    assert drawn["large"] / drawn["small"] == pytest.approx(400 / 120, rel=0.15)


def test_a_wrong_outcome_passes_no_more_often_than_the_risk_limit():
    """The reported winner lost by one vote; the shift is spread over as few batches as can be."""
    chance, passed, runs = random.Random(7), 0, scaled(400, 20_000)
    truth = {each.name: each.votes for each in BATCHES}
    left = 201
    for each in BATCHES:
        moved = min(left, 150)
        truth[each.name] = (each.votes[0] - moved, each.votes[1] + moved)
        left -= moved
    assert sum(a for a, _ in truth.values()) < sum(b for _, b in truth.values())
    audit = BatchAudit(BATCHES)
    for _ in range(runs):
        drawn = audit.draw(seeds(chance), audit.draws(0.10))
        passed += audit.p_value(drawn, truth) <= 0.10
    assert passed / runs <= 0.10 + 3 * (0.09 / runs) ** 0.5


@given(
    rows=st.lists(st.tuples(*[st.integers(0, 60)] * 3), min_size=1, max_size=8),
    winners=st.integers(1, 2),
    count=st.integers(1, 20),
)
def test_a_count_that_finds_what_was_reported_only_lowers_the_risk(rows, winners, count):
    batches = [Reported(str(n), 60, row) for n, row in enumerate(rows)]
    totals = sorted((sum(column) for column in zip(*rows, strict=True)), reverse=True)
    assume(totals[winners - 1] > totals[winners])
    audit = BatchAudit(batches, winners=winners)
    counted = {each.name: each.votes for each in batches}
    drawn = audit.draw(SEED, count)
    risks = [audit.p_value(drawn[:n], counted) for n in range(1, count + 1)]
    assert risks == sorted(risks, reverse=True)


@pytest.mark.parametrize(
    ("batches", "winners", "words"),
    [
        (BATCHES, 2, "nothing to audit"),
        ([Reported("b", 10, (5, 5))], 1, "tie"),
        ([Reported("b", 10, (11, 5))], 1, "11 votes for one choice"),
    ],
)
def test_what_cannot_be_audited_is_said(batches, winners, words):
    with pytest.raises(ElectionsError, match=words):
        BatchAudit(batches, winners=winners)


def test_a_batch_that_was_drawn_and_not_counted_is_asked_for():
    audit = BatchAudit(BATCHES)
    with pytest.raises(ElectionsError, match="not counted: b"):
        audit.p_value(audit.draw(SEED, 5), {})

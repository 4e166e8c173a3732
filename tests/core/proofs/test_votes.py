"""Who votes twice in one round is shown; who votes as everybody may is not. (attack A46)"""

from datetime import timedelta

import pytest

from detente.charter import KeySlot
from detente.charter.ballots import Close, Confirm, Yes
from detente.proofs import prove_double_vote, verify
from detente.signing import Role
from tests.core.charter.people import NOW, signers_of
from tests.core.proofs.makers import AUREL, BOREA, chain, clear, member, say

CHAIN = chain()
ONE, TWO = "11" * 32, "22" * 32


def ballot(form, seq, digest=ONE, *, round=1, name=AUREL, days=7):
    if form is Close:
        body = Close(version=2, round=round, shown=None)
    else:
        until = NOW + timedelta(days=days)
        body = form(version=2, digest=digest, round=round, expires=until)
    return say(name, clear(body), seq)


def judge(first, second):
    answers = [
        verify(prove_double_vote(*pair).to_bytes(), CHAIN)
        for pair in ((first, second), (second, first))
    ]
    assert answers[0].valid == answers[1].valid, "the order does not matter"
    return answers[0]


@pytest.mark.parametrize("form", [Yes, Confirm])
def test_two_ballots_of_one_kind_for_two_charters_are_shown(form):
    verdict = judge(ballot(form, 4), ballot(form, 5, TWO))
    assert verdict.valid
    assert verdict.accused == member(AUREL).id
    assert "does not show who held the key" in verdict.reason


def test_a_confirm_after_its_own_close_is_shown():
    assert judge(ballot(Close, 4), ballot(Confirm, 5)).valid


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ballot(Yes, 4), ballot(Yes, 4)),
        (ballot(Yes, 4), ballot(Yes, 5)),
        (ballot(Yes, 4), ballot(Yes, 5, days=6)),
        (ballot(Yes, 4), ballot(Confirm, 5)),
        (ballot(Yes, 4), ballot(Confirm, 5, TWO)),
        (ballot(Yes, 4), ballot(Yes, 5, TWO, round=2)),
        (ballot(Confirm, 4), ballot(Close, 5)),
        (ballot(Close, 4), ballot(Yes, 5)),
        (ballot(Close, 4), ballot(Confirm, 5, round=2)),
        (ballot(Yes, 4), ballot(Yes, 5, TWO, name=BOREA)),
    ],
    ids=[
        "sent twice",
        "repeated",
        "repeated with another expiry",
        "yes then confirm",
        "confirm of what the quorum wants",
        "another charter in the next round",
        "confirm before close",
        "a late yes",
        "confirm in the next round",
        "two members",
    ],
)
def test_what_an_honest_member_may_cast_is_no_double_vote(first, second):
    assert not judge(first, second).valid


def test_a_ballot_by_the_statement_key_is_no_ballot():
    until = NOW + timedelta(days=7)
    bodies = [clear(Yes(version=2, digest=digest, round=1, expires=until)) for digest in (ONE, TWO)]
    signer = signers_of(AUREL)[KeySlot.STATEMENT]
    first, second = (
        say(AUREL, body, seq, signer=signer, role=Role.STATEMENT) for seq, body in enumerate(bodies)
    )
    assert "governance" in judge(first, second).reason

"""One honest member in one round: what it may sign, and when it stops. (attacks A45, A46, A50)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import (
    Allowed,
    BallotError,
    Close,
    Confirm,
    Highest,
    Proposal,
    Refused,
    ShownSet,
    Topic,
    Yes,
    candidate_of,
    check_ballot,
    double_vote,
    election_of,
    gather,
    has_quorum_of_yes,
    may_close,
    may_confirm,
    may_yes,
    shown_set,
)
from tests.core.charter.people import NOW, YEAR, after, keys_of, member, speak, unit

OLD = unit(4)
NEW = after(OLD, f=0)
OTHER = after(OLD, name="Southern Sound")
RENEWED = after(OLD, expires=OLD.expires + YEAR)
ELECTION = election_of(OLD, [candidate_of(OLD, each, ()) for each in (NEW, OTHER, RENEWED)])
WEEK = NOW + timedelta(days=7)
ME = member("Aurel").id
FOUR = ("Aurel", "Borea", "Cindral", "Dovar")


def governance_key(member_id, epoch, seq):
    named = {member(name).id: keys_of(name).governance for name in FOUR}
    return named.get(member_id) or Refused("no member")


def ballot(kind, name, *, charter=NEW, round=1, seq=0, **changes):
    body = kind(version=2, digest=charter.digest, round=round, expires=WEEK)
    return speak(OLD, name, body, seq=seq, **changes)


def close(name, *, round=1, shown=None, seq=9):
    return speak(OLD, name, Close(version=2, round=round, shown=shown), seq=seq)


def propose(charter=NEW, *, round=1, closes=(), topic=Topic.RULES, expires=WEEK):
    return Proposal(
        version=2,
        digest=charter.digest,
        round=round,
        expires=expires,
        topic=topic,
        subject=None,
        closes=tuple(sorted(each.payload_hash for each in closes)),
    )


def view(*spoken):
    gathered = gather(ELECTION, OLD, spoken, governance_key)
    assert not gathered.refused
    assert not gathered.missing
    return gathered.view


def quorum_of(kind, charter=NEW, names=FOUR[1:], **changes):
    return [ballot(kind, name, charter=charter, **changes) for name in names]


def test_a_member_says_yes_once_a_round():
    assert may_yes(ELECTION, ME, view(), propose(), NOW) == Allowed()
    own = view(ballot(Yes, "Aurel"))
    again = may_yes(ELECTION, ME, own, propose(OTHER), NOW)
    assert isinstance(again, Refused)
    assert "already said yes" in again.reason


def test_nobody_says_yes_after_the_round_expired_or_for_years():
    for question, now in [(propose(), WEEK), (propose(expires=NOW + YEAR), NOW)]:
        assert isinstance(may_yes(ELECTION, ME, view(), question, now), Refused)


def test_a_confirm_needs_a_quorum_of_yes():
    for count, allowed in ((2, False), (3, True)):
        seen = view(*quorum_of(Yes)[:count])
        answer = may_confirm(ELECTION, ME, seen, Highest(1, NEW.digest), expires=WEEK, now=NOW)
        assert isinstance(answer, Allowed) == allowed


def test_one_members_ballots_never_make_a_quorum():
    seen = view(*(ballot(Yes, "Borea", seq=seq) for seq in range(9)))
    assert not has_quorum_of_yes(ELECTION, seen, Highest(1, NEW.digest))


def test_nobody_confirms_a_round_it_has_closed():
    seen = view(*quorum_of(Yes), close("Aurel"))
    answer = may_confirm(ELECTION, ME, seen, Highest(1, NEW.digest), expires=WEEK, now=NOW)
    assert isinstance(answer, Refused)
    assert "closed or passed" in answer.reason


def test_nobody_confirms_a_round_it_has_passed():
    seen = view(*quorum_of(Yes), ballot(Yes, "Aurel", charter=OTHER, round=2))
    answer = may_confirm(ELECTION, ME, seen, Highest(1, NEW.digest), expires=WEEK, now=NOW)
    assert isinstance(answer, Refused)


def test_a_round_is_closed_only_after_it_expired_and_only_once():
    assert isinstance(may_close(ELECTION, ME, view(), propose(), NOW), Refused)
    assert may_close(ELECTION, ME, view(), propose(), WEEK) == Allowed()
    assert isinstance(may_close(ELECTION, ME, view(close("Aurel")), propose(), WEEK), Refused)


def test_a_later_proposal_cannot_hold_a_round_open():
    own = view(ballot(Yes, "Aurel"))
    endless = propose(OTHER, expires=WEEK + YEAR)
    assert may_close(ELECTION, ME, own, endless, WEEK) == Allowed()


def test_a_close_shows_the_highest_quorum_its_member_saw():
    seen = view(*quorum_of(Yes))
    answer = may_close(ELECTION, ME, seen, propose(), WEEK)
    assert answer == Allowed(shown=Highest(1, NEW.digest))
    shown = shown_set(seen, answer.shown)
    assert shown.yes == tuple(sorted(each.payload_hash for each in quorum_of(Yes)))


def test_the_next_round_needs_a_quorum_of_closes():
    closes = [close(name) for name in FOUR[1:]]
    for count, allowed in ((2, False), (3, True)):
        some = closes[:count]
        answer = may_yes(ELECTION, ME, view(*some), propose(round=2, closes=some), NOW)
        assert isinstance(answer, Allowed) == allowed


def test_the_next_round_takes_up_what_may_already_be_certified():
    yes = quorum_of(Yes)
    shown = shown_set(view(*yes), Highest(1, NEW.digest))
    closes = [close("Borea", shown=shown), close("Cindral"), close("Dovar")]
    seen = view(*yes, *closes)
    forced = may_yes(ELECTION, ME, seen, propose(OTHER, round=2, closes=closes), NOW)
    assert isinstance(forced, Refused)
    assert "goes first" in forced.reason
    assert may_yes(ELECTION, ME, seen, propose(NEW, round=2, closes=closes), NOW) == Allowed()


def test_two_closes_of_one_member_do_not_count_as_two():
    closes = [close("Borea"), close("Borea", seq=10), close("Cindral")]
    answer = may_yes(ELECTION, ME, view(*closes), propose(round=2, closes=closes), NOW)
    assert isinstance(answer, Refused)


def test_a_close_that_shows_what_was_not_said_counts_for_nothing():
    yes = quorum_of(Yes)
    claim = ShownSet(
        round=1, digest=OTHER.digest, yes=tuple(sorted(each.payload_hash for each in yes))
    )
    gathered = gather(ELECTION, OLD, [*yes, close("Dovar", shown=claim)], governance_key)
    assert "no quorum of yes" in gathered.refused[close("Dovar", shown=claim).payload_hash]


def test_a_close_that_points_to_unknown_ballots_waits_for_them():
    shown = ShownSet(round=1, digest=NEW.digest, yes=("77" * 32,))
    gathered = gather(ELECTION, OLD, [close("Dovar", shown=shown)], governance_key)
    assert gathered.missing == {"77" * 32}
    assert gathered.view == frozenset()


def test_the_accused_does_not_vote_on_its_removal_but_may_close_the_round():
    removed = after(OLD, members=tuple(m for m in OLD.members if m.name != "Aurel"))
    election = election_of(OLD, [candidate_of(OLD, removed, ())])
    question = replace(propose(removed), topic=Topic.REMOVE, subject=ME)
    assert isinstance(may_yes(election, ME, view(), question, NOW), Refused)
    assert may_close(election, ME, view(), question, WEEK) == Allowed()


def test_an_expired_charter_can_be_renewed_and_nothing_else():
    late = OLD.expires + timedelta(days=1)
    week = late + timedelta(days=7)
    answers = [
        may_yes(ELECTION, ME, view(), propose(charter, expires=week), late)
        for charter in (NEW, RENEWED)
    ]
    assert isinstance(answers[0], Refused)
    assert answers[1] == Allowed()


def test_a_vote_that_was_under_way_at_expiry_can_be_brought_to_its_end():
    """Otherwise: NEW has a quorum of yes, so goes first; expired, only RENEWED may go: stuck."""
    late = OLD.expires + timedelta(days=1)
    yes = quorum_of(Yes)
    shown = shown_set(view(*yes), Highest(1, NEW.digest))
    closes = [close(name, shown=shown) for name in FOUR[1:]]
    question = propose(NEW, round=2, closes=closes, expires=late + timedelta(days=7))
    assert may_yes(ELECTION, ME, view(*yes, *closes), question, late) == Allowed()


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "11" * 32},
        {"charter": NEW.digest},
        {"key": keys_of("Borea").governance},
        {"key": keys_of("Aurel").statement},
        {"issuer": member("Estmark").id},
        {"time": WEEK},
        {"kind": "proposal"},
    ],
)
def test_a_ballot_from_elsewhere_or_by_another_key_counts_for_nothing(changes):
    with pytest.raises(BallotError):
        check_ballot(replace(ballot(Yes, "Aurel"), **changes), OLD, governance_key)


def test_a_ballot_for_version_n_plus_2_counts_for_nothing():
    body = Yes(version=3, digest=NEW.digest, round=1, expires=WEEK)
    with pytest.raises(BallotError, match="for version 3, not 2"):
        check_ballot(speak(OLD, "Aurel", body, seq=0), OLD, governance_key)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ballot(Yes, "Aurel"), ballot(Yes, "Aurel", charter=OTHER, seq=1)),
        (ballot(Confirm, "Aurel"), ballot(Confirm, "Aurel", charter=OTHER, seq=1)),
        (close("Aurel", seq=1), ballot(Confirm, "Aurel", seq=2)),
        (close("Aurel", seq=1, round=3), ballot(Confirm, "Aurel", seq=2, round=2)),
        (close("Aurel", seq=1), ballot(Confirm, "Aurel", seq=0, epoch=2)),
        (
            close("Aurel"),
            close("Aurel", seq=10, shown=ShownSet(round=1, digest=NEW.digest, yes=())),
        ),
    ],
    ids=["yes", "confirm", "confirm after close", "older round", "next epoch", "two closes"],
)
def test_a_double_vote_is_shown_from_either_side(first, second):
    assert double_vote(first, second)
    assert double_vote(second, first) == double_vote(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ballot(Yes, "Aurel"), ballot(Yes, "Aurel", seq=1)),
        (ballot(Yes, "Aurel"), ballot(Yes, "Borea", charter=OTHER)),
        (ballot(Yes, "Aurel"), ballot(Yes, "Aurel", charter=OTHER, round=2, seq=1)),
        (ballot(Yes, "Aurel"), ballot(Confirm, "Aurel", charter=OTHER, seq=1)),
        (ballot(Confirm, "Aurel", seq=1), close("Aurel", seq=2)),
        (close("Aurel", seq=1), ballot(Confirm, "Aurel", seq=2, round=2)),
        (ballot(Yes, "Aurel"), ballot(Yes, "Aurel")),
        (ballot(Yes, "Aurel"), ballot(Yes, "Aurel", charter=OTHER, unit="11" * 32)),
    ],
)
def test_an_honest_member_cannot_be_framed_for_a_double_vote(first, second):
    assert double_vote(first, second) is None

"""A charter binds only with the quorums of the old and of the new. (attacks A43, A50)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import (
    Certificate,
    CertificateError,
    Confirm,
    Record,
    Refused,
    SuccessionError,
    Yes,
    candidate_of,
    check_certificate,
    draw_up_certificate,
    election_of,
    gather,
)
from tests.core.charter.people import NOW, after, by_id, keys_of, member, speak, unit

OLD = unit(4)
NEW = after(OLD, f=0)
JOINED = after(OLD, members=by_id(*OLD.members, member("Estmark")))
REMOVED = after(OLD, members=tuple(m for m in OLD.members if m.name != "Dovar"))
RAISED = after(unit(4, outside=4), f=2)
WEEK = NOW + timedelta(days=7)
FOUR = ("Aurel", "Borea", "Cindral", "Dovar")


def governance_key(member_id, epoch, seq):
    named = {member(name).id: keys_of(name).governance for name in FOUR}
    return named.get(member_id) or Refused("no member")


def ballots(new, yes, confirm, *, old=OLD):
    def cast(kind, name, seq):
        body = kind(version=2, digest=new.digest, round=1, expires=WEEK)
        return speak(old, name, body, seq=seq)

    return [cast(Yes, name, 0) for name in yes] + [cast(Confirm, name, 1) for name in confirm]


def record(spoken, accepted=(), settled=None):
    by_hash = {each.payload_hash: each for each in spoken}
    return Record(
        ballots=by_hash,
        settled=set(by_hash) if settled is None else settled,
        accepted=set(accepted),
        governance_key=governance_key,
    )


def certificate(new, spoken):
    def hashes(kind):
        return tuple(sorted(each.payload_hash for each in spoken if each.kind == kind))

    return Certificate(
        version=2,
        digest=new.digest,
        round=1,
        confirms=hashes("confirm"),
        consents=hashes("yes"),
        acceptances=(),
    )


def check(new, yes=FOUR[:3], confirm=FOUR[:3], *, old=OLD, accepted=(), **changes):
    spoken = ballots(new, yes, confirm, old=old)
    paper = replace(certificate(new, spoken), **changes)
    return check_certificate(paper, old=old, new=new, record=record(spoken, accepted))


def test_the_quorums_of_old_and_new_make_a_certificate():
    certified = check(NEW)
    assert certified.confirmed_by == {member(name).id for name in FOUR[:3]}


def test_one_confirm_below_the_quorum_certifies_nothing():
    with pytest.raises(CertificateError, match=r"2 of the old members confirmed .* 3 are needed"):
        check(NEW, confirm=FOUR[:2])


def test_a_quorum_raised_by_the_new_charter_must_have_consented():
    old = unit(4, outside=4)
    with pytest.raises(CertificateError, match=r"3 of the new members consented .* 4 are needed"):
        check(RAISED, old=old)
    check(RAISED, yes=FOUR, old=old)


def test_a_joiner_consents_by_its_acceptance():
    estmark = member("Estmark").id
    assert estmark in check(JOINED, accepted=[estmark]).consented_by
    with pytest.raises(SuccessionError, match="has not accepted"):
        check(JOINED)


def test_the_accused_cannot_vote_and_the_others_can_remove_it():
    check(REMOVED)
    with pytest.raises(CertificateError, match="on its own removal"):
        check(REMOVED, confirm=("Aurel", "Borea", "Dovar"))


def test_a_member_is_counted_once():
    spoken = ballots(NEW, FOUR[:3], FOUR[:2])
    body = Confirm(version=2, digest=NEW.digest, round=1, expires=WEEK)
    spoken.append(speak(OLD, "Borea", body, seq=7))
    with pytest.raises(CertificateError, match="counted twice"):
        check_certificate(certificate(NEW, spoken), old=OLD, new=NEW, record=record(spoken))


def test_a_ballot_without_a_settled_receipt_counts_for_nothing():
    """An old stolen key could otherwise grow a second chain in private."""
    spoken = ballots(NEW, FOUR[:3], FOUR[:3])
    with pytest.raises(CertificateError, match="no settled receipt"):
        check_certificate(
            certificate(NEW, spoken), old=OLD, new=NEW, record=record(spoken, settled=set())
        )


def test_a_ballot_that_is_not_at_hand_is_not_taken_on_trust():
    with pytest.raises(CertificateError, match="not at hand"):
        check(NEW, confirms=("77" * 32,))


@pytest.mark.parametrize(
    "changes",
    [{"version": 3}, {"digest": JOINED.digest}, {"round": 2}],
    ids=["version", "digest", "round"],
)
def test_a_certificate_for_something_else_is_refused(changes):
    with pytest.raises(CertificateError):
        check(NEW, **changes)


def test_confirms_of_another_digest_do_not_count():
    spoken = ballots(NEW, FOUR[:3], FOUR[:3])
    paper = replace(certificate(NEW, spoken), digest=RENAMED.digest)
    with pytest.raises(CertificateError, match="for another charter"):
        check_certificate(paper, old=OLD, new=RENAMED, record=record(spoken))


RENAMED = after(OLD, name="Southern Sound")


def test_a_certificate_drawn_up_from_a_view_is_accepted():
    election = election_of(OLD, [candidate_of(OLD, NEW, ())])
    spoken = ballots(NEW, FOUR, FOUR[1:])
    view = gather(election, OLD, spoken, governance_key).view
    paper = draw_up_certificate(election, view, round=1, digest=NEW.digest)
    assert isinstance(paper, Certificate)
    check_certificate(paper, old=OLD, new=NEW, record=record(spoken))
    few = frozenset(cast for cast in view if cast.member != member("Borea").id)
    assert isinstance(draw_up_certificate(election, few, round=1, digest=NEW.digest), Refused)


def test_the_chain_passes_through_a_charter_that_expired_meanwhile():
    short = after(OLD, f=0, created=NOW)
    assert check(short).charter.expires == OLD.expires

"""Only the next version follows, about one thing. (attacks A46-A49, A14, A57)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import (
    Activity,
    AssetKind,
    CharterFormatError,
    Proposal,
    Quota,
    Refused,
    RegisteredAsset,
    SuccessionError,
    Topic,
    UnsafeUnit,
    candidate_of,
    check_proposal,
    check_succession,
    election_of,
    permits,
    pinned,
    traces,
)
from tests.core.charter.people import NOW, YEAR, after, by_id, keys_of, member, unit, witness

OLD = unit(4)
LATER = OLD.expires + YEAR


def admitting(name="Estmark", **changes):
    return after(OLD, members=by_id(*OLD.members, replace(member(name), **changes)))


def removing(name="Dovar", **changes):
    left = tuple(each for each in OLD.members if each.name != name)
    return after(OLD, members=left, **changes)


@pytest.mark.parametrize(
    ("new", "topic", "subject"),
    [
        (after(OLD, expires=LATER), Topic.RENEW, None),
        (after(OLD, f=0), Topic.RULES, None),
        (after(OLD, quota=Quota(statements=5, size_bytes=70_000), name="Sound"), Topic.RULES, None),
        (after(OLD, witnesses=(witness(0),)), Topic.WITNESSES, None),
        (admitting(), Topic.ADMIT, "Estmark"),
        (removing(), Topic.REMOVE, "Dovar"),
    ],
)
def test_the_document_says_what_it_changes(new, topic, subject):
    change = check_succession(OLD, new)
    assert change.topic is topic
    assert change.subject == (subject and member(subject).id)


@pytest.mark.parametrize("version", [1, 3, 2**53 - 1])
def test_a_rollback_or_fast_forward_of_the_version_is_refused(version):
    jumped = replace(after(OLD, expires=LATER), version=version)
    with pytest.raises(SuccessionError, match="only 2 can follow 1"):
        check_succession(OLD, jumped)


def test_a_charter_of_another_past_or_another_unit_is_refused():
    new = after(OLD, expires=LATER)
    for wrong in (replace(new, previous="11" * 32), replace(new, unit="11" * 32)):
        with pytest.raises(SuccessionError, match="predecessor"):
            check_succession(OLD, wrong)


def test_a_second_clause_hidden_behind_a_harmless_one_is_refused():
    with pytest.raises(SuccessionError, match="one thing at a time, this one: renew, rules"):
        check_succession(OLD, after(OLD, expires=LATER, f=0))


def test_two_members_are_not_changed_by_one_proposal():
    with pytest.raises(SuccessionError, match="changes 2 members"):
        check_succession(OLD, after(OLD, members=OLD.members[:2]))


def test_a_charter_that_changes_nothing_is_no_version():
    with pytest.raises(SuccessionError, match="nothing"):
        check_succession(OLD, after(OLD))


def test_an_exercise_unit_never_becomes_a_real_one():
    with pytest.raises(SuccessionError, match="stays what it is"):
        check_succession(OLD, after(OLD, exercise=True))


def test_a_removed_members_assets_go_with_it_but_nobody_elses():
    assets = tuple(
        RegisteredAsset(owner=owner, kind=AssetKind.DOMAIN, value="vote.example")
        for owner in sorted((member("Aurel").id, member("Dovar").id))
    )
    old = replace(OLD, assets=assets)
    left = tuple(each for each in old.members if each.name != "Dovar")
    kept = tuple(asset for asset in assets if asset.owner != member("Dovar").id)
    assert check_succession(old, after(old, members=left, assets=kept)).topic is Topic.REMOVE
    with pytest.raises(SuccessionError, match="assets, remove"):
        check_succession(old, after(old, members=left, assets=()))


def test_a_newcomer_cannot_choose_its_id():
    """Attack A14 (MeliCERTes issue 27): another organisation's id under one's own keys."""
    with pytest.raises(SuccessionError, match="not made of its governance key"):
        check_succession(OLD, admitting(id="7f" * 32))


def test_a_newcomer_cannot_continue_a_members_log():
    joiner = admitting(log=member("Aurel").log)
    with pytest.raises(CharterFormatError, match=r"log .* stands 2 times"):
        check_succession(OLD, joiner)


def test_a_members_seat_cannot_be_renamed_or_moved_to_another_log():
    for change in ({"name": "Zelkova"}, {"log": "0" * 32}, {"nonce": bytes(32)}):
        seat = replace(member("Dovar"), **change)
        members = by_id(*(each for each in OLD.members if each.name != "Dovar"), seat)
        with pytest.raises(SuccessionError, match="keeps its id"):
            check_succession(OLD, after(OLD, members=members))


def test_new_keys_for_a_member_count_only_with_its_own_acceptance():
    seat = replace(member("Dovar"), keys=keys_of("Dovar", 2), epoch=2)
    members = by_id(*(each for each in OLD.members if each.name != "Dovar"), seat)
    new = after(OLD, members=members)
    assert check_succession(OLD, new).topic is Topic.KEYS
    with pytest.raises(SuccessionError, match="has not accepted"):
        candidate_of(OLD, new, accepted=())
    assert candidate_of(OLD, new, accepted=[seat.id]).accepted == {seat.id}


def test_a_joiner_who_has_not_accepted_is_no_candidate():
    with pytest.raises(SuccessionError, match="has not accepted"):
        candidate_of(OLD, admitting(), accepted=[member("Aurel").id])


def test_the_removed_member_is_not_among_the_voters():
    candidate = candidate_of(OLD, removing(), accepted=())
    assert member("Dovar").id not in candidate.voters
    assert election_of(OLD, [candidate]).quorum == 3


def test_a_change_that_leaves_an_unsafe_unit_is_refused_with_the_row():
    old = unit(2, f=1, outside=1)
    with pytest.raises(UnsafeUnit, match="n = 2, f = 1: 0 outside"):
        check_succession(old, after(old, witnesses=()))


def test_a_proposal_that_calls_itself_something_else_is_refused():
    new = after(OLD, f=0)
    honest = Proposal(
        version=2,
        digest=new.digest,
        round=1,
        expires=NOW + timedelta(days=7),
        topic=Topic.RULES,
        subject=None,
    )
    check_proposal(honest, OLD, new)
    for lie in (replace(honest, topic=Topic.RENEW), replace(honest, digest="00" * 32)):
        with pytest.raises(SuccessionError):
            check_proposal(lie, OLD, new)


def test_who_rejoins_under_a_new_name_with_any_old_key_is_recognised():
    """Attack A57."""
    returned = replace(
        member("Fenwick"), keys=replace(keys_of("Fenwick"), transport=keys_of("Dovar").transport)
    )
    assert traces(member("Fenwick"), [OLD]) == ()
    (trace,) = traces(returned, [OLD])
    assert "version 1: transport of 'Dovar'" in trace


def test_a_joiner_relies_on_the_latest_charter_only_with_f_plus_1_confirmations():
    voices = [each.id for each in OLD.members[:2]]

    def ask(**changes):
        given = {"first": OLD.digest, "latest": OLD, "confirmed_by": voices, "asked": OLD}
        return pinned(**(given | changes))

    assert ask() is OLD
    assert isinstance(ask(confirmed_by=voices[:1]), Refused)
    assert isinstance(ask(confirmed_by=[voices[0], voices[0], "77" * 32]), Refused)
    assert isinstance(ask(first="00" * 32), Refused)
    assert isinstance(ask(asked=after(OLD, f=0)), Refused)


@pytest.mark.parametrize("activity", Activity)
def test_an_expired_charter_still_receives_alerts_proves_renews_and_lets_go(activity):
    assert permits(OLD, activity, NOW) is None
    left = {"receive", "alert", "prove", "renew", "suspend, re-key or leave"}
    assert (permits(OLD, activity, OLD.expires) is None) == (activity.value in left)

"""A stolen key ends where its owner says, and its owner always comes back. (A51, A52, A53)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import (
    ADOPTION_DUE,
    LAPSE_AFTER,
    REKEYING_WAIT,
    Active,
    Adopt,
    Contested,
    KeyHistoryError,
    KeySlot,
    Left,
    Refused,
    Rekeying,
    Rotate,
    adoption_due,
    check_binding,
    current_key,
    epoch_fork,
    exclude_member,
    is_overdue,
    is_silent,
    key_at,
    keys_ever,
    receive_keys,
    recovery_fits,
    reinstate_member,
    settle_keys,
)
from detente.errors import UnitError
from tests.core.charter.keyring import (
    UNIT,
    leave,
    objection,
    recover,
    rotate,
    rotate_governance,
    say,
    seen,
    start,
    suspend,
)
from tests.core.charter.people import (
    NOW,
    after,
    by_id,
    keys_of,
    member,
    recovery_of,
    signers_of,
)

STATEMENT, GOVERNANCE, SEALING = KeySlot.STATEMENT, KeySlot.GOVERNANCE, KeySlot.SEALING
HOUR = timedelta(hours=1)
DONE = NOW + REKEYING_WAIT
FIRST, SECOND = keys_of("Aurel"), keys_of("Aurel", 2)


def heard(history, *spoken, at=NOW, size=10):
    for each in spoken:
        history = receive_keys(history, each, seen(at, size))
    return history


def test_a_key_speaks_for_its_member_from_the_first_entry_on():
    assert key_at(start(), STATEMENT, 1, 0) == FIRST.statement
    assert isinstance(key_at(start(), STATEMENT, 0, 99), Refused)


def test_a_rotation_takes_effect_behind_its_own_place():
    history = heard(start(), rotate(STATEMENT, seq=5))
    keys = [key_at(history, STATEMENT, 1, seq) for seq in (4, 5, 6, 10**9)]
    assert keys == [FIRST.statement] * 2 + [SECOND.statement] * 2
    assert keys_ever(history, STATEMENT) == (FIRST.statement, SECOND.statement)


@pytest.mark.parametrize("bad", [bytes(1_216), SECOND.sealing[:1_184] + bytes(32)])
def test_nobody_rotates_to_a_sealing_key_that_takes_no_content(bad):
    body = Rotate(keys={SEALING: bad}, possession={}, recovery=None)
    with pytest.raises(UnitError, match="sealing key"):
        heard(start(), say(body))


def test_a_sealing_key_rotates_without_a_signature_it_cannot_make():
    slot = SEALING
    body = Rotate(keys={slot: SECOND.sealing}, possession={}, recovery=None)
    assert current_key(heard(start(), say(body)), slot) == SECOND.sealing


def test_a_suspended_key_ends_at_the_largest_cosigned_size():
    history = heard(start(), suspend(STATEMENT), size=7)
    assert key_at(history, STATEMENT, 1, 6) == FIRST.statement
    refused = key_at(history, STATEMENT, 1, 7)
    assert isinstance(refused, Refused)
    assert "ended at epoch 1, entry 7" in refused.reason
    assert current_key(history, STATEMENT) is None
    assert current_key(history, KeySlot.LOG) == FIRST.log, "only what was named"


def test_a_claimed_time_moves_no_cut_off():
    backdated = replace(suspend(STATEMENT), time=NOW - timedelta(days=900))
    assert key_at(heard(start(), backdated, size=7), STATEMENT, 1, 6) == FIRST.statement


def test_a_second_suspension_cannot_move_the_first_cut_off():
    history = heard(heard(start(), suspend(STATEMENT), size=7), suspend(STATEMENT, seq=8), size=99)
    assert isinstance(key_at(history, STATEMENT, 1, 50), Refused)


def test_the_owner_rotates_a_suspended_key_and_the_thief_stays_out():
    history = heard(start(), suspend(STATEMENT), size=7)
    history = heard(history, rotate(STATEMENT, seq=8), size=9)
    assert [key_at(history, STATEMENT, 1, seq) for seq in (6, 9)] == [
        FIRST.statement,
        SECOND.statement,
    ]
    assert all(isinstance(key_at(history, STATEMENT, 1, seq), Refused) for seq in (7, 8))


def test_nobody_else_suspends_rotates_or_leaves_in_a_members_name():
    for spoken in (suspend(STATEMENT), rotate(STATEMENT), leave()):
        for thief in (FIRST.statement, keys_of("Borea").governance):
            with pytest.raises(KeyHistoryError):
                heard(start(), replace(spoken, key=thief))


def test_a_key_of_another_member_cannot_be_rotated_in_without_holding_it():
    body = Rotate(
        keys={STATEMENT: keys_of("Borea").statement},
        possession={STATEMENT: bytes(64)},
        recovery=None,
    )
    with pytest.raises(KeyHistoryError, match="without proof of possession"):
        heard(start(), say(body))


def test_a_key_that_was_used_before_does_not_come_back():
    history = heard(start(), rotate(STATEMENT, seq=5))
    with pytest.raises(KeyHistoryError, match="used before"):
        heard(history, rotate(STATEMENT, generation=1, seq=8))


def test_a_thief_of_the_governance_key_cannot_rotate_it_first():
    """Attack A52: without the recovery key there is no new governance key."""
    thief = recovery_of("Borea")
    with pytest.raises(KeyHistoryError, match="did not consent"):
        heard(start(), rotate_governance(start(), recovery=thief))


def test_the_owner_rotates_governance_with_both_keys_at_once():
    history = heard(start(), rotate_governance(start()))
    assert current_key(history, GOVERNANCE) == SECOND.governance
    assert recovery_fits(history, recovery_of("Aurel", 2).public_key)
    with pytest.raises(KeyHistoryError):
        heard(history, rotate(STATEMENT, seq=9))  # by the old governance key


def test_a_consent_for_one_key_does_not_let_in_another():
    spoken = rotate_governance(start())
    other = signers_of("Aurel", 3)[GOVERNANCE].public_key.hex()
    body = spoken.body | {"keys": {"governance": other}}
    with pytest.raises(KeyHistoryError):
        heard(start(), replace(spoken, body=body))


def test_two_rotations_at_one_place_end_both_and_every_node_agrees():
    """Attack A52: thief and owner race; whoever is heard first, the result is the same."""
    owner, thief = rotate(STATEMENT, seq=5), rotate(STATEMENT, "Borea", 9, seq=5)
    one, other = heard(start(), owner, thief), heard(start(), thief, owner)
    for history in (one, other):
        assert key_at(history, STATEMENT, 1, 5) == FIRST.statement
        assert isinstance(key_at(history, STATEMENT, 1, 6), Refused)
        assert current_key(history, GOVERNANCE) is None
        with pytest.raises(KeyHistoryError, match="used before"):
            heard(history, recover(generation=2))  # one of the two keys of the race
        recovered = settle_keys(heard(history, recover(generation=3)), DONE)
        assert key_at(recovered, STATEMENT, 2, 0) == keys_of("Aurel", 3).statement


def test_a_recovery_suspends_at_once_and_takes_effect_after_72_hours():
    history = heard(start(), recover(), size=8)
    assert isinstance(history.standing, Rekeying)
    assert isinstance(key_at(history, STATEMENT, 1, 8), Refused)
    assert settle_keys(history, DONE - timedelta(seconds=1)) == history
    after_wait = settle_keys(history, DONE)
    assert isinstance(after_wait.standing, Active)
    assert after_wait.origin == f"{member('Aurel').log}/2"
    assert key_at(after_wait, STATEMENT, 1, 7) == FIRST.statement
    assert key_at(after_wait, STATEMENT, 2, 0) == SECOND.statement
    assert isinstance(key_at(after_wait, STATEMENT, 1, 8), Refused), "the thief's later words"


def test_an_objection_or_a_second_recovery_leaves_the_member_suspended_until_a_certificate():
    first, second = recover(), recover("Borea", 7)
    for contradiction in (objection(first), second):
        history = heard(start(), first, contradiction, at=NOW + HOUR)
        assert isinstance(history.standing, Contested)
        assert settle_keys(history, DONE + timedelta(days=400)) == history
        assert current_key(history, STATEMENT) is None
        with pytest.raises(KeyHistoryError, match="until a certificate"):
            heard(history, recover(generation=3))


def test_an_objection_after_72_hours_or_by_another_key_changes_nothing():
    first = recover()
    history = heard(start(), first)
    with pytest.raises(KeyHistoryError, match="are over"):
        heard(history, objection(first), at=DONE)
    with pytest.raises(KeyHistoryError, match="signed by the governance key"):
        heard(history, replace(objection(first), key=FIRST.statement), at=NOW + HOUR)


def test_a_certificate_decides_between_contested_keys_and_only_then():
    first = recover()
    contested = heard(start(), first, objection(first))
    seat = replace(member("Aurel"), keys=keys_of("Aurel", 4), epoch=3)
    decided = after(UNIT, members=by_id(seat, member("Borea"), member("Cindral")))
    history = reinstate_member(contested, decided)
    assert key_at(history, STATEMENT, 3, 0) == keys_of("Aurel", 4).statement
    check_binding(history, decided.digest, 3, 0)
    assert isinstance(reinstate_member(start(), decided), Refused), "a quorum takes no seat"
    same_epoch = replace(seat, epoch=1)
    stale = after(UNIT, members=by_id(same_epoch, member("Borea"), member("Cindral")))
    assert isinstance(reinstate_member(contested, stale), Refused)


@pytest.mark.parametrize(
    "spoken",
    [
        recover(by=3),
        recover(epoch=3),
        replace(recover(), key=FIRST.governance),
        replace(recover(), seq=1),
        recover(generation=1),
        replace(recover(), issuer=member("Borea").id),
        replace(recover(), unit="11" * 32),
        replace(recover(), charter="11" * 32),
    ],
    ids=["wrong key", "epoch", "governance", "not first", "old keys", "who", "unit", "charter"],
)
def test_a_recovery_that_is_not_the_members_own_is_refused(spoken):
    with pytest.raises(KeyHistoryError):
        heard(start(), spoken)


def test_a_used_recovery_key_is_worth_nothing_later():
    history = settle_keys(heard(start(), recover()), DONE)
    with pytest.raises(KeyHistoryError):
        heard(history, recover("Borea", 7), at=DONE)


def test_two_openings_of_one_epoch_are_a_fork_that_can_be_shown():
    first, second = recover(), recover("Borea", 7)
    fork = epoch_fork(first, second)
    assert (fork.epoch, fork.first, fork.second) == (2, first, second)
    assert epoch_fork(first, first) is None
    assert epoch_fork(first, suspend(STATEMENT)) is None
    assert epoch_fork(first, recover(epoch=3)) is None


@pytest.mark.parametrize("key", [FIRST.governance, recovery_of("Aurel").public_key])
def test_leaving_and_suspending_are_possible_in_every_standing(key):
    first = recover()
    pending = heard(start(), first)
    contested = heard(pending, objection(first))
    for history in (start(), heard(start(), suspend(*KeySlot)), pending, contested):
        heard(history, suspend(*KeySlot, seq=20, key=key))
        left = heard(history, leave(size=4, key=key))
        assert left.standing == Left((1, 10), "left")
        assert key_at(left, STATEMENT, 1, 6) == FIRST.statement, "what others saw stays said"
        assert isinstance(key_at(left, STATEMENT, 1, 10), Refused)
        with pytest.raises(KeyHistoryError, match="says no more"):
            heard(left, rotate(STATEMENT, seq=30))


def test_a_removed_member_ends_at_the_largest_cosigned_size():
    history = exclude_member(start(), cosigned_size=6)
    assert key_at(history, STATEMENT, 1, 5) == FIRST.statement
    assert isinstance(key_at(history, STATEMENT, 1, 6), Refused)


def test_the_same_statement_twice_changes_nothing():
    for spoken in (suspend(STATEMENT), rotate(STATEMENT), recover(), leave()):
        once = heard(start(), spoken)
        assert heard(once, spoken, size=99) == once


def test_from_its_adopt_on_a_member_is_bound_and_its_older_charter_hashes_are_refused():
    adopt = Adopt(version=2, digest="22" * 32, certificate="33" * 32)
    history = heard(start(), say(adopt, seq=5))
    check_binding(history, UNIT.digest, 1, 5)
    check_binding(history, "22" * 32, 1, 6)
    for charter, seq in ((UNIT.digest, 6), ("22" * 32, 5)):
        with pytest.raises(KeyHistoryError, match="was bound by"):
            check_binding(history, charter, 1, seq)


def test_versions_are_adopted_one_after_the_other():
    with pytest.raises(KeyHistoryError, match="in order"):
        heard(start(), say(Adopt(version=3, digest="22" * 32, certificate="33" * 32)))


def test_an_adopt_is_overdue_7_days_after_its_mirror_covered_the_certificate():
    due = adoption_due(NOW)
    assert due - NOW == ADOPTION_DUE == timedelta(days=7)
    assert not is_overdue(start(), 2, covered=NOW, now=due)
    assert is_overdue(start(), 2, covered=NOW, now=due + HOUR)
    adopted = heard(start(), say(Adopt(version=2, digest="22" * 32, certificate="33" * 32)))
    assert not is_overdue(adopted, 2, covered=NOW, now=due + HOUR)


def test_30_days_of_silence_can_be_lapsed_and_29_cannot():
    assert timedelta(days=30) == LAPSE_AFTER
    assert is_silent(last_cosigned=NOW, now=NOW + LAPSE_AFTER)
    assert not is_silent(last_cosigned=NOW, now=NOW + LAPSE_AFTER - HOUR)

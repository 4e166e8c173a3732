"""Who comes back is the same member: its past stays attached, no key that ended counts. (A57)"""

from dataclasses import replace

import pytest

from detente.charter import KeySlot, Refused, begin_history, exclude_member, key_at
from detente.charter.keylife import cut_slots, readmit, why_no_return
from detente.charter.succession import check_succession
from tests.core.charter.people import after, by_id, member, unit

FIRST = unit(4)
GONE = next(each for each in FIRST.members if each.name == "Dovar")
LEFT = exclude_member(begin_history(FIRST, GONE), cosigned_size=7)
WITHOUT = after(FIRST, members=tuple(each for each in FIRST.members if each != GONE))


def returner(**changes):
    """The member as it may come back: new keys, the governance key it went with."""
    keys = replace(_fresh(), governance=GONE.keys.governance)
    return replace(GONE, **{"epoch": 2, "keys": keys, **changes})


def _fresh():
    return replace(member("Elbe").keys, recovery_hash=GONE.keys.recovery_hash)


def test_it_comes_back_in_the_next_epoch_of_its_log_and_its_past_stays():
    back = returner()
    again = after(WITHOUT, members=by_id(*WITHOUT.members, back))
    check_succession(WITHOUT, again)
    history = readmit(LEFT, again)
    assert not isinstance(history, Refused)
    assert (history.member, history.log, history.epoch) == (GONE.id, GONE.log, 2)
    assert key_at(history, KeySlot.STATEMENT, 1, 6) == GONE.keys.statement
    assert isinstance(key_at(history, KeySlot.STATEMENT, 1, 7), Refused)
    assert key_at(history, KeySlot.STATEMENT, 2, 0) == back.keys.statement


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"epoch": 3}, "epoch 2 of its own log"),
        ({"log": "0" * 32}, "epoch 2 of its own log"),
        ({"keys": _fresh()}, "the governance key that it went with"),
        ({"keys": replace(GONE.keys)}, "was used before it went"),
    ],
)
def test_it_comes_back_in_no_other_way(changes, why):
    assert why in (why_no_return(LEFT, returner(**changes)) or "")


def test_nobody_returns_who_never_left():
    assert why_no_return(begin_history(FIRST, GONE), returner()) == "it never left"


def test_a_key_its_owner_had_suspended_brings_nobody_back():
    suspended = cut_slots(begin_history(FIRST, GONE), (KeySlot.GOVERNANCE,), (1, 3))
    left = exclude_member(suspended, cosigned_size=7)
    assert "suspended before it went" in (why_no_return(left, returner()) or "")

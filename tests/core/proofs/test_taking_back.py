"""Leaving, suspending and recovering take nothing back of what was said before. (attack A51)"""

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Leave, LogState, Suspend
from detente.proofs import ChainError, prove_double_statement, verify
from detente.statements import parse_entry
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    member,
    recover_entry,
    say,
)

ONE, TWO = content_entry(AUREL, 4), content_entry(AUREL, 4, text="something else")
ME = member(AUREL).id


def leaving(seq, *, size=0):
    return say(AUREL, clear(Leave(last=LogState(epoch=1, size=size, root="00" * 32))), seq)


def suspending(seq):
    return say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), seq)


def seen(size):
    entries = [content_entry(AUREL, at) for at in range(size)]
    return Log(AUREL, entries).note(cosigners=[cosigner(BOREA)])


@pytest.mark.parametrize(
    "avowals",
    [
        (leaving(50),),
        ((leaving(0), seen(10)),),
        ((leaving(50), seen(1)),),
        (suspending(50),),
        ((suspending(50), seen(1)),),
        ((suspending(0), seen(10)),),
        (recover_entry(AUREL, last_size=10),),
        ((recover_entry(AUREL, last_size=0), seen(10)),),
    ],
    ids=[
        "leave, by its place",
        "leave, by what was seen",
        "leave, by its place against an old note",
        "suspend, by its place",
        "suspend, by its place against an old note",
        "suspend, by what was seen",
        "recover, by what it names",
        "recover, by what was seen",
    ],
)
def test_a_double_statement_stays_one_whatever_its_member_says_later(avowals):
    verdict = verify(prove_double_statement(ONE, TWO).to_bytes(), chain(*avowals))
    assert verdict.valid, verdict.reason


@pytest.mark.parametrize("avowal", [leaving(3), suspending(3), recover_entry(AUREL, last_size=4)])
def test_what_comes_behind_the_own_word_counts_for_nothing(avowal):
    assert not verify(prove_double_statement(ONE, TWO).to_bytes(), chain(avowal)).valid


def test_a_recovery_does_not_undo_what_the_chain_saw_before_it():
    only_log = say(AUREL, clear(Suspend(slots=(KeySlot.LOG,))), 0)
    policy = chain((only_log, seen(10)), recover_entry(AUREL, last_size=0))
    assert verify(prove_double_statement(ONE, TWO).to_bytes(), policy).valid


@pytest.mark.parametrize("avowal", [leaving(7), suspending(7)])
def test_a_word_from_an_old_epoch_does_not_undo_the_present_one(avowal):
    by_new = signers_again(avowal)
    with pytest.raises(ChainError, match="would undo all of epoch 2"):
        chain(recover_entry(AUREL, last_size=9), by_new)


def signers_again(entry):
    """The same word at the same place of epoch 1, signed by the governance key of epoch 2."""
    says = parse_entry(entry).clear
    return say(AUREL, says, 7, generation=2)


def test_a_later_suspension_that_is_shown_ends_a_key_that_a_false_place_kept_open():
    far = suspending(2**40)
    (key,) = chain(far, (suspending(3), seen(4))).keyring.of(ME, KeySlot.STATEMENT)
    assert [key.counts_at((1, at)) for at in (3, 4)] == [True, False]

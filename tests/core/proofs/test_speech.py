"""One key, two incompatible statements: shown by a file; innocent look-alikes are not."""

from dataclasses import replace

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Suspend
from detente.proofs import (
    WHAT_IT_SHOWS,
    ProofFile,
    ProofKind,
    prove_denial,
    prove_double_statement,
    prove_epoch_fork,
    prove_key_beyond_cut_off,
    verify,
)
from detente.signing import Envelope, Role
from detente.statements import Kind, parse_entry, sign_statement
from detente.tlog import Policy
from tests.core.charter.people import recovery_of, signers_of
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    hash_of,
    member,
    recover_entry,
    say,
    sealed,
    shown_handling,
    tampered,
)

CHAIN = chain()
ONE = content_entry(AUREL, 3)
TWO = content_entry(AUREL, 3, text="another note")


def refused(proof, policy=CHAIN):
    verdict = verify(proof.to_bytes(), policy)
    assert not verdict.valid
    assert verdict.accused == ""
    return verdict.reason


def shown(proof, policy=CHAIN):
    verdict = verify(proof.to_bytes(), policy)
    assert verdict.valid, verdict.reason
    assert verdict.kind == proof.kind.value
    assert WHAT_IT_SHOWS in verdict.reason
    return verdict


def test_two_statements_at_one_place_are_shown():
    verdict = shown(prove_double_statement(ONE, TWO))
    assert verdict.accused == member(AUREL).id
    assert "entry 3 of epoch 1" in verdict.reason


def test_no_verdict_says_who_held_the_key():
    reason = shown(prove_double_statement(ONE, TWO)).reason
    assert "does not show who held the key, nor why (theft, a restored back-up)" in reason


def test_statements_are_judged_under_a_charter_chain_only():
    policy = Policy.parse("quorum none\n")
    assert "charter chain" in refused(prove_double_statement(ONE, TWO), policy)


def test_one_statement_sent_twice_is_no_contradiction():
    assert "sent again" in refused(prove_double_statement(ONE, ONE))


def test_one_statement_in_another_envelope_is_no_contradiction():
    # The governance key of the same member under another role changes the envelope only.
    envelope = Envelope.parse(ONE)
    assert Envelope.parse(envelope.to_bytes()) == envelope
    assert "sent again" in refused(prove_double_statement(ONE, envelope.to_bytes()))


def test_statements_at_different_places_are_no_contradiction():
    assert "different positions" in refused(
        prove_double_statement(ONE, content_entry(AUREL, 4, text="another note"))
    )


def test_two_members_at_the_same_index_are_no_contradiction():
    assert "different positions" in refused(prove_double_statement(ONE, content_entry(BOREA, 3)))


def test_two_keys_of_one_member_are_not_one_key():
    suspend = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 3)
    assert "two keys" in refused(prove_double_statement(ONE, suspend))


def test_somebody_elses_signature_accuses_nobody():
    forged = say(AUREL, sealed(AUREL, 3, text="forged")[1], 3,
                 signer=signers_of(BOREA)[KeySlot.STATEMENT])  # fmt: skip
    assert "no statement key" in refused(prove_double_statement(ONE, forged))


def suspension(seq=3, *, seen=3):
    entries = [content_entry(AUREL, at) for at in range(seen)]
    stop = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), seq)
    return stop, Log(AUREL, entries).note(cosigners=[cosigner(BOREA)])


def test_what_a_suspended_key_signs_later_accuses_nobody_of_double_statements():
    under = chain(suspension())
    first, second = content_entry(AUREL, 8), content_entry(AUREL, 8, text="by the thief")
    assert "no longer counted" in refused(prove_double_statement(first, second), under)


def test_suspending_a_key_does_not_undo_what_it_signed_before():
    under = chain(suspension(seq=0))
    first, second = content_entry(AUREL, 2), content_entry(AUREL, 2, text="another note")
    assert "range of the key ended" in shown(prove_double_statement(first, second), under).reason


def denial_of(said, seq=5, *, name=AUREL, kind=Kind.DENIAL):
    content, says = sealed(name, seq, kind=kind, about=[hash_of(said)])
    return say(name, says, seq), shown_handling(content)


def test_a_denial_that_names_an_own_statement_is_shown():
    denial, opening = denial_of(ONE)
    verdict = shown(prove_denial(ONE, denial, opening))
    assert "its denial as entry 5" in verdict.reason


def test_a_denial_of_another_statement_contradicts_nothing():
    denial, opening = denial_of(TWO)
    assert "does not name" in refused(prove_denial(ONE, denial, opening))


def test_denying_what_another_member_said_is_nobodys_fault():
    denial, opening = denial_of(ONE, name=BOREA)
    assert "its right" in refused(prove_denial(ONE, denial, opening))


@pytest.mark.parametrize("kind", [Kind.RETRACTION, Kind.DISPUTE, Kind.NOTE])
def test_only_a_denial_denies(kind):
    denial, opening = denial_of(ONE, kind=kind)
    assert "no denial" in refused(prove_denial(ONE, denial, opening))


def test_the_opening_of_another_statement_shows_nothing():
    denial, _ = denial_of(ONE)
    _, opening = denial_of(ONE, seq=6)
    assert "does not belong" in refused(prove_denial(ONE, denial, opening))


def test_use_of_a_key_after_its_suspension_is_shown():
    stop = suspension()
    used = content_entry(AUREL, 4)
    verdict = shown(prove_key_beyond_cut_off(stop[0], used), chain(stop))
    assert verdict.accused == member(AUREL).id


@pytest.mark.parametrize("seq", [0, 2, 3])
def test_what_was_said_before_the_suspension_is_held_against_nobody(seq):
    stop = suspension()
    used = content_entry(AUREL, seq)
    assert "before the suspension" in refused(prove_key_beyond_cut_off(stop[0], used), chain(stop))


def test_a_suspension_of_another_key_ends_nothing():
    stop = say(AUREL, clear(Suspend(slots=(KeySlot.LOG,))), 3)
    used = content_entry(AUREL, 4)
    assert "was not suspended" in refused(prove_key_beyond_cut_off(stop, used), chain(stop))


def test_a_suspension_that_the_chain_does_not_know_ends_nothing():
    stop = suspension()
    used = content_entry(AUREL, 4)
    assert "does not know" in refused(prove_key_beyond_cut_off(stop[0], used))


def test_two_openings_of_one_epoch_are_shown():
    verdict = shown(
        prove_epoch_fork(recover_entry(AUREL, last_size=5), recover_entry(AUREL, last_size=4))
    )
    assert "two openings of epoch 2" in verdict.reason


def test_one_opening_sent_twice_is_no_fork():
    once = recover_entry(AUREL, last_size=5)
    assert "sent again" in refused(prove_epoch_fork(once, once))


def test_an_opening_by_a_key_whose_hash_never_stood_open_is_no_opening():
    stranger = recovery_of(BOREA)
    forged = recover_entry(AUREL, last_size=4, key=stranger)
    assert "no recovery key" in refused(prove_epoch_fork(recover_entry(AUREL, last_size=5), forged))


def test_ordinary_statements_open_no_epoch():
    assert "opened by a recovery key" in refused(prove_epoch_fork(ONE, TWO))


def test_a_proof_under_the_wrong_kind_shows_nothing():
    proof = ProofFile(ProofKind.DOUBLE_VOTE, {"first": ONE, "second": TWO})
    assert "governance" in refused(proof)


def test_a_signature_that_does_not_verify_accuses_nobody():
    assert "does not verify" in refused(prove_double_statement(ONE, tampered(TWO)))
    first, second = (recover_entry(AUREL, last_size=size) for size in (4, 5))
    assert "does not verify" in refused(prove_epoch_fork(first, tampered(second)))


def test_what_was_said_in_another_unit_is_judged_by_its_own_chain():
    elsewhere = replace(parse_entry(TWO).header, unit="44" * 32)
    entry = sign_statement(elsewhere, signers_of(AUREL)[KeySlot.STATEMENT]).to_entry()
    assert "another" in refused(prove_double_statement(entry, ONE))


def test_a_suspension_by_the_stolen_key_itself_ends_nothing():
    stop = suspension()
    body = clear(Suspend(slots=(KeySlot.STATEMENT,)))
    forged = say(AUREL, body, 2, role=Role.STATEMENT)
    used = content_entry(AUREL, 9)
    proof = prove_key_beyond_cut_off(forged, used)
    assert "by the governance key" in refused(proof, chain(stop))

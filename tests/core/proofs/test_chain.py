"""A charter chain is believed from its first digest on, step by step, and no step is skipped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import CharterError, KeySlot
from detente.charter.avowals import Leave, LogState, Objection, Rotate, Suspend
from detente.errors import UnitError
from detente.proofs import ChainError, ChainFile, ProofFileError, chain_of, parse_chain
from detente.proofs.ledger import Ledger
from detente.signing import SignatureError, prove_possession
from detente.statements import Clear, parse_entry
from detente.tlog import NoteError
from tests.core.charter.people import NOW, after, keys_of, recovery_of, signers_of
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CHARTER,
    JOINER,
    UNIT,
    Log,
    acceptances,
    admission,
    admitting_chain,
    another_unit,
    chain,
    clear,
    content_entry,
    cosigner,
    hash_of,
    member,
    recover_entry,
    renewal,
    renewed_chain,
    say,
    settling,
    tampered,
)

ME = member(AUREL).id


def rotation(seq, slot=KeySlot.STATEMENT):
    signer = signers_of(AUREL, 2)[slot]
    proof = prove_possession(slot.role, signer, bytes.fromhex(CHARTER.digest))
    body = Rotate(keys={slot: signer.public_key}, possession={slot: proof}, recovery=None)
    return say(AUREL, clear(body), seq)


def test_a_founding_accepted_by_all_is_a_chain_pinned_by_its_digest():
    founded = chain()
    assert founded.unit == UNIT == CHARTER.digest
    assert founded.latest == CHARTER


def test_a_chain_reads_back_to_the_same_bytes():
    for each in (chain(), chain(rotation(4)), renewed_chain()):
        data = each.file.to_bytes()
        assert parse_chain(data).file == each.file
        assert ChainFile.parse(data).to_bytes() == data


def test_a_member_who_did_not_accept_is_bound_to_nothing():
    with pytest.raises(ChainError, match="not every founding member"):
        chain_of([CHARTER], acceptances=acceptances()[1:])


def test_acceptances_of_another_unit_found_nothing():
    with pytest.raises(ChainError, match="not every founding member"):
        chain_of([CHARTER], acceptances=acceptances(another_unit()))


def test_a_later_version_stands_on_the_quorums_of_old_and_new():
    assert renewed_chain().latest.version == 2


@pytest.mark.parametrize("left_out", range(6))
def test_without_any_one_of_its_ballots_a_version_does_not_stand(left_out):
    _, _, ballots = renewal()
    with pytest.raises(CharterError):
        renewed_chain(ballots=[each for at, each in enumerate(ballots) if at != left_out])


def test_ballots_that_nobody_saw_make_no_second_chain():
    new, certificate, ballots = renewal(settled=False)
    with pytest.raises(ChainError, match="seen by 1 of 4, 3 are needed"):
        chain_of(
            [CHARTER, new],
            acceptances=acceptances(),
            certificates=[certificate],
            ballots=ballots,
        )


def test_a_version_does_not_bring_the_keys_that_confirm_it():
    new, _, _ = renewal()
    forged = replace(
        new, members=tuple(replace(each, keys=keys_of(each.name, 7)) for each in new.members)
    )
    _, certificate, ballots = renewal()
    with pytest.raises(UnitError):
        chain_of(
            [CHARTER, forged],
            acceptances=acceptances(),
            certificates=[certificate],
            ballots=ballots,
        )


def test_a_version_without_its_certificate_is_refused():
    new, _, ballots = renewal()
    with pytest.raises(ChainError, match="need 1 certificates"):
        chain_of([CHARTER, new], acceptances=acceptances(), ballots=ballots)


def test_a_version_is_not_skipped():
    new, certificate, ballots = renewal()
    third = after(new, expires=new.expires + timedelta(days=1))
    with pytest.raises(UnitError):
        chain_of(
            [CHARTER, third],
            acceptances=acceptances(),
            certificates=[certificate],
            ballots=ballots,
        )


def test_a_rotated_key_counts_up_to_its_rotation_and_the_new_one_from_there():
    old, new = chain(rotation(4)).keyring.of(ME, KeySlot.STATEMENT)
    assert [old.counts_at((1, at)) for at in (0, 4, 5)] == [True, True, False]
    assert [new.counts_at((1, at)) for at in (4, 5, 99)] == [False, True, True]


def test_a_suspension_cuts_where_others_had_seen_the_log():
    entries = [content_entry(AUREL, at) for at in range(3)]
    seen = Log(AUREL, entries).note(cosigners=[cosigner(BOREA)])
    stop = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 0)
    (key,) = chain((stop, seen)).keyring.of(ME, KeySlot.STATEMENT)
    assert [key.counts_at((1, at)) for at in (0, 2, 3)] == [True, True, False]


def test_evidence_that_only_the_member_signed_is_none():
    entries = [content_entry(AUREL, at) for at in range(3)]
    stop = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 0)
    with pytest.raises(UnitError, match="somebody else"):
        chain((stop, Log(AUREL, entries).note(cosigners=[cosigner(AUREL)])))


def test_keys_end_where_their_member_left():
    state = LogState(epoch=1, size=5, root="00" * 32)
    (key,) = chain(say(AUREL, clear(Leave(last=state)), 5)).keyring.of(ME, KeySlot.STATEMENT)
    assert not key.counts_at((1, 9))


def test_nobody_suspends_for_another():
    body = clear(Suspend(slots=(KeySlot.STATEMENT,)))
    forged = say(AUREL, body, 3, signer=signers_of(BOREA)[KeySlot.GOVERNANCE])
    with pytest.raises(ChainError, match="no key of its own"):
        chain(forged)


def test_a_ballot_is_no_word_about_keys():
    _, certificate, _ = renewal()
    with pytest.raises(ChainError, match="says nothing about its issuer's keys"):
        chain(certificate)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"detente-charter-chain":"v2"}', b'{"detente-proof":"v1"}', b"\xff"],
)
def test_what_is_no_chain_is_refused_as_such(data):
    with pytest.raises(ProofFileError):
        parse_chain(data)


def test_a_chain_of_no_charter_is_refused():
    with pytest.raises(ChainError):
        parse_chain(ChainFile(charters=(), acceptances=()).to_bytes())


def test_now_is_before_the_charter_expires():
    assert CHARTER.expires > NOW


def test_who_joined_later_accepted_the_version_that_names_it():
    chain = admitting_chain()
    assert chain.latest.member(member(JOINER).id) is not None
    assert chain.keyring.owner_of_log(member(JOINER).origin) == (member(JOINER).id, 1)


def test_nobody_is_made_a_member_without_its_own_word():
    new, certificate, ballots, _ = admission()
    with pytest.raises(CharterError, match="not accepted"):
        chain_of(
            [CHARTER, new],
            acceptances=acceptances(),
            certificates=[certificate],
            ballots=ballots,
        )


def test_a_receipt_of_another_entry_settles_no_ballot():
    _, _, ballots = renewal()
    (yes, of_yes), (confirm, of_confirm), *rest = ballots
    with pytest.raises(ChainError, match="comes with the receipt of entry"):
        renewed_chain(ballots=[(yes, of_confirm), (confirm, of_yes), *rest])


def test_evidence_of_another_log_is_none():
    foreign = Log(BOREA, [content_entry(BOREA, 0)]).note(cosigners=[cosigner(AUREL)])
    stop = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 0)
    with pytest.raises(ChainError, match="evidence of log"):
        chain((stop, foreign))


def test_only_a_certificate_stands_where_one_should():
    _, certificate, _ = renewal()
    body = parse_entry(certificate).clear.body
    other = say(AUREL, Clear.of("proposal", body), 2)
    with pytest.raises(ChainError, match="where a certificate should"):
        renewed_chain(certificates=[other])


def test_a_forged_ballot_counts_for_nothing():
    _, _, ballots = renewal()
    (yes, receipt), *rest = ballots
    with pytest.raises(SignatureError):
        renewed_chain(ballots=[(tampered(yes), receipt), *rest])


def test_a_recovery_ends_the_old_keys_and_opens_the_next_epoch():
    entries = [content_entry(AUREL, at) for at in range(3)]
    seen = Log(AUREL, entries).note(cosigners=[cosigner(BOREA)])
    recovered = chain((recover_entry(AUREL, last_size=3), seen))
    old, new = recovered.keyring.of(ME, KeySlot.STATEMENT)
    assert [old.counts_at(at) for at in ((1, 2), (1, 3), (2, 0))] == [True, False, False]
    assert [new.counts_at(at) for at in ((1, 9), (2, 0), (2, 9))] == [False, True, True]
    assert recovered.epoch_of(ME) == 2


def recover_again(epoch):
    key = recovery_of(AUREL, 2)
    return recover_entry(AUREL, last_size=4, key=key, generation=3, epoch=epoch)


def test_a_recovery_follows_a_recovery():
    twice = chain(recover_entry(AUREL, last_size=3), recover_again(3))
    assert twice.epoch_of(ME) == 3
    first, second, third = twice.keyring.of(ME, KeySlot.STATEMENT)
    places = ((1, 2), (2, 0), (2, 3), (2, 4), (3, 0))
    assert [first.counts_at(at) for at in places] == [True, False, False, False, False]
    assert [second.counts_at(at) for at in places] == [False, True, True, False, False]
    assert [third.counts_at(at) for at in places] == [False, False, False, False, True]
    assert parse_chain(twice.file.to_bytes()).epoch_of(ME) == 3


def test_a_recovery_that_follows_none_is_refused():
    with pytest.raises(UnitError):
        chain(recover_again(3))
    with pytest.raises(UnitError):
        chain(recover_entry(AUREL, last_size=3), recover_again(4))


def test_an_objection_leaves_the_member_without_keys_until_a_certificate():
    recover = recover_entry(AUREL, last_size=3)
    objection = say(AUREL, clear(Objection(recover=hash_of(recover))), 3)
    contested = chain(recover, objection)
    (old,) = contested.keyring.of(ME, KeySlot.STATEMENT)
    assert not old.counts_at((1, 5))


def without(name):
    return after(CHARTER, members=tuple(m for m in CHARTER.members if m.name != name))


def test_a_removed_member_speaks_no_further_than_its_log_was_seen():
    said = Log(BOREA, [b"one", b"two", b"three"])
    ledger = Ledger()
    ledger.add_charter(CHARTER)
    ledger.add_charter(without(BOREA), removed=said.note(2, cosigners=settling(BOREA)))
    (key,) = ledger.keyring().of(member(BOREA).id, KeySlot.STATEMENT)
    assert [key.counts_at((1, at)) for at in (0, 1, 2, 99)] == [True, True, False, False]
    (other,) = ledger.keyring().of(member(AUREL).id, KeySlot.STATEMENT)
    assert other.counts_at((1, 99))


def test_nobody_is_removed_without_showing_how_far_it_was_seen():
    ledger = Ledger()
    ledger.add_charter(CHARTER)
    with pytest.raises(ChainError, match="nothing beside its certificate"):
        ledger.add_charter(without(BOREA))


def test_a_removal_does_not_cut_a_member_short_with_a_note_nobody_else_signed():
    alone = Log(BOREA, [b"one"])
    ledger = Ledger()
    ledger.add_charter(CHARTER)
    with pytest.raises(NoteError, match="by somebody else"):
        ledger.add_charter(without(BOREA), removed=alone.note(1))

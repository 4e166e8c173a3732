"""A governance key that was rotated away changes nothing at old places any more. (attack A52)"""

import pytest

from detente.charter import KeyHistoryError, KeySlot
from detente.charter.avowals import RecoveryConsent, Rotate
from detente.charter.recovery import consent_text
from detente.errors import UnitError
from detente.signing import prove_possession
from tests.core.charter.people import recovery_hash, recovery_of, signers_of
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CHARTER,
    UNIT,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    member,
    say,
)

ME = member(AUREL).id


def rotate(slot, generation, seq, *, recovery=None):
    signer = signers_of(AUREL, generation)[slot]
    proof = prove_possession(slot.role, signer, bytes.fromhex(CHARTER.digest))
    keys = {slot: signer.public_key}
    return say(AUREL, clear(Rotate(keys=keys, possession={slot: proof}, recovery=recovery)), seq)


def rotate_governance(seq):
    new = signers_of(AUREL, 2)[KeySlot.GOVERNANCE].public_key
    recovery, following = recovery_of(AUREL), recovery_hash(AUREL, 2)
    text = consent_text(unit=UNIT, member=ME, governance_key=new, next_hash=following)
    consent = RecoveryConsent(
        key=recovery.public_key, next_hash=following, signature=recovery.sign(text)
    )
    return rotate(KeySlot.GOVERNANCE, 2, seq, recovery=consent)


OWN, AWAY = rotate(KeySlot.STATEMENT, 2, 3), rotate_governance(5)
AGAIN = rotate(KeySlot.LOG, 8, 3)


def proven(entry, *, cosigners=(BOREA,), index=3):
    entries = [*(content_entry(AUREL, at) for at in range(3)), entry, content_entry(AUREL, 4)]
    notaries = [cosigner(each) for each in cosigners]
    return entry, Log(AUREL, entries).receipt(index, cosigners=notaries).to_bytes()


@pytest.mark.parametrize("entry", [AGAIN, rotate(KeySlot.LOG, 8, 2)], ids=["taken", "free"])
def test_a_governance_key_that_was_rotated_away_signs_nothing_into_the_past(entry):
    with pytest.raises(KeyHistoryError, match="nothing shows that it stands in the log"):
        chain(OWN, AWAY, entry)


def test_a_cosigned_checkpoint_alone_places_nothing():
    _, receipt = proven(AGAIN)
    note = receipt.partition(b"\n\n")[2]
    with pytest.raises(KeyHistoryError, match="nothing shows that it stands in the log"):
        chain(OWN, AWAY, (AGAIN, note))


def test_two_at_one_place_end_all_keys_there_once_both_are_shown():
    torn = chain(OWN, AWAY, proven(AGAIN))
    for slot in (KeySlot.GOVERNANCE, KeySlot.STATEMENT, KeySlot.LOG):
        assert not any(key.counts_at((1, 9)) for key in torn.keyring.of(ME, slot))


@pytest.mark.parametrize(
    "beside",
    [
        proven(AGAIN, cosigners=()),
        proven(AGAIN, cosigners=(AUREL,)),
        proven(AGAIN, index=2),
        (AGAIN, proven(OWN)[1]),
    ],
    ids=["nobody saw it", "only itself saw it", "of another place", "of another entry"],
)
def test_a_proof_that_does_not_place_it_places_nothing(beside):
    with pytest.raises(UnitError):
        chain(OWN, AWAY, beside)


def test_the_first_word_at_a_place_needs_no_proof_and_may_have_one():
    for first in (OWN, proven(OWN)):
        (_, key) = chain(first).keyring.of(ME, KeySlot.STATEMENT)
        assert key.counts_at((1, 9))

"""A unit begins when every member has accepted, and not before."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import (
    Founded,
    FoundingError,
    KeySlot,
    Offered,
    SuccessionError,
    UnsafeUnit,
    Withdrawn,
    accept_charter,
    offer_founding,
    receive_founding,
    verify_acceptance,
    withdraw_founding,
)
from detente.errors import UnitError
from detente.signing import ENTRY_BYTES_MAX, Role, canonical, parse_strict, sign_envelope
from tests.core.charter.people import after, by_id, keys_of, member, signers_of, unit

UNIT = unit(3)
GOVERNANCE = KeySlot.GOVERNANCE


def acceptance(name, charter=UNIT):
    return accept_charter(charter, member(name), signers_of(name)).to_bytes()


ACCEPTANCES = {name: acceptance(name) for name in ("Aurel", "Borea", "Cindral")}


@given(st.permutations(sorted(ACCEPTANCES)))
def test_the_last_acceptance_founds_the_unit_in_whatever_order(names):
    founding = offer_founding(UNIT)
    for name in names:
        assert isinstance(founding, Offered)
        founding = receive_founding(founding, ACCEPTANCES[name])
    assert founding == Founded(UNIT)


def test_two_of_three_acceptances_found_nothing():
    founding = offer_founding(UNIT)
    for name in ("Aurel", "Borea", "Aurel"):
        founding = receive_founding(founding, ACCEPTANCES[name])
    assert isinstance(founding, Offered)
    assert founding.missing == {member("Cindral").id}


def test_a_founding_withdrawn_before_the_last_acceptance_leaves_nothing():
    founding = receive_founding(offer_founding(UNIT), ACCEPTANCES["Aurel"])
    word = withdraw_founding(UNIT, member("Borea"), signers_of("Borea")[GOVERNANCE]).to_bytes()
    founding = receive_founding(founding, word)
    assert founding == Withdrawn(UNIT.digest)
    with pytest.raises(FoundingError, match="was withdrawn"):
        receive_founding(founding, ACCEPTANCES["Cindral"])


def test_a_founded_unit_can_be_left_but_not_withdrawn():
    founding = offer_founding(UNIT)
    for data in ACCEPTANCES.values():
        founding = receive_founding(founding, data)
    word = withdraw_founding(UNIT, member("Borea"), signers_of("Borea")[GOVERNANCE]).to_bytes()
    with pytest.raises(FoundingError, match="nobody can withdraw"):
        receive_founding(founding, word)


def test_a_stranger_cannot_withdraw_the_others_founding():
    word = withdraw_founding(UNIT, member("Aurel"), signers_of("Dovar")[GOVERNANCE]).to_bytes()
    with pytest.raises(FoundingError, match="not signed by a member"):
        receive_founding(offer_founding(UNIT), word)


def test_an_acceptance_of_another_charter_is_worth_nothing_here():
    other = acceptance("Aurel", unit(3, f=0))
    with pytest.raises(FoundingError, match="another charter"):
        verify_acceptance(other, UNIT)


def test_nobody_accepts_in_anothers_name():
    mixed = accept_charter(UNIT, member("Aurel"), signers_of("Borea")).to_bytes()
    with pytest.raises(FoundingError, match="not signed by a member's governance key"):
        verify_acceptance(mixed, UNIT)


@pytest.mark.parametrize("slot", [slot for slot in KeySlot if slot is not KeySlot.SEALING])
def test_a_key_its_member_cannot_sign_with_is_refused(slot):
    """Somebody else's key listed as one's own: statements of two members would look alike."""
    signers = {**signers_of("Aurel"), slot: signers_of("Dovar")[slot]}
    data = accept_charter(UNIT, member("Aurel"), signers).to_bytes()
    with pytest.raises(FoundingError):
        verify_acceptance(data, UNIT)


def test_a_proof_of_possession_for_one_role_does_not_serve_another():
    envelope = accept_charter(UNIT, member("Aurel"), signers_of("Aurel"))
    payload = parse_strict(envelope.payload)
    payload["possession"]["mirror"] = payload["possession"]["witness"]
    data = sign_envelope(
        Role.GOVERNANCE, canonical(payload), signers_of("Aurel")[GOVERNANCE]
    ).to_bytes()
    with pytest.raises(FoundingError, match=r"mirror key .* without proof of possession"):
        verify_acceptance(data, UNIT)


def test_a_joiner_accepts_a_later_version_the_same_way():
    new = after(UNIT, members=by_id(*UNIT.members, member("Dovar")))
    assert verify_acceptance(acceptance("Dovar", new), new) == member("Dovar").id


def test_an_acceptance_fits_in_a_log_entry():
    assert max(map(len, ACCEPTANCES.values())) <= ENTRY_BYTES_MAX


def test_a_unit_that_cannot_be_safe_is_not_even_offered():
    with pytest.raises(UnsafeUnit, match="1 outside: 2S"):
        offer_founding(unit(2, f=1, outside=0))


def test_a_founder_whose_id_is_not_its_keys_is_refused():
    forged = replace(member("Aurel"), id="00" * 32)
    with pytest.raises(SuccessionError, match="not made of its governance key"):
        offer_founding(unit(members=by_id(forged, member("Borea"), member("Cindral"))))


def test_a_later_version_cannot_be_founded():
    with pytest.raises(FoundingError):
        offer_founding(after(UNIT, f=0))


@given(st.data())
def test_an_acceptance_with_any_byte_changed_is_refused(data):
    good = ACCEPTANCES["Aurel"]
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with pytest.raises(UnitError):
        verify_acceptance(bad, UNIT)


@given(
    st.recursive(
        st.none() | st.integers(-9, 9) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["v", "kind", "charter", "member", "possession"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_a_signed_payload_of_any_shape_is_refused_without_a_traceback(payload):
    signer = signers_of("Aurel")[GOVERNANCE]
    data = sign_envelope(Role.GOVERNANCE, canonical(payload), signer).to_bytes()
    with pytest.raises(FoundingError):
        receive_founding(offer_founding(UNIT), data)
    assert keys_of("Aurel").governance == signer.public_key

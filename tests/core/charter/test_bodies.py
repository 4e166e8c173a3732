"""Every clear body reads back as written, and nothing else is one."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import (
    Adopt,
    Certificate,
    CharterFormatError,
    Close,
    Confirm,
    KeySlot,
    Lapse,
    Leave,
    LogState,
    Objection,
    Proposal,
    Recover,
    RecoveryConsent,
    Rotate,
    ShownSet,
    Suspend,
    Topic,
    Withdraw,
    Yes,
)
from detente.signing import canonical, parse_canonical
from tests.core.charter.people import NOW, keys_of

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
sets = st.sets(hashes, max_size=5).map(lambda each: tuple(sorted(each)))
some = st.sets(hashes, min_size=1, max_size=5).map(lambda each: tuple(sorted(each)))
versions = st.integers(2, 2**53 - 1)
rounds = st.integers(1, 1_000_000)
times = st.integers(0, 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds))
votes = {"version": versions, "digest": hashes, "round": rounds, "expires": times}
states = st.builds(LogState, epoch=st.integers(1, 9), size=st.integers(0, 2**53 - 1), root=hashes)
ed25519_slots = st.sampled_from([slot for slot in KeySlot if slot.key_bytes == 32])


@st.composite
def proposals(draw):
    topic, round = draw(st.sampled_from(Topic)), draw(st.integers(1, 3))
    return Proposal(
        version=draw(versions),
        digest=draw(hashes),
        round=round,
        expires=draw(times),
        topic=topic,
        subject=draw(hashes) if topic.has_subject else None,
        closes=draw(some) if round > 1 else (),
        acceptances=draw(sets),
        evidence=draw(sets),
    )


@st.composite
def closes(draw):
    shown = draw(st.none() | st.builds(ShownSet, round=rounds, digest=hashes, yes=sets))
    round = draw(st.integers(shown.round if shown else 1, 1_000_000))
    return Close(version=draw(versions), round=round, shown=shown)


@st.composite
def rotations(draw):
    slots = draw(st.sets(st.sampled_from(KeySlot), min_size=1))
    keys = {slot: draw(st.binary(min_size=4, max_size=4)) * (slot.key_bytes // 4) for slot in slots}
    lengths = {32: 64, 1312: 2420}
    proofs = {s: bytes(lengths[s.key_bytes]) for s in slots if s is not KeySlot.SEALING}
    word = RecoveryConsent(key=bytes(32), next_hash="00" * 32, signature=bytes(64))
    return Rotate(
        keys=keys, possession=proofs, recovery=word if KeySlot.GOVERNANCE in slots else None
    )


def recoveries():
    lengths = {32: 64, 1312: 2420}
    proofs = {s: bytes(lengths[s.key_bytes]) for s in KeySlot if s is not KeySlot.SEALING}
    return st.builds(
        Recover,
        recovery_key=st.binary(min_size=32, max_size=32),
        keys=st.just(keys_of("Aurel")),
        possession=st.just(proofs),
        last=states,
    )


BODIES = [
    proposals(),
    st.builds(Yes, **votes),
    st.builds(Confirm, **votes),
    closes(),
    st.builds(
        Certificate,
        version=versions,
        digest=hashes,
        round=rounds,
        confirms=sets,
        consents=sets,
        acceptances=sets,
    ),
    st.builds(Withdraw, proposal=hashes),
    st.builds(Adopt, version=versions, digest=hashes, certificate=hashes),
    st.builds(
        Suspend,
        slots=st.sets(st.sampled_from(KeySlot), min_size=1).map(lambda s: tuple(sorted(s))),
    ),
    rotations(),
    recoveries(),
    st.builds(Objection, recover=hashes),
    st.builds(Leave, last=states),
    st.builds(Lapse, member=hashes, last=states, seen=times),
]
KINDS = [Proposal, Yes, Confirm, Close, Certificate, Withdraw, Adopt, Suspend, Rotate, Recover]
KINDS += [Objection, Leave, Lapse]


@given(st.one_of(*BODIES))
def test_reading_a_printed_body_gives_it_back(body):
    assert type(body).parse(parse_canonical(canonical(body.to_json()))) == body


def test_every_kind_has_a_name_of_its_own():
    assert len({kind.KIND for kind in KINDS}) == len(KINDS)


json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4) | hashes,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(kind=st.sampled_from(KINDS), body=json)
def test_any_json_that_is_no_body_is_refused_without_a_traceback(kind, body):
    with pytest.raises(CharterFormatError):
        kind.parse(body)


@given(body=st.one_of(*BODIES), value=json, data=st.data())
def test_a_body_with_any_field_replaced_gives_no_traceback(body, value, data):
    changed = body.to_json()
    changed[data.draw(st.sampled_from(sorted(changed)))] = value
    with contextlib.suppress(CharterFormatError):
        type(body).parse(changed)


def test_a_close_cannot_show_a_round_that_has_not_come():
    shown = ShownSet(round=2, digest="00" * 32, yes=())
    with pytest.raises(CharterFormatError, match="its own or an earlier round"):
        Close.parse(Close(version=2, round=1, shown=shown).to_json())


def test_the_governance_key_is_never_rotated_without_the_recovery_key():
    """Attack A52, on the wire."""
    rotate = Rotate(
        keys={KeySlot.GOVERNANCE: bytes(32)},
        possession={KeySlot.GOVERNANCE: bytes(64)},
        recovery=None,
    )
    with pytest.raises(CharterFormatError, match="recovery key consents"):
        Rotate.parse(rotate.to_json())

"""One charter, one meaning: what is not read the same way by everybody is refused."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import (
    AssetKind,
    CharterFormatError,
    NameRefused,
    RegisteredAsset,
    parse_charter,
)
from detente.errors import UnitError
from detente.signing import canonical, fingerprint_words, parse_strict
from tests.core.charter.people import NAMES, by_id, keys_of, member, unit, witness

SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("0000000000000000000000000000000000000000000000000000000000000080"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def with_keys(**changes):
    first = replace(member("Aurel"), keys=replace(keys_of("Aurel"), **changes))
    return unit(members=by_id(first, member("Borea"), member("Cindral")))


@given(
    n=st.integers(2, len(NAMES)),
    outside=st.integers(1, 5),
    exercise=st.booleans(),
    seconds=st.integers(1, 60),
    f=st.just(0),
    value=st.from_regex(r"[a-z]{1,20}\.example", fullmatch=True),
)
def test_reading_a_printed_charter_gives_it_back(n, outside, exercise, seconds, f, value):
    asset = RegisteredAsset(owner=member("Aurel").id, kind=AssetKind.DOMAIN, value=value)
    charter = unit(
        n, f=f, outside=outside, exercise=exercise, checkpoint_seconds=seconds, assets=(asset,)
    )
    assert parse_charter(charter.to_bytes()) == charter


def test_the_first_digest_names_the_unit_and_later_versions_carry_it():
    first = unit()
    later = replace(first, version=2, unit=first.unit_id, previous=first.digest)
    assert first.unit_id == first.digest
    assert parse_charter(later.to_bytes()).unit_id == first.digest


@pytest.mark.parametrize("key", SMALL_ORDER, ids=lambda key: key.hex()[:8])
@pytest.mark.parametrize("slot", ["governance", "statement", "witness"])
def test_a_weak_key_that_could_later_deny_its_signatures_is_refused(slot, key):
    with pytest.raises(CharterFormatError, match="weak or malformed"):
        parse_charter(with_keys(**{slot: key}).to_bytes())


def test_one_key_in_two_roles_is_refused():
    with pytest.raises(CharterFormatError, match="stands 2 times"):
        parse_charter(with_keys(mirror=keys_of("Aurel").witness).to_bytes())


def test_a_member_cannot_enter_another_members_key_as_its_own():
    with pytest.raises(CharterFormatError, match="stands 2 times"):
        parse_charter(with_keys(statement=keys_of("Borea").statement).to_bytes())


def test_a_member_cannot_stand_in_as_an_outside_witness():
    double = replace(witness(0), ed25519=keys_of("Aurel").witness)
    with pytest.raises(CharterFormatError, match="stands 2 times"):
        parse_charter(unit(witnesses=(double, witness(1))).to_bytes())


def test_an_outside_witness_without_a_post_quantum_key_is_flagged():
    assert witness(0).lacks_mldsa44


@pytest.mark.parametrize("change", ["unknown", "missing"])
def test_a_clause_that_only_some_would_read_is_refused(change):
    document = parse_strict(unit().to_bytes())
    if change == "unknown":
        document["emergency_powers"] = "Aurel"
    else:
        del document["quota"]
    with pytest.raises(CharterFormatError, match="other fields"):
        parse_charter(canonical(document))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("v",), 2),
        (("version",), 0),
        (("version",), 2**53),
        (("version",), True),
        (("version",), 1.5),
        (("f",), -1),
        (("f",), None),
        (("expires",), "2026-03-01T12:00:00+00:00"),
        (("expires",), "2020-03-01T12:00:00Z"),
        (("checkpoint_seconds",), 61),
        (("exercise",), "no"),
        (("members",), {}),
        (("members",), []),
        (("unit",), "00" * 32),
        (("members", 0, "epoch"), 0),
        (("members", 0, "id"), "AA" * 32),
        (("members", 0, "nonce"), "00" * 31),
        (("members", 0, "keys", "log"), "00" * 31),
        (("members", 0, "keys", "log_mldsa44"), ""),
        (("witnesses", 0, "name"), "two words"),
        (("witnesses", 0, "name"), "a+b"),
        (("quota", "size_bytes"), 1),
    ],
)
def test_a_value_out_of_bounds_is_refused_and_named(path, value):
    document = parse_strict(unit().to_bytes())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UnitError):
        parse_charter(canonical(document))


def test_a_unit_of_65_is_refused():
    document = parse_strict(unit().to_bytes())
    document["members"] *= 22
    with pytest.raises(CharterFormatError, match="at most 64"):
        parse_charter(canonical(document))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (bytes(1_216), "small order"),
        (b"\xff" * 1_216, "no encapsulation key"),
        (member("Aurel").keys.sealing[:1_184] + bytes(32), "small order"),
        (b"\xff" * 1_184 + member("Aurel").keys.sealing[1_184:], "no encapsulation key"),
    ],
    ids=["zero", "ones", "zero point", "coefficients beyond q"],
)
def test_a_sealing_key_that_nobody_can_seal_to_is_refused_with_its_member_named(bad, why):
    """One such member would keep the whole unit from publishing to the unit."""
    aurel = member("Aurel")
    crafted = replace(aurel, keys=replace(aurel.keys, sealing=bad))
    document = unit(members=by_id(crafted, member("Borea"), member("Cindral"))).to_bytes()
    with pytest.raises(CharterFormatError, match=rf"Aurel: sealing key: .*{why}"):
        parse_charter(document)


def test_members_out_of_order_or_twice_are_refused():
    members = unit().members
    for wrong in (members[::-1], (*members, members[-1])):
        with pytest.raises(CharterFormatError, match="order"):
            parse_charter(unit(members=wrong).to_bytes())


def test_shells_of_one_operator_do_not_get_several_votes():
    """Attack A44, as far as operators are stated truthfully."""
    pair = [replace(member(name), operator="Harbour Holding") for name in NAMES[:2]]
    with pytest.raises(NameRefused, match="operator names look alike"):
        parse_charter(unit(members=by_id(*pair, member("Cindral"))).to_bytes())


def test_an_asset_registered_for_a_stranger_is_refused():
    asset = RegisteredAsset(owner="00" * 32, kind=AssetKind.URL, value="https://a.example/")
    with pytest.raises(CharterFormatError, match="no member"):
        parse_charter(unit(assets=(asset,)).to_bytes())


def test_the_fingerprint_changes_with_any_key():
    aurel = member("Aurel")
    other = replace(aurel, keys=replace(aurel.keys, sealing=keys_of("Borea").sealing))
    assert len(aurel.fingerprint) == 12
    assert aurel.fingerprint != other.fingerprint
    assert aurel.fingerprint == fingerprint_words(
        aurel.id.encode() + canonical(aurel.keys.to_json())
    )


@given(st.binary(max_size=300))
def test_hostile_bytes_never_give_more_than_a_refusal(data):
    with pytest.raises(UnitError):
        parse_charter(data)


@given(st.data())
def test_a_charter_with_any_byte_changed_is_refused_or_another_charter(data):
    good = unit().to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with contextlib.suppress(UnitError):
        assert parse_charter(bad).digest != unit().digest


@given(st.data())
def test_a_charter_with_any_value_replaced_gives_no_traceback(data):
    document = parse_strict(unit().to_bytes())
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = data.draw(st.sampled_from(keys))
        if not isinstance(place[step], (dict, list)) or not place[step] or data.draw(st.booleans()):
            break
        place = place[step]
    json = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.floats(0, 1)
    place[step] = data.draw(json | st.lists(json, max_size=2) | st.dictionaries(st.text(), json))
    with contextlib.suppress(UnitError):
        parse_charter(canonical(document))

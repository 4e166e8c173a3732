"""Objects are checked once and kept as they came. (docs/threats.md: A14 authors, A25 times)"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.signing import JsonError, canonical
from detente.statements import (
    PatternError,
    StixError,
    TimeLimits,
    check_author,
    check_times,
    decode_object,
    encode_object,
    identity_of,
    parse_bundle,
    print_bundle,
    reissue,
)
from detente.statements.stix_properties import is_identifier, is_time, time_order
from detente.statements.stix_types import TYPES
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    NOON,
    indicator,
    json_values,
    observable,
    uuid,
)


@given(
    unknown=st.dictionaries(
        st.text(min_size=1, max_size=8).map("x_".__add__), json_values, max_size=4
    )
)
def test_what_is_not_known_is_kept_byte_for_byte(unknown):
    raw = canonical(indicator() | unknown)
    read = decode_object(raw)
    assert read.raw == raw
    assert canonical(dict(read.properties)) == raw


@given(
    value=st.dictionaries(
        st.sampled_from([*sorted(indicator()), "labels", "count", "a_ref", "object_refs"]),
        json_values | st.sampled_from(sorted(map(str, indicator().values()))),
    )
)
def test_any_object_is_taken_or_refused_without_a_traceback(value):
    try:
        assert encode_object(value).raw == canonical(value)
    except UnitError:
        return


@given(junk=st.binary(max_size=120))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(UnitError):
        decode_object(junk)


def test_bytes_that_are_not_canonical_are_refused():
    with pytest.raises(JsonError):
        decode_object(canonical(indicator()).replace(b'","', b'", "', 1))


def test_an_object_of_more_than_64_kib_is_refused_before_it_is_parsed():
    with pytest.raises(JsonError, match="bytes"):
        decode_object(canonical(indicator(description="x" * 65_536)))


@pytest.mark.parametrize("name", sorted(TYPES["indicator"].required))
def test_an_indicator_has_all_it_must_have(name):
    with pytest.raises(StixError):
        encode_object(indicator(**{name: None}))


@pytest.mark.parametrize(
    "change",
    [
        {"spec_version": "2.0"},
        {"id": f"malware--{uuid(1)}"},
        {"id": "indicator--1"},
        {"id": f"indicator--{uuid(1).upper()}"},
        {"created": "2026-11-02T10:00:00"},
        {"created": "2026-11-02T10:00:00+14:00"},
        {"created": "2026-11-02t10:00:00Z"},
        {"created": "2026-02-30T10:00:00Z"},
        {"created": "9999-12-31T23:59:60Z"},
        {"created": "2026-11-02T10:00:00.001Z"},
        {"created_by_ref": f"indicator--{uuid(2)}"},
        {"valid_until": "2026-11-02T10:00:00Z"},
        {"confidence": 101},
        {"confidence": True},
        {"labels": []},
        {"labels": [1]},
        {"labels": "c2"},
        {"revoked": "yes"},
        {"object_marking_refs": [f"identity--{uuid(3)}"]},
        {"external_references": [{"url": "https://example.net"}]},
        {"granular_markings": [{"selectors": []}]},
        {"kill_chain_phases": [{"phase_name": "x"}]},
        {"extensions": {}},
        {"some_ref": "nobody"},
        {"some_refs": []},
        {"name": 7},
    ],
    ids=str,
)
def test_properties_are_as_stix_writes_them(change):
    with pytest.raises(StixError):
        encode_object(indicator(**change))


def test_properties_of_ones_own_may_be_named_like_references():
    encode_object(indicator(x_office_ref="room 7"))


def test_an_indicator_with_a_pattern_that_is_none_is_refused_by_name():
    with pytest.raises(PatternError, match=f"indicator--{uuid(1)}"):
        encode_object(indicator(pattern="[file:name ="))


def test_rules_in_other_languages_are_not_read_as_stix_patterns():
    encode_object(indicator(pattern="title: x", pattern_type="sigma"))


@pytest.mark.parametrize(
    "other",
    [
        {"type": "location", "latitude": 1},
        {"type": "artifact", "id": f"artifact--{uuid(1)}", "payload_bin": "AA==", "url": "x"},
        {"type": "file", "id": f"file--{uuid(1)}"},
        {"type": "network-traffic", "id": f"network-traffic--{uuid(1)}", "protocols": ["tcp"]},
        {"type": "observed-data", "id": f"observed-data--{uuid(1)}", "number_observed": 0},
        {"type": "Domain-Name", "id": f"Domain-Name--{uuid(1)}", "value": "x"},
        {},
        {"type": 7, "id": 8},
    ],
    ids=str,
)
def test_other_types_have_their_own_rules(other):
    with pytest.raises(StixError):
        encode_object(other)


def test_types_that_are_not_standard_are_carried_along():
    value = {"type": "x-ballot-scanner", "id": f"x-ballot-scanner--{uuid(1)}", "serial": "7"}
    assert dict(encode_object(value).properties) == value


@given(
    one=st.from_regex(r"2026-11-0[1-3]T10:00:0[0-2](\.[0-9]{1,6})?Z", fullmatch=True),
    other=st.from_regex(r"2026-11-0[1-3]T10:00:0[0-2](\.[0-9]{1,6})?Z", fullmatch=True),
)
def test_times_of_any_precision_sort_in_time(one, other):
    from datetime import datetime

    assert is_time(one)
    earlier = datetime.fromisoformat(one) < datetime.fromisoformat(other)
    assert earlier == (time_order(one) < time_order(other))


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2026-11-03T12:05:01Z", "modified": "2026-11-03T12:05:01Z"},
        {"modified": "2099-01-01T00:00:00Z"},
        {"created": "1601-01-01T00:00:00Z"},
        {"valid_until": "2099-01-01T00:00:00Z"},
        {"valid_from": "1601-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_objects_from_the_future_or_valid_for_ages_are_refused(change):
    value = indicator(**change)
    encode_object(value)
    with pytest.raises(StixError):
        check_times(value, TimeLimits.at(NOON))


def test_a_clock_300_seconds_off_does_no_harm():
    late = (NOON + timedelta(seconds=300)).strftime("%Y-%m-%dT%H:%M:%S.999Z")
    check_times(indicator(created=late, modified=late), TimeLimits.at(NOON))


def test_an_issuer_speaks_under_its_own_identity_only():
    check_author(encode_object(indicator(member=AUREL)), AUREL)
    for forged in (indicator(member=BOREA), indicator(created_by_ref=None)):
        with pytest.raises(StixError, match="created by"):
            check_author(encode_object(forged), AUREL)
    check_author(encode_object(observable(1, "a.example")), AUREL)


def test_every_member_has_one_identity_of_its_own():
    assert is_identifier(identity_of(AUREL))
    assert identity_of(AUREL) == identity_of(AUREL) != identity_of(BOREA)


def test_a_bundle_reads_back_as_it_was_printed():
    objects = tuple(encode_object(indicator(number)) for number in (1, 2, 3))
    data = print_bundle(objects, uuid(9))
    assert parse_bundle(data).objects == objects
    assert not parse_bundle(data).rejected


def test_a_bad_object_leaves_the_rest_of_its_bundle_alone():
    items = [indicator(1), indicator(2, name=7), 5, indicator(3)]
    data = canonical({"type": "bundle", "id": f"bundle--{uuid(1)}", "objects": items})
    read = parse_bundle(data)
    assert len(read.objects) == 2
    assert [each.place for each in read.rejected] == [1, 2]


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b'{"type":"bundle"}', b'{"type":"bundle","id":"x","objects":[]}', b"{"]
)
def test_what_is_no_bundle_holds_no_objects(data):
    try:
        assert not parse_bundle(data).objects
    except UnitError:
        return


def test_a_bundle_is_named_by_a_uuid():
    with pytest.raises(StixError, match="UUID"):
        print_bundle([], '","x":"')


def foreign() -> list[dict[str, object]]:
    return [
        indicator(1, member=BOREA),
        {
            "type": "sighting",
            "spec_version": "2.1",
            "id": f"sighting--{uuid(2)}",
            "created": "2026-11-02T10:00:00Z",
            "modified": "2026-11-02T10:00:00Z",
            "sighting_of_ref": f"indicator--{uuid(1)}",
            "where_sighted_refs": [f"identity--{uuid(7)}"],
        },
        observable(4, "a.example"),
        indicator(5, member=AUREL),
    ]


def test_imports_are_reissued_under_the_importers_identity_with_the_original_named():
    first, second, value, own = reissue(map(encode_object, foreign()), AUREL)
    for stix_object in (first, second, own):
        check_author(stix_object, AUREL)
    origin = first.properties["external_references"][-1]
    assert origin["external_id"] == f"indicator--{uuid(1)}"
    assert identity_of(BOREA) in origin["description"]
    assert second.text("sighting_of_ref") == first.id != f"indicator--{uuid(1)}"
    assert second.properties["where_sighted_refs"] == [f"identity--{uuid(7)}"]
    assert dict(value.properties) == foreign()[2]
    assert dict(own.properties) == foreign()[3]


def test_importing_twice_gives_the_same_objects_and_newer_versions_keep_their_id():
    newer = indicator(1, member=BOREA, modified="2026-11-03T10:00:00Z")
    (old,), (same,), (new,) = (
        reissue([encode_object(value)], AUREL) for value in (foreign()[0], foreign()[0], newer)
    )
    assert old == same
    assert (new.id, new.version > old.version) == (old.id, True)


def test_two_importers_of_one_object_say_two_things():
    (one,) = reissue([encode_object(foreign()[0])], AUREL)
    (two,) = reissue([encode_object(foreign()[0])], "ff" * 32)
    assert one.id != two.id

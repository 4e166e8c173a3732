"""Nobody replaces, revokes or repeats what another said by bringing it. (reference attacks, A14)"""

from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.exchange.taxii.bringing import (
    ACCOUNT_SOURCE,
    Known,
    Refused,
    Side,
    account_of,
    ids_of,
    owner_of,
    read_envelope,
    sort_envelope,
)
from detente.exchange.taxii.errors import TaxiiError
from detente.statements import TimeLimits, Tlp, encode_object, identity_of, reissued_id, tlp_marking
from detente.watch import CLAIM_EXTENSION, Basis, claim_extension

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ME, RIVAL = "aa" * 32, "bb" * 32
OFFICE = owner_of(ME, "office")
MOMENT = "2026-11-01T00:00:00.000Z"
ID = "indicator--11111111-1111-4111-8111-111111111111"
SCANNER = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": ID,
    "created": MOMENT,
    "modified": MOMENT,
    "valid_from": MOMENT,
    "pattern": "[ipv4-addr:value = '198.51.100.7']",
    "pattern_type": "stix",
}
ADDRESS = {
    "type": "ipv4-addr",
    "spec_version": "2.1",
    "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
    "value": "198.51.100.3",
}


def side(account="office", source=""):
    return Side(
        member=ME,
        account=account,
        others=frozenset((identity_of(RIVAL),)),
        label=Tlp.AMBER,
        limits=TimeLimits.at(NOW),
        source=source,
    )


def sort(*objects, account="office", known=None, source=""):
    return sort_envelope(list(objects), side(account, source), known or {})


def said(result):
    return [one for batches in result.say.values() for batch in batches for one in batch.values()]


def here(*objects, owner=OFFICE):
    """Return objects as the shelf knows them."""
    known = {}
    for each in objects:
        kept = Known(owner, each.text("modified") or "", each.raw)
        known.setdefault(each.id, []).append(kept)
    return known


def test_what_is_brought_becomes_the_members_own_object_with_the_account_named():
    result = sort(SCANNER)
    (one,) = said(result)
    assert one.created_by == identity_of(ME)
    assert one.id == reissued_id(ID, ME) != ID
    assert account_of(one) == "office"
    assert one.properties["external_references"][-1]["external_id"] == ID
    assert [each.message for each in result.successes] == [f"said as {one.id}"]
    assert list(result.say) == [Tlp.AMBER]


def test_an_object_of_the_members_own_identity_keeps_its_id():
    (one,) = said(sort(SCANNER | {"created_by_ref": identity_of(ME)}))
    assert one.id == ID


def test_an_account_cannot_write_another_account_into_an_object():
    mark = {"source_name": ACCOUNT_SOURCE, "external_id": "somebody else"}
    (one,) = said(sort(SCANNER | {"external_references": [mark]}))
    assert account_of(one) == "office"


def test_an_account_cannot_pass_a_thing_off_as_an_own_detection():
    rests = {"extensions": claim_extension(Basis.DETECTION, handshake=True)}
    (one,) = said(sort(SCANNER | {"created_by_ref": identity_of(ME)} | rests))
    assert "extensions" not in one.properties
    (one,) = said(sort(SCANNER | rests, source="https://feed.example/c/"))
    assert one.properties["extensions"][CLAIM_EXTENSION]["basis"] == "import"
    assert one.properties["extensions"][CLAIM_EXTENSION]["source"] == "https://feed.example/c/"


def test_attack_replace_a_newer_version_under_anothers_id_is_refused_and_kept():
    theirs = here(encode_object(SCANNER), owner=owner_of(RIVAL, ""))
    newer = SCANNER | {"modified": "2026-11-02T00:00:00.000Z", "name": "harmless"}
    result = sort(newer, known=theirs)
    assert said(result) == []
    assert result.failures[0].message == Refused.TAKEN.value
    (fault,) = result.faults("office")
    assert orjson.loads(fault.evidence)[0]["name"] == "harmless"


def test_attack_replace_by_another_account_of_the_same_member_is_refused_and_kept():
    (first,) = said(sort(SCANNER, account="first"))
    newer = SCANNER | {"modified": "2026-11-02T00:00:00.000Z", "name": "harmless"}
    result = sort(newer, account="second", known=here(first, owner=owner_of(ME, "first")))
    assert said(result) == []
    assert list(result.refused) == [Refused.TAKEN]


def test_attack_revoke_with_a_date_far_ahead_is_refused_and_kept():
    result = sort(SCANNER | {"modified": "2099-01-01T00:00:00.000Z", "revoked": True})
    assert said(result) == []
    assert list(result.refused) == [Refused.TIMES]


def test_attack_speaking_as_another_member_is_refused_and_kept():
    result = sort(SCANNER | {"created_by_ref": identity_of(RIVAL), "revoked": True})
    assert said(result) == []
    assert list(result.refused) == [Refused.AUTHOR]


def test_attack_the_same_id_and_version_with_other_content_is_refused_and_kept():
    (first,) = said(sort(SCANNER))
    result = sort(SCANNER | {"name": "another"}, known=here(first))
    assert said(result) == []
    assert list(result.refused) == [Refused.REPEATED]


def test_attack_the_same_within_one_envelope():
    result = sort(SCANNER, SCANNER | {"name": "another"})
    assert len(said(result)) == 1
    assert list(result.refused) == [Refused.REPEATED]


def test_red_goes_to_no_whole_unit():
    red = SCANNER | {"object_marking_refs": [tlp_marking(Tlp.RED)["id"]]}
    assert list(sort(red).refused) == [Refused.RED]


def test_a_marking_that_nobody_can_read_counts_as_red():
    strange = SCANNER | {"object_marking_refs": [f"marking-definition--{ID[11:]}"]}
    assert list(sort(strange).refused) == [Refused.RED]


def test_labels_are_kept_apart_and_none_falls_below_the_least():
    clear = {"object_marking_refs": [tlp_marking(Tlp.CLEAR)["id"]]}
    strict = {"object_marking_refs": [tlp_marking(Tlp.AMBER_STRICT)["id"]]}
    other = SCANNER | {"id": ID[:-1] + "2"} | strict
    assert set(sort(SCANNER | clear, other).say) == {Tlp.AMBER, Tlp.AMBER_STRICT}


def test_the_same_again_is_a_success_and_says_nothing():
    (first,) = said(sort(SCANNER))
    again = sort(SCANNER, known=here(first))
    assert said(again) == []
    assert len(again.successes) == 1


def test_a_newer_version_of_its_own_is_said():
    (first,) = said(sort(SCANNER))
    newer = sort(SCANNER | {"modified": "2026-11-02T00:00:00.000Z"}, known=here(first))
    assert [one.id for one in said(newer)] == [first.id]


def test_versions_of_one_object_in_one_envelope_stand_in_different_statements():
    later = SCANNER | {"modified": "2026-11-02T00:00:00.000Z"}
    batches = sort(SCANNER, later).say[Tlp.AMBER]
    assert [len(batch) for batch in batches] == [1, 1]


def test_an_observable_that_another_said_alike_is_a_success():
    known = here(encode_object(ADDRESS), owner=owner_of(RIVAL, ""))
    result = sort(ADDRESS, known=known)
    assert said(result) == []
    assert len(result.successes) == 1


def test_an_observable_with_other_content_under_anothers_id_is_refused():
    known = here(encode_object(ADDRESS), owner=owner_of(RIVAL, ""))
    assert list(sort(ADDRESS | {"defanged": True}, known=known).refused) == [Refused.TAKEN]


def test_a_reference_follows_to_what_was_brought_earlier():
    (first,) = said(sort(SCANNER))
    sighting = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": f"sighting--{ID[11:]}",
        "created": MOMENT,
        "modified": MOMENT,
        "sighting_of_ref": ID,
    }
    (one,) = said(sort(sighting, known=here(first)))
    assert one.properties["sighting_of_ref"] == first.id
    assert first.id in ids_of([sighting], ME)


def test_a_reference_to_what_is_not_here_stays_as_it_was():
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{ID[11:]}",
        "created": MOMENT,
        "modified": MOMENT,
        "content": "x",
        "object_refs": [ID],
    }
    (one,) = said(sort(note))
    assert one.properties["object_refs"] == [ID]


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"id": 3},
        SCANNER | {"id": "indicator--1"},
        SCANNER | {"type": "malware"},
        SCANNER | {"pattern": "this is not a pattern"},
        SCANNER | {"confidence": 9000},
        SCANNER | {"external_references": "x"},
        SCANNER | {"extensions": 7},
        SCANNER | {"object_marking_refs": [1]},
        {name: value for name, value in SCANNER.items() if name != "pattern"},
        SCANNER | {"description": "x" * 70_000},
        SCANNER | {"description": "x" * 65_100},
        7,
        None,
        [],
        "text",
    ],
)
def test_what_is_no_object_fails_alone(bad):
    result = sort(bad, SCANNER)
    assert len(said(result)) == 1
    assert len(result.failures) + len(result.faults("office")) >= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.sampled_from((ID,)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@given(st.lists(JSON | st.dictionaries(st.sampled_from(sorted(SCANNER)), JSON), max_size=4))
def test_whatever_is_brought_each_object_is_said_or_told_to_have_failed(objects):
    ids_of(objects, ME)
    result = sort(*objects)
    assert len(result.successes) + len(result.failures) == len(objects)


@given(st.dictionaries(st.sampled_from(sorted(SCANNER)), JSON, max_size=3))
def test_a_changed_property_never_lets_an_object_out_under_another_author(change):
    for one in said(sort(SCANNER | change)):
        assert one.created_by in (None, identity_of(ME))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", HTTPStatus.BAD_REQUEST),
        (b"{", HTTPStatus.BAD_REQUEST),
        (b'{"objects":[' * 5_000, HTTPStatus.BAD_REQUEST),
        (b"[" * 20_000 + b"]" * 20_000, HTTPStatus.BAD_REQUEST),
        (b'{"objects":[],"objects":[1]}', HTTPStatus.BAD_REQUEST),
        (b'{"objects":[1e999]}', HTTPStatus.BAD_REQUEST),
        (b"{}", HTTPStatus.UNPROCESSABLE_ENTITY),
        (b'{"objects":[]}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (b'{"objects":{}}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (b"[]", HTTPStatus.UNPROCESSABLE_ENTITY),
        (b'{"objects":[' + b"1," * 10_001 + b"1]}", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
def test_a_body_that_is_no_envelope_is_refused_in_words(body, status):
    with pytest.raises(TaxiiError) as caught:
        read_envelope(body)
    assert caught.value.status is status


@given(st.binary(max_size=300))
def test_whatever_the_bytes_of_an_envelope_only_a_refusal_comes_out(body):
    with suppress(TaxiiError):
        read_envelope(body)

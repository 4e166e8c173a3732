"""What MISP wrote is read as data, and tags and galaxies come out as they went in. (A07, A09)"""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.exchange.misp import (
    Announced,
    Attribute,
    Event,
    MispError,
    Organisation,
    Tag,
    event_of_lines,
    is_event,
    news,
    objects_of_event,
    parse_event,
    parse_hashes,
    parse_manifest,
    parse_warning_list,
    print_event,
    write_feed,
)
from detente.statements import Tlp, encode_object, read_markings
from detente.watch import Basis, Level, Said, Sort, claims_of
from tests.core.exchange.line_makers import LINES, line

MEMBER = "ab" * 32
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORGANISATION = Organisation("Aurel", "55555555-5555-4555-8555-555555555555")
GALAXY = {
    "name": "Threat Actor",
    "type": "threat-actor",
    "uuid": "66666666-6666-4666-8666-666666666666",
    "GalaxyCluster": [{"value": "Sofacy", "tag_name": 'misp-galaxy:threat-actor="Sofacy"'}],
}
ATTRIBUTE = Attribute(
    uuid="22222222-2222-4222-8222-222222222222",
    type="ip-dst",
    category="Network activity",
    value="198.51.100.7",
    to_ids=True,
    comment="seen",
    timestamp=1_770_000_000,
    tags=(Tag("kill-chain:c2", "#112233"),),
    galaxies=(GALAXY,),
)
EVENT = Event(
    uuid="11111111-1111-4111-8111-111111111111",
    info="A campaign",
    date=date(2026, 2, 1),
    timestamp=1_770_000_100,
    threat_level=2,
    analysis=1,
    orgc=Organisation("CERT", "33333333-3333-4333-8333-333333333333"),
    attributes=(ATTRIBUTE,),
    tags=(Tag("tlp:green", "#33ff00"), Tag('misp-galaxy:threat-actor="Sofacy"', "#0088cc")),
    galaxies=(GALAXY,),
)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
uuids = st.uuids(version=4).map(str)
tags = st.lists(
    st.builds(Tag, texts.filter(bool), st.just("#0088cc")), max_size=3, unique_by=lambda t: t.name
).map(tuple)
attributes = st.builds(
    Attribute,
    uuid=uuids,
    type=st.sampled_from(("ip-dst", "domain", "md5", "comment", "filename|md5")),
    category=texts,
    value=texts,
    to_ids=st.booleans(),
    comment=texts,
    timestamp=st.integers(0, 2**40),
    tags=tags,
    galaxies=st.just(()),
)
events = st.builds(
    Event,
    uuid=uuids,
    info=texts,
    date=st.dates(),
    timestamp=st.integers(0, 2**40),
    threat_level=st.integers(1, 4),
    analysis=st.integers(0, 2),
    orgc=st.builds(Organisation, texts.filter(bool), uuids),
    attributes=st.lists(attributes, max_size=3).map(tuple),
    tags=tags,
    galaxies=st.just((GALAXY,)),
)


@given(events)
def test_what_is_written_is_read_as_the_same_event(event):
    assert parse_event(print_event(event)) == event


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("Eventuid{}", max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(("Event", "Attribute", "Tag", "uuid", "date", "Object",
                                       "timestamp", "Galaxy", "Orgc", "info")), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_hostile_bytes_are_refused_and_never_a_traceback(data):
    for read in (parse_event, parse_manifest, parse_hashes, parse_warning_list):
        try:
            read(data)
        except UnitError:
            continue
    is_event(data)


@given(st.lists(events, max_size=4, unique_by=lambda event: event.uuid))
def test_a_feed_is_read_as_it_was_written(some):
    files = write_feed(some)
    manifest = parse_manifest(files["manifest.json"])
    assert {each.uuid: each.timestamp for each in manifest} == {e.uuid: e.timestamp for e in some}
    for each in manifest:
        assert parse_event(files[each.file]) in some
    for digest, uuid in parse_hashes(files["hashes.csv"]):
        event = next(each for each in some if each.uuid == uuid)
        values = [part for a in event.attributes for part in (a.value, *a.value.split("|"))]
        assert digest in {
            hashlib.md5(v.encode(), usedforsecurity=False).hexdigest() for v in values
        }


@pytest.mark.parametrize(
    "manifest",
    [
        {"../../etc/passwd": {"timestamp": 1}},
        {"11111111-1111-4111-8111-111111111111": {"timestamp": "soon"}},
        {"11111111-1111-4111-8111-111111111111": []},
        [],
    ],
)
def test_a_manifest_that_names_something_else_is_refused(manifest):
    with pytest.raises(MispError):
        parse_manifest(json.dumps(manifest).encode())


def test_only_what_changed_is_read_again():
    manifest = (Announced("a", 5, ""), Announced("b", 6, ""))
    assert news(manifest, {}) == manifest
    assert news(manifest, {"a": "5", "b": "5"}) == manifest[1:]


def translated(event=EVENT):
    return [encode_object(each) for each in objects_of_event(event, member=MEMBER, now=NOW)]


def test_an_event_becomes_indicators_of_the_importer_that_name_their_source():
    indicator, report = translated()
    said = Said(statement="00" * 32, issuer=MEMBER, readers=frozenset(), taken=NOW)
    (claim,) = claims_of(1, indicator, said)
    assert (claim.basis, claim.item.value) == (Basis.IMPORT, "198.51.100.7")
    assert EVENT.orgc.uuid in claim.source
    assert read_markings(indicator.properties).tlp is Tlp.GREEN
    assert report.type == "report"


def test_reading_an_event_again_gives_newer_versions_of_the_same_objects():
    later = replace(EVENT, attributes=(replace(ATTRIBUTE, timestamp=ATTRIBUTE.timestamp + 60),))
    (first, _), (second, _) = translated(), translated(later)
    assert first.id == second.id
    assert first.version < second.version


def test_tags_and_galaxies_survive_the_way_through():
    indicator, report = translated()
    said = line("ipv4-addr:value", "198.51.100.7", obj=indicator)
    (event,) = event_of_lines([said], [report], organisation=ORGANISATION, unit="00" * 32, now=NOW)
    again = parse_event(print_event(event))
    assert set(EVENT.tags[1:]) <= set(again.tags)
    assert again.galaxies == EVENT.galaxies
    assert set(ATTRIBUTE.tags) <= set(again.attributes[0].tags)
    assert again.attributes[0].galaxies == ATTRIBUTE.galaxies
    assert "tlp:green" in {tag.name for tag in again.tags}


def test_a_tag_that_claims_our_level_or_another_label_is_not_believed():
    lying = replace(EVENT, tags=(Tag("tlp:clear"), Tag('detente:level="actionable"')))
    indicator, report = translated(lying)
    said = line("ipv4-addr:value", "198.51.100.7", obj=indicator, tlp=Tlp.AMBER)
    (event,) = event_of_lines([said], [report], organisation=ORGANISATION, unit="00" * 32, now=NOW)
    names = {tag.name for tag in event.tags}
    assert names == {"tlp:amber", 'detente:level="alerting"'}


def test_alerting_and_actionable_are_different_events_with_lasting_names():
    made = event_of_lines(LINES, [], organisation=ORGANISATION, unit="00" * 32, now=NOW)
    assert {event.uuid for event in made} == {
        event.uuid
        for event in event_of_lines(
            LINES[::-1], [], organisation=ORGANISATION, unit="00" * 32, now=NOW
        )
    }
    assert len(made) == 2
    assert sum(len(event.attributes) for event in made) == len(LINES)
    levels = {tag.name for event in made for tag in event.tags if tag.name.startswith("detente")}
    assert levels == {f'detente:level="{each.name.lower()}"' for each in list(Level)[1:]}


def test_context_and_useless_values_become_no_indicator():
    quiet = replace(ATTRIBUTE, to_ids=False)
    odd = replace(ATTRIBUTE, value="198.51.100.7\n; DROP")
    other = replace(ATTRIBUTE, type="comment", value="text")
    assert translated(replace(EVENT, attributes=(quiet, odd, other))) == []


@pytest.mark.parametrize("kind", ["sigma", "yara"])
def test_rules_travel_too(kind):
    rule = replace(ATTRIBUTE, type=kind, value="rule a { condition: true }")
    indicator, _ = translated(replace(EVENT, attributes=(rule,)))
    assert indicator.text("pattern_type") == kind


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        ("ip-dst|port", "198.51.100.7|443", "ipv4-addr:value"),
        ("ip-src", "2001:db8::1", "ipv6-addr:value"),
        ("filename|sha256", "a.exe|" + "ab" * 32, "file:hashes.SHA-256"),
        ("domain|ip", "evil.example|198.51.100.7", "domain-name:value"),
        ("hostname", "a.evil.example", "domain-name:value"),
    ],
)
def test_each_type_is_looked_for_where_it_is_seen(kind, value, path):
    indicator, _ = translated(
        replace(EVENT, attributes=(replace(ATTRIBUTE, type=kind, value=value),))
    )
    said = Said(statement="00" * 32, issuer=MEMBER, readers=frozenset(), taken=NOW)
    (claim,) = claims_of(1, indicator, said)
    assert claim.item.path == path


def test_a_warning_list_is_read_with_what_it_speaks_about():
    data = json.dumps(
        {
            "name": "Specialized list of vpn-ipv4 addresses",
            "type": "cidr",
            "version": 7,
            "description": "",
            "matching_attributes": ["ip-src", "md5"],
            "list": ["198.51.100.0/24"],
        }
    ).encode()
    read = parse_warning_list(data)
    assert read.sorts == {Sort.ADDRESS, Sort.FILE}
    assert read.algorithms == {"MD5"}
    assert read.is_hint

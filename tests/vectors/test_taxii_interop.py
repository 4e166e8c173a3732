"""Every row of the OASIS TAXII 2.1 interoperability checklist has its test or its divergence.

The checklist is written for clients; each row is driven here against our server, by the
requests of that row. Rows that we do not meet stand in docs/divergences.md.
"""

import json

import httpx
import pytest

from detente.node.publishing import publish
from detente.statements import UNIT, Kind, Pap, Tlp, encode_object, identity_of
from detente.statements.handling import Handling
from tests.edge.offices import make_unit, now, opened
from tests.edge.taxii_office import MEDIA_TYPE, serving
from tests.edge.test_taxii_server import ABSENT, ask, asking, bring, indicator, own, pages, read
from tests.shared import ROOT
from tests.vectors.published import cases

DRIVEN = {}
OTHERWISE = {
    "3.1.3": "certificate",
    "3.13.2.1": "match",
    "3.13.2.2": "match",
    "3.13.2.3": "match",
    "3.13.2.4": "match",
    "3.13.2.5": "match",
}


def section(*numbers):
    """Note which rows of the checklist a test drives."""

    def noted(test):
        DRIVEN.update(dict.fromkeys(numbers, test.__name__))
        return test

    return noted


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    place = tmp_path_factory.mktemp("interop")
    make_unit(place, ("Aurel", "Borea"))
    with opened({"Aurel": place / "Aurel"}, "Aurel") as (home,), serving(home) as office:
        handling = Handling(
            kind=Kind.INDICATOR, tlp=Tlp.CLEAR, pap=Pap.CLEAR, licence="CC0-1.0", count=3
        )
        tool = {
            "type": "tool",
            "spec_version": "2.1",
            "id": f"tool--{ABSENT[11:]}",
            "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z",
            "created_by_ref": identity_of(home.identity.member),
            "name": "VNC",
        }
        for objects in ([own(home, 1), own(home, 2), tool], [own(home, 1, version=2)]):
            made = [encode_object(each) for each in objects]
            label = Handling(
                kind=handling.kind,
                tlp=handling.tlp,
                pap=handling.pap,
                licence=handling.licence,
                count=len(made),
            )
            publish(home, made, label, audience=UNIT, now=now)
        office.service.shelving.bring_up()
        yield office


@pytest.fixture(scope="module")
def client(office):
    with asking(office.token("interop", write=True)) as client:
        yield client


@pytest.fixture(scope="module")
def alerting(office):
    return office.collection("alerting")


def test_every_requirement_is_driven_or_stands_among_the_divergences():
    rows = {case["section"] for case in cases("taxii", "interop-requirements.json")}
    assert len(rows) == 44
    assert rows == DRIVEN.keys() | OTHERWISE.keys()
    assert not DRIVEN.keys() & OTHERWISE.keys()
    divergences = (ROOT / "docs" / "divergences.md").read_text(encoding="utf-8")
    lines = [line for line in divergences.splitlines() if "TAXII" in line]
    for word in set(OTHERWISE.values()):
        assert any(word in line for line in lines), f"no divergence speaks of {word}"


@section("3.1.1", "3.1.2", "3.1.4", "3.2.1")
def test_discovery_wants_authorization_and_names_the_api_roots(office, client):
    for authorization in (None, "Basic eDp5", "Bearer x", "Basic"):
        answer = ask("GET", office.url, None, authorization)
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers
    text = office.token("password")
    with httpx.Client(auth=("user", text), trust_env=False) as basic:
        answer = basic.get(office.url, headers={"accept": MEDIA_TYPE})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    discovery = answer.json()
    assert discovery["title"]
    assert discovery["default"] in discovery["api_roots"]


@section("3.3.1", "3.3.2")
def test_an_api_root_says_its_versions_and_an_unknown_one_is_not_found(office, client):
    root = client.get(office.root).json()
    assert root["versions"] == [MEDIA_TYPE]
    assert root["max_content_length"] > 0
    answer = client.get(f"{office.url}api3/")
    assert (answer.status_code, answer.json()["http_status"]) == (404, "404")


@section("3.4.1")
def test_collections_are_listed_with_their_rights(office, client):
    listed = client.get(f"{office.root}collections/").json()["collections"]
    for each in listed:
        assert {"id", "title", "can_read", "can_write"} <= each.keys()
        assert each["media_types"] == ["application/stix+json;version=2.1"]


@section("3.5.1.1", "3.5.2.1")
def test_a_write_only_collection_says_so_and_is_not_read(office):
    url = office.collection(office.own)
    with asking(office.token("brings", read=(), write=True)) as writer:
        collection = writer.get(url).json()
        assert (collection["can_read"], collection["can_write"]) == (False, True)
        assert writer.get(f"{url}objects/").status_code == 403


@section("3.5.1.2")
def test_a_read_write_collection_says_so(office, client):
    collection = client.get(office.collection(office.own)).json()
    assert (collection["can_read"], collection["can_write"]) == (True, True)


@section("3.5.1.3", "3.5.2.2", "3.5.2.3")
def test_a_read_only_collection_takes_and_loses_nothing(alerting, client):
    collection = client.get(alerting).json()
    assert (collection["can_read"], collection["can_write"]) == (True, False)
    assert bring(client, alerting, indicator(9)).status_code == 403
    assert client.delete(f"{alerting}objects/{ABSENT}/").status_code == 403


@section("3.5.1.4", "3.5.2.4")
def test_a_collection_without_rights_says_so_and_is_as_if_absent(office, alerting):
    with asking(office.token("neither", read=("settled",))) as stranger:
        collection = stranger.get(alerting).json()
        assert (collection["can_read"], collection["can_write"]) == (False, False)
        assert stranger.delete(f"{alerting}objects/{ABSENT}/").status_code == 404


@section("3.5.3")
def test_an_unknown_collection_is_not_found(office, client):
    url = f"{office.root}collections/d021ecc8-ab8e-41ab-815e-911c7e329f88/"
    answer = client.get(url)
    assert (answer.status_code, answer.json()["http_status"]) == (404, "404")


@section("3.6.1")
def test_a_manifest_names_id_date_version_and_type(alerting, client):
    answer = client.get(f"{alerting}manifest/")
    entries = answer.json()["objects"]
    assert {frozenset(each) for each in entries} == {
        frozenset(("id", "date_added", "version", "media_type"))
    }
    assert answer.headers["x-taxii-date-added-first"] == entries[0]["date_added"]
    assert answer.headers["x-taxii-date-added-last"] == entries[-1]["date_added"]


@section("3.7.1", "3.7.2")
def test_an_envelope_holds_objects_or_is_empty(office, alerting, client):
    assert {each["type"] for each in read(client, alerting)} == {"indicator", "tool"}
    answer = client.get(f"{office.collection('settled')}objects/")
    assert (answer.status_code, answer.json()) == (200, {})


@section("3.8.1", "3.8.2", "3.9.1")
def test_one_object_and_its_versions_are_found_or_not(office, alerting, client):
    one = own(office.home, 1)["id"]
    assert client.get(f"{alerting}objects/{one}/").json()["objects"][0]["id"] == one
    assert client.get(f"{alerting}objects/{ABSENT}/").status_code == 404
    assert client.get(f"{alerting}objects/{one}/versions/").json()["versions"] == [
        "2026-01-01T00:00:01.000Z",
        "2026-01-01T00:00:02.000Z",
    ]


@section("3.10.1", "3.11.1", "3.11.2")
def test_an_envelope_is_added_and_its_status_has_every_property(office, client):
    url = office.collection(office.own)
    answer = bring(client, url, indicator(20), indicator(21, confidence=9000))
    assert answer.status_code == 202
    status = client.get(f"{office.root}status/{answer.json()['id']}/").json()
    assert status == answer.json()
    assert status["status"] == "complete"
    assert status["total_count"] == status["success_count"] + status["failure_count"] == 2
    assert status["pending_count"] == 0
    assert status["successes"][0].keys() >= {"id", "version"}
    assert status["failures"][0].keys() >= {"id", "version", "message"}
    assert status["request_timestamp"].endswith("Z")


@section("3.12.1")
def test_who_added_an_object_deletes_it(office, client):
    url = office.collection(office.own)
    status = bring(client, url, indicator(30)).json()
    one = f"{url}objects/{status['successes'][0]['message'].split()[-1]}/"
    assert client.get(one).status_code == 200
    assert client.delete(one).status_code == 200
    assert client.get(one).status_code == 404


@section("3.13.1.1", "3.13.1.2", "3.14.1")
def test_paging_by_next_and_by_date_gives_everything_once(alerting, client):
    everything = [each["id"] for each in read(client, alerting)]
    paged = [
        each["id"]
        for body, _ in pages(client, f"{alerting}objects/", limit=1)
        for each in body.get("objects", [])
    ]
    assert paged == everything
    first = client.get(f"{alerting}objects/", params={"limit": 2})
    assert first.json()["more"] is True
    after = first.headers["x-taxii-date-added-last"]
    rest = read(client, alerting, added_after=after)
    assert [each["id"] for each in rest] == everything[2:]


@section("3.13.1.3", "3.13.1.4", "3.13.1.5", "3.13.1.6")
def test_each_filter_alone(office, alerting, client):
    one = own(office.home, 1)["id"]
    assert [e["id"] for e in read(client, alerting, **{"match[id]": one})] == [one]
    assert [e["name"] for e in read(client, alerting, **{"match[type]": "tool"})] == ["VNC"]
    old = read(client, alerting, **{"match[version]": "2026-01-01T00:00:01.000Z"})
    assert one in {each["id"] for each in old}
    assert read(client, alerting, **{"match[spec_version]": "2.1"}) == read(client, alerting)
    assert read(client, alerting, **{"match[spec_version]": "2.0"}) == []


@section("3.13.1.7", "3.13.1.8", "3.13.1.9")
def test_filters_are_alternatives_within_and_conditions_between(office, alerting, client):
    one, two = (own(office.home, n)["id"] for n in (1, 2))
    either = read(client, alerting, **{"match[id]": f"{one},{two}"})
    assert {each["id"] for each in either} == {one, two}
    assert read(client, alerting, **{"match[id]": one, "match[type]": "tool"}) == []
    every = read(
        client,
        alerting,
        **{"match[id]": f"{one},{two}", "match[type]": "tool,indicator", "match[version]": "all"},
    )
    assert [each["id"] for each in every] == [one, two, one]


@section("3.13.1.10")
def test_a_filter_that_stands_twice_is_a_bad_request(alerting, client):
    answer = client.get(f"{alerting}objects/?match[type]=tool&match[type]=indicator")
    assert answer.status_code == 400


@section("3.15.1")
def test_custom_properties_survive(office, client):
    url = office.collection(office.own)
    status = bring(client, url, indicator(40, x_acme_score={"deep": [1, "two"]})).json()
    one = status["successes"][0]["message"].split()[-1]
    (kept,) = client.get(f"{url}objects/{one}/").json()["objects"]
    assert kept["x_acme_score"] == {"deep": [1, "two"]}


def test_a_filter_that_is_not_offered_is_refused_and_not_passed_over(alerting, client):
    answer = client.get(f"{alerting}objects/", params={"match[relationships-all]": ABSENT})
    assert answer.status_code == 400
    assert "match[relationships-all]" in json.dumps(answer.json())

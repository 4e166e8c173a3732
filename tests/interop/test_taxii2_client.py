"""The committee's own `taxii2-client` and `stix2`, unmodified, make every call of our server."""

import json
import warnings

import pytest
import stix2
from requests import HTTPError
from taxii2client.common import TokenAuth
from taxii2client.exceptions import AccessError
from taxii2client.v21 import ApiRoot, Collection, Server, Status, as_pages

from detente.statements import Tlp, identity_of
from tests.edge.offices import make_unit, opened
from tests.edge.taxii_office import MEDIA_TYPE, serving
from tests.edge.test_taxii_server import own, say

COUNT = 12
ELSEWHERE = "identity--00000000-0000-4000-8000-0000000000aa"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    place = tmp_path_factory.mktemp("committee")
    make_unit(place, ("Aurel", "Borea"))
    with opened({"Aurel": place / "Aurel"}, "Aurel") as (home,), serving(home) as office:
        say(home, *(own(home, number) for number in range(COUNT)), tlp=Tlp.CLEAR)
        say(home, own(home, 0, version=2), tlp=Tlp.CLEAR)
        office.service.shelving.bring_up()
        yield office


@pytest.fixture(scope="module")
def auth(office):
    return TokenAuth(office.token("committee", write=True))


def collection(office, auth, view):
    return Collection(office.collection(view), auth=auth)


def made(number, **more):
    """Return an indicator as the committee's library makes it."""
    return stix2.Indicator(
        id=f"indicator--{number:08x}-0000-4000-8000-00000000cccc",
        created_by_ref=ELSEWHERE,
        created="2026-01-01T00:00:00.000Z",
        modified=more.pop("modified", "2026-01-01T00:00:00.000Z"),
        valid_from="2026-01-01T00:00:00.000Z",
        pattern=f"[ipv4-addr:value = '192.0.2.{number}']",
        pattern_type="stix",
        **more,
    )


def envelope(*objects):
    return {"objects": [json.loads(each.serialize()) for each in objects]}


def test_discovery_leads_to_the_api_root_and_its_collections(office, auth):
    server = Server(office.url, auth=auth)
    assert server.title
    assert server.default.url in {root.url for root in server.api_roots}
    root = server.default
    assert root.versions == [MEDIA_TYPE]
    assert root.max_content_length > 0
    found = {each.alias: each for each in root.collections}
    assert {"alerting", "settled", "actionable"} <= found.keys()
    assert found["alerting"].can_read
    assert not found["alerting"].can_write


def test_an_api_root_by_password_is_the_same(office):
    text = office.token("committee-basic")
    root = ApiRoot(office.root, user="anything", password=text)
    assert root.title
    assert root.collections


def test_the_manifest_names_every_object_and_its_versions(office, auth):
    alerting = collection(office, auth, "alerting")
    entries = alerting.get_manifest(**{"version": "all"})["objects"]
    assert len(entries) == COUNT + 1
    one = own(office.home, 0)["id"]
    versions = {each["version"] for each in entries if each["id"] == one}
    assert versions == set(alerting.object_versions(one)["versions"])
    assert len(versions) == 2


def test_objects_come_page_by_page_and_the_committees_reader_takes_each(office, auth):
    alerting = collection(office, auth, "alerting")
    pages = list(as_pages(alerting.get_objects, per_request=5))
    objects = [each for page in pages for each in page.get("objects", [])]
    assert len(pages) == 3
    assert len({each["id"] for each in objects}) == len(objects) == COUNT
    for each in objects:
        assert stix2.parse(each, version="2.1").id == each["id"]


def test_each_filter_and_one_object(office, auth):
    alerting = collection(office, auth, "alerting")
    one = own(office.home, 3)["id"]

    def ids(**filters):
        return [each["id"] for each in alerting.get_objects(**filters).get("objects", [])]

    assert ids(id=one) == [one]
    assert len(ids(type="indicator")) == COUNT
    assert ids(type="malware") == []
    assert len(ids(version="all")) == COUNT + 1
    assert len(ids(version="first")) == len(ids(version="last")) == COUNT
    assert ids(id=own(office.home, 0)["id"], version="2026-01-01T00:00:02.000Z")
    assert ids(spec_version="2.1") == ids()
    assert ids(spec_version="2.0") == []
    assert len(ids(limit=4)) == 4
    entries = alerting.get_manifest()["objects"]
    assert len(ids(added_after=entries[6]["date_added"])) == COUNT - 7
    assert alerting.get_object(one)["objects"][0]["id"] == one
    assert alerting.get_object(one, version="all")["objects"][0]["id"] == one


def test_objects_are_added_waited_for_and_read_back(office, auth):
    mine = collection(office, auth, office.own)
    status = mine.add_objects(envelope(made(1), made(2)), wait_for_completion=True)
    assert isinstance(status, Status)
    assert (status.status, status.success_count, status.failure_count) == ("complete", 2, 0)
    again = ApiRoot(office.root, auth=auth).get_status(status.id)
    assert again.successes == status.successes
    said = [each["message"].split()[-1] for each in status.successes]
    for each in said:
        (read,) = mine.get_object(each)["objects"]
        kept = stix2.parse(read, version="2.1")
        assert kept.created_by_ref == identity_of(office.home.identity.member)
        assert kept.pattern_type == "stix"


def test_what_cannot_be_said_is_named_and_the_rest_is_said(office, auth):
    mine = collection(office, auth, office.own)
    bad = json.loads(made(3).serialize()) | {"confidence": 9_000}
    good = json.loads(made(4).serialize())
    status = mine.add_objects({"objects": [bad, good]})
    assert (status.success_count, status.failure_count) == (1, 1)
    assert status.failures[0]["id"] == bad["id"]
    assert "confidence" in status.failures[0]["message"]


def test_who_added_an_object_deletes_it(office, auth):
    mine = collection(office, auth, office.own)
    status = mine.add_objects(envelope(made(5)))
    one = status.successes[0]["message"].split()[-1]
    mine.delete_object(one)
    with pytest.raises(HTTPError) as refused:
        mine.get_object(one)
    assert refused.value.response.status_code == 404


def test_a_wrong_token_an_unknown_collection_and_no_right_are_told_apart(office, auth):
    with pytest.raises(HTTPError) as stranger:
        Server(office.url, auth=TokenAuth("wrong")).refresh()
    with pytest.raises(HTTPError) as nowhere:
        Collection(f"{office.root}collections/no-such/", auth=auth).refresh()
    with pytest.raises(AccessError):
        collection(office, auth, "alerting").add_objects(envelope(made(7)))
    refused = [each.value.response.status_code for each in (stranger, nowhere)]
    assert refused == [401, 404]


def test_the_source_and_sink_of_the_committees_library_read_and_write(office, auth):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = stix2.TAXIICollectionSource(collection(office, auth, "alerting"))
        found = source.query([stix2.Filter("type", "=", "indicator")])
        assert len(found) >= COUNT
        one = own(office.home, 3)["id"]
        assert source.get(one).id == one
        assert len(source.all_versions(own(office.home, 0)["id"])) == 2
        sink = stix2.TAXIICollectionSink(collection(office, auth, office.own))
        sink.add(made(6))
    mine = collection(office, auth, office.own)
    patterns = {each.get("pattern") for each in mine.get_objects()["objects"]}
    assert "[ipv4-addr:value = '192.0.2.6']" in patterns

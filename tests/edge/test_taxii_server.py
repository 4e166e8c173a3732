"""Outside tools over a real socket: they get what the gate clears, and change what is theirs."""

import json
from base64 import b64encode
from datetime import timedelta

import httpx
import pytest

from detente.exchange.taxii.limits import ENVELOPE_BYTES_MAX
from detente.exchange.taxii.query import read_moment
from detente.exchange.taxii.resources import member_view
from detente.node.beside import stand_beside
from detente.node.clock import now
from detente.node.erasing import erase
from detente.node.publishing import publish
from detente.statements import UNIT, Kind, Pap, Tlp, encode_object, identity_of, tlp_marking
from detente.statements.handling import Handling
from detente.storage.evidence import EvidenceShelf
from tests.edge.offices import copy_unit, cosign, make_unit, opened, warn
from tests.edge.taxii_office import MEDIA_TYPE, serving

ABSENT = "indicator--00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("taxii")
    make_unit(place / "unit", ("Aurel", "Borea"))
    return place / "unit"


@pytest.fixture
def home(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (home,):
        yield home


@pytest.fixture
def office(home):
    with serving(home) as office:
        yield office


@pytest.fixture
def tool(office):
    with asking(office.token("tool", write=True)) as client:
        yield client


def asking(token):
    headers = {"authorization": f"Bearer {token}", "accept": MEDIA_TYPE}
    return httpx.Client(headers=headers, timeout=30, trust_env=False)


def indicator(number, *, version=1, **more):
    """Return an indicator as a tool would make it."""
    moment = f"2026-01-01T00:00:{version:02d}.000Z"
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08x}-0000-4000-8000-000000000000",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": moment,
        "valid_from": moment,
        "pattern": f"[ipv4-addr:value = '198.51.{number >> 8}.{number & 255}']",
        "pattern_type": "stix",
    } | more


def own(home, number, **more):
    """Return an indicator of the member's own identity."""
    return indicator(number, created_by_ref=identity_of(home.identity.member), **more)


def say(home, *objects, tlp=Tlp.GREEN, pap=Pap.GREEN, audience=UNIT):
    """Let the member say objects itself."""
    made = [encode_object(each) for each in objects]
    handling = Handling(kind=Kind.INDICATOR, tlp=tlp, pap=pap, licence="CC0-1.0", count=len(made))
    return publish(home, made, handling, audience=audience, now=now)


def bring(client, url, *objects):
    content = json.dumps({"objects": objects})
    return client.post(f"{url}objects/", content=content, headers={"content-type": MEDIA_TYPE})


def read(client, url, **parameters):
    answer = client.get(f"{url}objects/", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json().get("objects", [])


def pages(client, url, **parameters):
    """Follow `next` to the end."""
    while True:
        answer = client.get(url, params=parameters)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield body, answer.headers
        if not body.get("more"):
            return
        if "next" in body:
            parameters["next"] = body["next"]
        else:
            parameters["added_after"] = answer.headers["x-taxii-date-added-last"]


def faults(home, account):
    return [each.rule for each in EvidenceShelf(home.database).of(f"account {account}")]


# --- who may ask ------------------------------------------------------------------------------


def every_request(office):
    """Yield method, URL and body of every endpoint of the server."""
    collection = office.collection(office.own)
    body = json.dumps({"objects": [indicator(1)]}).encode()
    yield "GET", office.url, None
    yield "GET", office.root, None
    yield "GET", f"{office.root}status/x/", None
    yield "GET", f"{office.root}collections/", None
    yield "GET", collection, None
    yield "GET", f"{collection}manifest/", None
    yield "GET", f"{collection}objects/", None
    yield "POST", f"{collection}objects/", body
    yield "GET", f"{collection}objects/{ABSENT}/", None
    yield "DELETE", f"{collection}objects/{ABSENT}/", None
    yield "GET", f"{collection}objects/{ABSENT}/versions/", None


def ask(method, url, body, authorization):
    headers = {"accept": MEDIA_TYPE, "content-type": MEDIA_TYPE}
    if authorization is not None:
        headers["authorization"] = authorization
    return httpx.request(method, url, content=body, headers=headers, trust_env=False)


def test_every_endpoint_refuses_who_has_no_token_that_counts(office, founded, tmp_path):
    good = office.token("good", write=True)
    long_ago = office.token("expired", write=True, made=now() - timedelta(days=3), days=1)
    taken_back = office.token("revoked", write=True)
    office.revoke("revoked")
    unit = copy_unit(founded, tmp_path / "rival")
    with opened(unit, "Borea") as (rival,), serving(rival) as other:
        of_another_member = other.token("theirs", write=True)
        assert ask("GET", other.root, None, f"Bearer {of_another_member}").status_code == 200
    bad = [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic " + b64encode(b"user:password").decode(),
        f"Digest {good}",
        *(f"Bearer {each}" for each in (long_ago, taken_back, of_another_member)),
        f"Bearer {good[:-1]}{'0' if good[-1] != '0' else '1'}",
    ]
    for method, url, body in every_request(office):
        for authorization in bad:
            answer = ask(method, url, body, authorization)
            assert answer.status_code == 401, (method, url, authorization)
            assert "Basic" in answer.headers["www-authenticate"]
            assert answer.json()["http_status"] == "401"
            assert answer.headers["content-type"] == MEDIA_TYPE
        assert ask(method, url, body, f"Bearer {good}").status_code != 401


def test_a_token_may_come_as_bearer_as_token_or_as_the_password(office):
    text = office.token("siem")
    basic = b64encode(f"anybody:{text}".encode()).decode()
    for authorization in (f"Bearer {text}", f"Token {text}", f"Basic {basic}"):
        assert ask("GET", office.url, None, authorization).status_code == 200


def test_a_token_reads_the_collections_it_was_given_and_no_other(office):
    reads = office.collection("alerting")
    other = office.collection("kind:indicator")
    with asking(office.token("narrow", read=("alerting",))) as client:
        assert client.get(f"{reads}objects/").status_code == 200
        assert client.get(other).json()["can_read"] is False
        for rest in ("objects/", "manifest/", f"objects/{ABSENT}/", f"objects/{ABSENT}/versions/"):
            assert client.get(other + rest).status_code == 404
        listed = client.get(f"{office.root}collections/").json()["collections"]
        assert [each["alias"] for each in listed] == ["alerting"]


def test_a_token_that_only_reads_changes_nothing(office, home):
    url = office.collection(office.own)
    with asking(office.token("reader")) as client:
        assert bring(client, url, indicator(1)).status_code == 403
        assert client.delete(f"{url}objects/{ABSENT}/").status_code == 403
        assert client.get(url).json()["can_write"] is False
    assert home.index.statements() == []


def test_a_token_that_only_writes_reads_nothing(office):
    url = office.collection(office.own)
    with asking(office.token("writer", read=(), write=True)) as client:
        assert client.get(url).json() | {"can_read": False, "can_write": True} == (
            client.get(url).json()
        )
        assert client.get(f"{url}objects/").status_code == 403
        assert bring(client, url, indicator(1)).status_code == 202


def test_only_the_view_of_the_own_statements_takes_anything(office, tool):
    url = office.collection("alerting")
    assert bring(tool, url, indicator(1)).status_code == 403
    assert tool.delete(f"{url}objects/{ABSENT}/").status_code == 403
    listed = tool.get(f"{office.root}collections/").json()["collections"]
    assert [each["alias"] for each in listed if each["can_write"]] == [office.own.replace(":", "-")]


def test_a_status_is_for_the_account_that_asked(office, tool):
    status = bring(tool, office.collection(office.own), indicator(1)).json()
    url = f"{office.root}status/{status['id']}/"
    assert tool.get(url).json() == status
    with asking(office.token("other", write=True)) as other:
        assert other.get(url).status_code == 404


def test_its_last_use_is_shown(office, tool):
    assert office._tokens.list()[-1].last_used is None
    tool.get(office.url)
    assert office._tokens.list()[-1].last_used is not None


# --- what the gate lets through ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tlp", "own_tool", "client_tool"),
    [
        (Tlp.CLEAR, True, True),
        (Tlp.GREEN, True, True),
        (Tlp.AMBER, True, True),
        (Tlp.AMBER_STRICT, True, False),
        (Tlp.RED, True, False),
    ],
)
def test_a_label_reaches_as_far_as_it_says_and_no_further(home, tlp, own_tool, client_tool):
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    say(home, own(home, 1), tlp=tlp, audience=(rival,))
    with serving(home) as office:
        url = office.collection("alerting")
        for reader, seen in (("own", own_tool), ("client", client_tool), ("public", False)):
            with asking(office.token(reader, reader=reader)) as client:
                assert len(read(client, url)) == seen
                manifest = client.get(f"{url}manifest/").json().get("objects", [])
                assert len(manifest) == seen
                one = client.get(f"{url}objects/{own(home, 1)['id']}/")
                assert one.status_code == (200 if seen else 404)
                versions = client.get(f"{url}objects/{own(home, 1)['id']}/versions/")
                assert versions.status_code == (200 if seen else 404)


def test_what_a_tool_does_with_it_counts_too(home):
    say(home, own(home, 1), pap=Pap.AMBER)
    with serving(home) as office:
        url = office.collection("alerting")
        for use, seen in (("passive", 1), ("look-up", 1), ("act", 0), ("any", 0)):
            with asking(office.token(use, use=use)) as client:
                assert len(read(client, url)) == seen


def test_of_one_statement_a_reader_gets_the_objects_that_reach_it(home):
    red = {"object_marking_refs": [tlp_marking(Tlp.RED)["id"]]}
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    objects = [own(home, n, **(red if n % 3 == 0 else {})) for n in range(1, 10)]
    say(home, *objects, audience=(rival,))
    with serving(home) as office:
        with asking(office.token("client", reader="client")) as client:
            seen = {each["id"] for each in read(client, office.collection("alerting"))}
            assert seen == {each["id"] for each in objects if "object_marking_refs" not in each}
        with asking(office.token("own")) as client:
            assert len(read(client, office.collection("alerting"))) == 9
            labelled = read(client, office.collection("tlp:red"))
            assert {each["id"] for each in labelled} == {o["id"] for o in objects} - seen


def test_asking_for_what_one_may_not_read_leaves_evidence(home):
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    say(home, own(home, 1), tlp=Tlp.RED, audience=(rival,))
    with serving(home) as office, asking(office.token("curious", reader="client")) as client:
        url = office.collection("alerting")
        client.get(f"{url}objects/{ABSENT}/")
        assert faults(home, "curious") == []
        assert client.get(f"{url}objects/{own(home, 1)['id']}/").status_code == 404
    assert faults(home, "curious") == ["it asked for an object that it may not read"]


def test_an_object_that_would_tell_a_withheld_one_is_withheld_too(home):
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
        "value": "198.51.100.3",
        "object_marking_refs": [tlp_marking(Tlp.RED)["id"]],
    }
    telling = own(home, 1) | {"type": "note", "id": f"note--{ABSENT[11:-1]}1", "content": "x"}
    telling = {n: v for n, v in telling.items() if not n.startswith(("pattern", "valid"))}
    telling["object_refs"] = [address["id"]]
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    say(home, address, telling, own(home, 2), audience=(rival,))
    with serving(home) as office, asking(office.token("client", reader="client")) as client:
        seen = {each["id"] for each in read(client, office.collection("alerting"))}
        assert seen == {own(home, 2)["id"]}


# --- reading ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stocked(founded, tmp_path_factory):
    """An office with three hundred objects, two of them in several versions."""
    place = tmp_path_factory.mktemp("stocked")
    with opened(copy_unit(founded, place / "unit"), "Aurel") as (home,):
        for start in range(0, 300, 100):
            say(home, *(own(home, n) for n in range(start + 1, start + 101)))
        say(home, own(home, 5, version=2), own(home, 6, version=9))
        say(home, own(home, 5, version=3))
        with serving(home) as office:
            yield office


@pytest.fixture(scope="module")
def reader(stocked):
    with asking(stocked.token("reader")) as client:
        yield client


@pytest.mark.parametrize("limit", [7, 100, 128, 299, 300, 301, 5_000])
def test_pages_of_any_size_give_every_object_once_in_the_order_of_entry(stocked, reader, limit):
    url = stocked.collection("alerting")
    got, last = [], -1
    for body, headers in pages(reader, f"{url}objects/", limit=limit):
        objects = body.get("objects", [])
        assert len(objects) <= limit
        got += [each["id"] for each in objects]
        if objects:
            first = read_moment(headers["x-taxii-date-added-first"])
            assert first > last
            last = read_moment(headers["x-taxii-date-added-last"])
            assert last >= first
    assert len(got) == len(set(got)) == 300
    manifest = [
        entry
        for body, _ in pages(reader, f"{url}manifest/", limit=limit)
        for entry in body.get("objects", [])
    ]
    assert [each["id"] for each in manifest] == got
    dates = [each["date_added"] for each in manifest]
    assert dates == sorted(set(dates))


def test_what_came_after_a_date_of_the_manifest_is_the_rest(stocked, reader):
    url = stocked.collection("alerting")
    entries = reader.get(f"{url}manifest/", params={"limit": 5_000}).json()["objects"]
    for place in (0, 99, 100, 250, len(entries) - 1):
        rest = read(reader, url, added_after=entries[place]["date_added"], limit=5_000)
        assert [each["id"] for each in rest] == [each["id"] for each in entries[place + 1 :]]


def test_the_latest_version_is_given_unless_others_are_asked_for(stocked, reader):
    url = stocked.collection("alerting")
    five = own(stocked.home, 5)["id"]

    def versions(**parameters):
        objects = read(reader, url, **{"match[id]": five, **parameters})
        return [int(each["modified"][17:19]) for each in objects]

    assert versions() == versions(**{"match[version]": "last"}) == [3]
    assert versions(**{"match[version]": "first"}) == [1]
    assert versions(**{"match[version]": "all"}) == [1, 2, 3]
    assert versions(**{"match[version]": "first,last"}) == [1, 3]
    assert versions(**{"match[version]": "2026-01-01T00:00:02Z"}) == [2]
    assert versions(**{"match[version]": "2026-01-01T00:00:02.000Z,last"}) == [2, 3]
    assert versions(**{"match[version]": "2020-01-01T00:00:02.000Z"}) == []
    scanned = read(reader, url, limit=5_000)
    assert [int(e["modified"][17:19]) for e in scanned if e["id"] == five] == [3]
    every = read(reader, url, limit=5_000, **{"match[version]": "all"})
    assert len(every) == 303
    ninth = read(reader, url, **{"match[version]": "2026-01-01T00:00:09Z"})
    assert [each["id"] for each in ninth] == [own(stocked.home, 6)["id"]]


def test_one_object_has_its_versions_and_its_resources(stocked, reader):
    url = f"{stocked.collection('alerting')}objects/{own(stocked.home, 5)['id']}/"
    assert len(reader.get(url).json()["objects"]) == 1
    assert len(reader.get(url, params={"match[version]": "all"}).json()["objects"]) == 3
    versions = reader.get(f"{url}versions/")
    assert len(versions.json()["versions"]) == 3
    assert "x-taxii-date-added-last" in versions.headers
    paged = [
        version
        for body, _ in pages(reader, f"{url}versions/", limit=1)
        for version in body.get("versions", [])
    ]
    assert paged == versions.json()["versions"]
    assert reader.get(url, params={"match[spec_version]": "2.0"}).json() == {}
    assert reader.get(url, params={"match[type]": "tool"}).status_code == 400


def test_filters_add_up(stocked, reader):
    url = stocked.collection("alerting")
    ids = ",".join(own(stocked.home, n)["id"] for n in (1, 2, 3))
    assert len(read(reader, url, **{"match[id]": ids})) == 3
    assert len(read(reader, url, **{"match[id]": f"{ids},{ABSENT}"})) == 3
    assert read(reader, url, **{"match[id]": ids, "match[type]": "tool"}) == []
    assert len(read(reader, url, **{"match[type]": "tool,indicator"}, limit=5_000)) == 300
    assert read(reader, url, **{"match[type]": "tool"}) == []
    assert read(reader, url, **{"match[spec_version]": "2.0"}) == []
    assert len(read(reader, url, **{"match[spec_version]": "2.0,2.1"}, limit=5_000)) == 300


def test_a_view_without_objects_is_an_empty_envelope(stocked, reader):
    for view in ("settled", "actionable", "kind:sighting"):
        url = stocked.collection(view)
        assert reader.get(f"{url}objects/").json() == {}
        assert reader.get(f"{url}manifest/").json() == {}


def test_a_collection_is_found_by_id_and_by_alias(stocked, reader):
    by_id = reader.get(stocked.collection("kind:indicator")).json()
    assert reader.get(f"{stocked.root}collections/{by_id['alias']}/").json() == by_id
    assert by_id["media_types"] == ["application/stix+json;version=2.1"]


def test_an_object_is_sent_byte_for_byte_as_it_was_said(stocked, reader):
    body = reader.get(
        f"{stocked.collection('alerting')}objects/",
        params={"match[id]": own(stocked.home, 1)["id"]},
    ).content
    assert encode_object(own(stocked.home, 1)).raw in body


@pytest.mark.parametrize(
    ("path", "query", "accept", "status"),
    [
        ("", "", "application/json", 406),
        ("", "", "application/taxii+json;version=3.0", 406),
        ("0000000000000000/", "", MEDIA_TYPE, 404),
        ("{root}collections/none/", "", MEDIA_TYPE, 404),
        ("{root}collections/none/objects/", "", MEDIA_TYPE, 404),
        ("{root}status/none/", "", MEDIA_TYPE, 404),
        ("{alerting}objects/x/", "", MEDIA_TYPE, 404),
        ("{alerting}objects/x/versions/", "", MEDIA_TYPE, 404),
        ("{alerting}objects/", "limit=0", MEDIA_TYPE, 400),
        ("{alerting}objects/", "limit=1&limit=2", MEDIA_TYPE, 400),
        ("{alerting}objects/", "match[foo]=1", MEDIA_TYPE, 400),
        ("{alerting}objects/", "added_after=now", MEDIA_TYPE, 400),
        ("{alerting}manifest/", "next=zzz", MEDIA_TYPE, 400),
    ],
)
def test_a_refusal_is_an_error_message_of_the_specification(
    stocked, reader, path, query, accept, status
):
    root, alerting = stocked.root, stocked.collection("alerting")
    url = path.format(root=root, alerting=alerting)
    answer = reader.get(
        (url if url.startswith("http") else stocked.url + url) + ("?" + query if query else ""),
        headers={"accept": accept},
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    message = answer.json()
    assert message["title"]
    assert message["http_status"] == str(status)


# --- bringing -----------------------------------------------------------------------------------


def test_what_is_brought_is_a_statement_of_this_member_with_the_account_named(office, tool, home):
    url = office.collection(office.own)
    answer = bring(tool, url, indicator(1), indicator(2))
    assert answer.status_code == 202
    status = answer.json()
    assert (status["status"], status["total_count"], status["success_count"]) == ("complete", 2, 2)
    (stored,) = home.index.statements()
    assert stored.row.issuer == home.identity.member
    for each in read(tool, url):
        assert each["created_by_ref"] == identity_of(home.identity.member)
        assert {"source_name": "detente account", "external_id": "tool"} in (
            each["external_references"]
        )
    assert read(tool, office.collection("alerting")) == read(tool, url)


def test_bad_objects_fail_and_the_good_ones_are_said(office, tool):
    bad = [{"id": 1}, indicator(2, pattern="this is not a pattern"), indicator(3, confidence=9000)]
    status = bring(tool, office.collection(office.own), indicator(1), *bad).json()
    assert (status["success_count"], status["failure_count"]) == (1, 3)
    assert all(each["message"] for each in status["failures"])


def test_bringing_the_same_again_says_nothing(office, tool, home):
    url = office.collection(office.own)
    for _ in range(3):
        assert bring(tool, url, indicator(1)).json()["success_count"] == 1
    assert len(home.index.statements()) == 1
    assert bring(tool, url, indicator(1, version=2)).json()["success_count"] == 1
    (one,) = read(tool, url)
    assert one["modified"].endswith(":02.000Z")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", MEDIA_TYPE, 400),
        (b"[" * 20_000, MEDIA_TYPE, 400),
        (b'{"objects":[' + b"[" * 20_000 + b"]" * 20_000 + b"]}", MEDIA_TYPE, 400),
        (b"{}", MEDIA_TYPE, 422),
        (b'{"objects":[]}', "application/json", 415),
        (b'{"objects":[]}', "application/taxii+json;version=2.0", 415),
        (b'{"objects":[' + b" " * ENVELOPE_BYTES_MAX + b"]}", MEDIA_TYPE, 413),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_in_words(office, tool, body, content_type, status):
    answer = tool.post(
        f"{office.collection(office.own)}objects/",
        content=body,
        headers={"content-type": content_type},
    )
    assert answer.status_code == status
    assert answer.json()["http_status"] == str(status)


def test_a_body_far_too_long_is_not_even_read(office, tool):
    answer = tool.post(
        f"{office.collection(office.own)}objects/",
        content=iter([b" " * 2**20] * 16),
        headers={"content-type": MEDIA_TYPE},
    )
    assert answer.status_code == 413


def test_who_brought_a_thing_takes_it_back_and_the_statement_stays(office, tool, home):
    url = office.collection(office.own)
    status = bring(tool, url, indicator(1), indicator(2)).json()
    gone, kept = (each["message"].split()[-1] for each in status["successes"])
    assert tool.delete(f"{url}objects/{gone}/").status_code == 200
    assert tool.get(f"{url}objects/{gone}/").status_code == 404
    assert tool.get(f"{url}objects/{kept}/").status_code == 200
    assert tool.delete(f"{url}objects/{gone}/").status_code == 404
    first, retraction = home.index.statements()
    assert retraction.row.kind == "retraction"
    assert first.objects == 2
    ids = {each["id"] for each in read(tool, office.collection("alerting"))}
    assert gone not in ids
    assert kept in ids


def test_one_version_can_be_taken_back(office, tool):
    url = office.collection(office.own)
    status = bring(tool, url, indicator(1)).json()
    bring(tool, url, indicator(1, version=2))
    identifier = status["successes"][0]["message"].split()[-1]
    one = f"{url}objects/{identifier}/"
    assert tool.delete(one, params={"match[version]": "2026-01-01T00:00:02Z"}).status_code == 200
    assert tool.get(one).json()["objects"][0]["modified"].endswith(":01.000Z")
    assert tool.delete(one, params={"match[version]": "2020-01-01T00:00:02Z"}).status_code == 404


# --- the five attacks of a hostile account ----------------------------------------------------


@pytest.fixture
def victim(office, tool, home):
    """Return what account `tool` brought, and the client of the hostile account."""
    bring(tool, office.collection(office.own), indicator(1, name="beware"))
    (one,) = read(tool, office.collection("alerting"))
    with asking(office.token("hostile", write=True)) as hostile:
        yield one, hostile


def unharmed(office, tool, one):
    return tool.get(f"{office.collection('alerting')}objects/{one['id']}/").json()["objects"] == [
        one
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "harmless"},
        {"name": "harmless", "modified": "2026-02-01T00:00:00.000Z"},
        {"revoked": True, "modified": "2026-02-01T00:00:00.000Z"},
        {"revoked": True, "modified": "2099-01-01T00:00:00.000Z"},
    ],
    ids=["same-id-other-content", "replace", "revoke", "revoke-far-ahead"],
)
@pytest.mark.parametrize("form", ["as-read", "as-brought", "re-signed"])
def test_attack_by_post_changes_nothing_and_leaves_evidence(
    office, tool, victim, home, change, form
):
    one, hostile = victim
    forged = dict(indicator(1, name="beware")) if form == "as-brought" else dict(one)
    if form == "re-signed":
        forged["created_by_ref"] = "identity--00000000-0000-4000-8000-00000000beef"
    status = bring(hostile, office.collection(office.own), forged | change).json()
    assert (status["success_count"], status["failure_count"]) == (0, 1)
    assert unharmed(office, tool, one)
    assert len(faults(home, "hostile")) == 1
    assert len(home.index.statements()) == 1


def test_attack_delete_changes_nothing_and_leaves_evidence(office, tool, victim, home):
    one, hostile = victim
    answer = hostile.delete(f"{office.collection(office.own)}objects/{one['id']}/")
    assert answer.status_code == 403
    assert unharmed(office, tool, one)
    assert len(faults(home, "hostile")) == 1


def test_attack_red_posted_in_the_shared_collection_reaches_nobody(office, tool, home):
    red = indicator(7, object_marking_refs=[tlp_marking(Tlp.RED)["id"]])
    status = bring(tool, office.collection(office.own), red).json()
    assert status["failure_count"] == 1
    with asking(office.token("hostile")) as hostile:
        assert read(hostile, office.collection("alerting")) == []
    assert len(faults(home, "tool")) == 1
    assert home.index.statements() == []


def test_attack_speaking_for_another_member_leaves_evidence(office, tool, home):
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    forged = indicator(7, created_by_ref=identity_of(rival))
    status = bring(tool, office.collection(office.own), forged).json()
    assert status["failure_count"] == 1
    assert len(faults(home, "tool")) == 1


def test_what_the_member_said_itself_is_no_accounts_to_take_back(office, tool, home):
    said = own(home, 9)
    say(home, said)
    office.service.shelving.bring_up()
    assert tool.delete(f"{office.collection(office.own)}objects/{said['id']}/").status_code == 403
    forged = said | {"modified": "2026-02-01T00:00:00.000Z", "revoked": True}
    assert bring(tool, office.collection(office.own), forged).json()["failure_count"] == 1
    assert read(tool, office.collection("alerting")) == [said]


# --- views that change ----------------------------------------------------------------------------


def test_what_settles_enters_its_view_when_it_settles(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel", "Borea") as (aurel, borea):
        say(aurel, own(aurel, 1))
        with serving(aurel) as office, asking(office.token("tool")) as tool:
            url = office.collection("settled")
            assert read(tool, url) == []
            cosign(aurel, borea)
            before = now()
            office.service.shelving.bring_up()
            assert [each["id"] for each in read(tool, url)] == [own(aurel, 1)["id"]]
            added = tool.get(f"{url}manifest/").json()["objects"][0]["date_added"]
            assert read_moment(added) >= int(before.timestamp() * 10**6) - 10**6
            warn(aurel)
            office.service.shelving.bring_up()
            assert len(read(tool, url)) == 1


def test_what_may_be_acted_on_enters_and_leaves(office, tool, home):
    said = say(home, own(home, 1), own(home, 2))
    shelving = office.service.shelving
    shelving.bring_up()
    url = office.collection("actionable")
    chosen = [(said.payload_hash, own(home, 2)["id"])]
    shelving.mark_actionable(chosen)
    shelving.mark_actionable(chosen)
    assert [each["id"] for each in read(tool, url)] == [own(home, 2)["id"]]
    shelving.mark_actionable(chosen, actionable=False)
    assert read(tool, url) == []
    assert len(read(tool, office.collection("alerting"))) == 2


def test_what_is_retracted_leaves_every_view(office, tool, home):
    said = say(home, own(home, 1), own(home, 2))
    office.service.shelving.bring_up()
    office.service.shelving.mark_actionable([(said.payload_hash, own(home, 1)["id"])])
    stand_beside(home, Kind.RETRACTION, said.payload_hash, reason="wrong", now=now)
    office.service.shelving.bring_up()
    office.service.shelving.mark_actionable([(said.payload_hash, own(home, 1)["id"])])
    for view in ("alerting", "actionable", "kind:indicator", "tlp:green", office.own):
        types = {each["type"] for each in read(tool, office.collection(view))}
        assert "indicator" not in types


def test_a_disputed_statement_stays(office, tool, home):
    said = say(home, own(home, 1))
    stand_beside(home, Kind.DISPUTE, said.payload_hash, reason="doubtful", now=now)
    office.service.shelving.bring_up()
    assert len(read(tool, office.collection("kind:indicator"))) == 1
    assert len(read(tool, office.collection("kind:dispute"))) == 1


def test_what_is_erased_is_served_no_more(office, tool, home):
    said = say(home, own(home, 1), own(home, 2))
    office.service.shelving.bring_up()
    assert len(read(tool, office.collection("alerting"))) == 2
    erase(home, said.payload_hash, objects=[own(home, 1)["id"]])
    office.service.shelving.forget(said.payload_hash)
    assert [e["id"] for e in read(tool, office.collection("alerting"))] == [own(home, 2)["id"]]
    erase(home, said.payload_hash)
    office.service.shelving.forget(said.payload_hash)
    assert read(tool, office.collection("alerting")) == []
    assert encode_object(own(home, 1)).raw not in (
        home.layout.database.read_bytes().replace(b"\0", b"")
    )


def test_the_shelf_is_made_anew_from_logs_and_contents(home, tmp_path):
    say(home, own(home, 1), own(home, 2))
    with serving(home) as office, asking(office.token("one", write=True)) as tool:
        bring(tool, office.collection(office.own), indicator(3))
        before = sorted(each["id"] for each in read(tool, office.collection("alerting")))
    with home.database.writing() as connection:
        for table in ("shelf_statement", "shelf_page", "shelf_body", "shelf_key", "shelf_stretch"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql("DELETE FROM progress")
    with serving(home) as office, asking(office.token("two", write=True)) as tool:
        after = sorted(each["id"] for each in read(tool, office.collection("alerting")))
        assert after == before
        mine = next(each for each in after if each not in (own(home, 1)["id"], own(home, 2)["id"]))
        assert tool.delete(f"{office.collection(office.own)}objects/{mine}/").status_code == 403


def test_the_view_of_a_member_holds_what_that_member_said(office, tool, home):
    say(home, own(home, 1))
    office.service.shelving.bring_up()
    rival = next(each for each in home.charter.member_ids if each != home.identity.member)
    assert len(read(tool, office.collection(office.own))) == 1
    assert read(tool, office.collection(member_view(rival))) == []

"""Our client reads the servers that others run; the attacks that work there, do not work here."""

import asyncio
import json
import threading

import httpx
import pytest

from detente.exchange.taxii.client import Place, TaxiiClient
from detente.node.clock import now
from detente.node.pulling_outside import OutsideSources
from detente.node.settings import load_settings
from detente.node.taxii import TaxiiService
from detente.storage.evidence import EvidenceShelf
from tests.edge.offices import copy_unit, make_unit, opened
from tests.edge.taxii_office import MEDIA_TYPE, serving
from tests.interop.peer_servers import NAMES, Peer, peer

MOMENT = "2026-01-01T00:00:00.000Z"
FAR = "2099-01-01T00:00:00.000Z"
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("peers")
    make_unit(place / "unit", ("Aurel", "Borea"))
    return place / "unit"


@pytest.fixture
def home(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (home,):
        yield home


@pytest.fixture(params=NAMES)
def server(request, tmp_path):
    folder = tmp_path / "peer"
    folder.mkdir()
    with peer(request.param, folder) as server:
        yield server


def warning(number, **more):
    """Return an indicator whose author is outside."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08x}-0000-4000-8000-00000000abcd",
        "created": MOMENT,
        "modified": MOMENT,
        "valid_from": MOMENT,
        "pattern": f"[ipv4-addr:value = '203.0.{number >> 8}.{number & 255}']",
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
        "name": f"warning {number}",
        "created_by_ref": "identity--00000000-0000-4000-8000-0000000000aa",
    } | more


def asking(authorization):
    headers = {"authorization": authorization, "accept": MEDIA_TYPE}
    return httpx.Client(headers=headers, timeout=60, trust_env=False)


def bring(server, name, *objects):
    """POST objects as an account; OpenTAXII 0.9.3 keeps them and answers 500."""
    with asking(server.accounts[name]) as client:
        content = json.dumps({"objects": objects})
        return client.post(
            f"{server.url}objects/", content=content, headers={"content-type": MEDIA_TYPE}
        )


def read(server, name, **query):
    with asking(server.accounts[name]) as client:
        answer = client.get(f"{server.url}objects/", params=query)
    return answer.json().get("objects", [])


# --- our client -------------------------------------------------------------------------------


def test_our_client_reads_a_collection_page_by_page_to_its_end(server, monkeypatch):
    monkeypatch.setattr("detente.exchange.taxii.client.PULL_PAGE_OBJECTS", 7)
    brought = [warning(number) for number in range(20)]
    bring(server, "A", *brought)

    async def pull(place):
        async with TaxiiClient(server.url, authorization=server.accounts["A"]) as client:
            pages = [page async for page in client.pages(place)]
        return [one for page in pages for one in page.objects], pages[-1].place

    came, place = asyncio.run(pull(Place()))
    assert sorted(one["id"] for one in came) == sorted(one["id"] for one in brought)
    assert len(came) == 20
    assert asyncio.run(pull(place))[0] == []
    bring(server, "A", warning(99))
    later, _ = asyncio.run(pull(place))
    assert [one["id"] for one in later] == [warning(99)["id"]]


def sourced(home, server):
    """Let a home's settings name the server, and give the service that reads it."""
    layout = home.layout
    credentials = layout.directory / "credentials"
    credentials.mkdir(mode=0o700, exist_ok=True)
    (credentials / "theirs").write_text(server.accounts["A"])
    with layout.settings.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[taxii_sources]\ntheirs = "{server.url}"\n')
    home.settings = load_settings(layout.settings)
    return TaxiiService(home, now=now)


def test_a_source_is_said_once_with_the_outside_named_and_a_newer_version_follows(home, server):
    bring(server, "A", *(warning(number) for number in range(5)))
    service = sourced(home, server)
    try:
        (pulled,) = asyncio.run(service.sources.pull_due()).values()
        assert (pulled.objects, pulled.said, pulled.refused, pulled.fault) == (5, 5, 0, "")
        assert asyncio.run(service.sources.pull_due()) == {}, "it is not due again"
        again = asyncio.run(service.sources.pull("theirs", server.url))
        assert again.said == 0
        bring(server, "A", warning(1, modified="2026-01-02T00:00:00.000Z", name="worse"))
        newer = asyncio.run(service.sources.pull("theirs", server.url))
        assert newer.said == 1
        held = service.deposits._walker.walk("alerting", after=-1, objects=1_000)
        raws = [
            json.loads(span.page.slice(place, place + 1))
            for span in held.spans
            for place in range(span.start, span.end)
        ]
        names = sorted(one["name"] for one in raws)
        assert names == sorted(["worse", *(f"warning {n}" for n in range(5))])
        assert all(server.url in json.dumps(one["extensions"]) for one in raws)
    finally:
        service.close()


def test_a_pull_that_is_cut_off_goes_on_where_it_stopped(home, server, monkeypatch):
    monkeypatch.setattr("detente.exchange.taxii.client.PULL_PAGE_OBJECTS", 4)
    bring(server, "A", *(warning(number) for number in range(12)))
    service = sourced(home, server)
    taken, stop = [], threading.Event()
    take = OutsideSources._take

    def cut(self, state, objects, result):
        if stop.is_set():
            raise KeyboardInterrupt
        taken.append(len(objects))
        stop.set()
        return take(self, state, objects, result)

    monkeypatch.setattr(OutsideSources, "_take", cut)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(service.sources.pull("theirs", server.url))
    service.close()
    monkeypatch.setattr(OutsideSources, "_take", take)
    service = TaxiiService(home, now=now)
    try:
        rest = asyncio.run(service.sources.pull("theirs", server.url))
        assert rest.fault == ""
        walk = service.deposits._walker.walk("alerting", after=-1, objects=1_000)
        assert sum(span.end - span.start for span in walk.spans) == 12
    finally:
        service.close()


# --- hostile accounts --------------------------------------------------------------------------


def ours(office):
    """Return our server in the form of a peer, with two accounts of one collection."""
    accounts = {name: f"Bearer {office.token(name.lower(), write=True)}" for name in ("A", "B")}
    return Peer("detente", office.collection(office.own), accounts)


def attack(server):
    """Let B attack what A said in five ways; return which worked: what A then reads says so."""
    said = [warning(number) for number in range(1, 6)]
    status = bring(server, "A", *said)
    kept = {one["name"]: one for one in read(server, "A")}
    assert len(kept) == 5, (status.status_code, status.text)
    came = [kept[one["name"]] for one in said]

    replaced = {key: came[0][key] for key in came[0]} | {"modified": "2026-02-01T00:00:00.000Z"}
    bring(server, "B", replaced | {"name": "nothing to see here"})
    bring(server, "B", came[1] | {"modified": FAR, "revoked": True})
    with asking(server.accounts["B"]) as client:
        client.delete(f"{server.url}objects/{came[2]['id']}/")
    bring(server, "A", warning(6, name="for A's eyes", object_marking_refs=[RED]))
    bring(server, "B", came[4] | {"name": "the same id, other words"})

    seen = read(server, "A")
    of = {one["id"]: one for one in seen}
    worked = set()
    if of.get(came[0]["id"], {}).get("name") != came[0]["name"]:
        worked.add("replace")
    if of.get(came[1]["id"], {}).get("revoked"):
        worked.add("revoke")
    if came[2]["id"] not in of:
        worked.add("delete")
    if any(one["name"] == "for A's eyes" for one in read(server, "B")):
        worked.add("read RED")
    if of.get(came[4]["id"], {}).get("name") != came[4]["name"]:
        worked.add("same id")
    return worked


def test_no_account_replaces_revokes_deletes_or_reads_what_is_anothers_and_each_try_is_kept(home):
    with serving(home) as office:
        assert attack(ours(office)) == set()
        evidence = EvidenceShelf(home.database)
        rules = [each.rule for each in evidence.of("account b")]
    assert sum("another member or account" in rule for rule in rules) >= 3, rules
    assert any("take back" in rule for rule in rules), rules
    assert any("TLP:RED" in each.rule for each in evidence.of("account a"))


def test_the_same_attacks_work_where_a_collection_is_all_there_is(server):
    # Both do what TAXII 2.1 says: who may write a collection may do all of it. The release of
    # OpenTAXII answers 200 to a DELETE and keeps the object, whoever's it is.
    worked = {"replace", "revoke", "read RED"}
    assert attack(server) == (worked | {"delete"} if server.name == "medallion" else worked)

"""An unmodified MISP subscribes to a running node by URL; its feeds are read by URL. (issue 3)"""

import json
import shutil
import threading
import urllib.error
import urllib.request
import warnings
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from detente.node.acting import Acting
from detente.node.clock import now
from detente.node.pulling_feeds import FeedSources
from detente.watch import Level, NoLists
from tests.edge.offices import copy_unit, make_unit, opened
from tests.edge.running_nodes import eventually, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pymisp = pytest.importorskip("pymisp", reason="PyMISP is not installed: `make setup`")

from tests.interop.test_misp import their_event, write_their_feed

pytestmark = pytest.mark.filterwarnings("ignore")


def get(url, authorization=""):
    """Ask as MISP does: one GET with the header that the feed was set up with."""
    headers = {"Authorization": authorization} if authorization else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return answer.read()


def status(url, authorization=""):
    try:
        get(url, authorization)
    except urllib.error.HTTPError as refused:
        return refused.code
    return 200


@contextmanager
def web(folder):
    """Any web server with a folder of files, as a publisher of feeds runs it."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_words):
            pass

        def do_GET(self):
            self.server.asked.append(self.path)
            super().do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.outside("PyMISP")
def test_pymisps_reader_subscribes_to_a_running_node(tmp_path):
    with running(tmp_path, "Aurel", "Borea") as nodes:
        aurel, borea = nodes.values()
        said = borea.publish("9.9.8.7")
        eventually(lambda: said in aurel.statements(), within_s=20)
        token = aurel.detente("token", "add", "misp", "--json")["token"]
        narrow = aurel.detente("token", "add", "other", "--read", "settled", "--json")["token"]
        base = f"{aurel.url}/misp/alerting"

        def manifest():
            return json.loads(get(f"{base}/manifest.json", f"Bearer {token}"))

        # A writing is handed out for half a minute before the next.
        found = eventually(manifest, within_s=45, every_s=1)
        (uuid,) = found
        basic = "Basic " + b64encode(f"misp:{token}".encode()).decode()
        event = pymisp.MISPEvent()
        event.load(get(f"{base}/{uuid}.json", basic), validate=True)
        assert [(each.type, each.value) for each in event.attributes] == [("ip-dst", "9.9.8.7")]
        assert int(event.timestamp.timestamp()) == found[uuid]["timestamp"]
        hashes = get(f"{base}/hashes.csv", f"Bearer {token}").decode().splitlines()
        assert [line.split(",")[1] for line in hashes] == [uuid]
        acts = f"{aurel.url}/misp/actionable/manifest.json"
        assert json.loads(get(acts, f"Bearer {token}")) == {}
        assert status(f"{base}/manifest.json") == 401
        assert status(f"{base}/manifest.json", "Bearer dtt_0_0") == 401
        assert status(f"{base}/manifest.json", f"Bearer {narrow}") == 403
        for name in ("nothing.json", "..%2fmanifest.json", "%00"):
            assert status(f"{base}/{name}", f"Bearer {token}") == 404
        assert status(f"{aurel.url}/misp/red/manifest.json", f"Bearer {token}") == 404
        aurel.detente("token", "revoke", "misp", "--json")
        eventually(lambda: status(f"{base}/manifest.json", basic) == 401, within_s=10)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("feeding") / "unit"
    make_unit(place, ("Aurel", "Borea"))
    return place


def sources_of(home, **settings):
    defaults = {"private_networks": "127.0.0.0/8"}
    home.settings = replace(home.settings, **{**defaults, **settings})
    return FeedSources(home, Acting(home, now=now, benign=NoLists()), now=now)


def values(home):
    acting = Acting(home, now=now, benign=NoLists())
    acting.bring_up()
    return {each.item.value for each in acting.shelf.at_level(Level.ALERTING)}


@pytest.mark.outside("PyMISP")
def test_a_feed_that_pymisp_wrote_is_read_by_url_and_goes_on_where_it_broke_off(founded, tmp_path):
    write_their_feed(tmp_path / "feed", [their_event(n, value=f"9.9.8.{n}") for n in range(4)])
    hidden = tmp_path / "feed" / f"{their_event(2).uuid}.json"
    with (
        opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (aurel,),
        web(tmp_path) as (server, url),
    ):
        sources = sources_of(aurel, misp_sources={"cert": f"{url}/feed"})
        shutil.move(hidden, tmp_path / "hidden")
        first = sources.pull("cert")
        assert len(first.said) == 3
        ((uuid, reason),) = first.refused
        assert uuid == their_event(2).uuid
        assert "answers 404" in reason
        shutil.move(tmp_path / "hidden", hidden)
        server.asked.clear()
        second = sources.pull("cert")
        assert (len(second.said), second.unchanged, second.refused) == (1, 3, ())
        assert server.asked == ["/feed/manifest.json", f"/feed/{uuid}.json"]
        assert sources.pull("cert").said == ()
        assert values(aurel) >= {f"9.9.8.{n}" for n in range(4)}
        # Not due again before its time.
        server.asked.clear()
        assert sources.pull_due() == {}
        assert server.asked == []


def test_a_feed_that_does_not_answer_is_told_and_stops_no_other(founded, tmp_path):
    write_their_feed(tmp_path / "feed", [their_event(1)])
    (tmp_path / "list.txt").write_text("9.9.8.1\nevil.example # seen\n")
    (tmp_path / "table.csv").write_text("type,value\nipv4-addr,9.9.8.2\n")
    with (
        opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (aurel,),
        web(tmp_path) as (_server, url),
    ):
        sources = sources_of(
            aurel,
            misp_sources={"gone": f"{url}/nowhere", "here": str(tmp_path / "feed")},
            list_sources={"plain": f"{url}/list.txt", "table": f"{url}/table.csv"},
        )
        done = sources.pull_due()
        assert "answers 404" in done["gone"].fault
        assert [len(done[name].said) for name in ("here", "plain", "table")] == [1, 1, 1]
        assert values(aurel) >= {"9.9.8.1", "9.9.8.2", "evil.example"}
        again = {name: sources.pull(name) for name in ("here", "plain", "table")}
        assert {each.said for each in again.values()} == {()}
        (tmp_path / "list.txt").write_text("9.9.8.1\nevil.example # seen\n9.9.8.3\n")
        third = sources.pull("plain")
        assert (len(third.said), third.unchanged) == (1, 2)
        assert "9.9.8.3" in values(aurel)


def test_a_feed_inside_is_not_asked_unless_the_operator_named_its_network(founded, tmp_path):
    (tmp_path / "list.txt").write_text("9.9.8.1\n")
    with (
        opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (aurel,),
        web(tmp_path) as (server, url),
    ):
        sources = sources_of(aurel, list_sources={"in": f"{url}/list.txt"}, private_networks="")
        assert "private_networks" in sources.pull("in").fault
        assert server.asked == []


def test_what_a_person_types_lists_and_reads_them(founded, tmp_path):
    from click.testing import CliRunner

    from detente.cli.main import root

    (tmp_path / "list.txt").write_text("9.9.8.1\n")
    directory = copy_unit(founded, tmp_path / "unit")["Aurel"]
    settings = f'[list_sources]\nplain = "{tmp_path}/list.txt"\ngone = "{tmp_path}/gone.txt"\n'
    (directory / "detente.toml").write_text(settings)

    def typed(*words):
        done = CliRunner().invoke(root, ["source", *words, "--node", str(directory), "--json"])
        return done.return_value or 0, json.loads(done.stdout)

    _status, before = typed("list")
    assert {row["name"]: row["read"] for row in before["sources"]} == {
        "plain": "never",
        "gone": "never",
    }
    _status, pulled = typed("pull", "plain")
    assert (pulled["said"], pulled["fault"]) == (1, "")
    _status, after = typed("list")
    assert {row["name"] for row in after["sources"] if row["read"] != "never"} == {"plain"}

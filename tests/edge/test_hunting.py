"""A partner's warning is looked for from its arrival on, and found in what was kept before."""

import asyncio
import json
import shutil

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.node.addresses import log_keys, require_chain
from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.catching_up import open_node
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.holdings import HomeHoldings
from detente.node.hunting import Cancelled, Hunt, HuntSummary, Span, Wanted, hunt
from detente.node.outward import HomeOutward
from detente.node.publishing import publish
from detente.node.receiving import Receiver
from detente.node.watching import WatchOptions
from detente.node.watching_home import HomeWatch, WatchPlan, hunt_of
from detente.node.watching_sources import parse_source
from detente.statements import UNIT, Handling, Kind, Pap, Tlp, encode_object, identity_of
from detente.storage.detections import DetectionShelf
from tests.edge.offices import make_unit, opened, warn

HARMFUL = "198.51.100.7"


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit")
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    shutil.copytree(unit, tmp_path / "unit")
    return tmp_path / "unit"


def event(number, address="192.0.2.1"):
    return json.dumps({"event_type": "flow", "src_ip": address, "number": number}) + "\n"


def plan_for(log):
    return WatchPlan(options=WatchOptions(sources=[parse_source("net", f"{log}?format=jsonl")]))


def outward(home):
    logs = log_keys(require_chain(home))
    return HomeOutward(home, member_cosigner(home, mirror=False, logs=logs, now=now))


async def take(home, file):
    """Let an office take up what another says, as it does from media."""
    with file.open("rb") as source:
        bundle = open_bundle(source, file=str(file))
        receiver = Receiver(HomeHoldings(home, now=now, stopped=lambda _why: None), now=now)
        await take_bundle(home, bundle, receiver, here=outward(home).read, now=now)


def counted(watch):
    return sum(row.alarm.count for row in watch.watching.shelf.alarms())


@pytest.mark.parametrize("is_in_files", [False, True])
def test_an_own_warning_matches_live_and_finds_what_was_kept(offices, tmp_path, is_in_files):
    log = tmp_path / "eve.json"
    log.write_text("".join(event(n, HARMFUL if n % 10 == 0 else "192.0.2.1") for n in range(50)))

    async def run():
        with open_node(offices / "Aurel") as home:
            async with HomeWatch(home, plan_for(log), now=now, report=lambda _t: None) as watch:
                while watch.watching.turn():
                    pass
                assert counted(watch) == 0
                if is_in_files:
                    assert watch.watching.flush() == 50
                await asyncio.to_thread(warn, home, HARMFUL)
                assert len(watch.look()) == 5
                assert counted(watch) == 5
                with log.open("a") as file:
                    file.write(event(50, HARMFUL))
                while watch.watching.turn():
                    pass
                assert counted(watch) == 6
                assert watch.look() == []

    asyncio.run(run())


def test_a_warning_finds_events_from_before_it_was_said(offices, tmp_path):
    log = tmp_path / "eve.json"
    past = {"event_type": "flow", "src_ip": HARMFUL, "timestamp": "2026-01-05T10:00:00.000000+0000"}
    log.write_text(json.dumps(past) + "\n")

    async def run():
        with open_node(offices / "Aurel") as home:
            async with HomeWatch(home, plan_for(log), now=now, report=lambda _t: None) as watch:
                while watch.watching.turn():
                    pass
                await asyncio.to_thread(warn, home, HARMFUL)
                (found,) = watch.look()
                assert found.event["_time"] < now().timestamp() - 3_600

    asyncio.run(run())


def test_a_partner_s_warning_does_the_same_and_so_does_its_retraction(offices, tmp_path):
    log, file = tmp_path / "eve.json", tmp_path / "bundle"
    log.write_text("".join(event(n, HARMFUL if n % 10 == 0 else "192.0.2.1") for n in range(50)))

    def export(home, member):
        with file.open("wb") as target:
            export_bundle(home, outward(home), target, reader=member)

    async def run():
        with opened({name.name: name for name in offices.iterdir()}, "Aurel", "Borea") as homes:
            aurel, borea = homes
            async with HomeWatch(aurel, plan_for(log), now=now, report=lambda _t: None) as watch:
                while watch.watching.turn():
                    pass
                said = await asyncio.to_thread(warn, borea, HARMFUL)
                export(borea, aurel.identity.member)
                await take(aurel, file)
                assert len(watch.look()) == 5
                assert counted(watch) == 5
                await asyncio.to_thread(retract, borea, said.payload_hash)
                export(borea, aurel.identity.member)
                await take(aurel, file)
                assert watch.look() == []
                with log.open("a") as added:
                    added.write(event(50, HARMFUL))
                while watch.watching.turn():
                    pass
                assert counted(watch) == 5

    asyncio.run(run())


def retract(home, said):
    """Take a statement back."""
    about = Handling(
        kind=Kind.RETRACTION,
        tlp=Tlp.GREEN,
        pap=Pap.GREEN,
        licence="CC0-1.0",
        count=1,
        about=(said,),
    )
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": "note--11111111-1111-4111-8111-111111111111",
        "created_by_ref": identity_of(home.identity.member),
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "content": "a mistake",
        "object_refs": [identity_of(home.identity.member)],
    }
    publish(home, [encode_object(note)], about, audience=UNIT, now=now)


def watched_files(offices, log, count=50):
    """Let an office keep events: some in a file, the rest fresh."""

    async def run():
        with open_node(offices / "Aurel") as home:
            async with HomeWatch(home, plan_for(log), now=now, report=lambda _t: None) as watch:
                for half in (0, 1):
                    with log.open("a") as file:
                        for n in range(half * count, (half + 1) * count):
                            file.write(event(n, HARMFUL if n % 10 == 0 else "192.0.2.1"))
                    while watch.watching.turn():
                        pass
                    if half == 0:
                        watch.watching.flush()

    asyncio.run(run())


@pytest.mark.parametrize(
    "wanted", ["198.51.100.7", "198.51.100.0/24", "198.48.0.0/12", "128.0.0.0/1"]
)
def test_a_hunt_finds_files_and_fresh_events_alike(offices, tmp_path, wanted):
    watched_files(offices, tmp_path / "eve.json")
    (tmp_path / "named.txt").write_text(f"{wanted}\n")
    words = ["hunt", "--node", str(offices / "Aurel"), "--indicators", str(tmp_path / "named.txt")]
    done = CliRunner().invoke(root, [*words, "--json"], catch_exceptions=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    least = 100 if wanted.endswith("/1") else 10  # 192.0.2.1 is in the last one too
    assert len(rows) == least
    assert len({row["position"] for row in rows}) == least
    nothing = CliRunner().invoke(root, [*words, "--json", "--until", "2001-01-01"])
    assert (nothing.stdout, nothing.exit_code) == ("", 0)


def test_a_hunt_can_be_stopped(offices, tmp_path):
    watched_files(offices, tmp_path / "eve.json")
    with open_node(offices / "Aurel") as home:
        shelf = _events(home)
        (tmp_path / "named.txt").write_text(f"{HARMFUL}\n")
        what = hunt_of(None, [tmp_path / "named.txt"], Span(), now=now())
        stopped = Hunt(what.engine, Wanted(None), cancelled=lambda: True)
        with pytest.raises(Cancelled):
            list(hunt(shelf, stopped, HuntSummary()))


def _events(home):
    from detente.storage.events import EventShelf

    return EventShelf(home.database, home.layout.directory / "events")


@pytest.mark.parametrize("form", ["ocsf", "stix", "navigator", "html"])
def test_what_was_found_is_written_for_other_tools(offices, tmp_path, form):
    log = tmp_path / "eve.json"
    log.write_text("".join(event(n, HARMFUL) for n in range(3)))
    with open_node(offices / "Aurel") as home:
        warn(home, HARMFUL)

        async def run():
            async with HomeWatch(home, plan_for(log), now=now, report=lambda _t: None) as watch:
                while watch.watching.turn():
                    pass

        asyncio.run(run())
    file = tmp_path / "out"
    words = ["watch", "alarms", "--node", str(offices / "Aurel"), "--as", form, "--output", file]
    done = CliRunner().invoke(root, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0
    data = file.read_bytes()
    match form:
        case "ocsf":
            rows = [json.loads(line) for line in data.splitlines()]
            assert [row["class_uid"] for row in rows] == [2004] * 3
        case "stix":
            import stix2

            bundle = stix2.parse(data, allow_custom=False)
            kinds = [each.type for each in bundle.objects]
            assert kinds.count("sighting") == 3
            assert kinds.count("observed-data") == 3
        case "navigator":
            assert json.loads(data)["domain"] == "enterprise-attack"
        case _:
            assert HARMFUL.encode() in data
            assert b"<script" not in data


def test_a_person_answers_and_nothing_of_the_events_is_said(offices, tmp_path):
    log = tmp_path / "eve.json"
    log.write_text("".join(event(n, HARMFUL) for n in range(3)))
    with open_node(offices / "Aurel") as home:
        warn(home, HARMFUL)

        async def run():
            async with HomeWatch(home, plan_for(log), now=now, report=lambda _t: None) as watch:
                while watch.watching.turn():
                    pass

        asyncio.run(run())
        before = len(home.index.statements(after=0, limit=100))
        (alarm,) = DetectionShelf(home.database).alarms()
    words = ["watch", "sight", alarm.alarm.id[:12], "--node", str(offices / "Aurel"), "--json"]
    done = CliRunner().invoke(root, words, catch_exceptions=False)
    assert done.exit_code == 0
    said = json.loads(done.stdout)["id"]
    shown = CliRunner().invoke(
        root, ["statement", "show", said, "--node", str(offices / "Aurel"), "--json"]
    )
    assert alarm.alarm.key.rule in shown.stdout
    assert "sighting" in shown.stdout
    assert f"[ipv4-addr:value = '{HARMFUL}']" in shown.stdout, "else it counts for no value"
    assert str(log) not in shown.stdout
    assert "src_ip" not in shown.stdout
    with open_node(offices / "Aurel") as home:
        assert len(home.index.statements(after=0, limit=100)) == before + 1
    wrong = CliRunner().invoke(root, ["watch", "sight", "0" * 12, *words[3:]])
    assert wrong.exit_code != 0

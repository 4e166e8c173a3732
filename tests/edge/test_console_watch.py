"""The watch in the console: what cannot fire and why, what is silent, what an indicator does.

The threats: a watch that sees nothing and looks calm, an address of a source that shows a
password, and rules and values of members that are read as something else. (issue 7, page 7)
"""

import asyncio
import json
from datetime import timedelta

import pytest

from detente.console.hosting import Console
from detente.node.acting import Acting
from detente.node.clock import now
from detente.node.detecting import say_detected
from detente.node.home import Home
from detente.node.offices import Role
from detente.node.signing_in import Place
from detente.node.watching_home import HomeWatch, plan_of
from detente.statements import Tlp
from detente.storage.acting import ActingShelf
from detente.storage.acting_rows import TakenRule, TakenStatement
from detente.storage.detections import AlarmRow, DetectionShelf, SourceRow, Taken
from detente.watch.alarms import Alarm, AlarmKey
from tests.edge.offices import copy_unit, make_unit, opened, warn
from tests.edge.test_console import HOSTILE, ORIGIN, sign_in

RULES = """\
title: Evil image
id: 33333333-3333-4333-8333-333333333331
level: high
status: test
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: evil.exe}, condition: s}
"""


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("watch") / "unit"
    make_unit(place, ("Aurel", "Borea"))
    return place


@pytest.fixture
def in_unit(founded, tmp_path):
    directories = copy_unit(founded, tmp_path / "unit")
    with opened(directories, "Aurel", "Borea") as (home, _):
        said = []
        yield Console(home, Place("localhost", ORIGIN), now=now, report=said.append)
        assert said == []


def shown(console, path):
    visitor, _ = sign_in(console, Role.VIEWER)
    answer = visitor.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_node_that_watches_nothing_says_so(in_unit):
    assert "This node watches nothing" in shown(in_unit, "/watch")


def test_an_address_of_a_source_is_shown_without_what_is_secret_in_it(tmp_path):
    Home.create(tmp_path / "office", name="Aurel").close()
    where = "nats://clerk:hunter2@127.0.0.1:4222/EVENTS?durable=d&token=s3cret"
    (tmp_path / "office" / "detente.toml").write_text(f'[watch_sources]\nbus = "{where}"\n')
    with Home.open(tmp_path / "office") as home:
        page = shown(Console(home, Place("localhost", ORIGIN), now=now, report=print), "/watch")
    assert "nats://127.0.0.1:4222/EVENTS" in page
    for secret in ("clerk", "hunter2", "s3cret"):
        assert secret not in page


def test_a_running_watch_says_which_rules_cannot_fire_and_why(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Home.create(tmp_path / "office", name="Aurel").close()
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "events.log").write_text("")
    (tmp_path / "office" / "detente.toml").write_text(
        f'[watch_sources]\nproxy = "{tmp_path / "events.log"}?format=jsonl"\n'
        f'[watch_rules]\nown = "{tmp_path / "rules.yml"}"\n'
    )
    with Home.open(tmp_path / "office") as home:
        console = Console(home, Place("localhost", ORIGIN), now=now, report=print)
        plan = plan_of(home.settings)

        async def running():
            async with HomeWatch(home, plan, now=now, report=print):
                return await asyncio.to_thread(shown, console, "/watch")

        page = asyncio.run(running())
        assert home.covered is None  # nobody speaks for a watch that ended
    assert "no event of its log source was seen" in page
    assert "Evil image" in page
    assert "nothing came from it yet" in page
    assert "windows" in page
    assert "format=jsonl" not in page


def test_an_indicator_is_listed_by_what_it_does_with_its_reason_and_its_steps(in_unit):
    home = in_unit.desk.home
    say_detected(home, ("198.51.100.7",), handshake=True, tlp=Tlp.AMBER, now=now)
    Acting(home, now=now).bring_up()
    found = {
        level: shown(in_unit, f"/watch/indicators?level={level}")
        for level in ("noted", "alerting", "actionable")
    }
    (level,) = [name for name, page in found.items() if "198.51.100.7" in page]
    assert level != "noted"
    page = shown(in_unit, "/watch/indicators/why?value=198.51.100.7")
    assert "What became of it" in page
    assert "/warnings/" in page  # each reason leads to the statements it rests on
    visitor, _ = sign_in(in_unit, Role.VIEWER)
    for path in ("?level=loud", "/why?value=", "/why?value=203.0.113.99", "/why?value=%00"):
        assert visitor.ask("GET", f"/watch/indicators{path}").status_code == 400, path


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_members_rules_and_sources_are_called_is_shown_as_inert_text(in_unit, text):
    home = in_unit.desk.home
    warn(home)
    number = home.index.statements()[0].number
    kept = text.replace("\x00", "")
    rule = TakenRule(0, kept, kept, kept, ({"check": kept, "words": kept},))
    shelf = ActingShelf(home.database, me=home.identity.member)
    me = home.identity.member
    shelf.take([TakenStatement(number, me, frozenset(), now(), rules=(rule,))], upto=number)
    at = (now() - timedelta(minutes=1)).timestamp()
    alarm = Alarm("ab" * 32, AlarmKey("detente-source-silent", text, text), at, at, 1, 1)
    DetectionShelf(home.database).keep(
        Taken(
            at=at,
            sources=[SourceRow(text, "{}", 1, 0, at)],
            alarms=[AlarmRow(alarm, text, "medium", json.dumps([text]))],
        )
    )
    page = shown(in_unit, "/watch")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    for hidden in "\u202e\u200b\u2066\u2069\x1b\x00":
        assert hidden not in page
    if "\u202e" in text:
        assert page.count("U+202E") >= 3

"""No sentence reaches the press that a releaser did not approve, and its history stays. (press)"""

import json

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.errors import UnitError
from detente.node.clock import now
from detente.node.home import Home
from detente.node.notice_settings import load_notice_settings
from detente.node.offices import OWNER, Office, Role
from detente.node.press_room import PressRoom
from detente.response.errors import PressRefused
from detente.response.press import PressState
from tests.edge.test_notices import gateway

__all__ = ["gateway"]

SETTINGS = """
releasers = ["chief"]
[channels.hook]
sort = "webhook"
most = "clear"
url = "http://127.0.0.1:{port}/hook"
[channels.broken]
sort = "webhook"
most = "clear"
url = "http://127.0.0.1:{port}/broken"
[people.agency]
hook = "desk"
[people.radio]
broken = "studio"
[[steps]]
after_minutes = 0
people = ["agency"]
"""
WORDS = "The results page is slow; figures are on paper."


@pytest.fixture
def place(tmp_path, gateway):
    Home.create(tmp_path / "office", name="Aurel").close()
    (tmp_path / "office" / "notify.toml").write_text(SETTINGS.format(port=gateway[0]))
    return tmp_path / "office"


@pytest.fixture
def office(place):
    with Home.open(place) as home:
        yield home


def room_of(home):
    settings = load_notice_settings(home.layout.directory, node="Aurel")
    return PressRoom(home, settings, now)


def test_nothing_goes_without_an_approval_and_then_the_very_words_go(office, gateway):
    room = room_of(office)
    room.draft("Page", WORDS, by="lead")
    with pytest.raises(PressRefused, match="draft"):
        room.send("Page", ["agency"], by="lead")
    _, press = room.read("Page")
    for by, why in (("lead", "no releaser"), ("stranger", "no releaser")):
        with pytest.raises(PressRefused, match=why):
            room.approve("Page", draft=press.draft, by=by)
    assert gateway[1] == []
    room.approve("Page", draft=press.draft[:8], by="chief")
    with pytest.raises(PressRefused, match="nobody called"):
        room.send("Page", ["lead"], by="lead")
    assert [each.fault for each in room.send("Page", ["agency"], by="lead")] == [""]
    ((_, _, body),) = gateway[1]
    assert body == {"to": "desk", "text": WORDS, "subject": "Page"}


def test_a_releaser_does_not_approve_what_it_drafted(office):
    room = room_of(office)
    room.draft("Page", WORDS, by="Chief")
    with pytest.raises(PressRefused, match="does not approve"):
        room.approve("Page", draft=room.read("Page")[1].draft, by="chief")
    # The role in the console counts as well, and ends with it.
    people = Office(office, now=now)
    person, _ = people.add("Head", [Role.RELEASER], by=OWNER)
    room.approve("Page", draft=room.read("Page")[1].draft, by="Head")
    assert room.read("Page")[1].state is PressState.APPROVED
    people.remove(person.id, by=OWNER)
    assert room.releasers() == ["chief"]


def test_words_that_changed_after_they_were_read_are_not_approved(office, gateway):
    room = room_of(office)
    room.draft("Page", WORDS, by="lead")
    read = room.read("Page")[1].draft
    room.revise("Page", "The page was attacked.", by="lead")
    with pytest.raises(PressRefused, match="changed since"):
        room.approve("Page", draft=read, by="chief")
    room.approve("Page", draft=room.read("Page")[1].draft, by="chief")
    room.revise("Page", "The page was attacked by a neighbour.", by="lead")
    with pytest.raises(PressRefused):
        room.send("Page", ["agency"], by="lead")
    assert gateway[1] == []


def test_the_history_keeps_every_step_over_a_restart_and_the_trail_who_approved(place, gateway):
    with Home.open(place) as office:
        before = say_and_withdraw(office, gateway)
    with Home.open(place) as again:
        room = room_of(again)
        assert room.history("Page") == before
        assert room.read("Page")[1].state is PressState.WITHDRAWN


def say_and_withdraw(office, gateway):
    room = room_of(office)
    room.draft("Page", WORDS, by="lead")
    room.approve("Page", draft=room.read("Page")[1].draft, by="chief")
    tries = room.send("Page", ["agency", "radio"], by="lead")
    assert [each.fault for each in tries] == ["", "it answered 500"]
    room.withdraw("Page", "It is quick again", by="lead")
    with pytest.raises(PressRefused, match="withdrawn"):
        room.send("Page", ["agency"], by="lead")
    before = room.history("Page")
    acts = [each["act"] for each in before]
    assert acts == ["open", "approve", "send", "unsent", "withdraw"]
    assert before[1]["by"] == "chief"
    assert before[3]["to"] == ["broken studio"]
    assert len(gateway[1]) == 2
    trail = [(each.action, each.detail.split(":")[0]) for each in Office(office, now=now).trail()]
    assert trail == [("send press", "lead"), ("approve press", "chief")]
    return before


def test_a_sentence_never_leaves_as_a_statement(office):
    room_of(office).draft("Page", WORDS, by="lead")
    assert office.index.statements(limit=10) == []


def test_a_node_without_channels_and_names_that_are_none_are_refused(tmp_path):
    with Home.create(tmp_path / "bare", name="Aurel") as home:
        room = PressRoom(home, None, now)
        room.draft("Page", WORDS, by="lead")
        for wrong in (
            lambda: room.read("nothing"),
            lambda: room.approve("Page", draft="", by="chief"),
            lambda: room.draft("two\nlines", WORDS, by="lead"),
            lambda: room.draft("Page", WORDS, by=""),
        ):
            with pytest.raises(UnitError):
                wrong()


def test_it_is_done_by_commands(place):
    def typed(*words, status=0):
        words = ["press", *words, "--json", "--node", str(place)]
        done = CliRunner().invoke(root, words, standalone_mode=False)
        assert (done.return_value or 0) == status, done.output
        return json.loads(done.stdout)

    typed("draft", "Page", "--known", "it is slow", "--by", "lead")
    (row,) = typed("list")["sentences"]
    assert row["state"] == "draft"
    shown = typed("show", row["id"][:12])
    assert shown["words"].startswith("Page: it is slow.")
    words = ["press", "send", "Page", "--to", "agency", "--by", "lead", "--node", str(place)]
    refused = CliRunner().invoke(root, words, standalone_mode=False)
    assert isinstance(refused.exception, PressRefused)
    typed("approve", "Page", "--draft", shown["draft"][:12], "--by", "chief")
    assert typed("send", "Page", "--to", "agency", "--by", "lead")["letters"][0]["fault"] == ""
    typed("send", "Page", "--to", "radio", "--by", "lead", status=1)
    assert typed("show", "Page")["sent"] == ["hook desk", "broken studio"]

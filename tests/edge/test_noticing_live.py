"""A running node tells the next person in time and prints its picture every hour, by its clock."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from detente.node.clock import now
from detente.node.home import Home
from detente.node.notice_settings import load_notice_settings
from detente.node.noticing import Noticer
from detente.node.noticing_live import LOOK_EVERY_S, keep_noticing
from detente.response import Level
from detente.statements import Tlp
from detente.storage.notices import NoticeShelf
from tests.edge.running_nodes import eventually, running
from tests.edge.test_notices import gateway

__all__ = ["gateway"]

SETTINGS = """
paper = "paper"
[channels.hook]
sort = "webhook"
most = "red"
url = "http://127.0.0.1:{port}/hook"
[people.lead]
hook = "lead"
[people.chief]
hook = "chief"
[people.head]
hook = "head"
[[steps]]
after_minutes = 0
people = ["lead"]
[[steps]]
after_minutes = 15
people = ["chief"]
[[steps]]
after_minutes = 60
people = ["head"]
"""


class Clock:
    """Moves only when somebody waits."""

    def __init__(self):
        self.moment = now().replace(microsecond=0)
        self.at = {}
        self.looks = 0

    def __call__(self):
        return self.moment

    def until(self, hours):
        """A pause that takes no time here, and ends the node after so many hours of its own."""
        end = self.moment + timedelta(hours=hours)

        async def pause(seconds):
            self.looks += 1
            self.moment += timedelta(seconds=seconds)
            self.at.pop(self.looks, lambda: None)()
            if self.moment > end:
                raise asyncio.CancelledError

        return pause


@pytest.fixture
def office(tmp_path, gateway):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        (home.layout.directory / "notify.toml").write_text(SETTINGS.format(port=gateway[0]))
        yield home


def run_for(home, clock, hours, told):
    with suppress(asyncio.CancelledError):
        asyncio.run(keep_noticing(home, clock, told.append, pause=clock.until(hours)))


def notice(home, clock):
    settings = load_notice_settings(home.layout.directory, node="Aurel")
    noticer = Noticer(home, settings, clock)
    return noticer.add("x", Level.HIGH, Tlp.AMBER, title="Probes", text="nine")


def names(gateway):
    return [body["to"] for _, _, body in gateway[1]]


def test_what_nobody_confirms_goes_to_the_next_at_the_stated_time(office, gateway):
    clock, told = Clock(), []
    begun = clock.moment
    notice(office, clock)
    run_for(office, clock, 2, told)
    assert names(gateway) == ["lead", "chief", "head"]
    (row,) = NoticeShelf(office.database).newest(1)
    assert [(each.at - begun.timestamp()) / 60 for each in row.tries] == [0, 15, 60]
    assert told == []
    assert clock.looks == 2 * 3600 / LOOK_EVERY_S + 1


def test_who_confirms_between_two_looks_ends_it(office, gateway):
    clock, told = Clock(), []
    number = notice(office, clock)
    shelf = NoticeShelf(office.database)
    clock.at[30] = lambda: shelf.confirm(number, by="lead", at=0)
    run_for(office, clock, 1.5, told)
    assert names(gateway) == ["lead"]


def test_the_picture_is_printed_once_in_each_hour_of_the_node(office):
    clock, told = Clock(), []
    picture = office.layout.directory / "paper" / "picture.html"
    written = set()
    for look in range(1, 800):
        clock.at[look] = lambda: written.add(picture.stat().st_mtime - begun)
    begun = clock.moment.timestamp()
    run_for(office, clock, 3, told)
    assert written == {0, 3600, 7200, 10800}
    assert told == []


def test_a_clock_that_was_set_back_leaves_no_hour_without_a_picture(office):
    clock = Clock()
    run_for(office, clock, 0, [])
    clock.moment -= timedelta(days=2)
    begun = clock.moment.timestamp()
    run_for(office, clock, 0, [])
    assert (office.layout.directory / "paper" / "picture.html").stat().st_mtime == begun


def test_a_fault_is_told_once_while_it_lasts_and_a_bug_ends_no_node(office, gateway, monkeypatch):
    clock, told = Clock(), []
    file = office.layout.directory / "notify.toml"
    good = file.read_text()
    file.write_text("nothing = 1")
    clock.at[4] = lambda: file.write_text(good)

    clock.at[8] = lambda: notice(office, clock)
    run_for(office, clock, 0.1, told)
    assert len(told) == 1
    assert names(gateway) == ["lead"]
    monkeypatch.setattr(NoticeShelf, "due", lambda *_: {}["a bug"])
    run_for(office, clock, 0.1, told)
    assert len(told) == 2
    assert "KeyError" in told[1]


def test_the_paper_is_written_where_no_server_answers_and_letters_go_where_no_disk_takes_paper(
    office, gateway
):
    clock, told = Clock(), []
    folder = office.layout.directory / "paper"
    folder.write_text("no folder")
    notice(office, clock)
    run_for(office, clock, 0, told)
    assert names(gateway) == ["lead"]
    assert len(told) == 1
    folder.unlink()
    gateway_is_gone = SETTINGS.format(port=9)
    (office.layout.directory / "notify.toml").write_text(gateway_is_gone)
    clock.moment += timedelta(minutes=16)
    run_for(office, clock, 0, told)
    assert (folder / "picture.html").exists()
    assert "Connect" in NoticeShelf(office.database).newest(1)[0].tries[-1].fault


def test_the_shipped_node_takes_the_step_that_came_due_while_it_was_down(tmp_path, gateway):
    with running(tmp_path, "Aurel", "Borea", start=False) as nodes:
        aurel = nodes["Aurel"]
        with Home.open(aurel.directory) as home:
            (aurel.directory / "notify.toml").write_text(SETTINGS.format(port=gateway[0]))
            past = Clock()
            past.moment -= timedelta(minutes=20)
            notice(home, past)
            settings = load_notice_settings(aurel.directory, node="Aurel")
            assert len(Noticer(home, settings, past).turn()) == 1
        aurel.start()
        eventually(lambda: names(gateway) == ["lead", "chief"], within_s=30)
        eventually((aurel.directory / "paper" / "picture.html").exists, within_s=30)
        assert aurel.stop() == 0

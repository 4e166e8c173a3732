"""Notices reach a real mail server, a webhook and an SMS gateway, and go on until confirmed."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller

from detente.errors import InputError
from detente.node.casework import Casework
from detente.node.clock import now
from detente.node.home import Home
from detente.node.notice_settings import load_notice_settings
from detente.node.noticing import Noticer
from detente.node.paper import keep_paper
from detente.node.responding import Responder
from detente.response import Level
from detente.statements import Tlp
from tests.edge.joint import probes
from tests.edge.running_nodes import free_port

WORDS = "nine addresses at the roll"


class Inbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def inbox():
    found = Inbox()
    controller = Controller(found, hostname="127.0.0.1", port=free_port())
    controller.start()
    found.port = controller.port
    yield found
    controller.stop()


@pytest.fixture
def gateway():
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            asked.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_words):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    thread.join(5)
    server.server_close()


def settings_of(mail_port, http_port, path="/sms"):
    return f"""
per_hour = 5
paper = "paper"
[channels.mail]
sort = "mail"
most = "amber"
host = "127.0.0.1"
port = {mail_port}
tls = "none"
from = "detente@office.example"
[channels.text]
sort = "sms"
most = "clear"
url = "http://127.0.0.1:{http_port}{path}"
secret_file = "sms.token"
[channels.hook]
sort = "webhook"
most = "red"
url = "http://127.0.0.1:{http_port}/hook"
[people.lead]
mail = "lead@office.example"
text = "+355000000"
phone = "+355000000"
[people.chief]
hook = "chief"
[[steps]]
after_minutes = 0
people = ["lead"]
[[steps]]
after_minutes = 15
people = ["chief"]
"""


class Clock:
    def __init__(self):
        self.moment = now()

    def __call__(self):
        return self.moment


@pytest.fixture
def office(tmp_path, inbox, gateway):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        directory = home.layout.directory
        (directory / "notify.toml").write_text(settings_of(inbox.port, gateway[0]))
        (directory / "sms.token").write_text("sesame\n")
        clock = Clock()
        found = load_notice_settings(directory, node="Aurel")
        yield home, Noticer(home, found, clock), clock


def test_a_case_is_told_by_mail_in_words_by_sms_without_and_then_to_the_chief(
    office, inbox, gateway
):
    home, noticer, clock = office
    work = Casework(Responder(home, now=clock))
    work.open(probes(title="Probes of the roll", level="critical", words=WORDS))
    assert [each.fault for each in noticer.turn()] == ["", ""]
    ((readers, mail),) = inbox.mails
    assert readers == ["lead@office.example"]
    assert WORDS in mail
    assert "Subject: [critical] notice 1 of Aurel: Probes of the roll" in mail
    ((path, headers, body),) = gateway[1]
    assert (path, headers["Authorization"]) == ("/sms", "Bearer sesame")
    assert "roll" not in body["text"]
    # Nothing is told twice; nobody confirmed, so the next step is taken in time.
    assert noticer.turn() == []
    clock.moment += timedelta(minutes=16)
    assert [each.channel for each in noticer.turn()] == ["hook"]
    assert gateway[1][-1][2]["to"] == "chief"
    assert noticer.turn() == []


def test_what_somebody_confirmed_goes_no_further(office):
    _, noticer, clock = office
    number = noticer.add("x", Level.HIGH, Tlp.AMBER, title="Probes", text=WORDS)
    assert noticer.add("x", Level.HIGH, Tlp.AMBER, title="Probes", text=WORDS) is None
    assert len(noticer.turn()) == 2
    assert noticer.shelf.confirm(number, by="lead", at=int(clock().timestamp()))
    clock.moment += timedelta(hours=1)
    assert noticer.turn() == []
    assert noticer.shelf.newest(1)[0].confirmed_by == "lead"
    assert not noticer.shelf.confirm(99, by="lead", at=0)


def test_a_storm_reaches_nobody_more_than_so_often_an_hour(office, inbox):
    _, noticer, _ = office
    for number in range(12):
        noticer.add(f"{number}", Level.HIGH, Tlp.AMBER, title=f"event {number}", text=WORDS)
    noticer.turn()
    assert len(inbox.mails) == 5
    assert "held back" in inbox.mails[-1][1]


def test_a_channel_that_fails_is_told_and_stops_no_other(office, gateway, inbox):
    home, _, clock = office
    directory = home.layout.directory
    (directory / "notify.toml").write_text(settings_of(inbox.port, gateway[0], "/broken"))
    noticer = Noticer(home, load_notice_settings(directory, node="Aurel"), clock)
    faults = {each.channel: each.fault for each in noticer.test("lead")}
    assert faults == {"mail": "", "text": "it answered 500"}
    assert "test" in inbox.mails[0][1]


def test_the_paper_picture_is_written_once_an_hour_and_holds_the_open_cases(office):
    home, noticer, clock = office
    Casework(Responder(home, now=clock)).open(probes(title="Probes <b>", words=WORDS))
    folder = noticer.settings.paper
    assert keep_paper(home, noticer.settings, folder, clock)
    assert not keep_paper(home, noticer.settings, folder, clock)
    page = (folder / "picture.html").read_text()
    assert "Probes &lt;b&gt;" in page
    assert "+355000000" in page
    clock.moment += timedelta(hours=1, seconds=5)
    assert keep_paper(home, noticer.settings, folder, clock)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('people = ["chief"]', 'people = ["nobody"]', "nobody"),
        ("after_minutes = 15", "after_minutes = -1", "whole"),
        ('sort = "sms"', 'sort = "fax"', "fax"),
        ('most = "clear"', 'most = "pink"', "pink"),
        ('url = "http://127.0.0.1', 'url = "http://sms.example', "https"),
        ("per_hour = 5", "per_hour = 5\nper_day = 9", "per_day"),
        ('phone = "+355000000"', 'quiet = "always"', "22:00"),
        ("[[steps]]", "[[steps", "line"),
    ],
)
def test_settings_that_nobody_means_are_refused_with_the_file(office, old, new, why):
    home, _, _ = office
    file = home.layout.directory / "notify.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=why) as caught:
        load_notice_settings(home.layout.directory, node="Aurel")
    assert caught.value.file == str(file)

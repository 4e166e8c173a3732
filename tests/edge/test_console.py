"""Who may see and do what in the console: every route, every role, and nobody. (issue 7)

The threats: somebody without a session, a role that is another's work, a form of another site,
a page that reached this machine under its own name, an ended session, and text that a hostile
member or event put where a person reads it.
"""

import asyncio
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from webauthn.helpers import bytes_to_base64url

from detente.console.desk import ANYBODY, ROLES
from detente.console.hosting import _PAGES, Console
from detente.errors import InputError
from detente.node.beside import stand_beside
from detente.node.casework import Casework
from detente.node.circle import circle_of
from detente.node.clock import now
from detente.node.disclosing import decide_public, disclose
from detente.node.drafting import Drafter
from detente.node.erasing import erase
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.offices import OWNER, Office, Purpose, Role
from detente.node.public_page import REMEMBERED, public_statements
from detente.node.publishing import publish
from detente.node.reading import read_said
from detente.node.responding import Responder
from detente.node.signing_in import CHALLENGE_LIVES, SESSION_LIVES, SESSION_RESTS, Place
from detente.node.trail_keeping import HEAD_FILE, WHOLE_EVERY
from detente.node.turnstile import FAILURES_AT_ONCE, ONE_MORE_AFTER_S
from detente.proofs.cosigners import policy_text
from detente.signing import parse_strict
from detente.statements import (
    UNIT,
    Handling,
    Kind,
    Opening,
    Pap,
    Tlp,
    parse_entry,
    verify_opening,
)
from detente.storage.detections import AlarmRow, DetectionRow, DetectionShelf, SourceRow, Taken
from detente.storage.trail import TrailShelf
from detente.tlog import Policy, Receipt, inspect_receipt
from detente.watch.alarms import Alarm, AlarmKey
from tests.edge.offices import copy_unit, cosign, make_unit, opened

ORIGIN = "http://localhost:8470"
ROUTES = [
    (method, path, route)
    for page in _PAGES
    for route in page.ROUTES
    for path in route.paths
    for method in sorted(route.http_methods - {"HEAD", "OPTIONS"})
]
EXAMPLES = {
    "{alarm:str}": "00",
    "{statement:str}": "0" * 64,
    "{beside:str}": "dispute",
    "{person:str}": "0" * 16,
    "{name:str}": "none.js",
    "{receipt:str}": "none",
    "{draft:str}": "0" * 16,
    "{step:str}": "dismiss",
    "{folder:str}": "none",
    "{round_number:int}": "1",
}


class Clock:
    def __init__(self):
        self.moment = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)

    def now(self):
        return self.moment


class Visitor:
    """A browser without a person: asks for pages with the cookie it is given."""

    def __init__(self, console):
        self.console = console
        self.cookie = ""

    def ask(self, method, path, **more):
        headers = {"origin": ORIGIN} | more.pop("headers", {})
        if self.cookie:
            headers["cookie"] = f"{self.console.desk.cookie}={self.cookie}"

        async def go():
            transport = httpx.ASGITransport(app=self.console.app)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(go())


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def console(tmp_path, clock):
    home = Home.create(tmp_path / "office", name="Aurel")
    said = []
    yield Console(home, Place("localhost", ORIGIN), now=clock.now, report=said.append)
    home.close()
    assert said == []  # no page failed


def sign_in(console, *roles):
    """Return a browser of a new person with these roles, and the secret its forms show."""
    office = console.desk.office
    person, _ = office.add(f"Somebody {len(office.shelf.people())}", roles, by=OWNER)
    secret = console.desk.entrance.begin(person, browser="test")
    visitor = Visitor(console)
    visitor.cookie = secret.hex()
    session = office.shelf.session(secret)
    return visitor, session.form_secret.hex()


def example(path):
    for word, value in EXAMPLES.items():
        path = path.replace(word, value)
    return path


def test_every_route_says_for_whom_it_is():
    assert len(ROUTES) >= 20
    for _, path, route in ROUTES:
        opened, roles = route.opt.get(ANYBODY), route.opt.get(ROLES)
        assert bool(opened) != bool(roles), path
        assert not roles or roles <= frozenset(Role)


@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_a_route_opens_to_its_roles_and_to_nobody_else(console, role):
    visitor, form = sign_in(console, role) if role else (Visitor(console), "")
    for method, path, route in ROUTES:
        if path in {"/live", "/leave"}:
            continue  # one does not end, the other ends the session that asks
        answer = visitor.ask(
            method, example(path), data={"form": form} if method == "POST" else None
        )
        if route.opt.get(ANYBODY):
            assert answer.status_code not in {401, 403}, path
        elif role is None:
            assert (answer.status_code, answer.headers["location"]) == (303, "/enter"), path
        elif role in route.opt[ROLES]:
            assert answer.status_code != 403, (path, answer.text)
        else:
            assert answer.status_code == 403, path
            assert "No role of yours may do this" in answer.text


def test_each_action_wants_the_secret_of_its_own_session(console):
    visitor, _ = sign_in(console, *Role)
    _, another = sign_in(console, *Role)
    for method, path, route in ROUTES:
        if method == "POST" and not route.opt.get(ANYBODY):
            for form in ({}, {"form": "00"}, {"form": another}):
                answer = visitor.ask(method, example(path), data=form)
                assert answer.status_code == 403, path
                assert "This form is not of this session" in answer.text


def test_a_form_of_another_site_and_another_name_for_this_machine_are_turned_away(console):
    visitor, form = sign_in(console, Role.ADMINISTRATOR)
    for origin in ("http://evil.example", "null", ""):
        answer = visitor.ask("POST", "/leave", data={"form": form}, headers={"origin": origin})
        assert answer.status_code == 421
    for host in ("evil.example", "127.0.0.1:8470", "localhost:8471", ""):
        assert visitor.ask("GET", "/people", headers={"host": host}).status_code == 421
    assert visitor.ask("GET", "/people").status_code == 200


def test_a_session_ends_by_hand_by_rest_by_age_and_with_its_person(console, clock):
    def answers(visitor):
        return visitor.ask("GET", "/me").status_code

    by_hand, form = sign_in(console, Role.VIEWER)
    assert answers(by_hand) == 200
    by_hand.ask("POST", "/leave", data={"form": form})
    assert answers(by_hand) == 303

    rested, _ = sign_in(console, Role.VIEWER)
    clock.moment += SESSION_RESTS
    assert answers(rested) == 303

    old, _ = sign_in(console, Role.VIEWER)
    ends = clock.moment + SESSION_LIVES
    while clock.moment < ends:
        assert answers(old) == 200
        clock.moment += SESSION_RESTS - timedelta(minutes=2)
    assert answers(old) == 303

    gone, _ = sign_in(console, Role.VIEWER)
    person = console.desk.office.shelf.people()[-1]
    console.desk.office.remove(person.id, by=OWNER)
    assert answers(gone) == 303


def test_every_page_forbids_frames_inline_scripts_and_keeping(console):
    visitor, _ = sign_in(console, *Role)
    for method, path, _ in ROUTES:
        if method == "GET" and path not in {"/live", "/assets/{name:str}"}:
            answer = visitor.ask("GET", example(path))
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert "<script>" not in answer.text
            assert "style=" not in answer.text
            assert "onclick" not in answer.text


def test_the_last_administrator_stays_and_a_name_is_given_once(console):
    office = console.desk.office
    ada, _ = office.add("Ada", [Role.ADMINISTRATOR], by=OWNER)
    with pytest.raises(InputError, match="only administrator"):
        office.remove(ada.id, by=OWNER)
    with pytest.raises(InputError, match="only administrator"):
        office.change_roles(ada.id, [Role.VIEWER], by=OWNER)
    with pytest.raises(InputError, match="here already"):
        office.add("Ada", [Role.VIEWER], by=OWNER)


def test_a_recovery_code_works_once_and_new_codes_end_the_old(console):
    office, entrance = console.desk.office, console.desk.entrance
    ada, _ = office.add("Ada", [Role.ADMINISTRATOR], by=OWNER)
    old = office.make_codes(ada, by=OWNER)
    codes = office.make_codes(ada, by=OWNER)
    with pytest.raises(InputError, match="counts for nothing"):
        entrance.recover(old[0])
    person, link = entrance.recover(codes[0])
    assert person.id == ada.id
    assert entrance.ask_enrolment(link)[0].id == ada.id
    with pytest.raises(InputError, match="counts for nothing"):
        entrance.recover(codes[0])
    assert office.shelf.unused_links(ada.id, purpose=Purpose.RECOVERY) == len(codes) - 1


def test_a_link_is_good_for_a_day_and_a_newer_one_ends_it(console, clock):
    office, entrance = console.desk.office, console.desk.entrance
    ada, first = office.add("Ada", [Role.ADMINISTRATOR], by=OWNER)
    second = office.make_link(ada, by=OWNER)
    for link in (first, "", "zz", "00" * 20):
        with pytest.raises(InputError, match="counts for nothing"):
            entrance.ask_enrolment(link)
    entrance.ask_enrolment(second)
    clock.moment += timedelta(hours=24)
    with pytest.raises(InputError, match="too old"):
        entrance.ask_enrolment(second)


def test_a_strangers_visits_to_the_public_page_gather_it_once_in_a_while(console, clock):
    first = console.desk.public.statements()
    assert console.desk.public.statements() is first
    clock.moment += REMEMBERED
    assert console.desk.public.statements() is not first


def test_an_answer_to_a_question_nobody_asked_opens_nothing(console):
    said = json.dumps({"challenge": "AAAA", "origin": ORIGIN, "type": "webauthn.get"}).encode()
    for credential in (
        {},
        {"response": None},
        {"response": {"clientDataJSON": "!"}},
        {"rawId": "AAAA", "response": {"clientDataJSON": bytes_to_base64url(said)}},
    ):
        answer = Visitor(console).ask("POST", "/enter", json={"credential": credential})
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers


def test_who_tries_in_vain_waits_for_seconds_and_nobody_else_does(console, clock):
    office, entrance = console.desk.office, console.desk.entrance
    ada, link = office.add("Ada", [Role.ADMINISTRATOR], by=OWNER)
    here, elsewhere = "192.0.2.1", "192.0.2.2"

    def fails(says, link="00" * 20, address=here):
        with pytest.raises(InputError, match=says) as refusal:
            entrance.ask_enrolment(link, address=address)
        return refusal.value

    for _ in range(FAILURES_AT_ONCE):
        fails("counts for nothing")
    for _ in range(100):  # waiting is not made longer by trying
        assert fails("too many tries").wait_s == ONE_MORE_AFTER_S
    fails("counts for nothing", address=elsewhere)
    assert entrance.ask_enrolment(link, address=here)[0].id == ada.id
    for _ in range(FAILURES_AT_ONCE):  # somebody has the link and no passkey for it
        with pytest.raises(InputError, match="no answer of a passkey"):
            entrance.enrol(link, {}, label="", address=here)
    fails("too many tries", link=link)
    assert entrance.ask_enrolment(link, address=elsewhere)[0].id == ada.id
    clock.moment += timedelta(seconds=ONE_MORE_AFTER_S)
    fails("counts for nothing")
    assert entrance.ask_enrolment(link, address=here)[0].id == ada.id
    for number in range(FAILURES_AT_ONCE + 1):  # one caller of IPv6 has many addresses
        says = "counts for nothing" if number < FAILURES_AT_ONCE else "too many tries"
        fails(says, address=f"2001:db8::{number:x}")


def test_a_browser_that_waits_is_told_for_how_long(console):
    stranger = Visitor(console)
    answers = [
        stranger.ask("POST", "/enter", json={"credential": {}}) for _ in range(FAILURES_AT_ONCE + 1)
    ]
    assert {each.status_code for each in answers[:-1]} == {400}
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "6")
    assert stranger.ask("GET", "/enter").status_code == 200


def test_questions_of_strangers_push_out_nobodys_and_each_has_one_good_answer(console, clock):
    entrance = console.desk.entrance

    def answer(options):
        challenge = json.loads(options)["challenge"]
        said = json.dumps({"challenge": challenge, "origin": ORIGIN}).encode()
        return {"response": {"clientDataJSON": bytes_to_base64url(said)}}

    mine = answer(entrance.ask_assertion("vote"))
    for _ in range(50):
        entrance.ask_assertion()
    challenge = entrance._read_challenge(mine, "vote")
    for wrong in ("", "vote2"):
        with pytest.raises(InputError, match="nothing was asked"):
            entrance._read_challenge(mine, wrong)
    entrance._use_up(challenge)
    with pytest.raises(InputError, match="answered before"):
        entrance._use_up(challenge)
    for at in range(len(challenge)):
        changed = bytes([*challenge[:at], challenge[at] ^ 1, *challenge[at + 1 :]])
        said = json.dumps({"challenge": bytes_to_base64url(changed)}).encode()
        with pytest.raises(InputError, match="nothing was asked"):
            entrance._read_challenge(
                {"response": {"clientDataJSON": bytes_to_base64url(said)}}, "vote"
            )
    clock.moment += CHALLENGE_LIVES
    with pytest.raises(InputError, match="too late"):
        entrance._read_challenge(mine, "vote")


def tamper(home, change, **values):
    """Change the trail as somebody who can write the database and nothing else."""
    with home.database.writing("a thief") as connection:
        connection.execute(sa.text(change), values)


def broken(home):
    """What a console that was just started finds."""
    return Office(home, now=now).check_trail().broken


def test_the_trail_shows_what_was_altered_or_taken_out_of_it(tmp_path, clock):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        office = Office(home, now=clock.now)
        for number in range(5):
            office.record(OWNER, "do", f"thing {number}")
        assert office.check_trail().broken == ()
        assert [each.number for each in office.trail()] == [5, 4, 3, 2, 1]
        tamper(home, "DELETE FROM trail WHERE number = 2")
        assert broken(home) == (3,)
        with home.database.reading("a thief") as connection:
            entry = connection.execute(sa.text("SELECT entry FROM trail WHERE number = 3")).scalar()
        tamper(home, "UPDATE trail SET entry = :entry WHERE number = 4", entry=entry)
        assert broken(home) == (3, 4, 5)
        # A console that looked before looks at all of it again within the hour.
        assert office.check_trail().broken == ()
        clock.moment += WHOLE_EVERY
        assert office.check_trail().broken == (3, 4, 5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DELETE FROM trail WHERE number > 3", "entry 5"),
        ("DELETE FROM trail", "entry 5"),
        ("UPDATE trail SET entry = (SELECT entry FROM trail WHERE number = 4)", "entry 5"),
    ],
)
def test_an_end_that_was_cut_off_shows_and_going_on_does_not_hide_it(tmp_path, clock, change, says):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        office = Office(home, now=clock.now)
        for number in range(5):
            office.record(OWNER, "do", f"thing {number}")
        assert office.check_trail().head_fault == ""
        tamper(home, change)
        assert says in office.check_trail().head_fault
        office.record(OWNER, "do", "thing 5")
        assert office.check_trail().head_fault == ""
        last, found = office.trail(limit=2)
        assert (last.subject, found.action) == ("thing 5", "find the trail cut")
        assert says in found.detail


@pytest.mark.parametrize("data", [None, b"", b"{}", b"x" * 5_000, b"another's"], ids=range(5))
def test_a_head_that_is_gone_or_not_ours_is_told(tmp_path, clock, data):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        office = Office(home, now=clock.now)
        office.record(OWNER, "do", "thing")
        file = home.layout.directory / HEAD_FILE
        if data is None:
            file.unlink()
        elif data == b"another's":
            with Home.create(tmp_path / "other", name="Borea") as other:
                Office(other, now=clock.now).record(OWNER, "do", "thing")
                file.write_bytes((other.layout.directory / HEAD_FILE).read_bytes())
        else:
            file.write_bytes(data)
        assert HEAD_FILE in office.check_trail().head_fault


def test_a_visit_to_the_trail_looks_at_what_came_since_the_last(console, monkeypatch):
    office = console.desk.office
    seen = []
    check = TrailShelf.check

    def counted(shelf, keys, since):
        seen.append(since.number)
        return check(shelf, keys, since)

    monkeypatch.setattr(TrailShelf, "check", counted)
    visitor, _ = sign_in(console, Role.OVERSEER)
    for _ in range(2):
        assert "all were last checked" in visitor.ask("GET", "/trail").text
        office.record(OWNER, "do", "thing")
    assert seen[0] == 0
    assert seen[1] >= 3  # who added, made a link and signed in


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "invoice\u202egpj.exe",
    "zero\u200bwidth\u2066and\u2069isolates",
    "=cmd|' /C calc'!A0",
    "line\r\nset-cookie: a=b",
    "\u0430urel",  # the first letter is Cyrillic
    "\x1b[31mred\x00",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_an_event_says_is_shown_as_inert_text(console, clock, text):
    at = clock.moment.timestamp()
    alarm = Alarm("ab" * 32, AlarmKey(text, text, text), at, at, 1, 1)
    fields = json.dumps({text: text, "list": [text]})
    row = DetectionRow(
        "cd" * 32, "ab" * 32, text, text, text, at, at, fields, bytes(32), text.encode()
    )
    DetectionShelf(console.desk.home.database).keep(
        Taken(
            at=at,
            sources=[SourceRow(text, "{}", 1, 0, at)],
            alarms=[AlarmRow(alarm, text, text, json.dumps([text]))],
            detections=[row],
        )
    )
    visitor, _ = sign_in(console, Role.VIEWER)
    for path in ("/", "/alarms", f"/alarms/{'ab' * 32}"):
        shown = visitor.ask("GET", path).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        for hidden in "\u202e\u200b\u2066\u2069\x1b\x00":
            assert hidden not in shown
        if "\u202e" in text:
            assert "U+202E" in shown


PUBLIC_LABELS = [
    (Tlp.RED, Pap.CLEAR, "CC0-1.0", "TLP:RED"),
    (Tlp.AMBER, Pap.CLEAR, "CC0-1.0", "TLP:AMBER"),
    (Tlp.GREEN, Pap.CLEAR, "CC0-1.0", "TLP:GREEN"),
    (Tlp.CLEAR, Pap.GREEN, "CC0-1.0", "PAP:GREEN"),
    (Tlp.CLEAR, Pap.CLEAR, "NOASSERTION", "licence"),
]


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("console") / "unit"
    make_unit(place, ("Aurel", "Borea"))
    return place


@pytest.fixture
def in_unit(founded, tmp_path):
    """The console of a node that belongs to a unit, and its neighbour."""
    directories = copy_unit(founded, tmp_path / "unit")
    with opened(directories, "Aurel", "Borea") as (home, other):
        said = []
        yield Console(home, Place("localhost", ORIGIN), now=now, report=said.append), other
        assert said == []


def say_address(home, value, tlp, pap, licence="CC0-1.0"):
    table = f"type,value\nipv4-addr,{value}\n".encode()
    member = home.identity.member
    objects = import_file(Path("warning.csv"), table, member=member, now=now()).objects
    handling = Handling(kind=Kind.INDICATOR, tlp=tlp, pap=pap, licence=licence, count=1)
    return publish(home, objects, handling, audience=UNIT, now=now).payload_hash


def test_only_what_a_releaser_published_under_clear_is_on_the_public_page(in_unit):
    console, _ = in_unit
    home = console.desk.home
    kept = {
        say_address(home, f"198.51.100.{number}", tlp, pap, licence): says
        for number, (tlp, pap, licence, says) in enumerate(PUBLIC_LABELS, start=1)
    }
    unsaid = say_address(home, "203.0.113.8", Tlp.CLEAR, Pap.CLEAR)
    public = say_address(home, "203.0.113.9", Tlp.CLEAR, Pap.CLEAR)
    releaser, form = sign_in(console, Role.RELEASER)
    for statement, says in kept.items():
        shown = releaser.ask("GET", f"/warnings/{statement}").text
        assert "It cannot go there" in shown
        answer = releaser.ask("POST", f"/warnings/{statement}/public", data={"form": form})
        assert (answer.status_code, says in answer.text) == (400, True), answer.text
    for _ in range(2):  # said twice, it is said once
        answer = releaser.ask("POST", f"/warnings/{public}/public", data={"form": form})
        assert answer.status_code == 303
    analyst, form = sign_in(console, *set(Role) - {Role.RELEASER})
    answer = analyst.ask("POST", f"/warnings/{unsaid}/public", data={"form": form})
    assert answer.status_code == 403
    stranger = Visitor(console)
    found = stranger.ask("GET", "/public.json").json()["statements"]
    assert [each["id"] for each in found] == [public]
    page = stranger.ask("GET", "/public").text
    assert "203.0.113.9" in page
    assert "203.0.113.8" not in page
    assert "198.51.100" not in page
    assert len(home.index.statements(kind="publication")) == 1
    assert "disclose" in {each.action for each in console.desk.office.trail()}


def test_a_stranger_verifies_a_public_statement_and_sees_when_it_is_taken_back(in_unit, tmp_path):
    console, other = in_unit
    home = console.desk.home
    public = say_address(home, "203.0.113.9", Tlp.CLEAR, Pap.CLEAR)
    disclose(home, public[:12], now=now)
    cosign(home, other)
    stranger = Visitor(console)
    (row,) = stranger.ask("GET", "/public.json").json()["statements"]
    statement = parse_entry(b64decode(row["entry"]))
    (opening,) = (Opening.parse(b64decode(each)) for each in row["openings"])
    verify_opening(opening, statement.sealed, statement.header.position)
    assert [parse_strict(each.leaf.data) for each in opening.shown[1:]] == row["objects"]
    assert f"/public/{public}.tlog-proof" in stranger.ask("GET", "/public").text
    receipt = stranger.ask("GET", f"/public/{public}.tlog-proof").content
    charter = home.present_charter(home.charter)
    policy = Policy.parse(policy_text(charter, charter.member(home.identity.member)))
    seen = inspect_receipt(Receipt.parse(receipt), policy, b64decode(row["entry"]))
    assert len(seen.witnesses) >= 1
    for wrong in (f"/public/{public}", f"/public/{'0' * 64}.tlog-proof"):
        assert stranger.ask("GET", wrong).status_code == 404
    stand_beside(home, Kind.RETRACTION, public, reason="our own scanner", now=now)
    (gone,) = public_statements(home)
    assert gone.is_taken_back
    erase(home, public)
    assert public_statements(home) == []
    with pytest.raises(InputError, match="another member"):
        decide_public(other, read_said(home, public), circle=circle_of(other))


ALARM = "ab" * 32


def raise_alarm(console, entity="198.51.100.7", level="high", alarm=ALARM):
    at = console.desk.now().timestamp()
    row = Alarm(alarm, AlarmKey("rule-1", "proxy", entity), at, at, 3, 1)
    found = DetectionRow(
        alarm, alarm, "proxy", "1", "rule-1", at, at, '{"ip": "x"}', bytes(32), b"raw"
    )
    DetectionShelf(console.desk.home.database).keep(
        Taken(at=at, alarms=[AlarmRow(row, "Odd sign-in", level, "[]")], detections=[found])
    )


def step(visitor, form, name, alarm=ALARM, **fields):
    return visitor.ask("POST", f"/alarms/{alarm}/{name}", data={"form": form, **fields})


def done(console):
    """What the trail says was done, oldest first, without who came in."""
    found = [(each.action, each.detail) for each in reversed(console.desk.office.trail())]
    return [each for each in found if "alarm" in each[0] or "case" in each[0]]


def test_an_alarm_is_seen_given_away_dismissed_and_reopened_and_the_trail_says_by_whom(console):
    raise_alarm(console)
    analyst, form = sign_in(console, Role.ANALYST)
    viewer, _ = sign_in(console, Role.VIEWER)
    people = console.desk.office.shelf.people()
    assert "1 alarm of the last day" in viewer.ask("GET", "/").text
    assert "nobody has it yet" in viewer.ask("GET", "/").text
    assert step(analyst, form, "acknowledge").status_code == 303
    assert people[0].name in viewer.ask("GET", "/").text
    assert step(analyst, form, "assign", person=people[1].id).status_code == 400  # a viewer
    assert step(analyst, form, "assign", person=people[0].id).status_code == 303
    for fields in ({}, {"reason": "  "}, {"reason": "x" * 501}):
        assert step(analyst, form, "dismiss", **fields).status_code == 400
    assert step(analyst, form, "dismiss", reason="<b>our own scanner</b>").status_code == 303
    assert "Nothing was found" in viewer.ask("GET", "/").text
    assert "Odd sign-in" not in viewer.ask("GET", "/alarms?standing=wanting").text
    page = viewer.ask("GET", f"/alarms/{ALARM}").text
    assert "our own scanner" in page
    assert "<b>our" not in page
    assert "<button>" not in page  # what one may not do is not offered
    assert step(analyst, form, "reopen").status_code == 303
    assert "Odd sign-in" in viewer.ask("GET", "/alarms?standing=wanting").text
    assert [each[0] for each in done(console)] == [
        "acknowledge alarm", "assign alarm", "dismiss alarm", "reopen alarm"
    ]  # fmt: skip
    assert step(analyst, form, "burn").status_code == 404
    assert step(analyst, form, "dismiss", alarm="cd" * 32, reason="none").status_code == 400


def test_an_exclusion_is_of_one_rule_source_and_entity_and_ends_by_itself(console, clock):
    raise_alarm(console)
    raise_alarm(console, entity="198.51.100.8", alarm="cd" * 32)
    analyst, form = sign_in(console, Role.ANALYST)
    for days in ("", "0", "181", "-1", "1.5", "\u0663", "9" * 30):
        assert step(analyst, form, "exclude", reason="ours", days=days).status_code == 400
    assert step(analyst, form, "exclude", reason="", days="7").status_code == 400
    assert step(analyst, form, "exclude", reason="our scanner", days="7").status_code == 303
    wanting = analyst.ask("GET", "/alarms?standing=wanting").text
    assert ("198.51.100.7" in wanting, "198.51.100.8" in wanting) == (False, True)
    assert "our scanner" in analyst.ask("GET", f"/alarms/{ALARM}").text
    assert "until 2026-11-10: our scanner; rule rule-1" in done(console)[0][1]
    clock.moment += timedelta(days=7)
    analyst, form = sign_in(console, Role.ANALYST)
    assert "198.51.100.7" in analyst.ask("GET", "/alarms?standing=wanting&days=30").text
    assert step(analyst, form, "exclude", reason="again", days="7").status_code == 303
    assert step(analyst, form, "reopen").status_code == 303
    assert "198.51.100.7" in analyst.ask("GET", "/alarms?standing=wanting&days=30").text


def test_a_case_is_made_of_an_alarm_once_and_is_private(in_unit):
    console, _ = in_unit
    raise_alarm(console, entity="evil\u202e\ncase")
    analyst, form = sign_in(console, Role.ANALYST)
    for _ in range(2):
        assert step(analyst, form, "case").status_code == 303
    rows = Casework(Responder(console.desk.home, now=now)).listed()
    assert [(each.title, each.private, each.level) for each in rows] == [
        ("Odd sign-in", True, "high")
    ]
    assert rows[0].id in analyst.ask("GET", f"/alarms/{ALARM}").text
    assert [each[0] for each in done(console)] == ["make case"]
    assert console.desk.home.index.statements() == []  # nothing left the house


def write(visitor, form, **fields):
    whole = {
        "form": form,
        "words": "Seen at our proxy",
        "values": "ipv4-addr 198.51.100.7",
        "tlp": "amber",
        "pap": "amber",
        "licence": "NOASSERTION",
        "to": "unit",
    }
    return visitor.ask("POST", f"/alarms/{ALARM}/warning", data=whole | fields)


def looked_at(page):
    return page.partition('name="looked_at" value="')[2].partition('"')[0]


def test_a_warning_is_drafted_by_an_analyst_looked_at_and_released_by_a_releaser_alone(in_unit):
    console, other = in_unit
    raise_alarm(console)
    index = console.desk.home.index
    analyst, form = sign_in(console, Role.ANALYST)
    place = write(analyst, form, to=other.identity.member).headers["location"]
    page = analyst.ask("GET", place).text
    assert "addressed by name; TLP:AMBER reaches it; passed on to" in page
    assert "its issuer has not published it" in page
    assert looked_at(page) == ""  # an analyst is not offered to release
    answer = analyst.ask("POST", f"{place}/release", data={"form": form, "looked_at": "00"})
    assert answer.status_code == 403
    releaser, form = sign_in(console, Role.RELEASER)
    seen = looked_at(releaser.ask("GET", place).text)
    for wrong in ("", "00", "0" * 64):
        answer = releaser.ask("POST", f"{place}/release", data={"form": form, "looked_at": wrong})
        assert answer.status_code == 400
    assert index.statements() == []  # nothing left so far
    answer = releaser.ask("POST", f"{place}/release", data={"form": form, "looked_at": seen})
    assert answer.status_code == 303
    (said,) = index.statements()
    assert answer.headers["location"] == f"/warnings/{said.row.payload_hash}"
    statement = read_said(console.desk.home, said.row.payload_hash).statement
    assert statement.sealed.audience == (other.identity.member,)
    again = releaser.ask("POST", f"{place}/release", data={"form": form, "looked_at": seen})
    assert again.status_code == 400
    assert len(index.statements()) == 1
    trail = [each.action for each in console.desk.office.trail()]
    assert trail[:1] + [each for each in trail if each == "draft warning"] == [
        "release warning", "draft warning"
    ]  # fmt: skip


def test_a_preview_tells_each_label_from_the_next_and_a_dropped_draft_never_leaves(in_unit):
    console, _ = in_unit
    raise_alarm(console)
    both, form = sign_in(console, Role.ANALYST, Role.RELEASER)
    tools, clients = "Our own tools, by a token", "Organisations we serve, by a token"
    reached = {"red": (tools,), "amber+strict": (tools,), "amber": (tools, clients)}
    for tlp, who in reached.items():
        page = both.ask("GET", write(both, form, tlp=tlp).headers["location"]).text
        rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")
        sees = {
            name: "all of it" in row for row in rows for name in (tools, clients) if name in row
        }
        assert sees == {tools: tools in who, clients: clients in who}, tlp
    place = write(both, form).headers["location"]
    seen = looked_at(both.ask("GET", place).text)
    assert both.ask("POST", f"{place}/drop", data={"form": form}).status_code == 303
    answer = both.ask("POST", f"{place}/release", data={"form": form, "looked_at": seen})
    assert answer.status_code == 400
    assert console.desk.home.index.statements() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"to": ()},
        {"to": "0" * 64},
        {"to": ("unit", "0" * 64)},
        {"tlp": ""},
        {"pap": "loud"},
        {"licence": "MINE"},
        {"words": "", "values": ""},
        {"values": "ipv4-addr"},
        {"values": "ipv4-addr 1.2.3"},
        {"values": "ipv4-addr 1.2.3.4\n" * 201},
        {"words": "x" * 20_001},
    ],
    ids=str,
)
def test_a_draft_that_says_nothing_to_nobody_is_refused(in_unit, fields):
    console, _ = in_unit
    raise_alarm(console)
    analyst, form = sign_in(console, Role.ANALYST)
    assert write(analyst, form, **fields).status_code == 400
    assert Drafter(console.desk.home, console.desk.office, now=now).listed(limit=9) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_draft_and_a_reason_say_is_shown_as_inert_text(in_unit, text):
    console, _ = in_unit
    raise_alarm(console, entity=text)
    analyst, form = sign_in(console, Role.ANALYST)
    step(analyst, form, "exclude", reason=text, days="2")
    place = write(analyst, form, words=text).headers["location"]
    for path in (place, "/drafts", f"/alarms/{ALARM}", f"/alarms/{ALARM}/warning"):
        answer = analyst.ask("GET", path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        for hidden in "\u202e\u200b\u2066\u2069\x1b\x00":
            assert hidden not in answer.text

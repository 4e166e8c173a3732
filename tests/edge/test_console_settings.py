"""The settings page ends sessions and takes tokens back, for the administrator alone. (issue 7)"""

from datetime import timedelta
from secrets import token_bytes

import pytest

from detente.console.hosting import Console
from detente.node.home import Home
from detente.node.offices import Role
from detente.node.signing_in import SESSION_RESTS, Place
from detente.storage.tokens import ReaderKind, Token, TokenShelf
from tests.edge.test_console import HOSTILE, ORIGIN, Clock, Visitor, sign_in


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def console(tmp_path, clock):
    home = Home.create(tmp_path / "office", name="Aurel")
    said = []
    yield Console(home, Place("localhost", ORIGIN), now=clock.now, report=said.append)
    home.close()
    assert said == []


def give_token(console, name="siem"):
    now = console.desk.now()
    token = Token(
        id=token_bytes(8).hex(),
        name=name,
        reader=ReaderKind.OWN,
        use="any",
        may_read=frozenset({"*"}),
        may_write=False,
        created=now,
        expires=now + timedelta(days=30),
    )
    secret = token_bytes(32)
    return token, secret, TokenShelf(console.desk.home.database).add(token, secret)


def last_action(console):
    entry = console.desk.office.trail(limit=1)[0]
    return entry.action, entry.subject


def test_the_page_shows_sessions_tokens_public_keys_and_retention_and_no_secret(console):
    administrator, form = sign_in(console, Role.ADMINISTRATOR)
    _, secret, text = give_token(console)
    page = administrator.ask("GET", "/settings").text
    for shown in ("(this one)", "siem", "governance", "watch_evidence_days", "never"):
        assert shown in page
    for hidden in (administrator.cookie, secret.hex(), text):
        assert hidden not in page
    assert form in page  # its own forms show it


def test_an_administrator_ends_a_session_of_another_and_the_trail_says_so(console):
    administrator, form = sign_in(console, Role.ADMINISTRATOR)
    viewer, _ = sign_in(console, Role.VIEWER)
    whose = console.desk.office.shelf.people()[-1]
    (session,) = console.desk.office.shelf.sessions(whose.id)
    fields = {"form": form, "person": whose.id, "session": session.id}
    for wrong in ({"session": ""}, {"session": "0" * 16}, {"person": "0" * 16}, {"person": ""}):
        answer = administrator.ask("POST", "/settings/sessions", data=fields | wrong)
        assert answer.status_code == 400
    assert viewer.ask("GET", "/me").status_code == 200
    assert administrator.ask("POST", "/settings/sessions", data=fields).status_code == 303
    assert viewer.ask("GET", "/me").status_code == 303
    assert last_action(console) == ("end session of another", whose.name)
    assert administrator.ask("POST", "/settings/sessions", data=fields).status_code == 400
    assert administrator.ask("GET", "/me").status_code == 200


def test_a_token_taken_back_counts_for_nothing_at_once_and_no_longer_offers_it(console):
    administrator, form = sign_in(console, Role.ADMINISTRATOR)
    token, _, text = give_token(console)
    shelf = TokenShelf(console.desk.home.database)
    assert shelf.check(text, now=console.desk.now()) is not None
    fields = {"form": form, "token": token.id}
    for wrong in ({"token": ""}, {"token": "nobody"}):
        answer = administrator.ask("POST", "/settings/tokens", data=fields | wrong)
        assert answer.status_code == 400
    assert administrator.ask("POST", "/settings/tokens", data=fields).status_code == 303
    fresh = TokenShelf(console.desk.home.database)
    assert fresh.check(text, now=console.desk.now()) is None
    assert last_action(console) == ("revoke token", "siem")
    assert 'action="/settings/tokens"' not in administrator.ask("GET", "/settings").text


@pytest.mark.parametrize("path", ["/settings/sessions", "/settings/tokens"])
def test_no_other_role_no_stranger_and_no_form_of_another_session_does_either(console, path):
    administrator, form = sign_in(console, Role.ADMINISTRATOR)
    person = console.desk.office.shelf.people()[0]
    (session,) = console.desk.office.shelf.sessions(person.id)
    token, _, _ = give_token(console)
    fields = {"person": person.id, "session": session.id, "token": token.id}
    others, theirs = sign_in(console, *set(Role) - {Role.ADMINISTRATOR})
    assert others.ask("POST", path, data=fields | {"form": theirs}).status_code == 403
    assert others.ask("GET", "/settings").status_code == 403
    stranger = Visitor(console).ask("POST", path, data=fields | {"form": form})
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/enter")
    for wrong in ({}, {"form": ""}, {"form": theirs}):
        assert administrator.ask("POST", path, data=fields | wrong).status_code == 403
    assert console.desk.office.shelf.sessions(person.id) == [session]
    assert TokenShelf(console.desk.home.database).list()[0].revoked is None


def test_a_session_that_rested_too_long_is_not_listed_as_present(console, clock):
    sign_in(console, Role.VIEWER)
    clock.moment += SESSION_RESTS
    administrator, _ = sign_in(console, Role.ADMINISTRATOR)
    page = administrator.ask("GET", "/settings").text
    assert page.count('action="/settings/sessions"') == 1


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_browser_calls_itself_is_shown_as_inert_text(console, text):
    administrator, _ = sign_in(console, Role.ADMINISTRATOR)
    person = console.desk.office.shelf.people()[0]
    console.desk.entrance.begin(person, browser=text)
    page = administrator.ask("GET", "/settings").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    for hidden in "\u202e\u200b\u2066\u2069\x1b\x00":
        assert hidden not in page

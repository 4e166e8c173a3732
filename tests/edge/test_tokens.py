"""A token counts while it lives and was not taken back, and its secret is nowhere. (A53)"""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from detente.errors import InputError
from detente.storage import create_database, open_database
from detente.storage import tokens as module
from detente.storage.schema import access_token
from detente.storage.tokens import ReaderKind, Token, TokenShelf

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = bytes(range(32))


@pytest.fixture
def database(place):
    database = create_database(place)
    yield database
    database.close()


@pytest.fixture
def shelf(database):
    return TokenShelf(database)


def token(name="siem", number=1, days=30, **changed):
    made = {
        "id": f"{number:016x}",
        "name": name,
        "reader": ReaderKind.OWN,
        "use": "passive",
        "may_read": frozenset(("alerting", "kind:indicator")),
        "may_write": True,
        "created": NOW,
        "expires": NOW + timedelta(days=days),
    }
    return Token(**(made | changed))


def test_a_token_is_known_by_its_text_and_by_nothing_less(shelf):
    text = shelf.add(token(), SECRET)
    found = shelf.check(text, now=NOW)
    assert found is not None
    assert (found.name, found.may_read, found.may_write) == (
        "siem",
        frozenset(("alerting", "kind:indicator")),
        True,
    )
    wrong = [
        "",
        text[:-1],
        text + "0",
        text.upper(),
        text.replace("dtt_", "dtx_"),
        text[:-1] + ("0" if text[-1] != "0" else "1"),
        f"dtt_{2:016x}_{SECRET.hex()}",
        f"dtt_{1:016x}_",
        " " + text,
        text + "\n",
        "dtt_" + "\u0661" * 16 + "_" + SECRET.hex(),
    ]
    assert [each for each in wrong if shelf.check(each, now=NOW) is not None] == []


def test_its_secret_is_kept_nowhere(shelf, database, tmp_path):
    text = shelf.add(token(), SECRET)
    shelf.check(text, now=NOW)
    with database.reading() as connection:
        (row,) = connection.execute(select(access_token)).all()
    assert hashlib.sha256(SECRET).digest() in row
    assert SECRET not in row
    assert SECRET.hex() not in row
    for path in tmp_path.iterdir():
        kept = path.read_bytes()
        assert SECRET not in kept
        assert SECRET.hex().encode() not in kept
        if path.name == "node.db-wal":
            assert hashlib.sha256(SECRET).digest() in kept


def test_it_ends_when_it_expires(shelf):
    text = shelf.add(token(days=1), SECRET)
    assert shelf.check(text, now=NOW + timedelta(hours=23, minutes=59)) is not None
    assert shelf.check(text, now=NOW + timedelta(days=1)) is None


def test_it_ends_when_it_is_taken_back_by_name_or_id(shelf):
    first, second = shelf.add(token(), SECRET), shelf.add(token("other", 2), SECRET)
    assert shelf.check(first, now=NOW) is not None
    shelf.revoke("siem", now=NOW)
    shelf.revoke(f"{2:016x}", now=NOW)
    assert shelf.check(first, now=NOW) is None
    assert shelf.check(second, now=NOW) is None


def test_taken_back_by_another_process_it_ends_within_a_second(shelf, place, monkeypatch):
    text = shelf.add(token(), SECRET)
    moment = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: moment)
    assert shelf.check(text, now=NOW) is not None
    other = open_database(place)
    TokenShelf(other).revoke("siem", now=NOW)
    other.close()
    moment += 1.0
    assert shelf.check(text, now=NOW) is None


def test_taking_back_twice_keeps_the_first_moment(shelf):
    shelf.add(token(), SECRET)
    first = shelf.revoke("siem", now=NOW)
    assert shelf.revoke("siem", now=NOW + timedelta(days=3)).revoked == first.revoked == NOW
    with pytest.raises(InputError, match="no token is named"):
        shelf.revoke("nobody", now=NOW)


def test_a_name_is_used_once_for_ever(shelf):
    shelf.add(token(), SECRET)
    shelf.revoke("siem", now=NOW)
    with pytest.raises(InputError, match="already"):
        shelf.add(token(number=2), SECRET)


@pytest.mark.parametrize("name", ["", "Siem", "a b", "x" * 64, "-a", "a\n", "é"])
def test_a_name_is_plain(shelf, name):
    with pytest.raises(InputError, match="no name"):
        shelf.add(token(name), SECRET)


def test_no_token_lives_for_ever(shelf):
    with pytest.raises(InputError, match="at most"):
        shelf.add(token(days=367), SECRET)


def test_its_last_use_is_shown_to_the_minute_and_written_no_oftener(shelf, database):
    text = shelf.add(token(), SECRET)
    assert shelf.list()[0].last_used is None
    for seconds in range(0, 59, 7):
        shelf.check(text, now=NOW + timedelta(seconds=seconds))
    assert shelf.list()[0].last_used == NOW
    shelf.check(text, now=NOW + timedelta(seconds=61))
    assert shelf.list()[0].last_used == NOW + timedelta(seconds=61)


def test_a_wrong_secret_is_no_use(shelf, database):
    shelf.add(token(), SECRET)
    shelf.check(f"dtt_{1:016x}_{bytes(32).hex()}", now=NOW)
    with database.reading() as connection:
        assert connection.execute(select(access_token.c.last_used_at)).scalar() is None

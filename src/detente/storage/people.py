"""The people of one office and their passkeys, links and sessions, in its database.

TRUSTED. Whoever can write here can act as anybody. What opens a door (a link's secret, a
session's) is 32 random bytes, and only its SHA-256 is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from detente.errors import InputError
from detente.signing import canonical, parse_strict
from detente.storage.database import Database
from detente.storage.people_tables import console_session, entry_link, passkey, person

PASSKEYS_MAX = 20  # of one person
PEOPLE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here.

    Attributes:
        id: 16 hex digits.
        name: as the office writes it.
        roles: names of roles.
        added: when.
        removed: from then on the person may not sign in; None while it may.
    """

    id: str
    name: str
    roles: frozenset[str]
    added: datetime
    removed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One authenticator of one person.

    Attributes:
        credential: the id the authenticator gave it.
        person: whose.
        label: what the person calls it.
        public_key: COSE.
        uses: the authenticator's own count, 0 where it keeps none.
        added: when.
        used: when last; None if never.
    """

    credential: bytes
    person: str
    label: str
    public_key: bytes
    uses: int
    added: datetime
    used: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person signed in with one browser.

    Attributes:
        id: the first 16 hex digits of its hash, to name it by.
        person: who.
        form_secret: 32 bytes that a form of this session must show.
        browser: what the browser calls itself.
        made: when it began.
        seen: when it was used last, to the minute.
        ended: when it was ended by hand; None where it was not.
    """

    id: str
    person: str
    form_secret: bytes
    browser: str
    made: datetime
    seen: datetime
    ended: datetime | None = None


class PeopleShelf:
    """Who may sign in at a node. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, added: Person) -> None:
        """Keep a new person.

        Raises:
            InputError: too many people, or somebody of this name is here.
            StorageFault: the database refused.
        """
        row = {
            "id": added.id,
            "name": added.name,
            "roles": _print_roles(added.roles),
            "added_at": _seconds(added.added),
        }
        here = select(person.c.id).where(person.c.name == added.name, person.c.removed_at.is_(None))
        with self._database.writing("adding a person") as connection:
            if connection.execute(here).first() is not None:
                raise InputError(f"somebody called {added.name!r} is here already")
            if (connection.scalar(select(func.count()).select_from(person)) or 0) >= PEOPLE_MAX:
                raise InputError(f"an office has at most {PEOPLE_MAX} people")
            connection.execute(insert(person).values(row))

    def people(self) -> list[Person]:
        """Return everybody there ever was, oldest first.

        Raises:
            StorageFault: the database refused.
        """
        query = select(person).order_by(person.c.added_at, person.c.name)
        with self._database.reading("listing people") as connection:
            return [_person(row) for row in connection.execute(query)]

    def person(self, identifier: str) -> Person | None:
        """Return one person, None where there is none.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("finding a person") as connection:
            row = connection.execute(select(person).where(person.c.id == identifier)).first()
        return None if row is None else _person(row)

    def change(self, identifier: str, *, roles: frozenset[str]) -> None:
        """Give a person other roles.

        Raises:
            StorageFault: the database refused.
        """
        here = update(person).where(person.c.id == identifier)
        with self._database.writing("changing roles") as connection:
            connection.execute(here.values(roles=_print_roles(roles)))

    def remove(self, identifier: str, *, now: datetime) -> None:
        """Let a person sign in no more, and end its sessions and links.

        Raises:
            StorageFault: the database refused.
        """
        at = _seconds(now)
        with self._database.writing("removing a person") as connection:
            gone = person.c.id == identifier, person.c.removed_at.is_(None)
            connection.execute(update(person).where(*gone).values(removed_at=at))
            open_ = console_session.c.person == identifier, console_session.c.ended_at.is_(None)
            connection.execute(update(console_session).where(*open_).values(ended_at=at))
            unused = entry_link.c.person == identifier, entry_link.c.used_at.is_(None)
            connection.execute(update(entry_link).where(*unused).values(used_at=at))

    def add_passkey(self, added: Passkey) -> None:
        """Keep a person's new passkey.

        Raises:
            InputError: it is known already, or the person has too many.
            StorageFault: the database refused.
        """
        mine = select(func.count()).where(passkey.c.person == added.person)
        known = select(passkey.c.person).where(passkey.c.credential == added.credential)
        with self._database.writing("adding a passkey") as connection:
            if connection.execute(known).first() is not None:
                raise InputError("this passkey is known already")
            if (connection.scalar(mine) or 0) >= PASSKEYS_MAX:
                raise InputError(f"a person has at most {PASSKEYS_MAX} passkeys")
            row = {
                "credential": added.credential,
                "person": added.person,
                "label": added.label,
                "public_key": added.public_key,
                "uses": added.uses,
                "added_at": _seconds(added.added),
            }
            connection.execute(insert(passkey).values(row))

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return the passkey of this id, None where it is nobody's.

        Raises:
            StorageFault: the database refused.
        """
        found = self._passkeys(passkey.c.credential == credential)
        return found[0] if found else None

    def passkeys(self, identifier: str) -> list[Passkey]:
        """Return the passkeys of one person.

        Raises:
            StorageFault: the database refused.
        """
        return self._passkeys(passkey.c.person == identifier)

    def _passkeys(self, which: ColumnElement[bool]) -> list[Passkey]:
        with self._database.reading("finding passkeys") as connection:
            rows = connection.execute(select(passkey).where(which).order_by(passkey.c.added_at))
            return [_passkey(row) for row in rows]

    def note_use(self, credential: bytes, *, uses: int, now: datetime) -> None:
        """Keep the count an authenticator showed.

        Raises:
            StorageFault: the database refused.
        """
        here = update(passkey).where(passkey.c.credential == credential)
        with self._database.writing("noting the use of a passkey") as connection:
            connection.execute(here.values(uses=uses, used_at=_seconds(now)))

    def add_links(
        self,
        secrets: Sequence[bytes],
        identifier: str,
        *,
        purpose: str,
        made: datetime,
        ends: datetime | None,
    ) -> None:
        """Keep secrets that let a person in once each; older unused ones of the purpose end.

        Raises:
            StorageFault: the database refused.
        """
        rows = [
            {
                "digest": sha256(secret).digest(),
                "person": identifier,
                "purpose": purpose,
                "made_at": _seconds(made),
                "ends_at": None if ends is None else _seconds(ends),
            }
            for secret in secrets
        ]
        old = (
            entry_link.c.person == identifier,
            entry_link.c.purpose == purpose,
            entry_link.c.used_at.is_(None),
        )
        with self._database.writing("adding links") as connection:
            connection.execute(update(entry_link).where(*old).values(used_at=_seconds(made)))
            connection.execute(insert(entry_link), rows)

    def owner_of_link(self, secret: bytes, *, now: datetime, use: bool) -> tuple[str, str] | None:
        """Return whom a secret lets in and for what purpose, None where it counts for nothing.

        Args:
            secret: as shown.
            now: the moment.
            use: whether it is used up by this.

        Raises:
            StorageFault: the database refused.
        """
        good = (
            entry_link.c.digest == sha256(secret).digest(),
            entry_link.c.used_at.is_(None),
            entry_link.c.ends_at.is_(None) | (entry_link.c.ends_at > _seconds(now)),
        )
        with self._database.reading("looking at a link") as connection:
            row = connection.execute(select(entry_link).where(*good)).first()
        if use and row is not None:  # what strangers try writes nothing
            done = update(entry_link).where(*good).values(used_at=_seconds(now))
            with self._database.writing("using up a link") as connection:
                row = row if connection.execute(done).rowcount else None
        return None if row is None else (str(row.person), str(row.purpose))

    def unused_links(self, identifier: str, *, purpose: str) -> int:
        """Return how many secrets a person still has.

        Raises:
            StorageFault: the database refused.
        """
        query = select(func.count()).where(
            entry_link.c.person == identifier,
            entry_link.c.purpose == purpose,
            entry_link.c.used_at.is_(None),
        )
        with self._database.reading("counting links") as connection:
            return int(connection.scalar(query) or 0)

    def begin(self, secret: bytes, began: Session) -> None:
        """Keep a session.

        Raises:
            StorageFault: the database refused.
        """
        row = {
            "digest": sha256(secret).digest(),
            "person": began.person,
            "form_secret": began.form_secret,
            "browser": began.browser,
            "made_at": _seconds(began.made),
            "seen_at": _seconds(began.seen),
        }
        with self._database.writing("beginning a session") as connection:
            connection.execute(insert(console_session).values(row))

    def session(self, secret: bytes) -> Session | None:
        """Return the session of this secret, ended or not; None where there is none.

        Raises:
            StorageFault: the database refused.
        """
        here = select(console_session).where(console_session.c.digest == sha256(secret).digest())
        with self._database.reading("finding a session") as connection:
            row = connection.execute(here).first()
        return None if row is None else _session(row)

    def sessions(self, identifier: str) -> list[Session]:
        """Return the sessions of a person that were not ended, newest first.

        Raises:
            StorageFault: the database refused.
        """
        query = (
            select(console_session)
            .where(console_session.c.person == identifier, console_session.c.ended_at.is_(None))
            .order_by(console_session.c.made_at.desc())
        )
        with self._database.reading("listing sessions") as connection:
            return [_session(row) for row in connection.execute(query)]

    def note_seen(self, secret: bytes, *, now: datetime) -> None:
        """Keep when a session was used last.

        Raises:
            StorageFault: the database refused.
        """
        here = console_session.c.digest == sha256(secret).digest()
        with self._database.writing("noting the use of a session") as connection:
            connection.execute(update(console_session).where(here).values(seen_at=_seconds(now)))

    def end(self, identifier: str, session: str, *, now: datetime) -> None:
        """End a person's session, or all of them where `session` is empty.

        Raises:
            StorageFault: the database refused.
        """
        ended = [each for each in self.sessions(identifier) if session in ("", each.id)]
        starts = [bytes.fromhex(each.id) for each in ended]
        with self._database.writing("ending sessions") as connection:
            for start in starts:
                here = func.substr(console_session.c.digest, 1, len(start)) == start
                done = update(console_session).where(here).values(ended_at=_seconds(now))
                connection.execute(done)


def _print_roles(roles: frozenset[str]) -> str:
    return canonical(sorted(roles)).decode()


def _person(row: Row[Any]) -> Person:
    roles = parse_strict(row.roles.encode())
    return Person(
        id=row.id,
        name=row.name,
        roles=frozenset(map(str, roles if isinstance(roles, list) else ())),
        added=_moment(row.added_at),
        removed=None if row.removed_at is None else _moment(row.removed_at),
    )


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        credential=bytes(row.credential),
        person=row.person,
        label=row.label,
        public_key=bytes(row.public_key),
        uses=row.uses,
        added=_moment(row.added_at),
        used=None if row.used_at is None else _moment(row.used_at),
    )


def _session(row: Row[Any]) -> Session:
    return Session(
        id=bytes(row.digest)[:8].hex(),
        person=row.person,
        form_secret=bytes(row.form_secret),
        browser=row.browser,
        made=_moment(row.made_at),
        seen=_moment(row.seen_at),
        ended=None if row.ended_at is None else _moment(row.ended_at),
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

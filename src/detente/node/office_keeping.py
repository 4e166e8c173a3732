"""What an administrator looks after: who is signed in, which tools may ask, keys, and how long.

Nothing here reads content, and no secret is among what it shows: of a session or a token only
its hash is kept, and of a key the public half.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from detente.errors import InputError
from detente.node.home import Home
from detente.node.keykeeping import list_keys
from detente.node.offices import Office, Who
from detente.node.settings import ABOUT
from detente.node.signing_in import is_over
from detente.storage.people import Person, Session
from detente.storage.tokens import Token, TokenShelf

_RETENTION = ("watch_keep_days", "watch_keep_gb", "watch_evidence_days")


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody signed in with one browser.

    Attributes:
        person: who.
        session: with which browser, since when, seen when.
    """

    person: Person
    session: Session


@dataclass(frozen=True, slots=True)
class Retention:
    """How long something is kept, as the settings have it.

    Attributes:
        name: of the setting.
        value: a number; the sentence beside says of what.
        says: what it is for.
    """

    name: str
    value: int
    says: str


class OfficeKeeping:
    """What an administrator sees and ends. Safe for threads.

    Args:
        home: open.
        office: its people.
        now: the clock.
    """

    def __init__(self, home: Home, office: Office, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._office = office
        self._now = now
        self._tokens = TokenShelf(home.database)

    def present(self) -> list[Present]:
        """Return every session that still counts, by person, the newest first.

        Raises:
            StorageFault: the database refused.
        """
        now = self._now()
        return [
            Present(person, session)
            for person in self._office.shelf.people()
            if person.removed is None
            for session in self._office.shelf.sessions(person.id)
            if not is_over(session, now)
        ]

    def end_session(self, person: str, session: str, *, by: Who) -> None:
        """End one session of somebody; it counts for nothing from now on.

        Raises:
            InputError: nobody of this id is here, or no session of that person's is.
            StorageFault: the database refused.
        """
        whose = self._office.require(person)
        if session not in {each.id for each in self._office.shelf.sessions(whose.id)}:
            raise InputError(
                f"{whose.name!r} has no such session", remedy="It ended already; load the page anew"
            )
        self._office.shelf.end(whose.id, session, now=self._now())
        self._office.record(by, "end session of another", whose.name, detail=session)

    def tokens(self) -> list[Token]:
        """Return every token of an outside tool there ever was, oldest first; never a secret.

        Raises:
            StorageFault: the database refused.
        """
        return self._tokens.list()

    def revoke_token(self, identifier: str, *, by: Who) -> None:
        """Take a token back; what it brought stays, and names it.

        Raises:
            InputError: no token has this id or name.
            StorageFault: the database refused.
        """
        token = self._tokens.revoke(identifier, now=self._now())
        self._office.record(by, "revoke token", token.name, detail=token.id)

    def keys(self) -> list[dict[str, str]]:
        """Return a row for each key held here: slot, generation, public half, and its state.

        Raises:
            StorageFault: the disk refused.
        """
        return list_keys(self._home)

    def retention(self) -> list[Retention]:
        """Return how long events and evidence are kept, as set."""
        settings = self._home.settings
        return [
            Retention(name, int(getattr(settings, name)), ABOUT[name].says) for name in _RETENTION
        ]

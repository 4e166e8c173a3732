"""The people of one office: what each role may do, links to come in by, and the trail.

No role can do another's work: who governs lets nothing out, who administers reads no
content. One person may hold several roles, and the trail says under which name it acted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_bytes, token_hex

from detente.errors import InputError
from detente.node.home import Home
from detente.node.identity import check_label
from detente.node.trail_keeping import Trail, TrailReport
from detente.storage.people import PeopleShelf, Person
from detente.storage.trail import TrailEntry

LINK_LIVES = timedelta(hours=24)
RECOVERY_CODES = 8
_SECRET_BYTES = 20


class Role(StrEnum):
    """What a person of the office may do."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    RELEASER = "releaser"
    GOVERNOR = "governor"
    OVERSEER = "overseer"
    ADMINISTRATOR = "administrator"


ABOUT_ROLES = {
    Role.VIEWER: "Sees alarms, cases, warnings and elections; changes nothing.",
    Role.ANALYST: "Works on alarms and cases, and prepares warnings.",
    Role.RELEASER: "May let things out: publishes, retracts, disputes.",
    Role.GOVERNOR: "May vote, with a passkey touched for each vote.",
    Role.OVERSEER: "Sees the ledger, the charter and the record; no content.",
    Role.ADMINISTRATOR: "Adds and removes people and tokens; sees the trail.",
}


class Purpose(StrEnum):
    """What a secret lets a person in for."""

    ENROL = "enrol"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Who:
    """Who does something.

    Attributes:
        id: of the person; "" for the owner of the machine, and the node itself.
        name: as the office calls it.
    """

    id: str
    name: str


OWNER = Who("", "owner of this machine")


class Office:
    """The people of an open node. Safe for threads.

    Args:
        home: open.
        now: the clock.
    """

    def __init__(self, home: Home, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self.shelf = PeopleShelf(home.database)
        self._trail = Trail(home, now=now)

    def add(self, name: str, roles: Iterable[Role], *, by: Who) -> tuple[Person, str]:
        """Add a person; return it with the secret of its link, which is shown only now.

        Raises:
            InputError: a name that hides something, is taken, or no role.
            StorageFault: the database refused.
        """
        chosen = frozenset(each.value for each in roles)
        check_label(name, "")
        if not chosen:
            raise InputError("a person without a role can do nothing", remedy="Choose a role")
        added = Person(token_hex(8), name, chosen, self._now().replace(microsecond=0))
        self.shelf.add(added)
        self.record(by, "add person", name, detail=", ".join(sorted(chosen)))
        return added, self.make_link(added, by=by)

    def make_link(self, person: Person, *, by: Who) -> str:
        """Make a link by which a person enrols a passkey, once; older ones end.

        Raises:
            StorageFault: the database refused.
        """
        secret, now = token_bytes(_SECRET_BYTES), self._now()
        self.shelf.add_links(
            [secret], person.id, purpose=Purpose.ENROL, made=now, ends=now + LINK_LIVES
        )
        self.record(by, "make link", person.name)
        return secret.hex()

    def make_codes(self, person: Person, *, by: Who) -> list[str]:
        """Make recovery codes to print; the old ones end.

        Raises:
            StorageFault: the database refused.
        """
        secrets = [token_bytes(_SECRET_BYTES) for _ in range(RECOVERY_CODES)]
        self.shelf.add_links(
            secrets, person.id, purpose=Purpose.RECOVERY, made=self._now(), ends=None
        )
        self.record(by, "make recovery codes", person.name)
        return [secret.hex() for secret in secrets]

    def change_roles(self, identifier: str, roles: Iterable[Role], *, by: Who) -> None:
        """Give a person other roles.

        Raises:
            InputError: nobody, no role, or the office would have no administrator.
            StorageFault: the database refused.
        """
        person = self.require(identifier)
        chosen = frozenset(each.value for each in roles)
        if not chosen:
            raise InputError("a person without a role can do nothing", remedy="Remove the person")
        if Role.ADMINISTRATOR not in chosen:
            self._require_other_administrator(person)
        self.shelf.change(person.id, roles=chosen)
        self.record(by, "change roles", person.name, detail=", ".join(sorted(chosen)))

    def remove(self, identifier: str, *, by: Who) -> None:
        """Let a person in no more.

        Raises:
            InputError: nobody, or the office would have no administrator.
            StorageFault: the database refused.
        """
        person = self.require(identifier)
        self._require_other_administrator(person)
        self.shelf.remove(person.id, now=self._now())
        self.record(by, "remove person", person.name)

    def require(self, identifier: str) -> Person:
        """Return a person who may sign in.

        Raises:
            InputError: there is none of this id.
        """
        person = self.shelf.person(identifier)
        if person is None or person.removed is not None:
            raise InputError("nobody of this id is here")
        return person

    def administrators(self) -> list[Person]:
        """Return who may add people."""
        return [
            each
            for each in self.shelf.people()
            if each.removed is None and Role.ADMINISTRATOR in each.roles
        ]

    def _require_other_administrator(self, person: Person) -> None:
        left = [each for each in self.administrators() if each.id != person.id]
        if Role.ADMINISTRATOR in person.roles and not left:
            raise InputError(
                f"{person.name!r} is the only administrator", remedy="Make another one first"
            )

    def record(self, who: Who, action: str, subject: str, *, detail: str = "") -> None:
        """Keep what somebody did.

        Raises:
            StorageFault: the database or the disk refused.
        """
        self._trail.record(who.id, who.name, action, subject[:500], detail[:2_000])

    def trail(self, *, before: int = 0, limit: int = 100) -> list[TrailEntry]:
        """Return what was done, the newest first.

        Raises:
            StorageFault: the database refused, or an entry is damaged.
        """
        return self._trail.newest(before=before, limit=limit)

    def check_trail(self) -> TrailReport:
        """Say whether the trail holds: altered entries, and an end that was cut off.

        Raises:
            StorageFault: the database refused, or an entry is damaged.
        """
        return self._trail.check()

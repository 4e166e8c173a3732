"""What the TAXII edge needs from outside. Called in threads, but for what is `async`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.resources import Catalogue
from detente.release import Circle, Held


@dataclass(frozen=True, slots=True)
class Ground:
    """What the gate decides about, for one statement.

    Attributes:
        held: the statement; of its leaves only those that stand for the others.
        grades: for each grade the leaves that must all be cleared for its objects to go.
        owner: whose object ids these are: the member, and the account that brought them.
    """

    held: Held
    grades: tuple[tuple[int, ...], ...]
    owner: str


class PageRun(Protocol):
    """Objects of a page that share statement and grade.

    UNTRUSTED: a value of the shelf.
    """

    @property
    def start(self) -> int:
        """Place of the first."""
        ...

    @property
    def end(self) -> int:
        """Place after the last."""
        ...

    @property
    def statement(self) -> int:
        """Number of the statement."""
        ...

    @property
    def grade(self) -> int:
        """Index into its grades."""
        ...


class ShelfPage(Protocol):
    """Objects as they are sent, and what stands beside them.

    UNTRUSTED: a value of the shelf; what of it may go, the gate says.
    """

    @property
    def runs(self) -> Sequence[PageRun]:
        """By ascending place, without gaps."""
        ...

    @property
    def is_plain(self) -> bool:
        """True where no object shares its id with another, and none is gone."""
        ...

    @property
    def marks(self) -> bytes:
        """One byte for each object: 0, 1 (shares its id) or 2 (gone)."""
        ...

    @property
    def names(self) -> Sequence[tuple[str, str]]:
        """Id and version of each object."""
        ...

    def number_of(self, place: int) -> int:
        """Return the number of the object at a place."""
        ...

    def size(self, start: int, end: int) -> int:
        """Return how many bytes `slice` would return."""
        ...

    def slice(self, start: int, end: int) -> bytes:
        """Return the objects from `start` up to `end`, joined by commas."""
        ...


class Span(Protocol):
    """Consecutive objects of one page that entered a view one after the other.

    UNTRUSTED: a value of the shelf.
    """

    @property
    def page(self) -> ShelfPage:
        """Where they stand."""
        ...

    @property
    def start(self) -> int:
        """Place of the first."""
        ...

    @property
    def end(self) -> int:
        """Place after the last."""
        ...

    @property
    def added(self) -> int:
        """Microseconds since 1970 at which the first entered; each next one 1 later."""
        ...


class Walk(Protocol):
    """A step through a view.

    UNTRUSTED: a value of the shelf.
    """

    @property
    def spans(self) -> Sequence[Span]:
        """In order of entry."""
        ...

    @property
    def upto(self) -> int:
        """Everything that entered until this moment was looked at."""
        ...

    @property
    def ended(self) -> bool:
        """True where nothing follows."""
        ...


class SharedId(Protocol):
    """One of the objects that share an id.

    UNTRUSTED: a value of the shelf.
    """

    @property
    def number(self) -> int:
        """Of the object."""
        ...

    @property
    def id(self) -> str:
        """The STIX id."""
        ...

    @property
    def version(self) -> str:
        """As written, "" where it has none."""
        ...

    @property
    def statement(self) -> int:
        """Who said it."""
        ...

    @property
    def grade(self) -> int:
        """Within that statement."""
        ...


class Shelf(Protocol):
    """The objects this node may read, and views over them.

    UNTRUSTED: losing it costs the time to make it anew; a page that names the wrong
    statement for an object would let it out under that statement's label.
    """

    def walk(self, view: str, *, after: int, objects: int, types: Collection[str] = ()) -> Walk:
        """Return about so many objects that entered a view after a moment, in order of entry.

        Args:
            view: its name.
            after: microseconds since 1970.
            objects: look at no more than this, and what rounds it up.
            types: pages without an object of one of these may be left out.
        """
        ...

    def siblings(self, ids: Collection[str]) -> Mapping[str, Sequence[SharedId]]:
        """Return, for each id that stands here, all its objects in the order they came."""
        ...

    def dates(self, view: str, numbers: Collection[int]) -> Mapping[int, int]:
        """Return when each of these objects entered a view; who is not in it is left out."""
        ...

    def places(self, numbers: Collection[int]) -> Mapping[int, tuple[ShelfPage, int]]:
        """Return the page and place of each object."""
        ...


class Holdings(Protocol):
    """What the gate decides about.

    TRUSTED: a wrong answer lets content out under another label; `release.hold` checks it
    against the commitment in the log.
    """

    def ground(self, statement: int) -> Ground | None:
        """Return what the gate decides about, None where nothing of it is held."""
        ...

    def circle(self) -> Circle:
        """Return the unit as this node knows it now; the same value while nothing changed."""
        ...


class Tokens(Protocol):
    """Whose token it is.

    TRUSTED: a wrong answer lets a stranger in.
    """

    def check(self, text: str) -> Account | None:
        """Return the holder of a token that counts now."""
        ...


class Deposits(Protocol):
    """What accounts bring, and take back.

    TRUSTED: it speaks in this member's name.
    """

    async def add(self, account: Account, envelope: bytes) -> bytes:
        """Say what an account brings, and return the status resource.

        Raises:
            TaxiiError: the envelope cannot be read.
        """
        ...

    async def retract(self, account: Account, wanted: str, versions: frozenset[str]) -> None:
        """Take back what an account brought.

        Raises:
            TaxiiError: 404 where it is not there, 403 where another said it.
        """
        ...

    def status(self, account: Account, identifier: str) -> bytes | None:
        """Return the status resource of an earlier request of this account."""
        ...

    def refused(self, account: Account, wanted: str) -> None:
        """Keep that an account asked for an object it does not get, where it is here at all."""
        ...


class Desk(Protocol):
    """What stands behind the routes, together.

    TRUSTED as far as its parts are.
    """

    @property
    def shelf(self) -> Shelf:
        """The objects."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Who asks."""
        ...

    @property
    def deposits(self) -> Deposits:
        """Where what is brought goes."""
        ...

    def catalogue(self) -> Catalogue | None:
        """Return what is offered now, None while this node belongs to no unit."""
        ...

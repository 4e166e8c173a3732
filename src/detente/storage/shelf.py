"""The shelf: objects whose content this node may read, as they are sent to outside tools.

UNTRUSTED and made anew from logs and contents when lost. Nothing leaves from
here by itself: a page says of every object which statement and which grade it
came under, and only what the gate clears for those is cut out and sent.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, update

from detente.storage.database import Database
from detente.storage.schema import (
    progress,
    shelf_body,
    shelf_key,
    shelf_page,
    shelf_statement,
    shelf_stretch,
    shelf_view,
)
from detente.storage.shelf_pages import (
    GONE,
    Draft,
    Page,
    by_page,
    number_at,
    split,
)
from detente.storage.shelf_writing import PAGES, Lot, Writer, key_of, objects_under, read_page
from detente.storage.views import Stretches, enter, leave

_MEMORY_BYTES = 4 * 2**20
_TAKEN = "shelf"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the gate needs to decide again about a statement on the shelf.

    Attributes:
        statement: its number in the index of statements.
        issuer: hex member id.
        account: whose token brought it, or "".
        grades: for each grade the leaves that must all be cleared.
        opening: bytes of an opening that shows those leaves.
        first: number of its first object.
        count: how many objects it has here.
    """

    statement: int
    issuer: str
    account: str
    grades: tuple[tuple[int, ...], ...]
    opening: bytes
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Sibling:
    """One of the objects that share an id.

    Attributes:
        number: of the object.
        id: STIX id.
        version: as written, "" where it has none.
        statement: who said it, by number.
        grade: within that statement.
    """

    number: int
    id: str
    version: str
    statement: int
    grade: int


class Shelf:
    """The shelf, on an open database. One process writes; safe for its threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, Page] = OrderedDict()
        self._kept_bytes = 0
        self._changes = 0
        self._lock = Lock()

    # --- writing --------------------------------------------------------------------------

    def put(self, lots: Iterable[Lot], *, upto: int, now_us: int) -> None:
        """Put the objects of statements on the shelf, durable together, and into their views.

        Statements that stand here already are passed over.

        Args:
            lots: by ascending number of the statement.
            upto: every statement up to this number has been looked at.
            now_us: microseconds since 1970; no object enters a view later than this, unless
                more than one a microsecond came.

        Raises:
            StorageFault: the database refused; nothing is stored.
        """
        with self._database.writing("putting objects on the shelf") as connection:
            writer = Writer(connection)
            for lot in lots:
                if not _stands(connection, lot.statement):
                    writer.put(lot)
            writer.finish(now_us)
            _advance(connection, _TAKEN, upto)
        self._forget_pages(writer.touched)

    def withdraw(self, numbers: Collection[int], views: Collection[str] | None = None) -> None:
        """Take objects out of these views, or of all; on the shelf they stay.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._database.writing("taking objects out of views") as connection:
            leave(connection, sorted(numbers), views)

    def enter(self, view: str, numbers: Collection[int], *, now_us: int) -> None:
        """Let objects enter a view now; who is in it already stays as it is.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._database.writing("letting objects enter a view") as connection:
            here = Stretches.dates_on(connection, view, numbers)
            spans = list(split(sorted(set(numbers) - here.keys())))
            enter(connection, view, spans, now_us=now_us)

    def clear(self, view: str) -> None:
        """Take every object out of a view.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._database.writing("emptying a view") as connection:
            here = select(shelf_view.c.number).where(shelf_view.c.name == view)
            gone = delete(shelf_stretch).where(shelf_stretch.c.view == here.scalar_subquery())
            connection.execute(gone)

    def erase(self, statement: int) -> None:
        """Leave nothing here of what a statement said, nor of what the gate was shown of it.

        What remains of it elsewhere may be put here anew.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._database.writing("erasing objects from the shelf") as connection:
            basis = _basis(connection, statement)
            if basis is None:
                return
            numbers = range(basis.first, basis.first + basis.count)
            leave(connection, numbers, None)
            for page, places in by_page(numbers).items():
                _erase_places(connection, page, places)
            connection.execute(delete(shelf_statement).where(shelf_statement.c.number == statement))
        self._forget_pages(None)

    def advance(self, name: str, value: int) -> None:
        """Remember how far something has come."""
        with self._database.writing("noting progress") as connection:
            _advance(connection, name, value)

    # --- reading --------------------------------------------------------------------------

    def progress(self, name: str = _TAKEN) -> int:
        """Return how far something has come; by default the last statement looked at."""
        query = select(progress.c.value).where(progress.c.name == name)
        with self._database.reading("reading the progress") as connection:
            return int(connection.execute(query).scalar() or 0)

    def progresses(self, prefix: str) -> dict[str, int]:
        """Return every name that begins like this, and how far it has come."""
        query = select(progress).where(progress.c.name.startswith(prefix, autoescape=True))
        with self._database.reading("reading the progress") as connection:
            return {row.name: int(row.value) for row in connection.execute(query)}

    def basis(self, statement: int) -> Basis | None:
        """Return what the gate needs about a statement, None where none of it stands here."""
        with self._database.reading("reading the shelf") as connection:
            return _basis(connection, statement)

    def pages(self, numbers: Collection[int]) -> list[Page]:
        """Return these pages with their bytes, ascending; what does not exist is left out.

        Raises:
            StorageFault: the database refused.
        """
        with self._lock:
            changes = self._changes
            found = {n: self._kept[n] for n in numbers if n in self._kept}
            for number in found:
                self._kept.move_to_end(number)
        missing = sorted(set(numbers) - found.keys())
        if missing:
            with self._database.reading("reading the shelf") as connection:
                rows = connection.execute(PAGES, {"numbers": missing}).all()
            read = {row.number: Page(row._mapping) for row in rows}
            self._keep(read.values(), changes)
            found |= read
        return [found[number] for number in sorted(found)]

    def holding(self, types: Collection[str], first_page: int, last_page: int) -> list[int]:
        """Return which of the pages [first, last] hold an object of one of these types."""
        query = select(shelf_page.c.number, shelf_page.c.types).where(
            shelf_page.c.number.between(first_page, last_page)
        )
        wanted = frozenset(types)
        with self._database.reading("searching the shelf") as connection:
            rows = connection.execute(query.order_by(shelf_page.c.number)).all()
        return [number for number, held in rows if not wanted.isdisjoint(held.split())]

    def siblings(self, ids: Collection[str]) -> dict[str, list[Sibling]]:
        """Return, for each id that stands here, all its objects in the order they came.

        Raises:
            StorageFault: the database refused.
        """
        keys = {key_of(each): each for each in ids}
        with self._database.reading("looking up ids") as connection:
            numbers = [number for _key_, number in objects_under(connection, list(keys))]
        found: dict[str, list[Sibling]] = {}
        for page, places in by_page(sorted(numbers)).items():
            for kept in self.pages([page]):
                for place in places:
                    self._add_sibling(found, kept, place, ids)
        return found

    @staticmethod
    def _add_sibling(
        found: dict[str, list[Sibling]], page: Page, place: int, ids: Collection[str]
    ) -> None:
        identifier, version = page.names[place]
        if identifier in ids and page.marks[place] != GONE:
            run = next(run for run in page.runs if run.start <= place < run.end)
            number = number_at(page.number, place)
            sibling = Sibling(number, identifier, version, run.statement, run.grade)
            found.setdefault(identifier, []).append(sibling)

    def _keep(self, pages: Iterable[Page], changes: int) -> None:
        with self._lock:
            if changes != self._changes:
                return  # they were read before a change, and may be as they were then
            for page in pages:
                if page.number not in self._kept:
                    self._kept_bytes += page.sized()
                self._kept[page.number] = page
            while self._kept_bytes > _MEMORY_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= oldest.sized()

    def _forget_pages(self, numbers: Collection[int] | None) -> None:
        with self._lock:
            self._changes += 1
            for number in list(self._kept) if numbers is None else numbers:
                if (page := self._kept.pop(number, None)) is not None:
                    self._kept_bytes -= page.sized()


def _stands(connection: Connection, statement: int) -> bool:
    here = shelf_statement.c.number == statement
    return connection.execute(select(shelf_statement.c.number).where(here)).first() is not None


def _basis(connection: Connection, statement: int) -> Basis | None:
    here = shelf_statement.c.number == statement
    row = connection.execute(select(shelf_statement).where(here)).first()
    return None if row is None else _read_basis(row)


def _read_basis(row: Row[Any]) -> Basis:
    return Basis(
        statement=row.number,
        issuer=row.issuer.hex(),
        account=row.account,
        grades=tuple(tuple(grade) for grade in orjson.loads(row.grades)),
        opening=row.opening,
        first=row.first,
        count=row.length,
    )


def _erase_places(connection: Connection, page: int, places: Iterable[int]) -> None:
    kept = read_page(connection, page)
    if kept is None:
        return
    places = list(places)
    keys = [key_of(kept.names[place][0]) for place in places]
    for key, place in zip(keys, places, strict=True):
        here = (shelf_key.c.id_hash == key) & (shelf_key.c.object == number_at(page, place))
        connection.execute(delete(shelf_key).where(here))
    draft = Draft.of(kept)
    draft.forget(places)
    connection.execute(update(shelf_page).where(shelf_page.c.number == page).values(draft.head()))
    connection.execute(update(shelf_body).where(shelf_body.c.number == page).values(draft.body()))


def _advance(connection: Connection, name: str, value: int) -> None:
    here = progress.c.name == name
    if not connection.execute(update(progress).where(here).values(value=value)).rowcount:
        connection.execute(insert(progress).values(name=name, value=value))

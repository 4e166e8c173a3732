"""Views over the shelf: which objects stand in which collection, since when.

UNTRUSTED, like the shelf. A view is stretches of object numbers in the order in
which they entered. Every object of a view has a moment of its own: who asks for
what came after some moment gets exactly the rest, whatever came at once.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from detente.storage.database import Database
from detente.storage.schema import shelf_stretch, shelf_view
from detente.storage.shelf_pages import split

_ONE_QUERY = 400


class Stretch(NamedTuple):
    """Objects with consecutive numbers that entered a view one after the other.

    Attributes:
        added: microseconds since 1970 at which the first entered; each next one 1 later.
        first: number of the first object.
        length: how many.
    """

    added: int
    first: int
    length: int


class Stretches:
    """Reads views; on an open database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}

    def after(self, view: str, moment: int, *, limit: int) -> list[Stretch]:
        """Return up to `limit` stretches of what entered after a moment, in order of entry.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("reading a view") as connection:
            number = self._number(connection, view)
            if number is None:
                return []
            here = shelf_stretch.c.view == number
            start = (
                select(func.max(shelf_stretch.c.added))
                .where(here, shelf_stretch.c.added <= moment)
                .scalar_subquery()
            )
            query = (
                select(shelf_stretch.c.added, shelf_stretch.c.first, shelf_stretch.c.length)
                .where(here, shelf_stretch.c.added >= func.coalesce(start, 0))
                .order_by(shelf_stretch.c.added)
                .limit(limit + 1)
            )
            rows = connection.execute(query).all()
        stretches = [_after(Stretch(*row), moment) for row in rows]
        return [each for each in stretches if each.length > 0][:limit]

    def dates(self, view: str, numbers: Collection[int]) -> dict[int, int]:
        """Return when each of these objects entered a view; who is not in it is left out.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("reading a view") as connection:
            return self.dates_on(connection, view, numbers)

    @staticmethod
    def dates_on(connection: Connection, view: str, numbers: Collection[int]) -> dict[int, int]:
        """Return the same within a transaction."""
        found: dict[int, int] = {}
        number = connection.execute(
            select(shelf_view.c.number).where(shelf_view.c.name == view)
        ).scalar()
        if number is None:
            return found
        for start, end in split(sorted(set(numbers))):
            for stretch in _overlapping(connection, number, start, end):
                low, high = max(start, stretch.first), min(end, stretch.first + stretch.length)
                found.update((n, stretch.added + n - stretch.first) for n in range(low, high))
        return found

    def _number(self, connection: Connection, view: str) -> int | None:
        if view not in self._numbers:
            query = select(shelf_view.c.number).where(shelf_view.c.name == view)
            number = connection.execute(query).scalar()
            if number is None:
                return None
            self._numbers[view] = number
        return self._numbers[view]


def enter(
    connection: Connection, view: str, spans: Sequence[tuple[int, int]], *, now_us: int
) -> None:
    """Append objects to a view, given as [start, end) in this order, the last of them now."""
    total = sum(end - start for start, end in spans)
    if not total:
        return
    number = _view_number(connection, view)
    last = _last(connection, number)
    added = max(now_us - total + 1, 0 if last is None else last.added + last.length)
    for start, end in spans:
        length = end - start
        if last is not None and _meets(last, added, start):
            here = (shelf_stretch.c.view == number) & (shelf_stretch.c.added == last.added)
            last = last._replace(length=last.length + length)
            connection.execute(update(shelf_stretch).where(here).values(length=last.length))
        else:
            last = Stretch(added, start, length)
            connection.execute(insert(shelf_stretch).values(view=number, **last._asdict()))
        added += length


def _meets(last: Stretch, added: int, first: int) -> bool:
    return (last.added + last.length, last.first + last.length) == (added, first)


def leave(connection: Connection, numbers: Sequence[int], views: Collection[str] | None) -> None:
    """Take objects out of views, of all of them where none is named."""
    query = select(shelf_view.c.number)
    if views is not None:
        query = query.where(shelf_view.c.name.in_(views))
    for view in connection.execute(query).scalars().all():
        for start, end in split(sorted(set(numbers))):
            for stretch in list(_overlapping(connection, view, start, end)):
                _cut(connection, view, stretch, start, end)


def _cut(connection: Connection, view: int, stretch: Stretch, start: int, end: int) -> None:
    here = (shelf_stretch.c.view == view) & (shelf_stretch.c.added == stretch.added)
    connection.execute(delete(shelf_stretch).where(here))
    before = stretch._replace(length=max(0, start - stretch.first))
    beyond = max(0, end - stretch.first)
    behind = Stretch(
        stretch.added + beyond, stretch.first + beyond, max(0, stretch.length - beyond)
    )
    for rest in (before, behind):
        if rest.length:
            connection.execute(insert(shelf_stretch).values(view=view, **rest._asdict()))


def _overlapping(connection: Connection, view: int, start: int, end: int) -> Iterable[Stretch]:
    """Return the stretches of a view that meet the numbers [start, end)."""
    here = shelf_stretch.c.view == view
    low = (
        select(func.max(shelf_stretch.c.first))
        .where(here, shelf_stretch.c.first <= start)
        .scalar_subquery()
    )
    query = (
        select(shelf_stretch.c.added, shelf_stretch.c.first, shelf_stretch.c.length)
        .where(here, shelf_stretch.c.first >= func.coalesce(low, 0), shelf_stretch.c.first < end)
        .order_by(shelf_stretch.c.first)
    )
    found = (Stretch(*row) for row in connection.execute(query).all())
    return [each for each in found if each.first + each.length > start]


def _last(connection: Connection, view: int) -> Stretch | None:
    query = (
        select(shelf_stretch.c.added, shelf_stretch.c.first, shelf_stretch.c.length)
        .where(shelf_stretch.c.view == view)
        .order_by(shelf_stretch.c.added.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Stretch(*row)


def _view_number(connection: Connection, view: str) -> int:
    query = select(shelf_view.c.number).where(shelf_view.c.name == view)
    number = connection.execute(query).scalar()
    if number is None:
        connection.execute(insert(shelf_view).values(name=view))
        number = connection.execute(query).scalar_one()
    return int(number)


def _after(stretch: Stretch, moment: int) -> Stretch:
    skipped = min(max(0, moment - stretch.added + 1), stretch.length)
    return Stretch(stretch.added + skipped, stretch.first + skipped, stretch.length - skipped)

"""Appending to the shelf: pages filled one after the other, within one transaction."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import orjson
from sqlalchemy import Connection, bindparam, func, insert, select, update

from detente.storage.schema import shelf_body, shelf_key, shelf_page, shelf_statement
from detente.storage.shelf_pages import (
    PAGE_OBJECTS,
    SIBLINGS,
    Draft,
    Page,
    ShelvedObject,
    by_page,
    number_at,
)
from detente.storage.views import enter

_KEY_BYTES = 16
_ONE_QUERY = 400
_CHUNK_OBJECTS = 1_024

PAGES = (
    select(*shelf_page.c, shelf_body.c.data)
    .join(shelf_body, shelf_body.c.number == shelf_page.c.number)
    .where(shelf_page.c.number.in_(bindparam("numbers", expanding=True)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """The objects of one statement, to be put on the shelf.

    Attributes:
        statement: its number in the index of statements.
        issuer: hex member id.
        account: whose token brought them; "" where the member said them itself.
        grades: for each grade the leaves that must all be cleared for its objects to go.
        opening: shows those leaves; what the gate decides about.
        objects: in the order of their leaves.
        views: names of the views that all objects enter.
        grade_views: for each grade the views that its objects enter besides.
    """

    statement: int
    issuer: str
    account: str
    grades: tuple[tuple[int, ...], ...]
    opening: bytes
    objects: Iterable[ShelvedObject]
    views: tuple[str, ...]
    grade_views: tuple[tuple[str, ...], ...]


class Writer:
    """Appends to the shelf within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.touched: set[int] = set()
        self._written: set[int] = set()
        self._marked: set[int] = set()
        self._entering: dict[str, list[tuple[int, int]]] = {}
        last = connection.execute(select(func.max(shelf_page.c.number))).scalar()
        tail = None if last is None else read_page(connection, last)
        if tail is None or tail.count == PAGE_OBJECTS:
            self._draft = Draft.empty(0 if tail is None else tail.number + 1)
        else:
            self._draft = Draft.of(tail)
            self._written.add(tail.number)

    def put(self, lot: Lot) -> None:
        """Append the objects of one statement."""
        first = number = number_at(self._draft.number, len(self._draft.marks))
        objects = iter(lot.objects)
        while some := list(islice(objects, _CHUNK_OBJECTS)):
            self._mark_siblings(number, some)
            self._fill(lot.statement, some)
            self._note_views(lot, number, some)
            number += len(some)
        self._connection.execute(
            insert(shelf_statement).values(
                number=lot.statement,
                first=first,
                length=number - first,
                issuer=bytes.fromhex(lot.issuer),
                account=lot.account,
                grades=orjson.dumps(lot.grades).decode(),
                opening=lot.opening,
            )
        )

    def _fill(self, statement: int, objects: Sequence[ShelvedObject]) -> None:
        done = 0
        while done < len(objects):
            some = objects[done : done + self._draft.room]
            self._draft.take(statement, some)
            done += len(some)
            if not self._draft.room:
                self._flush()

    def finish(self, now_us: int) -> None:
        """Write what is left, the marks and the views."""
        if self._draft.marks:
            self._flush()
        for page, places in by_page(sorted(self._marked)).items():
            self._mark(page, places)
        for view, spans in self._entering.items():
            enter(self._connection, view, spans, now_us=now_us)

    def _note_views(self, lot: Lot, first: int, objects: Sequence[ShelvedObject]) -> None:
        for view in lot.views:
            self._note(view, first, first + len(objects))
        start = first
        for grade, same in groupby(objects, key=lambda each: each.grade):
            upto = start + sum(1 for _ in same)
            for view in lot.grade_views[grade]:
                self._note(view, start, upto)
            start = upto

    def _note(self, view: str, start: int, end: int) -> None:
        spans = self._entering.setdefault(view, [])
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        elif start < end:
            spans.append((start, end))

    def _mark_siblings(self, first: int, objects: Sequence[ShelvedObject]) -> None:
        keys = [key_of(each.id) for each in objects]
        places = {key: first + place for place, key in enumerate(keys)}
        for key, number in objects_under(self._connection, keys):
            self._marked |= {number, places[key]}
        rows = [{"id_hash": key, "object": first + place} for place, key in enumerate(keys)]
        if rows:
            self._connection.execute(insert(shelf_key), rows)

    def _flush(self) -> None:
        draft = self._draft
        if draft.number in self._written:
            for table, row in ((shelf_page, draft.head()), (shelf_body, draft.body())):
                here = table.c.number == draft.number
                self._connection.execute(update(table).where(here).values(row))
        else:
            self._connection.execute(insert(shelf_page).values(draft.head()))
            self._connection.execute(insert(shelf_body).values(draft.body()))
        self.touched.add(draft.number)
        self._draft = Draft.empty(draft.number + 1)

    def _mark(self, page: int, places: Iterable[int]) -> None:
        here = shelf_page.c.number == page
        found = self._connection.execute(select(shelf_page.c.marks).where(here)).scalar_one()
        marks = bytearray(found)
        for place in places:
            marks[place] = marks[place] or SIBLINGS
        self._connection.execute(update(shelf_page).where(here).values(marks=bytes(marks)))
        self.touched.add(page)


def read_page(connection: Connection, number: int) -> Page | None:
    """Return one page with its bytes."""
    row = connection.execute(PAGES, {"numbers": [number]}).first()
    return None if row is None else Page(row._mapping)


def objects_under(connection: Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield (key, number) of every object whose id has one of these keys."""
    for start in range(0, len(keys), _ONE_QUERY):
        some = shelf_key.c.id_hash.in_(keys[start : start + _ONE_QUERY])
        for row in connection.execute(select(shelf_key).where(some)):
            yield row.id_hash, row.object


def key_of(identifier: str) -> bytes:
    """Return the key an id is found by: nobody can aim another id at it."""
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]

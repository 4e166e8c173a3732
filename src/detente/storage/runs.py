"""The index of objects: sorted runs of small entries, merged when there are many.

An entry is 16 bytes: 8 of a keyed hash, 8 of the object's reference. A batch is
sorted in memory and written as one run of full pages, which costs a third of
what inserting each entry into a B-tree did at a million entries (bench/index.py).
Single statements wait in `index_fresh`. Runs of one level are merged eight at a
time in short transactions, so that nobody who appends waits for a merge.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from struct import iter_unpack

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from detente.storage.database import Database
from detente.storage.schema import index_fresh, index_page, index_run

KEY_BYTES = 8
FAN_IN = 8
FRESH_MAX = 8_192
_PAGE_ENTRIES = 240  # 3,840 bytes: a row that fills one page of the database
_PAGES_AT_ONCE = 32  # of each source, in one step of a merge
_BUILDING = -1  # the level of a run that readers must not see yet
_LAST_REF = b"\xff" * 8

# Made once: putting a query together costs more than running it.
_entry = index_fresh.c.entry
_FRESH_BETWEEN = (
    select(_entry)
    .where(index_fresh.c.field == bindparam("field"))
    .where(_entry.between(bindparam("low"), bindparam("high")))
    .order_by(_entry)
    .limit(bindparam("limit"))
)
_of_field = (index_run.c.field == bindparam("field")) & (index_run.c.level != _BUILDING)
_inner = index_page.alias()
# In each run, the page that `low` falls into...
_PAGES_AT = (
    select(index_page.c.first, index_page.c.entries)
    .select_from(index_run)
    .join(
        index_page,
        index_page.c.number
        == select(_inner.c.number)
        .where(_inner.c.run == index_run.c.number, _inner.c.first <= bindparam("low"))
        .order_by(_inner.c.first.desc())
        .limit(1)
        .scalar_subquery(),
    )
    .where(_of_field)
)
# ...and then, few at a time, those that begin within the range.
_PAGES_BETWEEN = (
    select(index_page.c.number, index_page.c.first)
    .where(index_page.c.run.in_(select(index_run.c.number).where(_of_field)))
    .where(index_page.c.first > bindparam("low"), index_page.c.first <= bindparam("high"))
    .order_by(index_page.c.first)
    .limit(FAN_IN)
)
_PAGE = select(index_page.c.entries).where(index_page.c.number == bindparam("number"))


class Field(IntEnum):
    """What is looked up."""

    ID = 1
    VALUE = 2


def write_run(connection: Connection, what: Field, entries: list[bytes]) -> None:
    """Add one sorted run."""
    if entries:
        entries.sort()
        _write_pages(connection, _new_run(connection, what, level=0), entries)


def write_fresh(connection: Connection, what: Field, entries: list[bytes]) -> None:
    """Add a few entries that are not worth a run."""
    if entries:
        rows = [{"field": what.value, "entry": entry} for entry in set(entries)]
        connection.execute(insert(index_fresh), rows)


def find(connection: Connection, what: Field, key: bytes, *, after: int, limit: int) -> list[int]:
    """Return up to `limit` references under `key` that are greater than `after`, ascending."""
    low, high = key + (after + 1).to_bytes(8, "big"), key + _LAST_REF
    found = set(_find_fresh(connection, what, low, high, limit))
    for first, page in _pages_with(connection, what, low, high):
        if len(found) >= limit and first[KEY_BYTES:] > sorted(found)[limit - 1]:
            break
        entries = _entries(page)
        hits = entries[bisect_left(entries, low) : bisect_right(entries, high)]
        found.update(entry[KEY_BYTES:] for entry in hits)
    return [int.from_bytes(ref, "big") for ref in sorted(found)[:limit]]


def forget(connection: Connection, *, first_ref: int, last_ref: int) -> None:
    """Take out every entry with a reference in this range (reads the whole index)."""
    low, high = first_ref.to_bytes(8, "big"), last_ref.to_bytes(8, "big")
    fresh = select(index_fresh.c.field, index_fresh.c.entry)
    for where, entry in connection.execute(fresh).all():
        if low <= entry[KEY_BYTES:] <= high:
            one = (index_fresh.c.field == where) & (index_fresh.c.entry == entry)
            connection.execute(delete(index_fresh).where(one))
    # Nearly all pages are passed over by one search for the bytes the range has in common.
    shared = low[: next((i for i in range(8) if low[i] != high[i]), 8)]
    for number, page in _all_pages(connection):
        if shared in page:
            _strip(connection, number, page, low, high)


def drop_unfinished(connection: Connection) -> None:
    """Remove what a merge left when the process died in it."""
    building = select(index_run.c.number).where(index_run.c.level == _BUILDING)
    connection.execute(delete(index_page).where(index_page.c.run.in_(building)))
    connection.execute(delete(index_run).where(index_run.c.level == _BUILDING))


def tidy(database: Database, what: Field) -> bool:
    """Do one piece of work that lookups profit from; say whether there was any."""
    with database.writing("tidying the index") as connection:
        if _spill(connection, what):
            return True
        sources = _crowded_level(connection, what)
    if not sources:
        return False
    _merge(database, what, sources)
    return True


def _find_fresh(
    connection: Connection, what: Field, low: bytes, high: bytes, limit: int
) -> Iterator[bytes]:
    asked = {"field": what.value, "low": low, "high": high, "limit": limit}
    for (found,) in connection.execute(_FRESH_BETWEEN, asked):
        yield found[KEY_BYTES:]


def _pages_with(
    connection: Connection, what: Field, low: bytes, high: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the pages that may hold entries from `low` to `high`, by their first such entry."""
    for first, entries in connection.execute(_PAGES_AT, {"field": what.value, "low": low}):
        yield max(first, low), entries
    asked = {"field": what.value, "low": low, "high": high}
    while pages := connection.execute(_PAGES_BETWEEN, asked).all():
        for number, first in pages:
            yield first, connection.execute(_PAGE, {"number": number}).scalar_one()
        asked["low"] = pages[-1].first


def _all_pages(connection: Connection) -> Iterator[tuple[int, bytes]]:
    number = 0
    while True:
        page = connection.execute(
            select(index_page.c.number, index_page.c.entries)
            .where(index_page.c.number > number)
            .order_by(index_page.c.number)
            .limit(_PAGES_AT_ONCE)
        ).all()
        if not page:
            return
        for number, entries in page:
            yield number, entries


def _strip(connection: Connection, number: int, page: bytes, low: bytes, high: bytes) -> None:
    entries = _entries(page)
    kept = [entry for entry in entries if not low <= entry[KEY_BYTES:] <= high]
    here = index_page.c.number == number
    if not kept:
        connection.execute(delete(index_page).where(here))
    elif len(kept) < len(entries):
        connection.execute(update(index_page).where(here).values(entries=b"".join(kept)))


def _spill(connection: Connection, what: Field) -> bool:
    here = index_fresh.c.field == what.value
    count = connection.execute(select(func.count()).select_from(index_fresh).where(here)).scalar()
    if not count or count < FRESH_MAX:
        return False
    entries = list(connection.execute(select(index_fresh.c.entry).where(here)).scalars())
    write_run(connection, what, entries)
    connection.execute(delete(index_fresh).where(here))
    return True


def _crowded_level(connection: Connection, what: Field) -> list[tuple[int, int]]:
    runs = connection.execute(
        select(index_run.c.number, index_run.c.level)
        .where(index_run.c.field == what.value, index_run.c.level != _BUILDING)
        .order_by(index_run.c.number)
    ).all()
    for level in sorted({run.level for run in runs}):
        of_level = [(run.number, run.level) for run in runs if run.level == level]
        if len(of_level) >= FAN_IN:
            return of_level[:FAN_IN]
    return []


@dataclass(slots=True)
class _Source:
    """One run being read by a merge: what is loaded, and where to go on."""

    run: int
    last_first: bytes = b""
    exhausted: bool = False
    entries: list[bytes] = field(default_factory=list)

    def load(self, connection: Connection) -> None:
        if self.exhausted or len(self.entries) >= _PAGES_AT_ONCE * _PAGE_ENTRIES // 2:
            return
        pages = connection.execute(
            select(index_page.c.first, index_page.c.entries)
            .where(index_page.c.run == self.run, index_page.c.first > self.last_first)
            .order_by(index_page.c.first)
            .limit(_PAGES_AT_ONCE)
        ).all()
        self.exhausted = len(pages) < _PAGES_AT_ONCE
        for first, entries in pages:
            self.last_first = first
            self.entries += _entries(entries)

    def take(self, until: bytes | None) -> list[bytes]:
        cut = len(self.entries) if until is None else bisect_right(self.entries, until)
        taken, self.entries = self.entries[:cut], self.entries[cut:]
        return taken


def _merge(database: Database, what: Field, numbered: list[tuple[int, int]]) -> None:
    sources = [_Source(run) for run, _level in numbered]
    waiting: list[bytes] = []
    with database.writing("tidying the index") as connection:
        merged = _new_run(connection, what, level=_BUILDING)
    while any(not source.exhausted or source.entries for source in sources):
        with database.writing("tidying the index") as connection:
            waiting += _next_entries(connection, sources)
            full = len(waiting) - len(waiting) % _PAGE_ENTRIES
            _write_pages(connection, merged, waiting[:full])
            waiting = waiting[full:]
    with database.writing("tidying the index") as connection:
        _write_pages(connection, merged, waiting)
        levels = {merged: numbered[0][1] + 1} | {run: _BUILDING for run, _level in numbered}
        for run, level in levels.items():
            here = index_run.c.number == run
            connection.execute(update(index_run).where(here).values(level=level))
    for run, _level in numbered:
        with database.writing("tidying the index") as connection:
            connection.execute(delete(index_page).where(index_page.c.run == run))
            connection.execute(delete(index_run).where(index_run.c.number == run))


def _next_entries(connection: Connection, sources: list[_Source]) -> list[bytes]:
    for source in sources:
        source.load(connection)
    # Beyond the least of the last loaded entries, an entry not loaded yet could come first.
    open_ends = [s.entries[-1] for s in sources if not s.exhausted and s.entries]
    until = min(open_ends, default=None)
    taken = [entry for source in sources for entry in source.take(until)]
    taken.sort()
    return taken


def _new_run(connection: Connection, what: Field, *, level: int) -> int:
    made = insert(index_run).values(field=what.value, level=level)
    return int(connection.execute(made.returning(index_run.c.number)).scalar_one())


def _write_pages(connection: Connection, run: int, entries: list[bytes]) -> None:
    rows = [
        {"run": run, "first": entries[i], "entries": b"".join(entries[i : i + _PAGE_ENTRIES])}
        for i in range(0, len(entries), _PAGE_ENTRIES)
    ]
    if rows:
        connection.execute(insert(index_page), rows)


def _entries(page: bytes) -> list[bytes]:
    return [entry for (entry,) in iter_unpack("16s", page)]

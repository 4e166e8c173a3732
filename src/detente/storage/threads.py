"""Threads and their entries, kept as they came; an entry is never changed and never removed.

What a thread comes to for lists is written with the entries it was folded from, in one
transaction. Nothing here orders or judges: `response` does, from the set of entries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from detente.storage.acting_writing import note_progress
from detente.storage.database import Database
from detente.storage.response_tables import response_entry, response_thread
from detente.storage.schema import progress

PAGE_MAX = 1_000
_TAKEN = "response"
_HEX = 64
_ONE_QUERY = 400


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as it is kept.

    Attributes:
        thread: hex digest of the opening.
        digest: hex.
        author: hex member id.
        turn: of its author.
        data: RFC 8785 bytes.
        private: it never left this node.
        statement: hex id of the statement that carries it, "" for a private one.
        taken_at: POSIX seconds at which this node took it.
    """

    thread: str
    digest: str
    author: str
    turn: int
    data: bytes
    private: bool = False
    statement: str = ""
    taken_at: int = 0


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """What lists show of a thread.

    Attributes:
        id: hex digest of the opening.
        sort: what it is.
        title: as it is called now.
        state: of its sort.
        level: "" where it has none.
        author: hex id of who opened it.
        private: nobody else knows of it.
        shared: hex id of the shared thread that was made of it, "" where there is none.
        continues: hex id of the private one that it was made of, "" where there is none.
        entries: how many there are here.
        waiting: how many entries that others name were never shown here.
        due_at: POSIX seconds of what is due next, None where nothing is.
        changed: grows with every change here.
    """

    id: str
    sort: str
    title: str
    state: str
    level: str
    author: str
    private: bool = False
    shared: str = ""
    continues: str = ""
    entries: int = 0
    waiting: int = 0
    due_at: int | None = None
    changed: int = 0


class ThreadShelf:
    """Threads on an open database. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def taken(self) -> int:
        """Return up to which statement entries were taken."""
        with self._database.reading("reading how far entries were taken") as connection:
            query = select(progress.c.value).where(progress.c.name == _TAKEN)
            return int(connection.execute(query).scalar() or 0)

    def add(self, entries: Sequence[EntryRow], *, upto: int | None = None) -> set[str]:
        """Keep entries; those that are here already are passed over.

        Args:
            entries: of any threads.
            upto: the statement up to which they were taken; None where none were.

        Returns:
            Ids of threads that have an entry more.

        Raises:
            StorageFault: the database refused; nothing is kept.
        """
        with self._database.writing("keeping entries") as connection:
            new = _unknown(connection, entries)
            if new:
                connection.execute(insert(response_entry), [_entry_values(each) for each in new])
            if upto is not None:
                note_progress(connection, _TAKEN, upto)
        return {each.thread for each in new}

    def put(self, rows: Iterable[ThreadRow]) -> None:
        """Write what threads come to; each counts as changed now.

        Raises:
            StorageFault: the database refused; nothing is written.
        """
        with self._database.writing("writing threads") as connection:
            last = connection.execute(select(func.max(response_thread.c.changed))).scalar() or 0
            new: list[dict[str, object]] = []
            old: list[dict[str, object]] = []
            for number, row in enumerate(rows, start=last + 1):
                values = _thread_values(row, number)
                here = response_thread.c.id == values["id"]
                known = connection.execute(select(response_thread.c.id).where(here)).first()
                (new if known is None else old).append(values)
            if new:
                connection.execute(insert(response_thread), new)
            for values in old:
                here = response_thread.c.id == values["id"]
                connection.execute(update(response_thread).where(here).values(values))

    def thread(self, thread: str) -> ThreadRow | None:
        """Return one thread, None where there is none."""
        with self._database.reading("looking up a thread") as connection:
            here = response_thread.c.id == bytes.fromhex(thread)
            found = connection.execute(select(response_thread).where(here)).first()
        return None if found is None else _thread(found)

    def beginning(self, sort: str, prefix: str) -> list[ThreadRow]:
        """Return up to two threads of a sort whose id begins so."""
        low = bytes.fromhex(prefix.ljust(_HEX, "0"))
        high = bytes.fromhex(prefix.ljust(_HEX, "f"))
        query = select(response_thread).where(response_thread.c.id.between(low, high))
        if sort:
            query = query.where(response_thread.c.sort == sort)
        with self._database.reading("looking up a thread") as connection:
            return [_thread(each) for each in connection.execute(query.limit(2))]

    def called(self, sort: str, title: str) -> list[ThreadRow]:
        """Return the threads of a sort with this title, the private part of a shared one left out.

        Only among the thousand that changed last: an older one is named by its id.
        """
        found = self.threads(sort, limit=PAGE_MAX)
        return [row for row in found if row.title == title and not row.shared][:2]

    def threads(
        self, sort: str, *, state: str = "", before: int | None = None, limit: int = 100
    ) -> list[ThreadRow]:
        """Return up to `limit` threads of a sort, the last changed first.

        Args:
            sort: of the threads.
            state: only of this state; "" for any.
            before: only those that changed before, by their number.
            limit: at most 1,000.
        """
        query = select(response_thread).where(response_thread.c.sort == sort)
        if state:
            query = query.where(response_thread.c.state == state)
        if before is not None:
            query = query.where(response_thread.c.changed < before)
        query = query.order_by(response_thread.c.changed.desc()).limit(min(limit, PAGE_MAX))
        with self._database.reading("listing threads") as connection:
            return [_thread(each) for each in connection.execute(query)]

    def due(self, sort: str, *, state: str, until: int) -> list[ThreadRow]:
        """Return threads of a sort and state in which something is due until then."""
        query = (
            select(response_thread)
            .where(response_thread.c.sort == sort, response_thread.c.state == state)
            .where(response_thread.c.due_at <= until)
            .order_by(response_thread.c.due_at)
            .limit(PAGE_MAX)
        )
        with self._database.reading("listing what is due") as connection:
            return [_thread(each) for each in connection.execute(query)]

    def counts(self, sort: str) -> dict[str, int]:
        """Return how many threads of a sort there are in each state."""
        query = (
            select(response_thread.c.state, func.count())
            .where(response_thread.c.sort == sort)
            .group_by(response_thread.c.state)
        )
        with self._database.reading("counting threads") as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def entries(self, thread: str) -> list[EntryRow]:
        """Return every entry of one thread, in no order that means anything."""
        return self._entries(
            select(response_entry).where(response_entry.c.thread == bytes.fromhex(thread))
        )

    def turns(self, thread: str, author: str) -> int:
        """Return the turn after the last one that a member openly had in a thread."""
        query = select(func.max(response_entry.c.turn)).where(
            response_entry.c.thread == bytes.fromhex(thread),
            response_entry.c.author == bytes.fromhex(author),
            response_entry.c.private == 0,
        )
        with self._database.reading("counting turns") as connection:
            last = connection.execute(query).scalar()
        return 0 if last is None else int(last) + 1

    def _entries(self, query: Select[tuple[bytes]]) -> list[EntryRow]:
        with self._database.reading("reading a thread") as connection:
            return [_entry(each) for each in connection.execute(query)]


def _unknown(connection: Connection, entries: Sequence[EntryRow]) -> list[EntryRow]:
    by_thread: dict[str, dict[str, EntryRow]] = {}
    for each in entries:
        by_thread.setdefault(each.thread, {}).setdefault(each.digest, each)
    new: list[EntryRow] = []
    for thread, rows in by_thread.items():
        for start in range(0, len(rows), _ONE_QUERY):
            some = dict(list(rows.items())[start : start + _ONE_QUERY])
            query = select(response_entry.c.digest).where(
                response_entry.c.thread == bytes.fromhex(thread),
                response_entry.c.digest.in_([bytes.fromhex(each) for each in some]),
            )
            known = {row[0].hex() for row in connection.execute(query)}
            new += [row for digest, row in some.items() if digest not in known]
    return new


def _entry_values(row: EntryRow) -> dict[str, object]:
    return {
        "thread": bytes.fromhex(row.thread),
        "digest": bytes.fromhex(row.digest),
        "author": bytes.fromhex(row.author),
        "turn": row.turn,
        "private": int(row.private),
        "statement": bytes.fromhex(row.statement) if row.statement else None,
        "taken_at": row.taken_at,
        "data": row.data,
    }


def _entry(row: Row[tuple[bytes]]) -> EntryRow:
    return EntryRow(
        thread=row.thread.hex(),
        digest=row.digest.hex(),
        author=row.author.hex(),
        turn=row.turn,
        data=row.data,
        private=bool(row.private),
        statement=row.statement.hex() if row.statement else "",
        taken_at=row.taken_at,
    )


def _thread_values(row: ThreadRow, changed: int) -> dict[str, object]:
    return {
        "id": bytes.fromhex(row.id),
        "sort": row.sort,
        "title": row.title,
        "state": row.state,
        "level": row.level,
        "author": bytes.fromhex(row.author),
        "private": int(row.private),
        "shared": bytes.fromhex(row.shared) if row.shared else None,
        "continues": bytes.fromhex(row.continues) if row.continues else None,
        "entries": row.entries,
        "waiting": row.waiting,
        "due_at": row.due_at,
        "changed": changed,
    }


def _thread(row: Row[tuple[bytes]]) -> ThreadRow:
    return ThreadRow(
        id=row.id.hex(),
        sort=row.sort,
        title=row.title,
        state=row.state,
        level=row.level,
        author=row.author.hex(),
        private=bool(row.private),
        shared=row.shared.hex() if row.shared else "",
        continues=row.continues.hex() if row.continues else "",
        entries=row.entries,
        waiting=row.waiting,
        due_at=row.due_at,
        changed=row.changed,
    )

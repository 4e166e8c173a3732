"""Notices: what was to be told, how far it went, and who confirmed it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, insert, select, update

from detente.storage.database import Database
from detente.storage.response_tables import response_notice

TRIES_KEPT = 200
LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Try:
    """One letter that was sent, or could not be.

    Attributes:
        at: POSIX seconds.
        address: to whom.
        channel: by which.
        fault: why it did not go, "" where it did.
    """

    at: int
    address: str
    channel: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as it is kept.

    Attributes:
        number: typed to confirm it; 0 for a new one.
        about: what it is about; nothing is told twice.
        level: how bad it is.
        tlp: of its words.
        title: one line.
        text: the words.
        made_at: POSIX seconds.
        step: the next step of the escalation.
        next_at: when that step is due; None where nothing more follows.
        confirmed_at: None while nobody confirmed it.
        confirmed_by: "" while nobody did.
        tries: letters, the oldest first.
    """

    number: int
    about: str
    level: str
    tlp: str
    title: str
    text: str
    made_at: int
    step: int = 0
    next_at: int | None = None
    confirmed_at: int | None = None
    confirmed_by: str = ""
    tries: tuple[Try, ...] = ()


class NoticeShelf:
    """Notices on an open database. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: NoticeRow) -> int | None:
        """Keep a new notice; return its number, None where one is about the same.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.writing("keeping a notice") as connection:
            here = response_notice.c.about == row.about
            if connection.execute(select(response_notice.c.number).where(here)).first():
                return None
            values = _values(row)
            del values["number"]
            done = connection.execute(insert(response_notice).values(values))
            key = done.inserted_primary_key
            return None if key is None else int(key[0])

    def put(self, row: NoticeRow) -> None:
        """Write how far a notice went; a confirmation that came meanwhile stays."""
        values = _values(row)
        for name in ("number", "confirmed_at", "confirmed_by"):
            del values[name]
        with self._database.writing("writing a notice") as connection:
            here = response_notice.c.number == row.number
            connection.execute(update(response_notice).where(here).values(values))

    def confirm(self, number: int, *, by: str, at: int) -> bool:
        """Note who confirmed a notice first; say whether there is one."""
        with self._database.writing("confirming a notice") as connection:
            here = response_notice.c.number == number
            first = here & response_notice.c.confirmed_at.is_(None)
            values = {"confirmed_at": at, "confirmed_by": by, "next_at": None}
            connection.execute(update(response_notice).where(first).values(values))
            return (
                connection.execute(select(response_notice.c.number).where(here)).first() is not None
            )

    def due(self, at: int) -> list[NoticeRow]:
        """Return notices of which a step is due, the oldest first."""
        query = (
            select(response_notice)
            .where(response_notice.c.next_at <= at, response_notice.c.confirmed_at.is_(None))
            .order_by(response_notice.c.number)
            .limit(LISTED_MAX)
        )
        with self._database.reading("listing what is due") as connection:
            return [_row(each) for each in connection.execute(query)]

    def newest(self, limit: int) -> list[NoticeRow]:
        """Return the newest notices first."""
        query = select(response_notice).order_by(response_notice.c.number.desc())
        with self._database.reading("listing notices") as connection:
            return [_row(each) for each in connection.execute(query.limit(limit))]

    def sent_since(self, at: int) -> dict[str, int]:
        """Return address -> letters that went since then."""
        counts: dict[str, int] = {}
        for row in self.newest(LISTED_MAX):
            for each in row.tries:
                if each.at >= at and not each.fault:
                    counts[each.address] = counts.get(each.address, 0) + 1
        return counts

    def count(self) -> int:
        """Return how many notices there are."""
        with self._database.reading("counting notices") as connection:
            query = select(func.count()).select_from(response_notice)
            return int(connection.execute(query).scalar() or 0)


def _values(row: NoticeRow) -> dict[str, object]:
    tries = [[each.at, each.address, each.channel, each.fault] for each in row.tries]
    return {
        "number": row.number,
        "about": row.about,
        "level": row.level,
        "tlp": row.tlp,
        "title": row.title,
        "text": row.text,
        "made_at": row.made_at,
        "step": row.step,
        "next_at": row.next_at,
        "confirmed_at": row.confirmed_at,
        "confirmed_by": row.confirmed_by,
        "tries": json.dumps(tries[-TRIES_KEPT:]),
    }


def _row(row: Row[tuple[int]]) -> NoticeRow:
    tries: Sequence[Sequence[str]] = json.loads(row.tries)
    return NoticeRow(
        number=row.number,
        about=row.about,
        level=row.level,
        tlp=row.tlp,
        title=row.title,
        text=row.text,
        made_at=row.made_at,
        step=row.step,
        next_at=row.next_at,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
        tries=tuple(Try(int(at), address, channel, fault) for at, address, channel, fault in tries),
    )

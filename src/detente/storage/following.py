"""How far this node took other members' logs, and which contents are still to come.

TRUSTED: the checkpoint kept here is what shows a fork later, and the number of entries
taken is what makes every effect happen once. Losing it lets a log show this node a
second history; what was taken is then read again, and found to be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from detente.storage.database import Database
from detente.storage.errors import DamagedStore
from detente.storage.schema import awaited_content, followed_log


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedLog:
    """One row.

    Attributes:
        origin: the log.
        note: the newest checkpoint note accepted.
        edge: the right edge of its tree: the rows of its partial tiles, lowest level first.
        taken: entries judged and kept.
        complete: the newest note of which every entry was taken; empty for none.
        spent_day: of the next two.
        spent_statements: of the owner's quota.
        spent_bytes: of the owner's quota.
        forked: the first entry it has in two versions, None for none known.
    """

    origin: str
    note: bytes = field(repr=False)
    edge: bytes = field(repr=False)
    taken: int = 0
    complete: bytes = field(default=b"", repr=False)
    spent_day: date = date.min
    spent_statements: int = 0
    spent_bytes: int = 0
    forked: int | None = None


@dataclass(frozen=True, slots=True)
class AwaitedContent:
    """A content that is to come; hashes in hex, the size in bytes of ciphertext, the log entry."""

    payload_hash: str
    issuer: str
    origin: str
    seq: int
    wrap: str
    ciphertext: str
    size: int
    entry: bytes = field(repr=False)


class FollowedLogs:
    """Other members' logs in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def origins(self) -> list[str]:
        """Return the logs of which something is held, in order.

        Raises:
            StorageFault: the database refused.
        """
        query = select(followed_log.c.origin).order_by(followed_log.c.origin)
        with self._database.reading("listing followed logs") as connection:
            return list(connection.execute(query).scalars())

    def read(self, origin: str) -> FollowedLog | None:
        """Return what is held of one log.

        Raises:
            DamagedStore: a row that this program did not write.
            StorageFault: the database refused.
        """
        query = select(followed_log).where(followed_log.c.origin == origin)
        with self._database.reading("reading a followed log") as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        try:
            day = date.fromisoformat(row["spent_day"])
        except ValueError:
            raise DamagedStore(f"log {origin} was followed on {row['spent_day']!r}") from None
        columns = {name: value for name, value in row.items() if name != "grown_at"}
        return FollowedLog(**(columns | {"spent_day": day}))

    def grown_at(self, origin: str) -> int | None:
        """Return when the newest checkpoint of a log came (POSIX seconds), None for no log.

        Raises:
            StorageFault: the database refused.
        """
        query = select(followed_log.c.grown_at).where(followed_log.c.origin == origin)
        with self._database.reading("reading a followed log") as connection:
            return connection.execute(query).scalar_one_or_none()

    def accept(self, origin: str, *, note: bytes, edge: bytes, now: datetime) -> None:
        """Keep the newest checkpoint of a log, before anything under it is taken.

        Raises:
            StorageFault: the database refused.
        """
        newest = {"note": note, "edge": edge, "grown_at": int(now.timestamp())}
        here = followed_log.c.origin == origin
        with self._database.writing("accepting a checkpoint") as connection:
            if connection.execute(update(followed_log).where(here).values(newest)).rowcount == 0:
                connection.execute(insert(followed_log).values(_nothing(origin) | newest))

    def replace_note(self, origin: str, *, old: bytes, new: bytes) -> None:
        """Put the same checkpoint with more cosignatures in the place of one.

        Raises:
            StorageFault: the database refused.
        """
        here = followed_log.c.origin == origin
        with self._database.writing("keeping cosignatures") as connection:
            for column in ("note", "complete"):
                same = here & (followed_log.c[column] == old)
                connection.execute(update(followed_log).where(same).values({column: new}))

    def advance(
        self, before: FollowedLog, after: FollowedLog, awaits: list[AwaitedContent]
    ) -> bool:
        """Note entries as taken, and what of them is to come; say False where nothing was done.

        Raises:
            StorageFault: the database refused; only reading tells whether it advanced.
        """
        here = (followed_log.c.origin == before.origin) & (followed_log.c.taken == before.taken)
        step = {
            "taken": after.taken,
            "complete": after.complete,
            "spent_day": after.spent_day.isoformat(),
            "spent_statements": after.spent_statements,
            "spent_bytes": after.spent_bytes,
        }
        with self._database.writing("taking entries") as connection:
            if connection.execute(update(followed_log).where(here).values(step)).rowcount != 1:
                return False
            if awaits:
                connection.execute(insert(awaited_content), [_values(each) for each in awaits])
        return True

    def fork(self, origin: str, at: int) -> None:
        """Note from which entry on a log has two versions; a later place changes nothing.

        Raises:
            StorageFault: the database refused.
        """
        columns = followed_log.c
        later = columns.forked.is_(None) | (columns.forked > at)
        here = (columns.origin == origin) & later
        known = select(columns.origin).where(columns.origin == origin)
        with self._database.writing("holding a log back") as connection:
            if connection.execute(known).first() is None:
                connection.execute(insert(followed_log).values(_nothing(origin)))
            connection.execute(update(followed_log).where(here).values(forked=at))

    def awaited(self, issuer: str, *, limit: int) -> list[AwaitedContent]:
        """Return contents of one member that are to come, the oldest first.

        Raises:
            StorageFault: the database refused.
        """
        columns = awaited_content.c
        query = select(awaited_content).where(columns.issuer == bytes.fromhex(issuer))
        query = query.order_by(columns.origin, columns.seq).limit(limit)
        with self._database.reading("listing contents to come") as connection:
            return [_awaited(row) for row in connection.execute(query)]

    def awaited_one(self, payload_hash: str) -> AwaitedContent | None:
        """Return the content of one statement if it is still to come.

        Raises:
            StorageFault: the database refused.
        """
        here = awaited_content.c.payload_hash == bytes.fromhex(payload_hash)
        with self._database.reading("looking for a content to come") as connection:
            row = connection.execute(select(awaited_content).where(here)).first()
        return None if row is None else _awaited(row)

    def arrived(self, payload_hashes: Sequence[str]) -> None:
        """Note that contents need not come any more; the same again is fine.

        Raises:
            StorageFault: the database refused.
        """
        hashes = [bytes.fromhex(each) for each in payload_hashes]
        with self._database.writing("noting what came") as connection:
            connection.execute(
                delete(awaited_content).where(awaited_content.c.payload_hash.in_(hashes))
            )


def _nothing(origin: str) -> dict[str, object]:
    return {
        "origin": origin,
        "note": b"",
        "edge": b"",
        "taken": 0,
        "complete": b"",
        "spent_day": date.min.isoformat(),
        "spent_statements": 0,
        "spent_bytes": 0,
        "grown_at": 0,
    }


def _awaited(row: Row[Any]) -> AwaitedContent:
    return AwaitedContent(
        payload_hash=row.payload_hash.hex(),
        issuer=row.issuer.hex(),
        origin=row.origin,
        seq=row.seq,
        wrap=row.wrap.hex(),
        ciphertext=row.ciphertext.hex(),
        size=row.size,
        entry=row.entry,
    )


def _values(awaited: AwaitedContent) -> dict[str, object]:
    return {
        "payload_hash": bytes.fromhex(awaited.payload_hash),
        "issuer": bytes.fromhex(awaited.issuer),
        "origin": awaited.origin,
        "seq": awaited.seq,
        "wrap": bytes.fromhex(awaited.wrap),
        "ciphertext": bytes.fromhex(awaited.ciphertext),
        "size": awaited.size,
        "entry": awaited.entry,
    }

"""Which objects of which statements name a value, and what the least of their values does.

For what is made of decisions: each follower keeps how far it came under a name of its
own, which `ActingShelf.forget` forgets with the decisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, Select, func, select

from detente.storage.acting import FOLLOWING
from detente.storage.acting_rows import ItemState, item_key, item_state
from detente.storage.acting_tables import (
    acting_change,
    acting_claim,
    acting_item,
    acting_subject,
)
from detente.storage.acting_writing import note_progress
from detente.storage.database import Database
from detente.storage.schema import progress, statement
from detente.watch import Item, Level

_ONE_QUERY = 400


@dataclass(frozen=True, slots=True)
class ActingObject:
    """One object that names values.

    Attributes:
        payload_hash: of its statement.
        subject: its STIX id.
        acts: True where every value it names is actionable, and it is its issuer's newest word.
    """

    payload_hash: str
    subject: str
    acts: bool


class ActingObjects:
    """Reads the objects behind decisions; on an open database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def done(self, name: str) -> int:
        """Return how far a follower came, 0 for not at all."""
        query = select(progress.c.value).where(progress.c.name == FOLLOWING + name)
        with self._database.reading("reading how far a follower came") as connection:
            return int(connection.execute(query).scalar() or 0)

    def advance(self, name: str, upto: int) -> None:
        """Note how far a follower came."""
        with self._database.writing("noting how far a follower came") as connection:
            note_progress(connection, FOLLOWING + name, upto)

    def crossings(self, after: int, limit: int) -> list[tuple[int, int]]:
        """Return (number of the change, value) of values that began or ceased to act."""
        change, acts = acting_change.c, int(Level.ACTIONABLE)
        crossed = (change.level_before == acts) | (change.level_after == acts)
        query = select(change.number, change.item).where(change.number > after, crossed)
        with self._database.reading("reading what began or ceased to act") as connection:
            rows = connection.execute(query.order_by(change.number).limit(limit))
            return [(row.number, row.item) for row in rows]

    def alert_changes(self, after: int, limit: int) -> list[tuple[int, ItemState]]:
        """Return (number of the change, value as it is now) where alerting began or ceased."""
        change, noted = acting_change.c, int(Level.NOTED)
        crossed = (change.level_before == noted) != (change.level_after == noted)
        query = select(change.number.label("change"), acting_item).join(
            acting_item, acting_item.c.number == change.item
        )
        query = query.where(change.number > after, crossed).order_by(change.number).limit(limit)
        with self._database.reading("reading what began or ceased to alert") as connection:
            return [(row.change, item_state(row)) for row in connection.execute(query)]

    def last_change(self) -> int:
        """Return the number of the newest change, 0 for none."""
        with self._database.reading("reading how far decisions came") as connection:
            return int(connection.execute(select(func.max(acting_change.c.number))).scalar() or 0)

    def states_of(self, items: Sequence[Item]) -> dict[Item, ItemState]:
        """Return what values do now, of those that anybody named."""
        found: dict[Item, ItemState] = {}
        with self._database.reading("reading what values do") as connection:
            for start in range(0, len(items), _ONE_QUERY):
                keys = [item_key(each) for each in items[start : start + _ONE_QUERY]]
                rows = connection.execute(select(acting_item).where(acting_item.c.key.in_(keys)))
                found |= {state.item: state for state in map(item_state, rows)}
        return found

    def of_statements(self, after: int, upto: int) -> list[ActingObject]:
        """Return the objects of the statements (after, upto] in which some value acts."""
        claim, item = acting_claim.c, acting_item.c
        acting = (
            select(claim.subject)
            .join(acting_item, item.number == claim.item)
            .where(
                claim.statement > after,
                claim.statement <= upto,
                item.level >= int(Level.ACTIONABLE),
            )
            .distinct()
        )
        with self._database.reading("reading which objects act") as connection:
            subjects = connection.execute(acting).scalars().all()
        return [each for each in self._of_subjects(subjects) if each.acts]

    def of_items(self, numbers: Sequence[int]) -> list[ActingObject]:
        """Return every object that names one of these values."""
        claim, subjects = acting_claim.c, set[str]()
        with self._database.reading("reading which objects act") as connection:
            for start in range(0, len(numbers), _ONE_QUERY):
                some = claim.item.in_(numbers[start : start + _ONE_QUERY])
                subjects |= set(connection.execute(select(claim.subject).where(some)).scalars())
        return self._of_subjects(sorted(subjects))

    def values_of(self, number: int, *, after: int, limit: int) -> list[ItemState]:
        """Return what the values do that one statement names, by number of the value."""
        claimed = select(acting_claim.c.item).where(acting_claim.c.statement == number)
        item = acting_item.c
        query = select(acting_item).where(item.number > after, item.number.in_(claimed))
        with self._database.reading("reading the values of a statement") as connection:
            rows = connection.execute(query.order_by(item.number).limit(limit))
            return [item_state(row) for row in rows]

    def _of_subjects(self, subjects: Sequence[str]) -> list[ActingObject]:
        found: list[ActingObject] = []
        with self._database.reading("reading which objects act") as connection:
            for start in range(0, len(subjects), _ONE_QUERY):
                query = _objects(subjects[start : start + _ONE_QUERY])
                found += map(_read, connection.execute(query))
        return found


def _objects(subjects: Sequence[str]) -> "Select[Any]":
    """Return a row for each object under some ids: its statement, its version, its least level."""
    claim, item, said = acting_claim.c, acting_item.c, statement.c
    return (
        select(
            said.payload_hash,
            claim.subject,
            func.min(claim.body).label("body"),
            func.min(item.level).label("least"),
            acting_subject.c.version,
        )
        .join(acting_item, item.number == claim.item)
        .join(statement, said.number == claim.statement)
        .join(
            acting_subject,
            (acting_subject.c.issuer == said.issuer) & (acting_subject.c.subject == claim.subject),
        )
        .where(claim.subject.in_(subjects))
        .group_by(said.payload_hash, claim.leaf, claim.subject, acting_subject.c.version)
    )


def _read(row: Row[Any]) -> ActingObject:
    # The claims of one object differ in nothing but the value.
    body = orjson.loads(row.body)
    is_newest = body["version"] >= row.version and not body["revoked"]
    acts = is_newest and row.least >= int(Level.ACTIONABLE)
    return ActingObject(row.payload_hash.hex(), row.subject, acts)

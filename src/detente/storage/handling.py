"""What people did with alarms, in the node's database. The alarms themselves stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from detente.storage.database import Database
from detente.storage.handling_tables import alarm_exclusion, alarm_handling, warning_draft
from detente.watch.alarms import AlarmKey

EXCLUSIONS_MAX = 1_000
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Handling:
    """What became of one alarm.

    Attributes:
        alarm: id.
        state: open, acknowledged or dismissed.
        holder: id of the person who has it; "" where nobody does.
        holder_name: as it was called then.
        reason: why it was dismissed; "" where it was not.
        case: hex id of the case made of it; "" where none was.
        changed: POSIX seconds; 0 where nobody touched it.
    """

    alarm: str
    state: str = "open"
    holder: str = ""
    holder_name: str = ""
    reason: str = ""
    case: str = ""
    changed: int = 0


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """Alarms that want nobody for a while.

    Attributes:
        key: rule, source and entity, all three as they are in the alarm.
        reason: why.
        person: name of who said so.
        made: POSIX seconds.
        until: POSIX seconds; from then on they want somebody again.
    """

    key: AlarmKey
    reason: str
    person: str
    made: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A warning that was written and may be released.

    Attributes:
        id: 16 hex digits.
        alarm: id of the alarm it is about.
        author: id of the person who wrote it.
        author_name: as it was called then.
        made: POSIX seconds.
        handling: leaf 0, as it will be said.
        audience: "unit", or member ids with a blank between them.
        objects: RFC 8785 bytes of a JSON list of STIX objects.
        state: draft, released or dropped.
        statement: id of the statement it became; "" before.
    """

    id: str
    alarm: str
    author: str
    author_name: str
    made: int
    handling: bytes
    audience: str
    objects: bytes
    state: str = "draft"
    statement: str = ""


class HandlingShelf:
    """Safe for threads of one process. Every method raises StorageFault: the database refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, alarms: Sequence[str]) -> dict[str, Handling]:
        """Return what became of some alarms, of those that somebody touched."""
        found: dict[str, Handling] = {}
        with self._database.reading("reading what became of alarms") as connection:
            for at in range(0, len(alarms), _ASKED_AT_ONCE):
                some = alarms[at : at + _ASKED_AT_ONCE]
                query = select(alarm_handling).where(alarm_handling.c.alarm.in_(some))
                found |= {row.alarm: _handling(row) for row in connection.execute(query)}
        return found

    def keep(self, handling: Handling) -> None:
        """Keep what became of an alarm."""
        values = {
            "state": handling.state,
            "holder": handling.holder,
            "holder_name": handling.holder_name,
            "reason": handling.reason,
            "case": handling.case,
            "changed_at": handling.changed,
        }
        here = update(alarm_handling).where(alarm_handling.c.alarm == handling.alarm)
        with self._database.writing("keeping what became of an alarm") as connection:
            if connection.execute(here.values(values)).rowcount == 0:
                row = {"alarm": handling.alarm, **values}
                connection.execute(insert(alarm_handling).values(row))

    def exclude(self, added: ExclusionRow) -> None:
        """Keep an exclusion."""
        row = {
            **added.key._asdict(),
            "reason": added.reason,
            "person": added.person,
            "made_at": added.made,
            "until_at": added.until,
        }
        with self._database.writing("keeping an exclusion") as connection:
            connection.execute(insert(alarm_exclusion).values(row))

    def exclusions(self, *, now: float) -> list[ExclusionRow]:
        """Return those that are in force, the newest first."""
        query = (
            select(alarm_exclusion)
            .where(alarm_exclusion.c.until_at > int(now))
            .order_by(alarm_exclusion.c.number.desc())
            .limit(EXCLUSIONS_MAX)
        )
        with self._database.reading("reading exclusions") as connection:
            return [_exclusion(row) for row in connection.execute(query)]

    def end_exclusions(self, key: AlarmKey, *, now: float) -> int:
        """End those of one rule, source and entity; return how many there were."""
        columns = alarm_exclusion.c
        here = update(alarm_exclusion).where(
            columns.rule == key.rule,
            columns.source == key.source,
            columns.entity == key.entity,
            columns.until_at > int(now),
        )
        with self._database.writing("ending exclusions") as connection:
            return connection.execute(here.values(until_at=int(now))).rowcount

    def add_draft(self, draft: DraftRow) -> None:
        """Keep a draft."""
        row = {
            "id": draft.id,
            "alarm": draft.alarm,
            "author": draft.author,
            "author_name": draft.author_name,
            "made_at": draft.made,
            "handling": draft.handling,
            "audience": draft.audience,
            "objects": draft.objects,
            "state": draft.state,
            "statement": draft.statement,
        }
        with self._database.writing("keeping a draft") as connection:
            connection.execute(insert(warning_draft).values(row))

    def draft(self, identifier: str) -> DraftRow | None:
        """Return one draft, None where there is none."""
        query = select(warning_draft).where(warning_draft.c.id == identifier)
        with self._database.reading("finding a draft") as connection:
            row = connection.execute(query).first()
        return None if row is None else _draft(row)

    def drafts(self, *, limit: int) -> list[DraftRow]:
        """Return drafts, released and dropped ones too, the newest first."""
        query = select(warning_draft).order_by(warning_draft.c.made_at.desc(), warning_draft.c.id)
        with self._database.reading("listing drafts") as connection:
            return [_draft(row) for row in connection.execute(query.limit(limit))]

    def move_draft(self, identifier: str, *, before: str, after: str, statement: str = "") -> bool:
        """Change a draft's state; say False where it was not in the state `before`."""
        here = update(warning_draft).where(
            warning_draft.c.id == identifier, warning_draft.c.state == before
        )
        with self._database.writing("changing a draft") as connection:
            done = connection.execute(here.values(state=after, statement=statement)).rowcount
        return done == 1


def _handling(row: Row[Any]) -> Handling:
    return Handling(
        row.alarm, row.state, row.holder, row.holder_name, row.reason, row.case, row.changed_at
    )


def _exclusion(row: Row[Any]) -> ExclusionRow:
    key = AlarmKey(row.rule, row.source, row.entity)
    return ExclusionRow(key, row.reason, row.person, row.made_at, row.until_at)


def _draft(row: Row[Any]) -> DraftRow:
    return DraftRow(
        id=row.id,
        alarm=row.alarm,
        author=row.author,
        author_name=row.author_name,
        made=row.made_at,
        handling=bytes(row.handling),
        audience=row.audience,
        objects=bytes(row.objects),
        state=row.state,
        statement=row.statement,
    )

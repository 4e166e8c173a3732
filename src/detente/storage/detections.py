"""What the watch found and how far it read, kept in one transaction: both or neither.

So a process that is killed at any point begins again where its detections end: nothing
is lost, and what is found again at the same place has the same id and is kept once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from detente.storage.database import Database
from detente.storage.watch_tables import (
    watch_alarm,
    watch_bad_line,
    watch_detection,
    watch_fresh,
    watch_request,
    watch_source,
)
from detente.watch.alarms import Alarm, AlarmKey

BAD_LINES_KEPT = 1_000  # of each source, the newest
_ASKED_AT_ONCE = 500
_MS = 1_000


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How far a source was read.

    Attributes:
        name: of the source.
        place: JSON, in the source's own terms.
        events: read so far.
        bad: lines that could not be read so far.
        seen: seconds since 1970 at which it gave something last.
    """

    name: str
    place: str
    events: int = 0
    bad: int = 0
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm and what it is called.

    Attributes:
        alarm: id, key, times and counts.
        title: of its rule.
        level: of its rule.
        tags: JSON list.
    """

    alarm: Alarm
    title: str
    level: str
    tags: str


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """A detection that is kept one by one.

    Attributes:
        id: 64 hex digits.
        alarm: id of its alarm.
        source: name of the source.
        position: of the event in it.
        rule: id of the rule or indicator.
        event_at: seconds since 1970 as the event says; None where it says none.
        found: seconds since 1970 at which it was found.
        fields: JSON object of what the rule looked at.
        event_hash: SHA-256 of the raw event.
        evidence: the raw event; None where it is not or no longer kept.
        purpose: what it is kept for, where that had to be said.
    """

    id: str
    alarm: str
    source: str
    position: str
    rule: str
    event_at: float | None
    found: float
    fields: str
    event_hash: bytes
    evidence: bytes | None
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line set aside.

    Attributes:
        source: name of the source.
        position: of the line in it.
        reason: why it could not be read.
        raw: its first bytes.
    """

    source: str
    position: str
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept together.

    Attributes:
        at: seconds since 1970.
        sources: each with how far it was read by now, and what it gave this time.
        requests: source and name of each request that was taken.
        alarms: those that changed.
        detections: new ones.
        bad: lines set aside.
        fresh: how many events, and those events packed; None where none are to be kept.
    """

    at: float
    sources: Sequence[SourceRow] = ()
    requests: Sequence[tuple[str, str]] = ()
    alarms: Sequence[AlarmRow] = ()
    detections: Sequence[DetectionRow] = ()
    bad: Sequence[BadRow] = ()
    fresh: tuple[int, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was given up because its time was over."""

    evidence: int = 0
    detections: int = 0
    requests: int = field(default=0)


class DetectionShelf:
    """Detections in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sources(self) -> dict[str, SourceRow]:
        """Return every source that gave something, by name.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("reading how far sources were read") as connection:
            rows = connection.execute(select(watch_source)).all()
        return {
            row.name: SourceRow(row.name, row.place, row.events, row.bad, row.seen_at / _MS)
            for row in rows
        }

    def was_taken(self, source: str, request: str) -> bool:
        """Say whether a request was taken before; raises as `sources`."""
        query = select(watch_request.c.request).where(
            watch_request.c.source == source, watch_request.c.request == request
        )
        with self._database.reading("looking for a request") as connection:
            return connection.execute(query).first() is not None

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of some detections that are kept already; raises as `sources`."""
        found: set[str] = set()
        with self._database.reading("looking for detections") as connection:
            for at in range(0, len(ids), _ASKED_AT_ONCE):
                some = ids[at : at + _ASKED_AT_ONCE]
                query = select(watch_detection.c.id).where(watch_detection.c.id.in_(some))
                found.update(connection.execute(query).scalars())
        return found

    def keep(self, taken: Taken) -> None:
        """Keep what was found and how far it was read; all of it or nothing.

        Raises:
            StorageFault: the database refused.
        """
        at = int(taken.at * _MS)
        with self._database.writing("keeping detections") as connection:
            for source in taken.sources:
                _keep_source(connection, source, at)
            for name, request in taken.requests:
                row = {"source": name, "request": request, "taken_at": at}
                connection.execute(insert(watch_request).values(row))
            for alarm in taken.alarms:
                _keep_alarm(connection, alarm)
            if taken.detections:
                rows = [_detection_values(each) for each in taken.detections]
                connection.execute(insert(watch_detection), rows)
            if taken.bad:
                _keep_bad(connection, taken.bad)
            if taken.fresh is not None:
                count, data = taken.fresh
                fresh = {"kept_at": at, "count": count, "data": data}
                connection.execute(insert(watch_fresh).values(fresh))

    def alarms(
        self, *, since: float = 0.0, limit: int = 1_000, begun_since: float = 0.0
    ) -> list[AlarmRow]:
        """Return alarms, the newest first.

        Args:
            since: those that took a detection since.
            limit: how many at most.
            begun_since: those that began since.

        Raises:
            StorageFault: the database refused.
        """
        query = (
            select(watch_alarm)
            .where(watch_alarm.c.last_at >= int(since * _MS))
            .where(watch_alarm.c.first_at >= int(begun_since * _MS))
            .order_by(watch_alarm.c.last_at.desc(), watch_alarm.c.id)
            .limit(limit)
        )
        with self._database.reading("reading alarms") as connection:
            return [_alarm(row) for row in connection.execute(query)]

    def alarm(self, prefix: str) -> AlarmRow | None:
        """Return the one alarm whose id begins so; None for none or several; raises as `alarms`."""
        begins = watch_alarm.c.id.startswith(prefix, autoescape=True)
        query = select(watch_alarm).where(begins).limit(2)
        with self._database.reading("reading an alarm") as connection:
            rows = connection.execute(query).all()
        return _alarm(rows[0]) if len(rows) == 1 else None

    def detection(self, prefix: str) -> DetectionRow | None:
        """Return the one kept detection whose id begins so; None for none or several."""
        begins = watch_detection.c.id.startswith(prefix, autoescape=True)
        query = select(watch_detection).where(begins).limit(2)
        with self._database.reading("reading a detection") as connection:
            rows = connection.execute(query).all()
        return _detection(rows[0]) if len(rows) == 1 else None

    def newest(self, alarm: str) -> DetectionRow | None:
        """Return the newest kept detection of an alarm; None where none is kept any more."""
        of_alarm = select(watch_detection).where(watch_detection.c.alarm == alarm)
        query = of_alarm.order_by(watch_detection.c.number.desc()).limit(1)
        with self._database.reading("reading a detection") as connection:
            row = connection.execute(query).first()
        return None if row is None else _detection(row)

    def detections(
        self, *, alarm: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[tuple[int, DetectionRow]]:
        """Return kept detections with their numbers, in the order they were found.

        Raises:
            StorageFault: the database refused.
        """
        query = select(watch_detection).where(watch_detection.c.number > after)
        if alarm is not None:
            query = query.where(watch_detection.c.alarm == alarm)
        query = query.order_by(watch_detection.c.number).limit(limit)
        with self._database.reading("reading detections") as connection:
            return [(row.number, _detection(row)) for row in connection.execute(query)]

    def bad_lines(self, source: str, *, limit: int = 100) -> list[BadRow]:
        """Return the newest lines of a source that could not be read; raises as `alarms`."""
        query = (
            select(watch_bad_line)
            .where(watch_bad_line.c.source == source)
            .order_by(watch_bad_line.c.number.desc())
            .limit(limit)
        )
        with self._database.reading("reading bad lines") as connection:
            rows = connection.execute(query).all()
        return [BadRow(row.source, row.position, row.reason, bytes(row.raw)) for row in rows]

    def prune(self, *, evidence_before: float, detections_before: float) -> Pruned:
        """Give up raw events, and later detections, whose time is over.

        Raises:
            StorageFault: the database refused.
        """
        found_at = watch_detection.c.found_at
        old_evidence = (
            update(watch_detection)
            .where(found_at < int(evidence_before * _MS), watch_detection.c.evidence.isnot(None))
            .values(evidence=None)
        )
        oldest = int(detections_before * _MS)
        with self._database.writing("giving up old evidence") as connection:
            evidence = connection.execute(old_evidence).rowcount
            gone = connection.execute(delete(watch_detection).where(found_at < oldest)).rowcount
            connection.execute(delete(watch_alarm).where(watch_alarm.c.last_at < oldest))
            old_requests = watch_request.c.taken_at < int(evidence_before * _MS)
            requests = connection.execute(delete(watch_request).where(old_requests)).rowcount
        return Pruned(evidence, gone, requests)


def _keep_source(connection: Connection, source: SourceRow, at: int) -> None:
    columns = watch_source.c
    changed = (
        update(watch_source)
        .where(columns.name == source.name)
        .values(
            place=source.place,
            events=columns.events + source.events,
            bad=columns.bad + source.bad,
            seen_at=at,
        )
    )
    if connection.execute(changed).rowcount == 0:
        row = {
            "name": source.name,
            "place": source.place,
            "events": source.events,
            "bad": source.bad,
            "seen_at": at,
        }
        connection.execute(insert(watch_source).values(row))


def _keep_alarm(connection: Connection, row: AlarmRow) -> None:
    alarm = row.alarm
    moving: Mapping[str, int] = {
        "first_at": int(alarm.first * _MS),
        "last_at": int(alarm.last * _MS),
        "count": alarm.count,
        "kept": alarm.kept,
    }
    changed = update(watch_alarm).where(watch_alarm.c.id == alarm.id).values(**moving)
    if connection.execute(changed).rowcount == 0:
        named = {"id": alarm.id, **alarm.key._asdict()}
        told = {"title": row.title, "level": row.level, "tags": row.tags}
        connection.execute(insert(watch_alarm).values({**named, **told, **moving}))


def _keep_bad(connection: Connection, bad: Iterable[BadRow]) -> None:
    names = watch_bad_line.c
    by_source: dict[str, list[BadRow]] = {}
    for each in bad:
        by_source.setdefault(each.source, []).append(each)
    for source, rows in by_source.items():
        values = [
            {"source": source, "position": row.position, "reason": row.reason, "raw": row.raw}
            for row in rows[-BAD_LINES_KEPT:]
        ]
        connection.execute(insert(watch_bad_line), values)
        newest = select(func.max(names.number)).where(names.source == source)
        # Numbers are shared by all sources, so this keeps at most, and not exactly, so many.
        edge = (connection.execute(newest).scalar() or 0) - BAD_LINES_KEPT
        old = delete(watch_bad_line).where(names.source == source, names.number <= edge)
        connection.execute(old)


def _detection_values(row: DetectionRow) -> dict[str, object]:
    return {
        "id": row.id,
        "alarm": row.alarm,
        "source": row.source,
        "position": row.position,
        "rule": row.rule,
        "event_at": None if row.event_at is None else int(row.event_at * _MS),
        "found_at": int(row.found * _MS),
        "fields": row.fields,
        "event_hash": row.event_hash,
        "evidence": row.evidence,
        "purpose": row.purpose,
    }


def _alarm(row: Row[tuple[object, ...]]) -> AlarmRow:
    key = AlarmKey(row.rule, row.source, row.entity)
    first, last = row.first_at / _MS, row.last_at / _MS
    alarm = Alarm(row.id, key, first, last, row._mapping["count"], row.kept)
    return AlarmRow(alarm, row.title, row.level, row.tags)


def _detection(row: Row[tuple[object, ...]]) -> DetectionRow:
    return DetectionRow(
        id=row.id,
        alarm=row.alarm,
        source=row.source,
        position=row.position,
        rule=row.rule,
        event_at=None if row.event_at is None else row.event_at / _MS,
        found=row.found_at / _MS,
        fields=row.fields,
        event_hash=bytes(row.event_hash),
        evidence=None if row.evidence is None else bytes(row.evidence),
        purpose=row.purpose,
    )

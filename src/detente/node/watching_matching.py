"""From lines of sources to what is kept: events read, rules and indicators asked, alarms joined.

Nothing is stored here: `take` gives one value that is stored in one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Protocol

import orjson

from detente.node.scanning import Engine
from detente.node.scanning_in_parts import Detection, Seen
from detente.node.watching_sources import Portion, WatchSource
from detente.storage.detections import AlarmRow, BadRow, DetectionRow, SourceRow, Taken
from detente.storage.event_parts import StoredEvent, pack
from detente.watch.alarms import Alarm, AlarmBook, AlarmKey, detection_id, entity_of
from detente.watch.classes import is_personal
from detente.watch.reading import (
    Batch,
    Block,
    Event,
    Format,
    Limits,
    LineReader,
    Options,
    event_time,
    line_reader,
)
from detente.watch.sigma.correlation import Correlator

_LIMITS = Limits()
_KEEP_STATE = frozenset({Format.JSONL, Format.CSV, Format.W3C, Format.ZEEK})
_SECONDS_MOST = 4e11  # the year 14645; a stranger time is none
_FIELD_BYTES_MAX = 65_536
_PLACES_REMEMBERED = 10_000

Known = Callable[[Sequence[str]], set[str]]


class Facts(Protocol):
    """What is known of sources whose rhythm is not learnt yet. TRUSTED: part of this process."""

    @property
    def seen(self) -> Mapping[str, float]:
        """Source -> seconds since 1970 at which it gave an event."""
        ...


class Noting(Protocol):
    """Notes what sources give, found or not. TRUSTED: it is part of this process."""

    def note(self, source: str, events: Sequence[Event], *, now: float) -> None:
        """Note the events that a source gave at a time."""
        ...


@dataclass(slots=True)
class _Read:
    """One portion, read."""

    portion: Portion
    batch: Batch
    seen: Seen


@dataclass(slots=True)
class Found:
    """A detection with the event it is about.

    Attributes:
        detection: as rules and indicators tell it.
        source: of the event.
        position: of the event in its source.
        event: None where it is not at hand.
        raw: as it came; empty where it is not at hand.
    """

    detection: Detection
    source: WatchSource
    position: str
    event: Event | None
    raw: bytes


class Matcher:
    """Asks rules and indicators about portions, one call after the other.

    Args:
        engine: rules, and what else looks at events.
        book: alarms that are open.
        known: says which detections, by id, are kept already.
        notes: what notes the events of sources; None for nobody who asks.

    Attributes:
        correlator: what holds the windows of correlations.
    """

    def __init__(
        self, engine: Engine, book: AlarmBook, known: Known, notes: Noting | None = None
    ) -> None:
        self._engine = engine
        self.correlator = Correlator(engine.correlations)
        self._book = book
        self._known = known
        self._notes = notes
        self._readers: dict[str, tuple[str, LineReader]] = {}
        self._inputs: dict[str, tuple[WatchSource, str]] = {}

    def take(self, portions: Sequence[Portion], *, now: float) -> Taken:
        """Return what is to be kept of some portions, places included.

        Args:
            portions: in the order in which their sources gave them.
            now: seconds since 1970.
        """
        read = [self._read(each, now) for each in portions]
        found = [one for each in read for one in self._found(each)]
        alarms, rows = self._joined(found, now)
        events = [one for each in read for one in _stored(each, now)]
        return Taken(
            at=now,
            sources=_progress(read),
            requests=[(p.source.name, name) for p in portions for name in p.requests],
            alarms=alarms,
            detections=rows,
            bad=[row for each in read for row in _bad(each)],
            fresh=(len(events), pack(events)) if events else None,
        )

    def take_found(self, found: Sequence[Found], *, now: float) -> Taken:
        """Return what is to be kept of what a hunt found in stored events."""
        alarms, rows = self._joined(found, now)
        return Taken(at=now, alarms=alarms, detections=rows)

    def _read(self, portion: Portion, now: float) -> _Read:
        lines = portion.lines
        long = frozenset(at for at, line in enumerate(lines) if len(line) > _LIMITS.line_bytes)
        batch = self._reader(portion, now).read(Block(0, lines, long))
        name = f"{portion.source.name}\n{portion.stream}"
        if name not in self._inputs:
            if len(self._inputs) >= _PLACES_REMEMBERED:
                self._inputs.clear()
            self._inputs[name] = portion.source, portion.stream
        # Lines keep their number in the stream: correlations outlive the portion.
        numbered = replace(batch, positions=[portion.at[place] for place in batch.positions])
        seen = self._engine.look(name, numbered)
        if self._notes is not None:
            self._notes.note(portion.source.name, batch.events, now=now)
        return _Read(portion, batch, seen)

    def _reader(self, portion: Portion, now: float) -> LineReader:
        """Return the reader of a stream; those that keep nothing learn the year anew each time."""
        options = Options(limits=_LIMITS, year_before=now)
        if portion.form not in _KEEP_STATE:
            return line_reader(portion.form, options)
        name = portion.source.name
        stream, reader = self._readers.get(name, ("", None))
        if reader is None or stream != portion.stream:
            reader = line_reader(portion.form, options)
            if portion.head:
                reader.read(Block(0, list(portion.head)))
            self._readers[name] = portion.stream, reader
        return reader

    def _found(self, read: _Read) -> list[Found]:
        """Return the detections of a portion, correlations after the event that completes them."""
        batch, portion, seen = read.batch, read.portion, read.seen
        places = {portion.at[at]: number for number, at in enumerate(batch.positions)}
        told = [*seen.detections]
        name = f"{portion.source.name}\n{portion.stream}"
        for feed in seen.feeds:
            done = self.correlator.take((name, feed.line), feed.time, feed.fields, feed.rules)
            told += map(self._engine.told, done)
        found = []
        for detection in told:
            number = places.get(detection.line) if detection.input == name else None
            source, stream = self._inputs.get(detection.input, (portion.source, ""))
            event = None if number is None else batch.events[number]
            raw = b"" if number is None else batch.raws[number]
            found.append(Found(detection, source, f"{stream}:{detection.line}", event, raw))
        return found

    def _joined(
        self, found: Sequence[Found], now: float
    ) -> tuple[list[AlarmRow], list[DetectionRow]]:
        ids = [_id_of(each) for each in found]
        done = self._known(ids) if ids else set()
        alarms: dict[str, AlarmRow] = {}
        rows = []
        for each, name in zip(found, ids, strict=True):
            if name in done:
                continue
            done.add(name)
            entity = _entity(each)
            key = AlarmKey(each.detection.rule, each.source.name, entity)
            alarm, keep = self._book.take(key, name, at=now)
            alarms[alarm.id] = _alarm_row(alarm, each.detection)
            if keep:
                rows.append(_row(each, name, alarm, now))
        return list(alarms.values()), rows


def _id_of(found: Found) -> str:
    # A correlation has no event of its own: its place is that of the one that completed it.
    raw = b"" if found.detection.count is not None else found.raw
    return detection_id(
        source=found.source.name,
        position=found.position,
        rule=found.detection.rule,
        event_hash=sha256(raw).digest(),
    )


def _entity(found: Found) -> str:
    if found.detection.count is not None:
        values = [str(each) for each in found.detection.fields.values()]
        return _clean(" ".join(values))[:200]
    return "" if found.event is None else entity_of(found.event)


def _alarm_row(alarm: Alarm, detection: Detection) -> AlarmRow:
    tags = orjson.dumps([_clean(tag) for tag in detection.tags]).decode()
    return AlarmRow(alarm, _clean(detection.title), detection.level, tags)


def _row(found: Found, name: str, alarm: Alarm, now: float) -> DetectionRow:
    keeps = _may_keep(found.source, found.event) and found.event is not None
    personal = found.event is not None and is_personal(found.event)
    return DetectionRow(
        id=name,
        alarm=alarm.id,
        source=found.source.name,
        position=found.position,
        rule=_clean(found.detection.rule),
        event_at=None if found.event is None else _time(found.event),
        found=now,
        fields=_fields(found.detection),
        event_hash=sha256(found.raw).digest(),
        evidence=found.raw if keeps else None,
        purpose=found.source.purpose if personal else "",
    )


def _fields(detection: Detection) -> str:
    told: dict[str, Any] = dict(detection.fields)
    if detection.count is not None:
        told["count"] = detection.count
    text = _json(told).decode()
    return text if len(text) <= _FIELD_BYTES_MAX else '{"cut":"too long to be kept here"}'


def _may_keep(source: WatchSource, event: Event | None) -> bool:
    """Say whether raw events may be kept: mail and look-up logs only for a stated purpose."""
    return bool(source.purpose) or event is None or not is_personal(event)


def _stored(read: _Read, now: float) -> list[StoredEvent]:
    batch, portion = read.batch, read.portion
    verbatim: Sequence[bytes | None] = batch.verbatim() or [None] * len(batch.events)
    source, stream = portion.source, portion.stream
    return [
        StoredEvent(
            source.name,
            f"{stream}:{portion.at[at]}",
            _time(event),
            now,
            raw,
            None if same is not None else _json(event),
        )
        for at, event, raw, same in zip(
            batch.positions, batch.events, batch.raws, verbatim, strict=True
        )
        if _may_keep(source, event)
    ]


def _progress(read: Sequence[_Read]) -> list[SourceRow]:
    rows: dict[str, SourceRow] = {}
    for each in read:
        name = each.portion.source.name
        before = rows.get(name, SourceRow(name, ""))
        rows[name] = SourceRow(
            name,
            each.portion.place,
            before.events + len(each.batch.events),
            before.bad + len(each.batch.bad),
        )
    return list(rows.values())


def _bad(read: _Read) -> list[BadRow]:
    portion = read.portion
    return [
        BadRow(
            portion.source.name,
            f"{portion.stream}:{portion.at[bad.position]}",
            _clean(bad.reason),
            b"" if _looks_personal(portion) else bad.raw,
        )
        for bad in read.batch.bad
    ]


def _looks_personal(portion: Portion) -> bool:
    return portion.form is Format.DNS and not portion.source.purpose


def _time(event: Mapping[str, Any]) -> float | None:
    said = event_time(dict(event)) if not isinstance(event, dict) else event_time(event)
    return said if said is not None and abs(said) < _SECONDS_MOST else None


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except (TypeError, ValueError):
        import json

        return json.dumps(value, default=str).encode("utf-8", "surrogatepass")


def _clean(text: str) -> str:
    """Return a text that every database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")

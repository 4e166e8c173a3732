"""Rules and indicators over events a node kept: DuckDB finds candidates, the kernels judge them.

What is judged is the event as it was matched when it came, by the same code. Fresh events,
which are in no file yet, are judged one and all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from detente.errors import EnvironmentFault
from detente.node.scanning import Engine
from detente.node.scanning_in_parts import Detection
from detente.node.watching_keeping import event_of
from detente.node.watching_matching import Found
from detente.node.watching_sources import Via, WatchSource
from detente.storage.event_parts import StoredEvent
from detente.storage.events import EventFile, EventShelf
from detente.watch.kernel import Program
from detente.watch.reading import Batch, Format
from detente.watch.sigma.correlation import Correlator

BATCH_EVENTS = 4_096
FRESH_ROWS_MAX = 100_000
FED_MAX = 200_000
FILES_AT_ONCE = 64
MEMORY = "512MB"
_SKEW = timedelta(days=1)
_COLUMNS = "source, position, time, received, raw, event"

Progress = Callable[[int, int], None]


class Cancelled(Exception):
    """Whoever asked wants no more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stored events may be hit.

    Attributes:
        marks: of the values looked for; None where any event may hold one.
        channels: of Windows events that rules ask, in lower case; None for all.
        event_ids: the same for their numbers.
        tagged: whether some rule asks events of other logs.
    """

    marks: frozenset[int] | None = frozenset()
    channels: frozenset[str] | None = frozenset()
    event_ids: frozenset[str] | None = frozenset()
    tagged: bool = False

    def clause(self) -> tuple[str, list[Any]]:
        """Return the condition on a stored event, with its parameters."""
        if self.marks is None:
            return "true", []
        either: list[str] = []
        values: list[Any] = []
        if self.marks:
            either.append("list_has_any(marks, ?::UBIGINT[])")
            values.append(sorted(self.marks))
        if self.tagged:
            either.append("channel = ''")
        both = []
        for column, texts in (("lower(channel)", self.channels), ("event_id", self.event_ids)):
            if texts is not None:
                both.append(f"list_contains(?::VARCHAR[], {column})")
                values.append(sorted(texts))
        either.append(f"({' AND '.join(both) or 'true'})")
        return " OR ".join(either), values


def wanted_of_rules(program: Program, rules: Iterable[int]) -> Wanted:
    """Return which stored events some rules may hit."""
    running = frozenset(rules)
    channels: set[str] | None = set()
    event_ids: set[str] | None = set()
    tagged = False
    for variant in program.variants:
        if variant.rule not in running:
            continue
        if variant.route.source is not None:
            tagged = True
            continue
        channels = _joined(channels, variant.route.channels)
        event_ids = _joined(event_ids, variant.route.event_ids)
    return Wanted(
        channels=None if channels is None else frozenset(channels),
        event_ids=None if event_ids is None else frozenset(event_ids),
        tagged=tagged,
    )


def _joined(known: set[str] | None, more: Sequence[str]) -> set[str] | None:
    return None if known is None or not more else known | set(more)


@dataclass(frozen=True, slots=True)
class Span:
    """Which events are asked, by the time they say, or at which they came where they say none.

    Attributes:
        since: seconds since 1970.
        until: before which; None for no end.
        by_receipt: by the time at which they came, whatever they say.
    """

    since: float = 0.0
    until: float | None = None
    by_receipt: bool = False

    def holds(self, stored: StoredEvent) -> bool:
        """Say whether an event is in it."""
        moment = stored.received if self.by_receipt or stored.time is None else stored.time
        return moment >= self.since and (self.until is None or moment < self.until)


@dataclass(slots=True)
class HuntSummary:
    """What a hunt went through; filled while it runs.

    Attributes:
        files: that were asked.
        candidates: events that were judged.
        found: detections.
    """

    files: int = 0
    candidates: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Hunt:
    """What to look for, and where.

    Attributes:
        engine: rules and indicators, as for live events.
        wanted: which events may be hit.
        span: of time.
        progress: told files done and files in all.
        cancelled: asked between batches.
    """

    engine: Engine
    wanted: Wanted
    span: Span = field(default_factory=Span)
    progress: Progress = lambda _done, _all: None
    cancelled: Callable[[], bool] = lambda: False


def hunt(shelf: EventShelf, what: Hunt, summary: HuntSummary) -> Iterator[Found]:
    """Yield what is found in stored events: those in files first, day by day, then fresh ones.

    Raises:
        StorageFault, EnvironmentFault: the disk, the database or DuckDB refused.
        Cancelled: it was.
    """
    judge = _Judge(what.engine)
    for batch in _batches(stored_events(shelf, what, summary)):
        if what.cancelled():
            raise Cancelled
        summary.candidates += len(batch)
        for found in judge.judged(batch):
            summary.found += 1
            yield found


def stored_events(shelf: EventShelf, what: Hunt, summary: HuntSummary) -> Iterator[StoredEvent]:
    """Yield the stored events that a hunt may hit: those in files first, then fresh ones.

    Raises:
        StorageFault, EnvironmentFault: the disk, the database or DuckDB refused.
    """
    # The fresh first: what moves into a file meanwhile is met there, and left out here.
    rows = shelf.fresh(limit=FRESH_ROWS_MAX)
    files = _files(shelf, what.span)
    moved = max((each.last for each in files), default=0)
    yield from chain.from_iterable(_stored(files, what, summary))
    yield from _fresh([row for row in rows if row[0] > moved], what.span)


def _files(shelf: EventShelf, span: Span) -> list[EventFile]:
    try:
        # An event may have come a little before the time that it says.
        day = f"{datetime.fromtimestamp(span.since, UTC) - _SKEW:%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        day = ""
    return shelf.files(since_day=day)


def _fresh(rows: Iterable[tuple[int, list[StoredEvent]]], span: Span) -> Iterator[StoredEvent]:
    return (each for _, events in rows for each in events if span.holds(each))


def _batches(events: Iterable[StoredEvent]) -> Iterator[list[StoredEvent]]:
    held: list[StoredEvent] = []
    for each in events:
        held.append(each)
        if len(held) >= BATCH_EVENTS:
            yield held
            held = []
    if held:
        yield held


def _stored(
    files: Sequence[EventFile], what: Hunt, summary: HuntSummary
) -> Iterator[list[StoredEvent]]:
    if not files:
        return
    import duckdb

    clause, values = what.wanted.clause()
    until = float("inf") if what.span.until is None else what.span.until
    moment = "received" if what.span.by_receipt else "coalesce(time, received)"
    query = (
        f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE {moment} >= ?"  # noqa: S608 - our words
        f" AND {moment} < ? AND ({clause}) ORDER BY received, source, position"
    )
    try:
        with duckdb.connect(config={"memory_limit": MEMORY, "threads": 2}) as connection:
            for at in range(0, len(files), FILES_AT_ONCE):
                some = files[at : at + FILES_AT_ONCE]
                paths = [str(each.path) for each in some]
                asked = connection.execute(query, [paths, what.span.since, until, *values])
                while rows := asked.fetchmany(BATCH_EVENTS):
                    yield [StoredEvent(*row) for row in rows]
                summary.files += len(some)
                what.progress(summary.files, len(files))
    except duckdb.Error as error:
        raise EnvironmentFault(
            f"stored events cannot be asked: {error}",
            remedy="Look at the disk; a damaged file may be moved out of the folder of events",
        ) from error


class _Judge:
    """Asks the same questions as the live watch, batch after batch."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._correlator = Correlator(engine.correlations)
        self._base = 0
        # Where matches stand that a correlation may still name.
        self._fed: dict[int, StoredEvent] = {}

    def judged(self, stored: Sequence[StoredEvent]) -> Iterator[Found]:
        """Yield what is found in a batch."""
        base, self._base = self._base, self._base + len(stored)
        events = [event_of(each) for each in stored]
        numbers = list(range(base, self._base))
        batch = Batch(positions=numbers, events=events, raws=[each.raw for each in stored])
        seen = self._engine.look("", batch)
        told: list[Detection] = list(seen.detections)
        if len(self._fed) > FED_MAX:
            self._fed.clear()
        for feed in seen.feeds:
            self._fed[feed.line] = stored[feed.line - base]
            done = self._correlator.take(("", feed.line), feed.time, feed.fields, feed.rules)
            told += map(self._engine.told, done)
        for detection in told:
            at = detection.line - base
            each = stored[at] if at >= 0 else self._fed.get(detection.line)
            if each is not None:
                event = events[at] if at >= 0 else event_of(each)
                source = stored_source(each.source)
                yield Found(detection, source, each.position, event, each.raw)


def stored_source(name: str) -> WatchSource:
    """Return what stands for the source of a stored event, which may be no source any more."""
    return WatchSource(name, Via.FILE, "", Format.AUTO, purpose="stored")

"""The picture of this night in a few lines: alarms, what was said, what the partners see.

Counts and the newest things only, each with where its evidence is; no maps, no scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.node.handling_alarms import handled
from detente.node.home import Home
from detente.node.reading import newest_statements, published_checkpoint
from detente.storage.detections import AlarmRow, DetectionShelf
from detente.storage.evidence import EvidenceShelf
from detente.storage.model import StoredStatement

ALARMS_SHOWN = 5
STATEMENTS_SHOWN = 8
_LEVELS = ("critical", "high", "medium", "low", "informational")
_WINDOW = timedelta(hours=24)
_ALARMS_READ = 1_000
_LOUD = {"critical", "high"}


@dataclass(frozen=True, slots=True)
class Source:
    """A source of events that speaks or fell silent.

    Attributes:
        name: as the settings call it.
        events: read so far.
        bad: lines that could not be read.
        seen: seconds since 1970 at which it gave something last.
    """

    name: str
    events: int
    bad: int
    seen: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What one looks at first.

    Attributes:
        line: the whole in one plain sentence.
        is_calm: nothing waits for a person.
        alarms: the most pressing, at most five.
        holders: alarm id -> name of who has it; "" where nobody does.
        more_alarms: how many others there are of the last day.
        levels: alarms of the last day by level, the gravest first.
        sources: of events.
        statements: the newest said and heard.
        proofs: how many proofs of misbehaviour are kept.
        log_size: entries of this node's own log that others can read; None where it has none.
        made: when this picture was made.
    """

    line: str
    is_calm: bool
    alarms: tuple[AlarmRow, ...]
    holders: Mapping[str, str]
    more_alarms: int
    levels: tuple[tuple[str, int], ...]
    sources: tuple[Source, ...]
    statements: tuple[StoredStatement, ...]
    proofs: int
    log_size: int | None
    made: datetime


def picture_of(home: Home, *, now: datetime) -> Picture:
    """Return the picture of the last day.

    Raises:
        StorageFault: the database refused.
    """
    shelf = DetectionShelf(home.database)
    found = shelf.alarms(since=(now - _WINDOW).timestamp(), limit=_ALARMS_READ)
    wanting = [each for each in handled(home, found, now=now) if each.wants_somebody]
    holders = {each.row.alarm.id: each.handling.holder_name for each in wanting}
    rows = [each.row for each in wanting]
    rows.sort(key=lambda row: (_grade(row.level), -row.alarm.last))
    levels = tuple(
        (level, count) for level in _LEVELS if (count := sum(each.level == level for each in rows))
    )
    pressing = [each for each in rows if each.level in _LOUD]
    shown = published_checkpoint(home, home.identity.origin) if home.charter else None
    sources = (
        Source(each.name, each.events, each.bad, each.seen) for each in shelf.sources().values()
    )
    return Picture(
        line=_line(len(pressing), len(rows)),
        is_calm=not pressing,
        alarms=tuple(rows[:ALARMS_SHOWN]),
        holders=holders,
        more_alarms=max(0, len(rows) - ALARMS_SHOWN),
        levels=levels,
        sources=tuple(sorted(sources, key=lambda each: each.name)),
        statements=tuple(reversed(newest_statements(home, kind=None, limit=STATEMENTS_SHOWN))),
        proofs=len(EvidenceShelf(home.database).newest_proofs(limit=100)),
        log_size=None if shown is None else shown.size,
        made=now,
    )


def _grade(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def _line(pressing: int, every: int) -> str:
    if pressing:
        return f"{pressing} alarm{'s' * (pressing != 1)} of the last day want a person."
    if every:
        return f"Nothing presses: {every} alarm{'s' * (every != 1)} of the last day, none grave."
    return "Nothing was found in the last day."

"""What the continuous watch could see: the facts of coverage, kept up batch by batch.

Every event read is noted, whether a rule fires or not. What comes of habit and stays
away becomes a detection like any other. What was learnt is kept in a file, so that a new
start does not learn anew; where the file is lost or damaged, it does.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson

from detente.errors import UnitError
from detente.node.rulesets import Loaded
from detente.node.scanning_in_parts import Detection
from detente.node.watching_matching import Found
from detente.node.watching_sources import WatchSource
from detente.storage.disk import Disk, read_capped, write_whole
from detente.watch.coverage import (
    Absence,
    Coverage,
    CoverageFacts,
    Habits,
    Missing,
    Rhythms,
    cover,
)
from detente.watch.reading import Event

HABITS_FILE = "watch-habits.json"
LEVEL = "medium"  # something stopped; what stopped it is for a person to find out
SAVE_EVERY_S = 600.0
_BYTES_MAX = 64 << 20
_RULES: Mapping[Missing, str] = {
    Missing.SOURCE: "detente-source-silent",
    Missing.LOG: "detente-log-silent",
    Missing.FIELD: "detente-field-gone",
}
SILENCES = frozenset(_RULES.values())
"""Rules of the alarms that tell what stopped coming."""


class WatchFacts:
    """What was seen so far, by rules' log sources and fields, and in which rhythm.

    Args:
        loaded: the rules that run.
        path: of the file in which habits are kept.
        habits: when an absence is told.
    """

    def __init__(self, loaded: Loaded, path: Path, habits: Habits | None = None) -> None:
        self._loaded = loaded
        self._path = path
        self._habits = habits
        self._facts = CoverageFacts(loaded.rules.program, loaded.wanted)
        self._rhythms = Rhythms(self._facts.asked, habits)
        self._saved = 0.0

    @property
    def seen(self) -> Mapping[str, float]:
        """Sources whose rhythm is not learnt yet -> when each gave an event last."""
        return self._rhythms.unlearnt()

    def begin(self, now: float) -> None:
        """Take up what was learnt before; what nobody watched meanwhile was no pause."""
        with suppress(UnitError, OSError, ValueError):
            rhythms = Rhythms(self._facts.asked, self._habits)
            rhythms.take_up(orjson.loads(read_capped(self._path, bytes_max=_BYTES_MAX)))
            self._rhythms = rhythms
        self._rhythms.resume(now)
        self._saved = now

    def note(self, source: str, events: Sequence[Event], *, now: float) -> None:
        """Note the events that a source gave."""
        self._facts.observe(events)
        self._rhythms.observe(source, events, now=now)

    def due(self, now: float) -> list[Absence]:
        """Return what stays away by now and was not told yet."""
        return self._rhythms.due(now)

    def coverage(self) -> Coverage:
        """Say of every rule whether it can fire on what came since this start."""
        return cover(self._loaded.rules, self._loaded.wanted, self._facts)

    def is_to_save(self, now: float) -> bool:
        """Say whether it is time to keep what was learnt."""
        return now - self._saved >= SAVE_EVERY_S

    def save(self, now: float) -> None:
        """Keep what was learnt.

        Raises:
            StorageFault: the disk refused.
        """
        write_whole(self._path, orjson.dumps(self._rhythms.state()), disk=Disk())
        self._saved = now


def found_of(absence: Absence, source: WatchSource) -> Found:
    """Return an absence as a detection: it has no event of its own."""
    detection = Detection(
        input=absence.source,
        line=0,
        rule=_RULES[absence.what],
        title=_title(absence),
        level=LEVEL,
        tags=(),
        fields={
            "log": absence.log,
            "field": absence.name,
            "since": _time(absence.since),
            "absent": round(absence.absent),
            "longest_before": round(absence.longest),
            "told_after": round(absence.allowed),
            "unit": "events" if absence.what is Missing.FIELD else "seconds",
        },
        count=round(absence.absent),
    )
    place = f"{absence.log}:{absence.name}:{absence.since:.0f}"
    return Found(detection, source, place, None, b"")


def _title(absence: Absence) -> str:
    if absence.what is Missing.FIELD:
        return (
            f"The field {absence.name} comes no longer in {absence.log or 'the events'}"
            f" of source {absence.source}: not in the last {absence.absent:.0f} events"
        )
    who = f"{absence.log} of source" if absence.log else "Source"
    return (
        f"{who} {absence.source} fell silent: nothing for {absence.absent / 60:.0f} minutes,"
        f" at most {absence.longest / 60:.0f} before"
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

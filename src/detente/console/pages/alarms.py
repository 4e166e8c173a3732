"""What the watch found: alarms, each with its detections, the raw event, and why it fired."""

import json
from datetime import timedelta

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, in_thread
from detente.console.inert import plain
from detente.storage.detections import AlarmRow, DetectionShelf

_READERS = {ROLES: INSIDE}
_SHOWN_MAX = 200
_READ_MAX = 5_000
_EVIDENCE_SHOWN = 4_000
_LEVELS = ("critical", "high", "medium", "low", "informational")
_DAYS_MAX = 366


@get("/alarms", opt=_READERS)
@in_thread
def list_alarms(
    request: Asking,
    desk: AtDesk,
    level: FromQuery[str] = "",
    source: FromQuery[str] = "",
    words: FromQuery[str] = "",
    days: FromQuery[int] = 7,
) -> Response[str]:
    """List alarms; the filters stand in the address."""
    since = desk.now() - timedelta(days=min(max(days, 1), _DAYS_MAX))
    shelf = DetectionShelf(desk.home.database)
    rows = [
        each
        for each in shelf.alarms(since=since.timestamp(), limit=_READ_MAX)
        if level in ("", each.level)
        and source in ("", plain(each.alarm.key.source))
        and words.casefold() in f"{each.title} {each.alarm.key.entity}".casefold()
    ]
    values = {
        "alarms": rows[:_SHOWN_MAX],
        "left_out": max(0, len(rows) - _SHOWN_MAX),
        "levels": _LEVELS,
        "sources": sorted(shelf.sources()),
        "chosen": {"level": level, "source": source, "words": words, "days": days},
    }
    return desk.show(request, "alarms.html", values)


@get("/alarms/{alarm:str}", opt=_READERS)
@in_thread
def show_alarm(request: Asking, desk: AtDesk, alarm: FromPath[str]) -> Response[str]:
    """Show one alarm with the events behind it."""
    shelf = DetectionShelf(desk.home.database)
    row = shelf.alarm(alarm)
    if row is None:
        raise NotFoundException("There is no such alarm; it may be over and gone")
    detections = [
        {
            "row": each,
            "fields": json.loads(each.fields),
            "hash": each.event_hash.hex(),
            "raw": _raw(each.evidence),
        }
        for _, each in shelf.detections(alarm=row.alarm.id)
    ]
    values = {
        "alarm": row,
        "tags": _tags(row),
        "detections": detections[::-1][:_SHOWN_MAX],
    }
    return desk.show(request, "alarm.html", values)


def _raw(evidence: bytes | None) -> str | None:
    return None if evidence is None else evidence[:_EVIDENCE_SHOWN].decode(errors="replace")


def _tags(row: AlarmRow) -> list[str]:
    found = json.loads(row.tags or "[]")
    return [str(each) for each in found] if isinstance(found, list) else []


ROUTES = (list_alarms, show_alarm)

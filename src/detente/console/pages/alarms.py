"""What the watch found: alarms, each with its detections, the raw event, and why it fired."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import quote

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import Form, read_form, require_person
from detente.console.inert import plain
from detente.node.handling_alarms import WORKERS, AlarmWork, handled
from detente.node.offices import Role, Who
from detente.storage.detections import AlarmRow, DetectionShelf

_READERS = {ROLES: INSIDE}
_ANALYSTS = {ROLES: frozenset({Role.ANALYST})}
_STATES = ("wanting", "open", "acknowledged", "dismissed", "excluded")
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
    standing: FromQuery[str] = "",
) -> Response[str]:
    """List alarms; the filters stand in the address."""
    since = desk.now() - timedelta(days=min(max(days, 1), _DAYS_MAX))
    shelf = DetectionShelf(desk.home.database)
    found = [
        each
        for each in shelf.alarms(since=since.timestamp(), limit=_READ_MAX)
        if level in ("", each.level)
        and source in ("", plain(each.alarm.key.source))
        and words.casefold() in f"{each.title} {each.alarm.key.entity}".casefold()
    ]
    rows = [
        each
        for each in handled(desk.home, found, now=desk.now())
        if standing in ("", each.state) or (standing == "wanting" and each.wants_somebody)
    ]
    values = {
        "alarms": rows[:_SHOWN_MAX],
        "left_out": max(0, len(rows) - _SHOWN_MAX),
        "levels": _LEVELS,
        "sources": sorted(shelf.sources()),
        "states": _STATES,
        "chosen": {
            "level": level,
            "source": source,
            "words": words,
            "days": days,
            "standing": standing,
        },
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
        "handled": handled(desk.home, [row], now=desk.now())[0],
        "workers": [
            each
            for each in desk.office.shelf.people()
            if each.removed is None and each.roles & WORKERS
        ],
        "tags": _tags(row),
        "detections": detections[::-1][:_SHOWN_MAX],
    }
    return desk.show(request, "alarm.html", values)


@post("/alarms/{alarm:str}/{step:str}", opt=_ANALYSTS, status_code=303)
async def handle_alarm(
    request: Asking, desk: AtDesk, alarm: FromPath[str], step: FromPath[str]
) -> Redirect:
    """Do one step with an alarm: see it, give it away, dismiss, exclude, reopen it, make a case."""
    form = await read_form(request)
    by = require_person(request).who
    await asyncio.to_thread(_take_step, desk, alarm, step, form, by)
    return Redirect(f"/alarms/{quote(alarm)}", status_code=303)


def _take_step(desk: Desk, alarm: str, step: str, form: Form, by: Who) -> None:
    work = AlarmWork(desk.home, desk.office, now=desk.now)
    match step:
        case "acknowledge":
            work.acknowledge(alarm, by=by)
        case "assign":
            work.assign(alarm, form.need("person"), by=by)
        case "dismiss":
            work.dismiss(alarm, form.need("reason"), by=by)
        case "exclude":
            work.exclude(alarm, form.need("reason"), days=form.number("days"), by=by)
        case "reopen":
            work.reopen(alarm, by=by)
        case "case":
            work.make_case(alarm, by=by)
        case _:
            raise NotFoundException("There is no such step")


def _raw(evidence: bytes | None) -> str | None:
    return None if evidence is None else evidence[:_EVIDENCE_SHOWN].decode(errors="replace")


def _tags(row: AlarmRow) -> list[str]:
    found = json.loads(row.tags or "[]")
    return [str(each) for each in found] if isinstance(found, list) else []


ROUTES = (handle_alarm, list_alarms, show_alarm)

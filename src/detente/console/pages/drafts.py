"""Warnings before they leave: written by an analyst, looked at and released by a releaser."""

import asyncio

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import Form, read_form, require_person
from detente.errors import InputError
from detente.node.drafting import Asked, Drafter, objects_shown, suggested_values
from detente.node.handling_alarms import AlarmWork
from detente.node.offices import Role
from detente.statements import UNIT, Handling, Pap, Tlp

_READERS = {ROLES: INSIDE}
_ANALYSTS = {ROLES: frozenset({Role.ANALYST})}
_RELEASERS = {ROLES: frozenset({Role.RELEASER})}
_WORKERS = {ROLES: frozenset({Role.ANALYST, Role.RELEASER})}
_SHOWN_MAX = 200
_LICENCES = ("NOASSERTION", "CC0-1.0", "CC-BY-4.0")


@get("/alarms/{alarm:str}/warning", opt=_ANALYSTS)
@in_thread
def show_form(request: Asking, desk: AtDesk, alarm: FromPath[str]) -> Response[str]:
    """Show the form of a warning, with the values that stand in the alarm's events."""
    work = AlarmWork(desk.home, desk.office, now=desk.now)
    charter, me = desk.home.charter, desk.home.identity.member
    values = {
        "alarm": work.require(alarm).row,
        "values": suggested_values(desk.home, alarm),
        "members": [each for each in (charter.members if charter else ()) if each.id != me],
        "tlps": [each.value for each in Tlp],
        "paps": [each.value for each in Pap],
        "licences": _LICENCES,
    }
    return desk.show(request, "draft_form.html", values)


@post("/alarms/{alarm:str}/warning", opt=_ANALYSTS, status_code=303)
async def write_draft(request: Asking, desk: AtDesk, alarm: FromPath[str]) -> Redirect:
    """Keep a warning as a draft; nothing leaves."""
    asked = _asked(await read_form(request))
    by = require_person(request).who
    draft = await asyncio.to_thread(_drafter(desk).write, alarm, asked, by=by)
    return Redirect(f"/drafts/{draft}", status_code=303)


@get("/drafts", opt=_READERS)
@in_thread
def list_drafts(request: Asking, desk: AtDesk) -> Response[str]:
    """List what was drafted, and what came of it."""
    return desk.show(request, "drafts.html", {"drafts": _drafter(desk).listed(limit=_SHOWN_MAX)})


@get("/drafts/{draft:str}", opt=_READERS)
@in_thread
def show_draft(request: Asking, desk: AtDesk, draft: FromPath[str]) -> Response[str]:
    """Show a draft, who would see what of it, and by which rule."""
    drafter = _drafter(desk)
    row = drafter.require(draft)
    values = {
        "draft": row,
        "handling": Handling.parse(row.handling),
        "objects": objects_shown(row),
        "preview": drafter.preview(draft) if row.state == "draft" else None,
    }
    return desk.show(request, "draft.html", values)


@post("/drafts/{draft:str}/release", opt=_RELEASERS, status_code=303)
async def release_draft(request: Asking, desk: AtDesk, draft: FromPath[str]) -> Redirect:
    """Say it to those who were shown."""
    looked_at = (await read_form(request)).need("looked_at")
    by = require_person(request).who
    release = _drafter(desk).release
    said = await asyncio.to_thread(release, draft, looked_at=looked_at, by=by)
    return Redirect(f"/warnings/{said.payload_hash}", status_code=303)


@post("/drafts/{draft:str}/drop", opt=_WORKERS, status_code=303)
async def drop_draft(request: Asking, desk: AtDesk, draft: FromPath[str]) -> Redirect:
    """Give a draft up."""
    await read_form(request)
    by = require_person(request).who
    await asyncio.to_thread(_drafter(desk).drop, draft, by=by)
    return Redirect("/drafts", status_code=303)


def _drafter(desk: Desk) -> Drafter:
    return Drafter(desk.home, desk.office, now=desk.now)


def _asked(form: Form) -> Asked:
    to = form.get("to", [])
    if not to:
        raise InputError("nobody would read it", remedy="Choose the unit, or members")
    try:
        tlp, pap = Tlp(form.one("tlp")), Pap(form.one("pap"))
    except ValueError:
        raise InputError("a label is missing", remedy="Choose how far it may travel") from None
    licence = form.one("licence")
    if licence not in _LICENCES:
        raise InputError("there is no such licence here", remedy="Choose one of the list")
    return Asked(
        words=form.one("words"),
        values=form.one("values"),
        tlp=tlp,
        pap=pap,
        licence=licence,
        readers=UNIT if to == [UNIT] else tuple(sorted(set(to))),
    )


ROUTES = (drop_draft, list_drafts, release_draft, show_draft, show_form, write_draft)

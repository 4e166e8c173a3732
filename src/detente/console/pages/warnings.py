"""What was said and heard, how we know it, and what one's own office says to it."""

import asyncio
from contextlib import suppress

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import read_form, require_person
from detente.errors import UnitError
from detente.node.beside import stand_beside
from detente.node.circle import circle_of
from detente.node.dating import describe_time
from detente.node.disclosing import decide_public, disclose, published
from detente.node.offices import Role
from detente.node.reading import Said, newest_statements, read_redacted, read_said, receipt_for
from detente.node.showing import describe_said
from detente.release import Withheld
from detente.signing.canonical import JsonValue
from detente.statements import Kind

_READERS = {ROLES: INSIDE}
_RELEASERS = {ROLES: frozenset({Role.RELEASER})}
_SHOWN_MAX = 200
_BESIDE = {"retract": Kind.RETRACTION, "dispute": Kind.DISPUTE}


@get("/warnings", opt=_READERS)
@in_thread
def list_warnings(request: Asking, desk: AtDesk, kind: FromQuery[str] = "") -> Response[str]:
    """List the newest statements, own and others'."""
    rows = newest_statements(desk.home, kind=kind or None, limit=_SHOWN_MAX)
    values = {
        "statements": rows[::-1],
        "names": names_of(desk),
        "kind": kind,
        "kinds": sorted(each.value for each in Kind),
        "me": desk.home.identity.member,
    }
    return desk.show(request, "warnings.html", values)


@get("/warnings/{statement:str}", opt=_READERS)
@in_thread
def show_warning(request: Asking, desk: AtDesk, statement: FromPath[str]) -> Response[str]:
    """Show one statement and the steps by which we know it."""
    said = read_said(desk.home, statement)
    document = describe_said(said, read_redacted(desk.home, said.statement.payload_hash))
    with suppress(UnitError):  # who has seen it is shown where it can be told
        document |= describe_time(desk.home, said)
    values = {
        "document": document,
        "names": names_of(desk),
        "me": desk.home.identity.member,
        "known": _how_we_know(desk, said.statement.payload_hash),
        "public": _publicity(desk, said),
    }
    return desk.show(request, "warning.html", values)


@get("/warnings/{statement:str}/receipt", opt=_READERS)
@in_thread
def get_receipt(desk: AtDesk, statement: FromPath[str]) -> Response[bytes]:
    """Give the receipt, which anybody verifies offline."""
    receipt, _ = receipt_for(desk.home, statement)
    said = f'attachment; filename="{statement[:16]}.tlog-proof"'
    return Response(
        receipt.to_bytes(),
        media_type="application/octet-stream",
        headers={"content-disposition": said},
    )


@post("/warnings/{statement:str}/{beside:str}", opt=_RELEASERS, status_code=303)
async def say_beside(
    request: Asking, desk: AtDesk, statement: FromPath[str], beside: FromPath[str]
) -> Redirect:
    """Take back an own statement, or doubt one."""
    form = await read_form(request)
    reason, kind = form.need("reason"), _BESIDE.get(beside)
    if kind is None:
        raise UnitError(f"nothing is said as {beside[:40]!r}")
    said = await asyncio.to_thread(
        stand_beside, desk.home, kind, statement, reason=reason, now=desk.now
    )
    who = require_person(request).who
    await asyncio.to_thread(desk.office.record, who, beside, statement, detail=reason)
    return Redirect(f"/warnings/{said.payload_hash}", status_code=303)


@post("/warnings/{statement:str}/public", opt=_RELEASERS, status_code=303)
async def make_public(request: Asking, desk: AtDesk, statement: FromPath[str]) -> Redirect:
    """Let anybody read an own statement, as far as its label goes."""
    await read_form(request)
    await asyncio.to_thread(disclose, desk.home, statement, now=desk.now)
    who = require_person(request).who
    await asyncio.to_thread(desk.office.record, who, "disclose", statement)
    return Redirect(f"/warnings/{statement}", status_code=303)


def names_of(desk: Desk) -> dict[str, str]:
    """Return the names of all members there ever were, by id."""
    chain = desk.home.chain
    past = () if chain is None else chain.charters
    names = {member.id: member.name for charter in past for member in charter.members}
    return names | {desk.home.identity.member: desk.home.identity.name}


def _how_we_know(desk: Desk, payload_hash: str) -> dict[str, JsonValue]:
    """Return the steps content, log, checkpoint, witnesses; or what is missing."""
    try:
        receipt, seen = receipt_for(desk.home, payload_hash)
    except UnitError as error:
        return {"missing": error.message}
    who: list[JsonValue] = [*(names_of(desk).get(each, each[:12]) for each in seen.mirrors)]
    who += seen.outside
    return {
        "hashes": len(receipt.hashes),
        "seen": len(who),
        "eligible": seen.rule.eligible,
        "who": who,
        "settled": seen.settled,
        "checkpoint": receipt.checkpoint.decode(errors="replace"),
    }


def _publicity(desk: Desk, said: Said) -> dict[str, object]:
    """Return whether everybody may read an own statement, and what the gate says to that."""
    row = said.stored.row
    if row.issuer != desk.home.identity.member or said.content is None:
        return {"is_ours": False}
    answer = decide_public(desk.home, said, circle=circle_of(desk.home))
    return {
        "is_ours": True,
        "is_published": row.payload_hash in published(desk.home),
        "rule": answer.rule if isinstance(answer, Withheld) else "",
    }


ROUTES = (get_receipt, list_warnings, make_public, say_beside, show_warning)

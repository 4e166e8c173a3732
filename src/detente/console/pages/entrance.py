"""Coming in: a passkey, a printed link, a recovery code; and one's own account."""

import asyncio
import json

from litestar import Response, get, post
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from detente.console.desk import ANYBODY, EVERYBODY, ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import read_form, read_json, read_open_form, require_person
from detente.console.sections import first_page
from detente.node.offices import Purpose
from detente.node.signing_in import SESSION_LIVES
from detente.storage.people import Person

_OPEN = {ANYBODY: True}
_ALL = {ROLES: EVERYBODY}
_ASSET_LIVES = "public, max-age=31536000, immutable"
_THEMES = {"light", "dark", ""}


@get("/enter", opt=_OPEN)
@in_thread
def enter(request: Asking, desk: AtDesk) -> Response[str]:
    """Ask for a passkey."""
    return desk.show(request, "enter.html", {"has_people": bool(desk.office.administrators())})


@get("/enrol", opt=_OPEN)
@in_thread
def enrol_page(request: Asking, desk: AtDesk) -> Response[str]:
    """Make a passkey; the secret of the link stands behind '#', which is never sent."""
    return desk.show(request, "enrol.html")


@post("/enrol/ask", opt=_OPEN, status_code=200)
async def ask_enrolment(request: Asking, desk: AtDesk) -> Response[str]:
    """Say what a browser makes a passkey from."""
    asked = await read_json(request)
    link = str(asked.get("link", ""))
    person, options = await asyncio.to_thread(
        desk.entrance.ask_enrolment, link, address=_address(request)
    )
    return _json({"name": person.name, "options": json.loads(options)})


@post("/enrol", opt=_OPEN, status_code=200)
async def enrol(request: Asking, desk: AtDesk) -> Response[str]:
    """Keep the passkey, and let its owner in."""
    said = await read_json(request)
    link, credential, label = said.get("link"), said.get("credential"), said.get("label", "")
    person = await asyncio.to_thread(
        desk.entrance.enrol,
        str(link),
        credential if isinstance(credential, dict) else {},
        label=str(label),
        address=_address(request),
    )
    unused = await asyncio.to_thread(
        desk.office.shelf.unused_links, person.id, purpose=Purpose.RECOVERY
    )
    return await _let_in(request, desk, person, "/me?codes=none" if not unused else "")


@post("/enter/ask", opt=_OPEN, status_code=200)
@in_thread
def ask_entry(desk: AtDesk) -> Response[str]:
    """Say what a passkey signs."""
    return _json({"options": json.loads(desk.entrance.ask_assertion())})


@post("/enter", opt=_OPEN, status_code=200)
async def let_in(request: Asking, desk: AtDesk) -> Response[str]:
    """Let in whose passkey answered."""
    said = await read_json(request)
    credential = said.get("credential")
    person = await asyncio.to_thread(
        desk.entrance.assert_person,
        credential if isinstance(credential, dict) else {},
        address=_address(request),
    )
    return await _let_in(request, desk, person, "")


@post("/recover", opt=_OPEN, status_code=303)
async def recover(request: Asking, desk: AtDesk) -> Redirect:
    """Use up a recovery code for a link to make another passkey by."""
    code = (await read_open_form(request)).need("code")
    _, link = await asyncio.to_thread(desk.entrance.recover, code, address=_address(request))
    return Redirect(f"/enrol#{link}", status_code=303)


@post("/leave", opt=_ALL, status_code=303)
async def leave(request: Asking, desk: AtDesk) -> Redirect:
    """Sign out."""
    await read_form(request)
    signed_in = require_person(request)
    await asyncio.to_thread(desk.entrance.end, signed_in, signed_in.session.id)
    answer = Redirect("/enter", status_code=303)
    answer.delete_cookie(desk.cookie)
    return answer


@get("/me", opt=_ALL)
@in_thread
def account(request: Asking, desk: AtDesk, codes: FromQuery[str] = "") -> Response[str]:
    """Show one's passkeys, sessions and recovery codes."""
    me = require_person(request)
    shelf = desk.office.shelf
    values = {
        "passkeys": shelf.passkeys(me.person.id),
        "sessions": shelf.sessions(me.person.id),
        "session": me.session.id,
        "unused_codes": shelf.unused_links(me.person.id, purpose=Purpose.RECOVERY),
        "lacks_codes": codes == "none",
    }
    return desk.show(request, "me.html", values)


@post("/me/sessions", opt=_ALL, status_code=303)
async def end_session(request: Asking, desk: AtDesk) -> Redirect:
    """End one of one's sessions."""
    session = (await read_form(request)).need("session")
    await asyncio.to_thread(desk.entrance.end, require_person(request), session)
    return Redirect("/me", status_code=303)


@post("/me/codes", opt=_ALL, status_code=200)
async def make_codes(request: Asking, desk: AtDesk) -> Response[str]:
    """Make recovery codes and show them once."""
    await read_form(request)
    me = require_person(request)
    codes = await asyncio.to_thread(desk.office.make_codes, me.person, by=me.who)
    return desk.show(request, "codes.html", {"codes": codes})


@post("/me/passkey", opt=_ALL, status_code=303)
async def another_passkey(request: Asking, desk: AtDesk) -> Redirect:
    """Make a link by which one's next passkey is enrolled."""
    await read_form(request)
    me = require_person(request)
    link = await asyncio.to_thread(desk.office.make_link, me.person, by=me.who)
    return Redirect(f"/enrol#{link}", status_code=303)


@post("/theme", opt=_ALL, status_code=303)
async def choose_theme(request: Asking, desk: AtDesk) -> Redirect:
    """Remember light or dark in this browser."""
    theme = (await read_form(request)).one("theme")
    answer = Redirect("/me", status_code=303)
    if theme in _THEMES:
        answer.set_cookie("detente-theme", theme, samesite="strict", httponly=True)
    return answer


@get("/assets/{name:str}", opt=_OPEN)
@in_thread
def asset(desk: AtDesk, name: FromPath[str]) -> Response[bytes]:
    """Serve a script or a style; its name carries its hash."""
    found = desk.renderer.asset(name)
    if found is None:
        return Response(b"", status_code=404)
    return Response(
        found.data, media_type=found.media_type, headers={"cache-control": _ASSET_LIVES}
    )


@get("/live", opt=_ALL)
async def stream(desk: AtDesk) -> Stream | Response[bytes]:
    """Send what changes, for as long as the page is open."""
    if desk.live.is_full:
        return Response(b"", status_code=503)
    return Stream(desk.live.listen(), media_type="text/event-stream")


async def _let_in(request: Asking, desk: Desk, person: Person, to: str) -> Response[str]:
    browser = request.headers.get("user-agent", "")
    secret = await asyncio.to_thread(desk.entrance.begin, person, browser=browser)
    answer = _json({"to": to or first_page(person.roles)})
    answer.set_cookie(
        desk.cookie,
        secret.hex(),
        max_age=int(SESSION_LIVES.total_seconds()),
        httponly=True,
        secure=desk.place.origin.startswith("https:"),
        samesite="strict",
    )
    return answer


def _address(request: Asking) -> str:
    """Return where a request comes from; behind a web server that is the web server."""
    return "" if request.client is None else request.client.host


def _json(document: dict[str, object]) -> Response[str]:
    return Response(json.dumps(document), media_type=MediaType.JSON)


ROUTES = (
    account,
    another_passkey,
    ask_enrolment,
    ask_entry,
    asset,
    choose_theme,
    end_session,
    enrol,
    enrol_page,
    enter,
    leave,
    let_in,
    make_codes,
    recover,
    stream,
)

"""What the node is set to: who is signed in, tools, keys, and how long things are kept."""

import asyncio

from litestar import Response, get, post
from litestar.response import Redirect

from detente.console.desk import ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import read_form, require_person
from detente.node.office_keeping import OfficeKeeping
from detente.node.offices import Role

_ADMINISTRATORS = {ROLES: frozenset({Role.ADMINISTRATOR})}


@get("/settings", opt=_ADMINISTRATORS)
@in_thread
def show_settings(request: Asking, desk: AtDesk) -> Response[str]:
    """Show people, sessions, tokens, public keys and retention; never a secret."""
    keeping, moment = _keeping(desk), desk.now()
    values = {
        "people": [each for each in desk.office.shelf.people() if each.removed is None],
        "present": keeping.present(),
        "session": require_person(request).session.id,
        "tokens": [(each, each.is_good(moment)) for each in keeping.tokens()],
        "keys": keeping.keys(),
        "retention": keeping.retention(),
    }
    return desk.show(request, "settings.html", values)


@post("/settings/sessions", opt=_ADMINISTRATORS, status_code=303)
async def end_session_of(request: Asking, desk: AtDesk) -> Redirect:
    """End one session of somebody."""
    form = await read_form(request)
    person, session = form.need("person"), form.need("session")
    by = require_person(request).who
    await asyncio.to_thread(_keeping(desk).end_session, person, session, by=by)
    return Redirect("/settings", status_code=303)


@post("/settings/tokens", opt=_ADMINISTRATORS, status_code=303)
async def revoke_token(request: Asking, desk: AtDesk) -> Redirect:
    """Take the token of a tool back."""
    token = (await read_form(request)).need("token")
    by = require_person(request).who
    await asyncio.to_thread(_keeping(desk).revoke_token, token, by=by)
    return Redirect("/settings", status_code=303)


def _keeping(desk: Desk) -> OfficeKeeping:
    return OfficeKeeping(desk.home, desk.office, now=desk.now)


ROUTES = (end_session_of, revoke_token, show_settings)

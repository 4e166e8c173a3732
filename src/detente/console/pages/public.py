"""What anybody may see: this member's public statements, each with its receipt."""

import json

from litestar import Response, get
from litestar.enums import MediaType

from detente.console.desk import ANYBODY, Asking, AtDesk, in_thread

_OPEN = {ANYBODY: True}


@get("/public", opt=_OPEN)
@in_thread
def show_public(request: Asking, desk: AtDesk) -> Response[str]:
    """Show what this member said to everybody, and the one command that verifies it."""
    values = {"statements": desk.public.statements(), "origin": desk.home.identity.origin}
    return desk.show(request, "public.html", values)


@get("/public.json", opt=_OPEN)
@in_thread
def give_public(desk: AtDesk) -> Response[str]:
    """Give the same to machines."""
    rows = [each.to_json() for each in desk.public.statements()]
    document = {"member": desk.home.identity.member, "statements": rows}
    return Response(json.dumps(document), media_type=MediaType.JSON)


ROUTES = (give_public, show_public)

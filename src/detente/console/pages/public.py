"""What anybody may see: this member's public statements, each with its receipt."""

import json

from litestar import Response, get
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from detente.console.desk import ANYBODY, Asking, AtDesk, in_thread

_OPEN = {ANYBODY: True}
_ENDING = ".tlog-proof"


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


@get("/public/{receipt:str}", opt=_OPEN)
@in_thread
def give_receipt(desk: AtDesk, receipt: FromPath[str]) -> Response[bytes]:
    """Give the receipt of a public statement, as a file that anybody verifies offline."""
    name = receipt.removesuffix(_ENDING)
    found = next((each for each in desk.public.statements() if each.id == name), None)
    if found is None or found.receipt is None or name == receipt:
        raise NotFoundException("There is no such receipt")
    return Response(
        found.receipt,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name[:16]}{_ENDING}"'},
    )


ROUTES = (give_public, give_receipt, show_public)

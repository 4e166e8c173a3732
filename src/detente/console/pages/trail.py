"""The trail of who did what."""

from litestar import Response, get
from litestar.params import FromQuery

from detente.console.desk import ROLES, Asking, AtDesk, in_thread
from detente.node.offices import Role

_PAGE = 100
_READERS = {ROLES: frozenset({Role.ADMINISTRATOR, Role.OVERSEER})}


@get("/trail", opt=_READERS)
@in_thread
def show_trail(request: Asking, desk: AtDesk, before: FromQuery[int] = 0) -> Response[str]:
    """List what was done, newest first, and whether all of it follows and is signed."""
    entries = desk.office.trail(before=max(before, 0), limit=_PAGE)
    values = {
        "entries": entries,
        "report": desk.office.check_trail(),
        "older": entries[-1].number if len(entries) == _PAGE else 0,
    }
    return desk.show(request, "trail.html", values)


ROUTES = (show_trail,)

"""The first page: what is so tonight, in one plain line, and what wants a person."""

from collections.abc import Iterator

from litestar import Response, get

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, Desk, in_thread
from detente.node.tonight import picture_of


@get("/", opt={ROLES: INSIDE})
@in_thread
def show_tonight(request: Asking, desk: AtDesk) -> Response[str]:
    """Show the picture of this night."""
    return desk.show(request, "tonight.html", _values(desk))


def pieces(desk: Desk) -> Iterator[tuple[str, str]]:
    """Yield the parts of the page that change, as they are sent to open pages."""
    values = _values(desk)
    yield "tonight", desk.renderer.render("parts/tonight.html", values)


def _values(desk: Desk) -> dict[str, object]:
    home, chain = desk.home, desk.home.chain
    names = {each.id: each.name for each in (() if chain is None else chain.latest.members)}
    names[home.identity.member] = home.identity.name
    return {"picture": picture_of(home, now=desk.now()), "names": names}


ROUTES = (show_tonight,)

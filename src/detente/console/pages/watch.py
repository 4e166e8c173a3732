"""The watch: what it can see and what it cannot, its rules, and what each indicator does."""

from litestar import Response, get
from litestar.params import FromQuery

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, in_thread
from detente.console.pages.warnings import names_of
from detente.node.acting import Acting
from detente.node.reporting import why
from detente.node.watch_pages import indicators_at, picture_of_watch

_READERS = {ROLES: INSIDE}


@get("/watch", opt=_READERS)
@in_thread
def show_watch(request: Asking, desk: AtDesk) -> Response[str]:
    """Show what cannot fire and why, what is silent, and the rules in quarantine."""
    values = {"watch": picture_of_watch(desk.home, now=desk.now()), "names": names_of(desk)}
    return desk.show(request, "watch.html", values)


@get("/watch/indicators", opt=_READERS)
@in_thread
def list_indicators(
    request: Asking,
    desk: AtDesk,
    level: FromQuery[str] = "actionable",
    after: FromQuery[int] = 0,
) -> Response[str]:
    """List values by what they do, each with the reason."""
    values = {"indicators": indicators_at(desk.home, level, after=max(after, 0))}
    return desk.show(request, "indicators.html", values)


@get("/watch/indicators/why", opt=_READERS)
@in_thread
def show_indicator(request: Asking, desk: AtDesk, value: FromQuery[str] = "") -> Response[str]:
    """Show what one value does, why, and every step to it."""
    told = why(Acting(desk.home, now=desk.now), value)
    return desk.show(request, "indicator.html", {"told": told, "names": names_of(desk)})


ROUTES = (list_indicators, show_indicator, show_watch)

"""The console beside a running node: made, served, told what changes, and closed again."""

import asyncio
import contextlib
import json
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from litestar import Litestar, Response
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ASGIApp, ControllerRouterHandler

from detente.console.desk import Asking, Desk
from detente.console.door import Door, require_role
from detente.console.live import Live
from detente.console.pages import (
    alarms,
    drafts,
    elections,
    entrance,
    members,
    people,
    public,
    settings,
    tonight,
    trail,
    warnings,
    watch,
)
from detente.console.rendering import Renderer
from detente.errors import EnvironmentFault, UnitError
from detente.exchange.guard import Guard
from detente.exchange.limits import ServerLimits
from detente.exchange.server import Server
from detente.node.addresses import open_address
from detente.node.console_places import note_console
from detente.node.election_pages import ElectionPages
from detente.node.home import Home
from detente.node.offices import Office
from detente.node.public_page import PublicPage
from detente.node.signing_in import Entrance, Place
from detente.node.turnstile import TooOften

LOOK_EVERY_S = 0.2
_PAGES = (
    alarms,
    drafts,
    elections,
    entrance,
    members,
    people,
    public,
    settings,
    tonight,
    trail,
    warnings,
    watch,
)
_LOCAL = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """Where a running node serves its console.

    Attributes:
        origin: scheme, name and port, as a browser writes them.
        host: the address it listens on.
        port: the port it listens on.
    """

    origin: str
    host: str
    port: int


class Console:
    """The pages of one open node, as an ASGI application.

    Args:
        home: open.
        place: where browsers find it.
        now: the clock.
        report: tells the operator what went wrong.
    """

    def __init__(
        self,
        home: Home,
        place: Place,
        *,
        now: Callable[[], datetime],
        report: Callable[[str], None],
    ) -> None:
        office = Office(home, now=now)
        self.desk = Desk(
            home=home,
            office=office,
            entrance=Entrance(office, place, now=now),
            place=place,
            public=PublicPage(home, now=now),
            elections=ElectionPages(home, now=now),
            live=Live(),
            renderer=Renderer(),
            now=now,
        )
        routes = [route for page in _PAGES for route in page.ROUTES]
        self.app = _make_app(self.desk, routes, report)

    async def watch(self) -> None:
        """Send what changed to every open page, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.desk.live.is_heard:
                with contextlib.suppress(EnvironmentFault):
                    for topic, text in await asyncio.to_thread(tonight.pieces, self.desk):
                        self.desk.live.tell(topic, text)


@asynccontextmanager
async def serve_console(
    home: Home,
    listen: str,
    *,
    public_url: str = "",
    now: Callable[[], datetime],
    report: Callable[[str], None],
) -> AsyncIterator[ConsoleAddress]:
    """Serve the console of an open node for as long as the block runs.

    Args:
        home: open.
        listen: HOST:PORT; port 0 takes any.
        public_url: as browsers write it, where a web server stands in front.
        now: the clock.
        report: tells the operator what went wrong.

    Raises:
        EnvironmentFault: the address is taken.
        InputError: the address is none.
    """
    listening = open_address(listen)
    host, port = listening.getsockname()[:2]
    # A passkey is bound to a name, and an address is none.
    name = "localhost" if host in _LOCAL else host
    origin = public_url.rstrip("/") or f"http://{name}:{port}"
    place = Place(origin.partition("://")[2].partition(":")[0], origin)
    console = Console(home, place, now=now, report=report)
    server = Server(console.app)
    watching = asyncio.create_task(console.watch())
    file = note_console(home.layout, origin)
    try:
        await server.start(listening)
        address = ConsoleAddress(origin, host, port)
        yield address
    finally:
        file.unlink(missing_ok=True)
        watching.cancel()
        console.desk.live.close()
        await server.close()


def _make_app(
    desk: Desk, routes: Sequence[ControllerRouterHandler], report: Callable[[str], None]
) -> ASGIApp:
    def refuse(request: Asking, error: HTTPException) -> Response[str]:
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            return Redirect("/enter", status_code=303)
        return _say(desk, request, error.detail, "", error.status_code)

    def slow_down(request: Asking, error: TooOften) -> Response[str]:
        status = HTTPStatus.TOO_MANY_REQUESTS
        answer = _say(desk, request, error.message, error.remedy, status)
        answer.headers["retry-after"] = str(error.wait_s)
        return answer

    def explain(request: Asking, error: UnitError) -> Response[str]:
        status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, EnvironmentFault) else 400
        return _say(desk, request, error.message, error.remedy, status)

    def own_up(request: Asking, error: Exception) -> Response[str]:
        # A bug of ours: said in full where the operator looks, and in one line to who asked.
        report(f"console, {request.method} {request.url.path}: {_trace(error)}")
        says = "This page failed; the operator of the node finds the reason in its output"
        return _say(desk, request, says, "", HTTPStatus.INTERNAL_SERVER_ERROR)

    config = AppConfig(
        route_handlers=list(routes),
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        guards=[require_role],
        exception_handlers={
            HTTPException: refuse,
            TooOften: slow_down,
            UnitError: explain,
            Exception: own_up,
        },
        openapi_config=None,
        request_max_body_size=None,  # the guard counts
        debug=False,
    )
    limits = ServerLimits()
    return Guard(Door(Litestar.from_config(config), desk), limits=limits, body_bytes_max={})


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _say(desk: Desk, request: Asking, says: str, remedy: str, status: int) -> Response[str]:
    if "json" in request.headers.get("accept", ""):
        text = json.dumps({"error": says, "remedy": remedy})
        return Response(text, media_type=MediaType.JSON, status_code=status)
    return desk.show(request, "refusal.html", {"says": says, "remedy": remedy}, status=status)

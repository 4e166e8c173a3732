"""What every page has at hand."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.enums import MediaType

from detente.console.live import Live
from detente.console.rendering import Renderer
from detente.console.sections import sections_for
from detente.node.election_pages import ElectionPages
from detente.node.home import Home
from detente.node.offices import Office, Role
from detente.node.public_page import PublicPage
from detente.node.signing_in import Entrance, Place, SignedIn

P = ParamSpec("P")
T = TypeVar("T")
Asking = Request[SignedIn | None, None, Any]

ANYBODY = "open"
"""In a route's `opt`: served without a session."""
ROLES = "roles"
"""In a route's `opt`: the roles of which one is enough."""

EVERYBODY = frozenset(Role)
INSIDE = frozenset({Role.VIEWER, Role.ANALYST, Role.RELEASER, Role.GOVERNOR})
"""Who may read content: neither the overseer nor who only administers."""


def in_thread(page: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Let a page that reads the database do so beside the event loop."""

    @wraps(page)
    async def beside(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(page, *args, **kwargs)

    return beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One node's console.

    Attributes:
        home: the open node.
        office: its people.
        entrance: lets them in.
        place: where the console is.
        public: what anybody may read.
        elections: what the office put into its folders.
        live: what changes while somebody looks.
        renderer: templates.
        now: the clock.
    """

    home: Home
    office: Office
    entrance: Entrance
    place: Place
    public: PublicPage
    elections: ElectionPages
    live: Live
    renderer: Renderer
    now: Callable[[], datetime]

    @property
    def cookie(self) -> str:
        """The name of this node's cookie: cookies ignore ports, so each node has its own."""
        return f"detente-{self.home.identity.member[:12]}"

    def show(
        self,
        request: Asking,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        status: int = 200,
    ) -> Response[str]:
        """Return a page."""
        signed_in = request.scope.get("user")
        person = signed_in.person if isinstance(signed_in, SignedIn) else None
        secret = signed_in.session.form_secret.hex() if isinstance(signed_in, SignedIn) else ""
        charter = self.home.charter
        text = self.renderer.render(
            template,
            {
                **(values or {}),
                "node": self.home.identity.name,
                "unit": "" if charter is None else charter.name,
                "is_exercise": self.home.identity.exercise,
                "person": person,
                "roles": frozenset() if person is None else person.roles,
                "form_secret": secret,
                "sections": () if person is None else sections_for(person.roles),
                "path": request.url.path,
                "theme": request.cookies.get("detente-theme", ""),
                "now": self.now(),
            },
        )
        return Response(text, media_type=MediaType.HTML, status_code=status)


AtDesk = NamedDependency[Desk]

"""The one application of a node: routes are added by those who have something to serve.

Limits come first: a request that is too large, too slow or has too many headers is
answered before any route sees it.
"""

from collections.abc import Mapping, Sequence

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, ControllerRouterHandler

from detente.exchange.guard import Guard
from detente.exchange.limits import ServerLimits

__all__ = ["make_app"]


def make_app(
    routes: Sequence[ControllerRouterHandler],
    *,
    limits: ServerLimits | None = None,
    body_bytes_max: Mapping[str, int] | None = None,
    openapi: OpenAPIConfig | None = None,
) -> ASGIApp:
    """Return the application that serves all these routes.

    Args:
        routes: handlers, controllers and routers.
        limits: what a caller may cost.
        body_bytes_max: by the beginning of a path, where a route takes more (or less) than
            `limits.body_bytes_max`; the longest beginning counts.
        openapi: how the description is made; without it none is served.
    """
    config = AppConfig(
        route_handlers=list(routes),
        openapi_config=openapi,
        request_max_body_size=None,  # the guard counts, also what arrives without a length
        debug=False,
    )
    return Guard(
        Litestar.from_config(config),
        limits=limits or ServerLimits(),
        body_bytes_max=body_bytes_max or {},
    )

"""What stands before every page: the right name, the session, headers that forbid the rest.

A page of another site that resolves its own name to this machine is refused by the name it
asks for (DNS rebinding); a form of another site by its origin and by its session's secret.
"""

import asyncio
import hmac
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from detente.console.desk import ANYBODY, ROLES, Desk
from detente.node.signing_in import SignedIn

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Without a referrer a form would show no origin either.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SAFE = {"GET", "HEAD"}
FORM_SECRET = "form"  # noqa: S105 - the name of a field


class Door:
    """An ASGI application around the pages.

    Args:
        inner: the pages.
        desk: of the node.
    """

    def __init__(self, inner: ASGIApp, desk: Desk) -> None:
        self._inner = inner
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        headers = {name: value for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], headers)
        if refusal:
            await _refuse(send, refusal)
            return
        scope["user"] = await self._who(headers.get(b"cookie", b""))
        is_kept = scope["path"].startswith("/assets/")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableScopeHeaders.from_message(message)
                for name, value in _HEADERS.items():
                    out[name] = value
                if not is_kept:
                    out["cache-control"] = "no-store"
            await send(message)

        await self._inner(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: dict[bytes, bytes]) -> str:
        """Return why a request is not even looked at; "" where it is."""
        place = self._desk.place
        expected = place.origin.partition("://")[2].encode()
        if headers.get(b"host") != expected:
            return f"this console is called {place.origin}, and nothing else"
        if method not in _SAFE and headers.get(b"origin") != place.origin.encode():
            return "a form of another site"
        return ""

    async def _who(self, cookies: bytes) -> SignedIn | None:
        try:
            morsel = SimpleCookie(cookies.decode("ascii")).get(self._desk.cookie)
        except (CookieError, UnicodeDecodeError):
            return None
        if morsel is None:
            return None
        return await asyncio.to_thread(self._desk.entrance.find, morsel.value)


async def _refuse(send: Send, reason: str) -> None:
    text = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    start: Message = {
        "type": "http.response.start",
        "status": int(HTTPStatus.MISDIRECTED_REQUEST),
        "headers": headers,
    }
    await send(start)
    await send({"type": "http.response.body", "body": text, "more_body": False})


def require_role(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let only those through whom a route names; a route that names nobody is closed.

    Raises:
        NotAuthorizedException: nobody is signed in.
        PermissionDeniedException: the person has none of the roles.
    """
    if handler.opt.get(ANYBODY):
        return
    signed_in = connection.scope.get("user")
    if not isinstance(signed_in, SignedIn):
        raise NotAuthorizedException("Sign in first")
    if not signed_in.person.roles & handler.opt.get(ROLES, frozenset()):
        raise PermissionDeniedException("No role of yours may do this")


def check_form(signed_in: SignedIn | None, given: str) -> None:
    """Refuse a form that does not show its session's secret.

    Raises:
        PermissionDeniedException: it shows another or none.
    """
    wanted = "" if signed_in is None else signed_in.session.form_secret.hex()
    if not wanted or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise PermissionDeniedException("This form is not of this session; load the page anew")

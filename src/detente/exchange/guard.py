"""What stands before every route: bodies counted as they come, slow senders cut off.

A refused request is answered and its connection closed: what is still being sent is not read.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from detente.exchange.limits import ServerLimits

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send


class _Refuse(Exception):
    """The request ends here; never leaves this module."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Guard:
    """An ASGI application around another one.

    Args:
        inner: the application.
        limits: what a caller may cost.
        body_bytes_max: by the beginning of a path.
    """

    def __init__(
        self, inner: "ASGIApp", *, limits: ServerLimits, body_bytes_max: Mapping[str, int]
    ) -> None:
        self._inner = inner
        self._limits = limits
        self._by_path = sorted(body_bytes_max.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        body = _Body(receive, self._body_bytes_max(scope["path"]), self._limits)
        answer = _Answer(send)
        try:
            self._check_head(scope)
            await self._inner(scope, body.receive, answer.send)
        except _Refuse:
            pass
        refusal = body.refusal or self._head_refusal(scope)
        if refusal is not None and not answer.started:
            await _refuse(send, refusal)

    def _body_bytes_max(self, path: str) -> int:
        for beginning, most in self._by_path:
            if path.startswith(beginning):
                return most
        return self._limits.body_bytes_max

    def _head_refusal(self, scope: "Scope") -> _Refuse | None:
        try:
            self._check_head(scope)
        except _Refuse as refusal:
            return refusal
        return None

    def _check_head(self, scope: "Scope") -> None:
        headers = scope["headers"]
        if len(headers) > self._limits.headers_max:
            raise _Refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"at most {self._limits.headers_max} headers",
            )

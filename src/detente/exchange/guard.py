"""What stands before every route: bodies counted as they come, slow callers cut off.

A refused request is answered and its connection closed; what is still on its way is not read.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from detente.exchange.limits import ServerLimits


class Guard:
    """An ASGI application around another one.

    Args:
        inner: the application.
        limits: what a caller may cost.
        body_bytes_max: by the beginning of a path; the longest beginning counts.
    """

    def __init__(
        self, inner: ASGIApp, *, limits: ServerLimits, body_bytes_max: Mapping[str, int]
    ) -> None:
        self._inner = inner
        self._limits = limits
        self._by_path = sorted(body_bytes_max.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        answer = _Answer(send, self._limits)
        headers = list(scope["headers"])
        length = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > self._limits.headers_max or length > self._limits.header_bytes_max:
            answer.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            await answer.finish()
            return
        body = _Body(receive, answer, self._bytes_max(scope["path"]), self._limits)
        answer.has_rest = body.has_rest
        try:
            body.check_length(headers)
            await self._inner(scope, body.receive, answer.send)
        except HTTPException:
            if answer.refusal is None:
                raise
        await answer.finish()

    def _bytes_max(self, path: str) -> int:
        for beginning, most in self._by_path:
            if path.startswith(beginning):
                return most
        return self._limits.body_bytes_max


class _Answer:
    """What goes back; once refused, only the refusal does."""

    def __init__(self, send: Send, limits: ServerLimits) -> None:
        self._send = send
        self._limits = limits
        self._started = False
        self.refusal: HTTPStatus | None = None
        self.has_rest: Callable[[], bool] = bool

    def refuse(self, status: HTTPStatus) -> HTTPException:
        self.refusal = status
        return HTTPException(status_code=status, detail=status.phrase)

    async def send(self, message: Message) -> None:
        if self.refusal is not None and not self._started:
            return  # whatever a route makes of its cut body, the caller gets the refusal
        if message["type"] == "http.response.start" and self.has_rest():
            # What a route did not want to read is not read to its end either.
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        self._started = True
        # Returns at once unless the caller does not read what it asked for.
        async with asyncio.timeout(self._limits.answer_wait_s):
            await self._send(message)

    async def finish(self) -> None:
        """Send the refusal if there is one."""
        if self.refusal is None or self._started:
            return
        text = f"{self.refusal.phrase}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"connection", b"close"),
        ]
        start: Message = {
            "type": "http.response.start",
            "status": int(self.refusal),
            "headers": headers,
        }
        await self._send(start)
        await self._send({"type": "http.response.body", "body": text, "more_body": False})


class _Body:
    """A request's body, counted and timed."""

    def __init__(
        self, receive: Receive, answer: _Answer, bytes_max: int, limits: ServerLimits
    ) -> None:
        self._receive = receive
        self._answer = answer
        self._bytes_max = bytes_max
        self._limits = limits
        self._seen = 0
        self._whole = False
        self._ends: float | None = None

    def check_length(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Refuse what says of itself that it is too large, before any of it is read."""
        self._whole = not any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in headers
        )
        for name, value in headers:
            # Longer than any honest number: never converted.
            if name == b"content-length" and (
                len(value) > 18 or not value.isdigit() or int(value) > self._bytes_max  # noqa: PLR2004
            ):
                raise self._answer.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def has_rest(self) -> bool:
        """Whether something of the body was not read yet."""
        return not self._whole

    async def receive(self) -> ReceiveMessage:
        if self._whole:
            return await self._receive()  # waits for the caller to go
        now = asyncio.get_running_loop().time()
        self._ends = self._ends or now + self._limits.body_s_max
        try:
            async with asyncio.timeout_at(min(self._ends, now + self._limits.body_wait_s)):
                message = await self._receive()
        except TimeoutError:
            raise self._answer.refuse(HTTPStatus.REQUEST_TIMEOUT) from None
        if message["type"] == "http.request":
            self._seen += len(message["body"])
            self._whole = not message["more_body"]
            if self._seen > self._bytes_max:
                raise self._answer.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

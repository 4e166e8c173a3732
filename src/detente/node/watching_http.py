"""Events brought by POST: NDJSON, a token, and an answer once what was found is durable.

The answer 200 says that the events were read and everything found in them is kept. Whoever
got none sends them again, with the same `Idempotency-Key`: a request is taken once.
"""

import asyncio
import hmac
import re
from collections.abc import Callable
from pathlib import Path

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from detente.exchange.app import make_app
from detente.exchange.limits import ServerLimits
from detente.exchange.server import Server
from detente.node.addresses import open_address
from detente.node.watching_buffer import Buffer, Pushed
from detente.node.watching_sources import WatchSource
from detente.node.watching_tokens import load_token

PATH = "/events"
BODY_BYTES_MAX = 8 << 20
LINES_MAX = 100_000
DURABLE_WITHIN_S = 30.0
_KEY = re.compile(r"[!-~]{1,200}")
_RETRY = {"Retry-After": "1"}


class EventIntake:
    """Serves one source's events.

    Args:
        source: http.
        buffer: where lines go.
        was_taken: says whether a request was taken before; called in threads.
    """

    def __init__(
        self, source: WatchSource, buffer: Buffer, *, was_taken: Callable[[str], bool]
    ) -> None:
        self.address = ("", 0)
        self._source = source
        self._buffer = buffer
        self._was_taken = was_taken
        self._token = load_token(Path(source.options["token"]), source.name)
        self._under_way: set[str] = set()
        limits = ServerLimits()
        app = make_app([self._route()], limits=limits, body_bytes_max={PATH: BODY_BYTES_MAX})
        self._server = Server(app)

    async def start(self) -> None:
        """Listen.

        Raises:
            InputError: the address cannot be listened on.
        """
        listening = open_address(self._source.where)
        self.address = listening.getsockname()[:2]
        await self._server.start(listening)

    async def close(self) -> None:
        """Stop serving."""
        await self._server.close()

    def _route(self) -> HTTPRouteHandler:
        intake = self

        @post(PATH, status_code=200)
        async def take_events(request: Request[object, object, State]) -> Response[object]:
            return await intake._take(request)

        return take_events

    async def _take(self, request: Request[object, object, State]) -> Response[object]:
        key = request.headers.get("idempotency-key", "")
        refused = self._refused(request, key)
        if refused is not None:
            return refused
        lines = [line for line in (await request.body()).split(b"\n") if line.strip()]
        if len(lines) > LINES_MAX:
            return _answer(413, f"at most {LINES_MAX} events at a time")
        if not lines:
            return Response({"taken": 0}, status_code=200)
        if key and key in self._under_way:
            return _answer(409, "this request is under way", _RETRY)
        if key:
            self._under_way.add(key)  # before anything is waited for: its twin may come now
            if await asyncio.to_thread(self._was_taken, key):
                self._under_way.discard(key)
                return Response({"taken": len(lines)}, status_code=200)
        return await self._keep(lines, key)

    def _refused(
        self, request: Request[object, object, State], key: str
    ) -> Response[object] | None:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            return _answer(401, "a token of this source is needed: Authorization: Bearer TOKEN")
        if key and not _KEY.fullmatch(key):
            return _answer(400, "Idempotency-Key is 1 to 200 visible ASCII signs")
        return None

    async def _keep(self, lines: list[bytes], key: str) -> Response[object]:
        loop = asyncio.get_running_loop()
        durable = asyncio.Event()

        def done() -> None:
            self._under_way.discard(key)
            loop.call_soon_threadsafe(durable.set)

        if not self._buffer.put(Pushed(lines, key, done)):
            self._under_way.discard(key)
            self._buffer.lost -= len(lines)  # its sender knows, and brings it again
            return _answer(503, "more comes than can be looked at", _RETRY)
        try:
            await asyncio.wait_for(durable.wait(), DURABLE_WITHIN_S)
        except TimeoutError:
            return _answer(503, "not durable yet; send it again with the same key", _RETRY)
        return Response({"taken": len(lines)}, status_code=200)


def _answer(status: int, words: str, headers: dict[str, str] | None = None) -> Response[object]:
    return Response({"error": words}, status_code=status, headers=headers or {})

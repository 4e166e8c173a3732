"""HTTP/1.1 on a socket, with limits on connections that hold before the first byte.

A connection that sends no whole request in time is closed, whatever trickles in.
One address gets so many connections; beyond that it loses its own oldest idle one.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import h11
from litestar.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from detente.exchange.limits import ServerLimits


class _Pool:
    """The connections that are open, oldest first, by the address they come from."""

    def __init__(self, limits: ServerLimits) -> None:
        self.limits = limits
        self._open: dict[_Connection, str] = {}

    def admit(self, connection: "_Connection", address: str) -> bool:
        """Take a connection in, at the cost of an idle one of the same address if need be."""
        same = [each for each, of in self._open.items() if of == address]
        full = len(self._open) >= self.limits.connections_max
        if full or len(same) >= self.limits.connections_per_peer:
            idle = next((each for each in same if each.is_idle), None)
            if idle is None:
                return False
            idle.drop()
        self._open[connection] = address
        return True

    def release(self, connection: "_Connection") -> None:
        """Forget a connection that is gone."""
        self._open.pop(connection, None)


class _Connection(H11Protocol):
    """One connection; a request begins in time or it ends."""

    def __init__(self, config: Config, state: ServerState, pool: _Pool) -> None:
        super().__init__(config, state, {})
        self._pool = pool
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being served."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection in, or close it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's stream sockets
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self._pool.admit(self, address):
            transport.abort()
            return
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._stop_waiting()
        self._pool.release(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Serve what came; bytes that are no whole request do not extend the deadline."""
        super().handle_events()
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._await_request()
        super().on_response_complete()

    def drop(self) -> None:
        """Close at once."""
        self._pool.release(self)
        self.transport.abort()

    def _await_request(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self._pool.limits.header_wait_s, self.drop)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server:
    """Serves one application on one listening socket.

    Args:
        app: from `make_app`.
        limits: what callers may cost.
    """

    def __init__(self, app: ASGIApp, limits: ServerLimits | None = None) -> None:
        self._limits = limits or ServerLimits()
        self._config = Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=self._limits.header_bytes_max,
            timeout_keep_alive=int(self._limits.header_wait_s),
        )
        self._state = ServerState()
        self._pool = _Pool(self._limits)
        self._listener: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Begin to serve."""
        self._config.load()
        make: Callable[[], _Connection] = lambda: _Connection(  # noqa: E731
            self._config, self._state, self._pool
        )
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(make, sock=listening, backlog=1_024)

    async def close(self) -> None:
        """Take no more connections, let answers finish for a moment, and stop."""
        if self._listener is None:
            return
        self._listener.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        tasks = list(self._state.tasks)
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=self._limits.drain_s)
            for task in late:
                task.cancel()
            for task in late:
                with suppress(asyncio.CancelledError):
                    await task
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one.

    Raises:
        OSError: the system refused.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once, without waiting for what goes before, only where the protocol is named.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(1_024)
        opened.setblocking(False)
    except BaseException:
        opened.close()
        raise
    return opened

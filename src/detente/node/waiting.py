"""A node without a unit at work: it shows its card, keeps an offer open, and waits for one.

It ends once the unit exists; the node then runs as any other.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.app import make_app
from detente.exchange.joining import BODY_BYTES_MAX, joining_routes
from detente.exchange.server import Server
from detente.node.addresses import open_address
from detente.node.control import Answer, ControlDoor
from detente.node.entering import HomeWayIn, look_again
from detente.node.home import Home
from detente.node.offering import Outcome, finish_offer, read_offer

_LOOK_EVERY_S = 1.0


class WaitingNode:
    """One node that waits for its unit. Use as an async context manager.

    Args:
        home: open; it stays open.
        listen: HOST:PORT; empty where nobody calls this node.
        now: the clock.
        answer_owner: does what its owner types.
        report: tells people.
    """

    def __init__(
        self,
        home: Home,
        listen: str,
        *,
        now: Callable[[], datetime],
        answer_owner: Answer,
        report: Callable[[str], None],
    ) -> None:
        self._home = home
        self._listen = listen
        self._now = now
        self._answer_owner = answer_owner
        self._report = report
        self._held = AsyncExitStack()
        self.address = ("", 0)

    async def __aenter__(self) -> "WaitingNode":
        try:
            await self._start()
        except BaseException:
            await self._held.aclose()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._held.aclose()

    async def _start(self) -> None:
        await asyncio.to_thread(finish_offer, self._home, self._now)
        door = ControlDoor(self._home.layout.directory, self._answer_owner)
        self._held.push_async_callback(door.close)
        await door.open()
        if self._listen:
            routes = joining_routes(HomeWayIn(self._home, self._now), shows_chain=True)
            server = Server(make_app([routes], body_bytes_max=BODY_BYTES_MAX))
            listening = open_address(self._listen)
            self.address = listening.getsockname()[:2]
            self._held.push_async_callback(server.close)
            await server.start(listening)

    async def founded(self, stopping: asyncio.Event) -> bool:
        """Return once the unit exists, True; or, told to stop, False.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        while self._home.charter is None:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await stopping.wait()
                return False
            except TimeoutError:
                await asyncio.to_thread(self._look)
        return True

    def _look(self) -> None:
        waits = read_offer(self._home) is not None
        try:
            outcome = look_again(self._home, self._now())
        except EnvironmentFault:
            raise
        except UnitError as error:
            self._report(f"what came of the offer is not taken up: {error}")
            return
        if waits and outcome is Outcome.WITHDRAWN:
            self._report("the offer was withdrawn; nothing of it remains")

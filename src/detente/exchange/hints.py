"""Hints that something grew: server-sent events, believed in nothing but "look now".

Each listener has at most one hint waiting for each log, so that a slow one costs
nothing and misses nothing that matters.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator

from detente.exchange.errors import ExchangeError
from detente.exchange.limits import HINT_BEAT_S, HINT_LISTENERS_MAX, HINTS_WAITING_MAX
from detente.signing import canonical


class Hints:
    """Tells every listener that a log has a new checkpoint or a new cosignature."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._closed = False

    def tell(self, origin: str, size: int) -> None:
        """Say that what is shown of a log changed; it has this many entries now."""
        self._newest[origin] = size
        for listener in self._listeners:
            listener.tell(origin, size)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for listener in self._listeners:
            listener.wake.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield events for one listener, first the newest of each log; a comment now and then.

        Raises:
            ExchangeError: too many listen already.
        """
        if len(self._listeners) >= HINT_LISTENERS_MAX:
            raise ExchangeError(f"{HINT_LISTENERS_MAX} listen already")
        listener = _Listener(self._newest)
        self._listeners.add(listener)
        try:
            # At once, so that the caller sees that the stream stands.
            yield b": hints\n\n"
            while not self._closed:
                try:
                    async with asyncio.timeout(HINT_BEAT_S):
                        await listener.wake.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                for event in listener.take():
                    yield event
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self, newest: OrderedDict[str, int]) -> None:
        self.wake = asyncio.Event()
        self._waiting = OrderedDict(newest)
        if self._waiting:
            self.wake.set()

    def tell(self, origin: str, size: int) -> None:
        self._waiting[origin] = size
        while len(self._waiting) > HINTS_WAITING_MAX:
            self._waiting.popitem(last=False)
        self.wake.set()

    def take(self) -> list[bytes]:
        self.wake.clear()
        taken, self._waiting = self._waiting, OrderedDict()
        return [
            b"event: checkpoint\ndata: " + canonical({"origin": origin, "size": size}) + b"\n\n"
            for origin, size in taken.items()
        ]

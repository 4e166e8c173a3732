"""What changes while somebody looks: rendered once, sent to every open page.

A page that falls behind loses the older message of a kind and gets the newest, so that no
reader holds memory here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LISTENERS_MAX = 400
BEAT_S = 20.0


@dataclass(eq=False, slots=True)
class _Listener:
    waiting: dict[str, bytes] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """The streams of one console; belongs to one event loop."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._newest: dict[str, bytes] = {}
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether no more pages can listen."""
        return len(self._listeners) >= LISTENERS_MAX

    @property
    def is_heard(self) -> bool:
        """Whether any page is open; nothing need be rendered for nobody."""
        return bool(self._listeners)

    def tell(self, topic: str, text: str) -> None:
        """Send a piece of a page to everybody, unless it is what they have."""
        data = "\n".join(f"data: {line}" for line in text.splitlines())
        message = f"event: {topic}\n{data}\n\n".encode()
        if self._newest.get(topic) == message:
            return
        self._newest[topic] = message
        for listener in self._listeners:
            listener.waiting[topic] = message
            listener.woken.set()

    async def listen(self) -> AsyncIterator[bytes]:
        """Yield what is sent from now on, and a beat while nothing is."""
        with self._listening() as listener:
            yield b": open\n\n"
            while not self._is_closed:
                try:
                    async with asyncio.timeout(BEAT_S):
                        await listener.woken.wait()
                except TimeoutError:
                    yield b": beat\n\n"
                    continue
                listener.woken.clear()
                waiting, listener.waiting = listener.waiting, {}
                for message in waiting.values():
                    yield message

    def close(self) -> None:
        """End every stream."""
        self._is_closed = True
        for listener in self._listeners:
            listener.woken.set()

    @contextmanager
    def _listening(self) -> Iterator[_Listener]:
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

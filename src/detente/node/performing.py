"""Driving the machine of one peer: its commands are performed, what comes of them goes back in.

The machine is pure and decides everything; this only moves bytes. Each peer has its own
task, its own connections and its own room for answers: a slow one delays nobody. What came
of many contents is taken in together, so that many share one commit.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError
from detente.exchange.limits import HINTS_AGAIN_S
from detente.exchange.protocol import Awaited, Command, Event, PeerState, Place, step
from detente.exchange.protocol.commands import Fetch, FetchBlob, Open, Wait
from detente.exchange.protocol.events import Failed, Fetched, Hinted, Kept, Opened, Ticked
from detente.exchange.protocol.limits import HINT_LEAST
from detente.node.bringing import Bringing, PeerFace
from detente.storage.blobs import BlobStore

Perform = Callable[[Command], Sequence[Event]]
OpenAll = Callable[[Sequence[Awaited]], Sequence[Event]]
EVENTS_AT_ONCE_MAX = 512  # of contents: more than are ever on their way


class Pull:
    """The pull of one peer, while the node runs.

    Args:
        state: of its machine.
        face: the peer's.
        here: reads this node's own copies by path, None for nothing; called in threads.
        blobs: where contents go.
        perform: does what is to be done in this node's stores, and says what came of it;
            called in threads, one command at a time for this peer.
        open_all: opens contents that are here; as `perform`.
        tell: hands an event to the machines that should know: this one's or everybody's.
        now: the clock.
    """

    def __init__(
        self,
        state: PeerState,
        face: PeerFace,
        *,
        here: Callable[[str], bytes | None],
        blobs: BlobStore,
        perform: Perform,
        open_all: OpenAll,
        tell: Callable[["Pull", Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self.peer = state.peer
        self._state = state
        self._face = face
        self._here = here
        self._bringing = Bringing(face, blobs, self.take)
        self._perform = perform
        self._open_all = open_all
        self._tell = tell
        self._now = now
        self._events: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._to_open: list[Awaited] = []
        self._is_opening = False

    async def run(self) -> None:
        """Pull until cancelled.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        hinting = asyncio.create_task(self._listen())
        self._tick()
        try:
            while True:
                await self._step()
        finally:
            await self._end(hinting)

    async def _step(self) -> None:
        events = await self._next_events()
        if any(isinstance(each, Ticked) for each in events):
            self._woken = False
        # Signatures and hashes take time that the others' answers should not wait for.
        self._state, commands = await asyncio.to_thread(step, self._state, *events)
        wanted = [each for each in commands if isinstance(each, FetchBlob)]
        if wanted:
            self._ask(self._bringing.bring(wanted))
        rest = (each for each in commands if not isinstance(each, FetchBlob))
        for is_open, some in groupby(rest, key=lambda each: isinstance(each, Open)):
            if is_open:
                self._to_open += [each.awaited for each in some if isinstance(each, Open)]
                if not self._is_opening:
                    self._is_opening = True
                    self._ask(self._open())
            else:
                for command in some:
                    await self._do(command)

    async def _next_events(self) -> list[Event]:
        """Wait for the next event; behind what came of a content, what came of more of them.

        Raises:
            BaseException: a fault of this node's own, met while asking.
        """
        events: list[Event] = []
        while not events or (
            isinstance(events[-1], Kept | Opened)
            and not self._events.empty()
            and len(events) < EVENTS_AT_ONCE_MAX
        ):
            event = await self._events.get()
            if isinstance(event, BaseException):
                raise event
            events.append(event)
        return events

    async def _end(self, *more: asyncio.Task[None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = [*more, *self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def run_once(self) -> None:
        """Take one round, to its end: for a face that does not change meanwhile.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        self._tick()
        try:
            while not self._events.empty() or self._asking or self._is_going_on:
                await self._step()
        finally:
            await self._end()

    @property
    def _is_going_on(self) -> bool:
        """True in a round, and where what was held up by many contents goes on at once."""
        return self._state.is_in_round or (self._state.is_hinted and not self._state.failures)

    def take(self, event: Event) -> None:
        """Put an event in line."""
        self._events.put_nowait(event)

    async def _do(self, command: Command) -> None:
        match command:
            case Fetch():
                self._ask(self._fetch(command))
            case Wait(until=until):
                self._wait((until - self._now()).total_seconds())
            case _:
                for event in await asyncio.to_thread(self._perform, command):
                    self._tell(self, event)

    async def _open(self) -> None:
        """Open what came, and what comes meanwhile: the log goes on beside it."""
        try:
            while self._to_open:
                awaits, self._to_open = self._to_open, []
                for event in await asyncio.to_thread(self._open_all, awaits):
                    self._tell(self, event)
        finally:
            self._is_opening = False

    def _ask(self, asking: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.create_task(asking)
        self._asking.add(task)
        task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        """Let a fault of this node's own end the pull: else nobody would answer the request."""
        self._asking.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._events.put_nowait(fault)

    async def _fetch(self, command: Fetch) -> None:
        try:
            if command.place is Place.HERE:
                data = await asyncio.to_thread(self._here, command.path)
            else:
                data = await self._face.read(command.path, bytes_max=command.bytes_max)
        except ExchangeError as error:
            self.take(Failed(command.request, error.message))
            return
        if data is None:
            gone = Failed(command.request, f"nothing stands at {command.path}", missing=True)
            self.take(gone)
        else:
            self.take(Fetched(command.request, data))

    async def _listen(self) -> None:
        """Take hints for as long as the peer gives them, and try again."""
        while True:
            try:
                async for _origin in self._face.hints():
                    if not self._woken:  # one that waits says as much as a thousand
                        self.take(Hinted())
                        self._tick()
                    await asyncio.sleep(HINT_LEAST.total_seconds())
            except UnitError:
                pass
            await asyncio.sleep(HINTS_AGAIN_S * (1 + random.random()))  # noqa: S311 - jitter

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # A little late, so that the moment has come when the clock is read.
        self._timer = asyncio.get_running_loop().call_later(max(seconds, 0) + 0.005, self._tick)

    def _tick(self) -> None:
        self._woken = True
        self.take(Ticked(self._now(), random.random()))  # noqa: S311 - jitter

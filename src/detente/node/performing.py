"""Driving the machine of one peer: its commands are performed, what comes of them goes back in.

The machine is pure and decides everything; this only moves bytes. Each peer has its own
task, its own connections and its own room for answers: a slow one delays nobody.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Protocol

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError
from detente.exchange.limits import HINTS_AGAIN_S, SPOOL_BYTES_MAX
from detente.exchange.ports import Face
from detente.exchange.protocol import Command, Event, PeerState, Place, step
from detente.exchange.protocol.commands import Fetch, FetchBlob, Wait
from detente.exchange.protocol.events import Failed, Fetched, Hinted, Kept, Ticked
from detente.exchange.protocol.limits import HINT_LEAST
from detente.storage.blobs import BlobStore
from detente.storage.errors import BlobRefused, ErasedBlob

Perform = Callable[[Command], Sequence[Event]]


class PeerFace(Face, Protocol):
    """A face that also gives content to whom it is addressed, and may tell when to look.

    UNTRUSTED, as every face.
    """

    def blob(
        self, digest: str, *, at: tuple[str, int], bytes_max: int
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes] | None]:
        """Lend a wrap or ciphertext as a stream; None where there is none."""
        ...

    def hints(self) -> AsyncIterator[str]:
        """Yield the origin of each log that is said to have grown."""
        ...


class Pull:
    """The pull of one peer, while the node runs.

    Args:
        state: of its machine.
        face: the peer's.
        here: reads this node's own copies by path, None for nothing; called in threads.
        blobs: where contents go.
        perform: does what is to be done in this node's stores, and says what came of it;
            called in threads, one command at a time for this peer.
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
        tell: Callable[["Pull", Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self.peer = state.peer
        self._state = state
        self._face = face
        self._here = here
        self._blobs = blobs
        self._perform = perform
        self._tell = tell
        self._now = now
        self._events: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking: set[asyncio.Task[None]] = set()

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
        event = await self._events.get()
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, Ticked):
            self._woken = False
        # Signatures and hashes take time that the others' answers should not wait for.
        self._state, commands = await asyncio.to_thread(step, self._state, event)
        for command in commands:
            await self._do(command)

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
            case FetchBlob():
                self._ask(self._fetch_blob(command))
            case Wait(until=until):
                self._wait((until - self._now()).total_seconds())
            case _:
                for event in await asyncio.to_thread(self._perform, command):
                    self._tell(self, event)

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

    async def _fetch_blob(self, command: FetchBlob) -> None:
        try:
            if await asyncio.to_thread(self._blobs.holds, command.digest):
                kept = True
            else:
                kept = await self._bring(command)
        except (ExchangeError, BlobRefused, ErasedBlob) as error:
            self.take(Failed(command.request, error.message))
            return
        if kept:
            self.take(Kept(command.request))
        else:
            self.take(Failed(command.request, "it has no such blob", missing=True))

    async def _bring(self, command: FetchBlob) -> bool:
        at = (command.origin, command.seq)
        asking = self._face.blob(command.digest, at=at, bytes_max=command.bytes_max)
        with SpooledTemporaryFile(max_size=SPOOL_BYTES_MAX) as spool:
            async with asking as pieces:
                if pieces is None:
                    return False
                async for piece in pieces:
                    spool.write(piece)
            spool.seek(0)
            chunks = iter(partial(spool.read, SPOOL_BYTES_MAX), b"")
            await asyncio.to_thread(
                self._blobs.put_stream,
                chunks,
                digest=command.digest,
                bytes_max=command.bytes_max,
            )
        return True

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

"""A stream of NATS JetStream: a message is acknowledged once what was found in it is durable.

A durable consumer with explicit acknowledgement. What was taken is also remembered here by
its number in the stream, in the transaction that keeps what was found: a message that comes
again, because the acknowledgement was lost, is acknowledged again and not looked at twice.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from detente.errors import EnvironmentFault, InputError
from detente.node.watching_buffer import Buffer, Pushed
from detente.node.watching_sources import WatchSource

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

FETCH_MESSAGES = 512
FETCH_WAIT_S = 0.5
PENDING_MAX = 8_192  # not acknowledged at a time: so far apart numbers may be remembered
ACK_WAIT_S = 30.0
AGAIN_S = 1.0
CONNECT_S = 5.0
FLOOR_EVERY = 16  # fetches


class Numbers:
    """Which numbers of a stream were taken: all up to a floor, and stretches above it."""

    def __init__(self, floor: int = 0, above: Iterable[tuple[int, int]] = ()) -> None:
        self.floor = floor
        self._above = sorted((first, last) for first, last in above)

    def __contains__(self, number: int) -> bool:
        return number <= self.floor or any(first <= number <= last for first, last in self._above)

    @property
    def above(self) -> list[tuple[int, int]]:
        """The stretches above the floor, ascending, both ends included."""
        return list(self._above)

    def add(self, number: int) -> None:
        """Note a number as taken."""
        if number in self:
            return
        joined = (number, number)
        apart = []
        for first, last in self._above:
            if first - 1 <= joined[1] and joined[0] - 1 <= last:
                joined = min(first, joined[0]), max(last, joined[1])
            else:
                apart.append((first, last))
        self._above = sorted([*apart, joined])
        self.raise_floor(self.floor)

    def raise_floor(self, floor: int) -> None:
        """Note that all up to a number were acknowledged, or are not for this consumer."""
        self.floor = max(self.floor, floor)
        while self._above and self._above[0][0] <= self.floor + 1:
            self.floor = max(self.floor, self._above.pop(0)[1])


class StreamReader:
    """Reads one stream.

    Args:
        source: nats; its place is HOST:PORT/STREAM.
        buffer: where messages go.
        report: tells people what went wrong.
    """

    def __init__(
        self, source: WatchSource, buffer: Buffer, *, report: Callable[[str], None]
    ) -> None:
        where, _, self._stream = source.where.partition("/")
        host, _, port = where.rpartition(":")
        self.address = (host, int(port))
        self._source = source
        self._buffer = buffer
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._acks: set[asyncio.Task[None]] = set()
        self._numbers = Numbers()
        self._made = ""
        self._queued: set[int] = set()
        if buffer.own:
            kept = orjson.loads(buffer.own)
            self._made = kept["made"]
            self._numbers = Numbers(kept["floor"], [tuple(each) for each in kept["above"]])

    async def start(self) -> None:
        """Begin to read; a server that is not there is tried again and again."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what was not acknowledged comes again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        complaint = ""
        while True:
            try:
                await self._read()
            except asyncio.CancelledError:
                raise
            except (EnvironmentFault, InputError) as fault:
                if str(fault) != complaint:
                    complaint = str(fault)
                    self._report(f"source {self._source.name}: {fault}")
            await asyncio.sleep(AGAIN_S)

    async def _read(self) -> None:
        import nats
        from nats.errors import Error as NatsError

        host, port = self.address
        client: Client | None = None
        try:
            client = await nats.connect(
                f"nats://{host}:{port}",
                connect_timeout=CONNECT_S,
                allow_reconnect=False,
                error_cb=_pass_by,
                **self._login(),
            )
            await self._follow(client.jetstream())
        except (NatsError, OSError, TimeoutError) as error:
            words = str(error) or type(error).__name__
            raise EnvironmentFault(f"{self._source.where} cannot be read: {words}") from error
        finally:
            if client is not None:
                with suppress(NatsError, OSError, TimeoutError):
                    await client.close()

    def _login(self) -> dict[str, Any]:
        if "token" not in self._source.options:
            return {}
        from pathlib import Path

        from detente.node.watching_tokens import load_token

        token = load_token(Path(self._source.options["token"]), self._source.name)
        return {"token": token.decode("ascii", "replace")}

    async def _follow(self, stream: "JetStreamContext") -> None:
        from nats.errors import TimeoutError as NothingCame
        from nats.js.api import AckPolicy, ConsumerConfig

        info = await stream.stream_info(self._stream)
        self._meet(str(info.created))
        durable = self._source.options.get("durable", "detente")
        subject = self._source.options.get("subject", "")
        consumer = await stream.pull_subscribe(
            subject,
            durable=durable,
            stream=self._stream,
            config=ConsumerConfig(
                ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S, max_ack_pending=PENDING_MAX
            ),
        )
        fetches = 0
        while True:
            while self._buffer.is_full or len(self._queued) >= PENDING_MAX:
                await asyncio.sleep(FETCH_WAIT_S / 10)
            try:
                messages = await consumer.fetch(FETCH_MESSAGES, timeout=FETCH_WAIT_S)
            except NothingCame:
                messages = []
            if fetches % FLOOR_EVERY == 0:
                state = await consumer.consumer_info()
                if state.ack_floor is not None:
                    self._numbers.raise_floor(state.ack_floor.stream_seq)
            fetches += 1
            await self._take(messages)

    def _meet(self, made: str) -> None:
        """Begin to count anew where a stream was made anew under its name."""
        if made != self._made:
            self._numbers = Numbers()
            self._made = made
            self._queued.clear()

    async def _take(self, messages: "list[Msg]") -> None:
        fresh: list[Msg] = []
        for message in messages:
            number = message.metadata.sequence.stream
            if number in self._queued:
                continue  # it came again while it waits here; it is acknowledged once kept
            if number in self._numbers:
                await message.ack()
                continue
            fresh.append(message)
            self._queued.add(number)
            self._numbers.add(number)
        if fresh and not self._buffer.put(self._pushed(fresh)):
            raise EnvironmentFault("the buffer is full although it was not")

    def _pushed(self, messages: "list[Msg]") -> Pushed:
        loop = asyncio.get_running_loop()

        def done() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._acknowledge, messages)

        lines = [line for message in messages for line in message.data.split(b"\n") if line.strip()]
        return Pushed(lines, done=done, place=self._place())

    def _place(self) -> str:
        above = self._numbers.above
        return orjson.dumps(
            {"made": self._made, "floor": self._numbers.floor, "above": above}
        ).decode()

    def _acknowledge(self, messages: "list[Msg]") -> None:
        self._queued.difference_update(each.metadata.sequence.stream for each in messages)
        task = asyncio.get_running_loop().create_task(_ack_all(messages))
        self._acks.add(task)
        task.add_done_callback(self._acks.discard)


async def _ack_all(messages: "list[Msg]") -> None:
    from nats.errors import Error as NatsError

    for message in messages:
        # Where the connection is gone they come again, and are known.
        with suppress(NatsError, OSError):
            await message.ack()


async def _pass_by(_error: Exception) -> None:
    """Errors of a connection are raised where something is asked of it."""

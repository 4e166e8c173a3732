"""A node at work: its log, its outward face, the pulls of its peers, the owner's door.

One process, one event loop; what blocks runs in threads. It starts by recovering its own
log, and ends by publishing a last checkpoint.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from detente.charter import KeySlot
from detente.errors import EnvironmentFault, InputError
from detente.exchange.app import make_app
from detente.exchange.hints import Hints
from detente.exchange.http_signatures import Nonces, RequestVerifier, TransportKey
from detente.exchange.server import Server, listen
from detente.exchange.serving import BODY_BYTES_MAX, OutwardFace, outward_routes
from detente.node.control import Answer, ControlDoor
from detente.node.cosigning import member_cosigner
from detente.node.home import Home
from detente.node.live import LiveLog
from detente.node.outward import HomeOutward
from detente.proofs.chain import CharterChain
from detente.signing import key_id
from detente.tlog import Checkpoint, Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a node runs.

    Attributes:
        listen: HOST:PORT, port 0 for any; empty where nobody calls this node.
        public_url: of a web server in front of it, or empty.
        peers: member name or id -> URL.
        witnesses: name of an outside witness -> submission prefix.
    """

    listen: str = ""
    public_url: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, str] = field(default_factory=dict)


class RunningNode:
    """One node at work. Use as an async context manager; leaving it stops the node.

    Args:
        home: open; it stays open.
        options: how it runs.
        now: the clock.
        answer_owner: does what its owner types.
    """

    def __init__(
        self,
        home: Home,
        options: RunOptions,
        *,
        now: Callable[[], datetime],
        answer_owner: Answer | None = None,
    ) -> None:
        self._home = home
        self._options = options
        self._now = now
        self._answer_owner = answer_owner
        self._hints = Hints()
        self._held = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.log = LiveLog(home, now, self._grown)
        self.address = ("", 0)

    async def __aenter__(self) -> "RunningNode":
        chain = await asyncio.to_thread(require_chain, self._home)
        try:
            await self._start(chain)
        except BaseException:
            await self._held.aclose()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._held.aclose()

    async def wait(self, stopping: asyncio.Event) -> None:
        """Return when told to stop.

        Raises:
            StorageFault: this node's own disk or database refused; it cannot go on.
        """
        told = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({told, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            told.cancel()

    async def _start(self, chain: CharterChain) -> None:
        home = self._home
        self._held.push_async_callback(self.log.close)
        checkpoint = await self.log.start()
        home.live = self.log
        self._held.callback(setattr, home, "live", None)
        if self._options.listen:
            await self._serve(chain)
        if self._answer_owner is not None:
            door = ControlDoor(home.layout.directory, self._answer_owner)
            self._held.push_async_callback(door.close)
            await door.open()
        self._grown(checkpoint)

    async def _serve(self, chain: CharterChain) -> None:
        home = self._home
        cosigner = member_cosigner(home, mirror=False, logs=log_keys(chain), now=self._now)
        verifier = RequestVerifier(
            recipient=home.identity.member, key=self._transport_key, nonces=Nonces()
        )
        face = OutwardFace(
            HomeOutward(home, cosigner), verifier, self._hints, self._options.public_url
        )
        app = make_app([outward_routes(face)], body_bytes_max=BODY_BYTES_MAX)
        listening = open_address(self._options.listen)
        self.address = listening.getsockname()[:2]
        server = Server(app)
        self._held.push_async_callback(server.close)
        # Streams of hints end first, so that the server need not cut them.
        self._held.callback(self._hints.close)
        await server.start(listening)

    def _transport_key(self, wanted: str) -> TransportKey | None:
        chain = self._home.chain
        for member in () if chain is None else chain.latest.members:
            raw = self._home.key_in_force(KeySlot.TRANSPORT, member.id)
            if raw is not None and key_id(raw) == wanted:
                return TransportKey(member.id, raw)
        return None

    def _grown(self, checkpoint: Checkpoint) -> None:
        self._hints.tell(checkpoint.origin, checkpoint.size)


def require_chain(home: Home) -> CharterChain:
    """Return the charter chain of the unit this node belongs to.

    Raises:
        InputError: it works alone.
    """
    chain = home.chain
    if chain is None:
        raise InputError(
            "this node belongs to no unit, so there is nobody to exchange anything with",
            file=str(home.layout.directory),
            remedy="Found or join one with `detente charter`",
        )
    return chain


def log_keys(chain: CharterChain) -> dict[str, list[Verifier]]:
    """Return the keys of every log of every member, by origin."""
    found: dict[str, list[Verifier]] = {}
    for member in chain.latest.members:
        history = chain.keyring.history(member.id)
        for epoch in range(1, chain.epoch_of(member.id) + 1):
            origin = f"{member.log if history is None else history.log}/{epoch}"
            found[origin] = [verifier for _key, verifier in chain.keyring.log_keys(origin)]
    return found


def open_address(text: str) -> socket.socket:
    """Return a listening socket for HOST:PORT.

    Raises:
        InputError: another form.
        EnvironmentFault: the system refused.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004
        raise InputError(f"not HOST:PORT: {text[:80]!r}", remedy="For example: 127.0.0.1:8440")
    try:
        return listen(host.strip("[]"), int(port))
    except OSError as error:
        raise EnvironmentFault(
            f"cannot listen on {text}: {error.strerror}", remedy="Is another program there?"
        ) from error

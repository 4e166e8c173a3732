"""A node at work: its log, its outward face, the pulls of its peers, the owner's door.

One process, one event loop; what blocks runs in threads. It starts by recovering its own
log, and ends by publishing a last checkpoint.
"""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from detente.charter import KeySlot, OutsideWitness
from detente.errors import EnvironmentFault, InputError, UnitError
from detente.exchange.app import make_app
from detente.exchange.client import HttpFace
from detente.exchange.hints import Hints
from detente.exchange.http_signatures import Nonces, RequestVerifier, TransportKey
from detente.exchange.joining import BODY_BYTES_MAX as ANSWERS_BYTES_MAX
from detente.exchange.joining import joining_routes
from detente.exchange.limits import PROOFS_LISTED_MAX
from detente.exchange.protocol import Awaited, Command, Event, Roster, begin
from detente.exchange.protocol.events import Learnt, Opened, Proven, Recorded
from detente.exchange.server import Server
from detente.exchange.serving import BODY_BYTES_MAX, OutwardFace, outward_routes
from detente.exchange.taxii import TAXII_BODY_BYTES_MAX
from detente.node.addresses import (
    find_witnesses,
    known_peers,
    log_keys,
    open_address,
    require_chain,
)
from detente.node.bundling import open_bundle, take_bundle
from detente.node.control import Answer, ControlDoor
from detente.node.cosigning import Cosigner, witness_of
from detente.node.desk import HomeDesk
from detente.node.entering import HomeWayIn
from detente.node.errors import SigningRefused
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.live import LiveLog
from detente.node.log import NEW_EPOCH, pass_by
from detente.node.office_clock import keep_office
from detente.node.outward import HomeOutward
from detente.node.performing import Pull
from detente.node.pushing import Push
from detente.node.receiving import Receiver
from detente.node.redress import Redress
from detente.node.run_options import RunOptions
from detente.node.settings import load_settings
from detente.node.statics import StaticFace
from detente.node.steering import Steering
from detente.node.taxii import TaxiiService
from detente.node.timekeeping import ClockWatch
from detente.node.witnessing import OutsideCosigner
from detente.proofs.chain import CharterChain
from detente.signing import Signer, key_id
from detente.storage.errors import NoSuchKey
from detente.storage.evidence import EvidenceShelf
from detente.tlog import Checkpoint, TileStore, Verifier

PULL_AGAIN_S = 5.0  # after a fault of this node's own


class RunningNode:
    """One node at work. Use as an async context manager; leaving it stops the node.

    Args:
        home: open; it stays open.
        options: how it runs.
        now: the clock.
        answer_owner: does what its owner types.
        report: tells people what went wrong.
    """

    def __init__(
        self,
        home: Home,
        options: RunOptions,
        *,
        now: Callable[[], datetime],
        answer_owner: Answer | None = None,
        report: Callable[[str], None] = pass_by,
    ) -> None:
        self._home = home
        self._options = options
        self._now = now
        self._answer_owner = answer_owner
        self._report = report
        self._hints = Hints()
        self._pulls: list[Pull] = []
        self._wakes: list[asyncio.Event] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taxii = TaxiiService(home, now=now, report=report)
        self._clock = ClockWatch(home, now=now, tell=self._tell_here, report=report)
        self._holdings = HomeHoldings(
            home,
            now=now,
            stopped=self._stop_signing,
            shown=self._taxii.weighing.note_shown,
            may_cosign=self._clock.may_cosign,
        )
        self._receiver = Receiver(
            self._holdings, now=now, cosigned=self._cosigned, unopened=self._unopened
        )
        self._redress = Redress(home, self._receiver, now=now, tell=self._tell_here, report=report)
        self._steering = Steering(
            HomeDesk(home, now, self._holdings),
            self._receiver,
            now=now,
            tell=self._tell_here,
            report=report,
        )
        self._faces: dict[str, HttpFace] = {}
        self._logs: dict[str, list[Verifier]] = {}
        self._told: CharterChain | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._held = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.log = LiveLog(home, now, self._grown)
        self.log.doubt = self._clock.doubt
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
        self._loop = asyncio.get_running_loop()
        expected = home.settings.peers
        peers = known_peers(chain, expected, self._options.peers, me=home.identity.member)
        self._told = chain
        self._held.push_async_callback(self.log.close)
        self._held.callback(self._taxii.close)
        checkpoint = await self.log.start()
        home.live = self.log
        self._held.callback(setattr, home, "live", None)
        if self._answer_owner is not None:
            door = ControlDoor(home.layout.directory, self._answer_owner)
            self._held.push_async_callback(door.close)
            await door.open()
        own_witness = self._witness(chain)
        outward = HomeOutward(home, own_witness, may_cosign=self._clock.may_cosign)
        self._outward = outward
        if self._options.listen:
            await self._serve(outward)
        if self._options.static is not None:
            static = StaticFace(home, outward, self._options.static, report=self._report)
            self._wakes.append(static.wake)
            self._tasks.append(asyncio.create_task(static.run()))
        for member, url in peers.items():
            await self._pull(outward, member, url)
        for witness, url in find_witnesses(chain, self._options.witnesses):
            self._ask_witness(witness, url)
        self._tasks.append(asyncio.create_task(self._taxii.run()))
        self._wakes.append(self._steering.wake)
        self._tasks.append(asyncio.create_task(self._steering.run()))
        self._wakes.append(self._redress.wake)
        self._tasks.append(asyncio.create_task(self._redress.run()))
        self._tasks.append(asyncio.create_task(keep_office(home, self._now, self._report)))
        self._held.push_async_callback(self._end_tasks)
        self._grown(checkpoint)

    def _witness(self, chain: CharterChain) -> Cosigner:
        self._logs.update(log_keys(chain))
        return witness_of(self._home, logs=self._logs, now=self._now)

    async def _end_tasks(self) -> None:
        tasks = [*self._tasks, *self._telling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pull(self, outward: HomeOutward, member: str, url: str) -> None:
        face = self._faces[member] = HttpFace(url, member=member, signer=self._transport_signer)
        self._held.push_async_callback(face.close)
        self._tasks.append(asyncio.create_task(self._keep_pulling(outward, member, face)))
        if not self._options.listen:
            # Nobody can pull from a node without an address, so it hands over what it says.
            push = Push(self._home, outward, member, face, report=self._report)
            self._wakes.append(push.wake)
            self._tasks.append(asyncio.create_task(push.run()))

    def _ask_witness(self, witness: OutsideWitness, url: str) -> None:
        face = HttpFace(url, member="", signer=lambda: None)
        self._held.push_async_callback(face.close)
        cosigner = OutsideCosigner(
            witness,
            face,
            newest=self._newest_own,
            merge=self._perform_here,
            report=self._report,
        )
        self._wakes.append(cosigner.wake)
        self._tasks.append(asyncio.create_task(cosigner.run()))

    def _newest_own(self) -> tuple[bytes, TileStore] | None:
        tiles = self._home.tiles(self._home.identity.origin)
        note = tiles.published()
        return None if note is None else (note, tiles)

    def _perform_here(self, command: Command) -> None:
        """Do what no peer's machine asked for, and let all of them know; called in threads."""
        self._tell_here([e for e in self._receiver.perform(command) if isinstance(e, Recorded)])

    def _tell_here(self, events: Sequence[Event]) -> None:
        """Let all machines know what came of this node's own work; called in threads."""
        for event in events:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._tell_all, event)

    async def _keep_pulling(self, outward: HomeOutward, member: str, face: HttpFace) -> None:
        """Pull one peer for as long as the node runs; what breaks one pull breaks no other."""
        while True:
            pull = await asyncio.to_thread(self._begin_pull, outward, member, face)
            self._pulls.append(pull)
            try:
                await pull.run()
            except EnvironmentFault as fault:
                self._report(f"pulling from {face.url}: {fault}")
            except Exception:  # a bug of ours: said in full, and it stops one pull alone
                self._report(f"pulling from {face.url}: {traceback.format_exc()}")
            finally:
                self._pulls.remove(pull)
            await asyncio.sleep(PULL_AGAIN_S)

    def _begin_pull(self, outward: HomeOutward, member: str, face: HttpFace) -> Pull:
        roster = Roster(require_chain(self._home), self._holdings.me)
        proofs = EvidenceShelf(self._home.database).newest_proofs(limit=PROOFS_LISTED_MAX)
        held, moment, clock = self._receiver.held(), self._now(), self._clock.clock
        state = begin(member, roster, held, now=moment, proofs=frozenset(proofs), clock=clock)
        return Pull(
            state,
            face,
            here=outward.read,
            blobs=self._home.blobs,
            perform=partial(self._clock.perform, self._receiver.perform),
            open_all=self._receiver.open_all,
            tell=self._tell,
            now=self._now,
        )

    def _tell(self, pull: Pull, event: Event) -> None:
        if isinstance(event, Recorded | Learnt | Proven):
            self._tell_all(event)
            return
        pull.take(event)
        if isinstance(event, Opened):
            self._redress.wake.set()

    def _tell_all(self, event: Event) -> None:
        for each in self._pulls:
            each.take(event)
        if isinstance(event, Proven):
            self._hints.tell(self._home.identity.origin, 0)
        if isinstance(event, Learnt):
            self._spawn(self._meet(event.chain))
        if isinstance(event, Learnt | Recorded):
            self._steering.wake.set()
            self._redress.wake.set()

    async def _meet(self, chain: CharterChain) -> None:
        """Begin to know and to pull who came in with a later version.

        Its address stands in the settings, which are read anew; without one it is heard by
        what the others mirror of it.
        """
        self._told = chain
        self._logs.update(log_keys(chain))
        try:
            asked = await asyncio.to_thread(load_settings, self._home.layout.settings)
            peers = known_peers(chain, asked.peers, self._options.peers, me=self._holdings.me)
        except UnitError as error:
            self._report(f"the settings are not taken up: {error.message}")
            return
        for member, url in peers.items():
            if member not in self._faces:
                await self._pull(self._outward, member, url)

    def _transport_signer(self) -> Signer | None:
        try:
            return self._home.signer(KeySlot.TRANSPORT)
        except (SigningRefused, NoSuchKey):
            return None

    def _cosigned(self, origin: str) -> None:
        """Say that more is shown of a log; called in threads."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hints.tell, origin, 0)
            self._loop.call_soon_threadsafe(self._steering.wake.set)

    def _unopened(self, awaited: Awaited) -> None:
        """Ask for what does not open to be delivered again; called in threads."""
        self._redress.complaints.note_unopened(awaited)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._redress.wake.set)

    def _stop_signing(self, reason: str) -> None:
        self._report(reason)
        self.log.refuse(SigningRefused(reason, remedy=NEW_EPOCH))

    async def _serve(self, outward: HomeOutward) -> None:
        home = self._home
        verifier = RequestVerifier(
            recipient=home.identity.member, key=self._transport_key, nonces=Nonces()
        )

        async def take(member: str, source: BinaryIO) -> str:
            return await self._take_pushed(outward, member, source)

        face = OutwardFace(outward, verifier, self._hints, take, self._options.public_url)
        app = make_app(
            [
                outward_routes(face),
                self._taxii.routes(),
                joining_routes(HomeWayIn(home, self._now, self._moved)),
            ],
            body_bytes_max=BODY_BYTES_MAX | TAXII_BODY_BYTES_MAX | ANSWERS_BYTES_MAX,
        )
        listening = open_address(self._options.listen)
        self.address = listening.getsockname()[:2]
        server = Server(app)
        self._held.push_async_callback(server.close)
        # Streams of hints end first, so that the server need not cut them.
        self._held.callback(self._hints.close)
        await server.start(listening)

    async def _take_pushed(self, outward: HomeOutward, member: str, source: BinaryIO) -> str:
        """Take up what a member pushes of its own face."""
        bundle = await asyncio.to_thread(open_bundle, source, file="the bundle")
        if bundle.member != member:
            raise InputError("a member pushes its own face, and nobody else's")
        taken = await take_bundle(
            self._home,
            bundle,
            self._receiver,
            here=outward.read,
            now=self._now,
            tell=self._tell_all,
        )
        return f"{len(taken.sizes)} logs grew"

    def _moved(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._steering.wake.set)

    def _transport_key(self, wanted: str) -> TransportKey | None:
        chain = self._home.chain
        for member in () if chain is None else chain.latest.members:
            raw = self._home.key_in_force(KeySlot.TRANSPORT, member.id)
            if raw is not None and key_id(raw) == wanted:
                return TransportKey(member.id, raw)
        return None

    def _grown(self, checkpoint: Checkpoint) -> None:
        self._hints.tell(checkpoint.origin, checkpoint.size)
        self._spawn(self._tell_own(checkpoint.origin))

    def _spawn(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_own(self, origin: str) -> None:
        """Let the machines know how far this node's own log is."""
        held = await asyncio.to_thread(self._receiver.held_of, origin)
        self._tell_all(Recorded(held))
        chain = self._home.chain
        if chain is not None and chain is not self._told:
            self._tell_all(Learnt(chain))  # this member said something about its own keys
        for wake in self._wakes:
            wake.set()

"""The continuous watch: what sources give is matched and kept, one transaction after the other.

A turn takes what every source has, asks rules and indicators, and keeps what was found
together with how far each source was read. Only then are senders told. Sources are
bounded, so where a turn takes long they wait. A killed process goes on from its last turn.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import Protocol, TypeVar

from detente.errors import UnitError
from detente.node.rulesets import Loaded
from detente.node.scanning import Engine
from detente.node.seeking import IndicatorWatcher
from detente.node.watching_buffer import Buffer
from detente.node.watching_facts import HABITS_FILE, WatchFacts, found_of
from detente.node.watching_files import FileFollower
from detente.node.watching_house import House
from detente.node.watching_matching import Found, Matcher
from detente.node.watching_replay import replay
from detente.node.watching_silence import SILENT_AFTER_S, silences
from detente.node.watching_sources import Portion, Via, WatchSource
from detente.storage.database import Database
from detente.storage.detections import DetectionShelf, SourceRow, Taken
from detente.storage.events import EventShelf, Keeping
from detente.watch.alarms import AlarmBook, Grouping

T = TypeVar("T")
TURN_LINES_MAX = 8_192
IDLE_S = 0.02
KEEP_EVERY_S = 60.0
EVENTS_FOLDER = "events"
_LOST_EVERY_S = 60.0


class Intake(Protocol):
    """One source, as a turn sees it. UNTRUSTED: what it gives is hostile until read."""

    @property
    def source(self) -> WatchSource:
        """Which one."""
        ...

    def take(self, lines_max: int) -> list[Portion]:
        """Return what there is, at most about so many lines; called in threads."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Listener(Protocol):
    """What brings events from the network. UNTRUSTED."""

    address: tuple[str, int]

    async def start(self) -> None:
        """Begin."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How a watch runs.

    Attributes:
        sources: where events come from.
        grouping: how detections are joined.
        keeping: how long events are kept.
        evidence_days: how long raw events stay beside detections.
        detection_days: how long detections stay.
        silent_after_s: how long a source may give nothing before that is told.
    """

    sources: Sequence[WatchSource]
    grouping: Grouping = field(default_factory=Grouping)
    keeping: Keeping = field(default_factory=Keeping)
    evidence_days: int = 30
    detection_days: int = 365
    silent_after_s: float = SILENT_AFTER_S


@dataclass(slots=True)
class Allowance:
    """How many lines of a source may be taken now, by its rate."""

    rate: int
    at: float
    lines: float = 0.0

    def now(self, moment: float) -> int:
        """Return how many; a second's worth gathers at most."""
        self.lines = min(float(self.rate), self.lines + (moment - self.at) * self.rate)
        self.at = moment
        return int(self.lines)


class Watching:
    """The watch of one node. Use as an async context manager.

    Args:
        database: of the node.
        folder: the node's directory; events lie below it.
        loaded: rules.
        seeker: indicators, the live ones included.
        options: how it runs.
        now: the clock.
        report: tells people what went wrong.
        told: called in threads with what was kept just now.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        loaded: Loaded,
        seeker: IndicatorWatcher,
        options: WatchOptions,
        *,
        now: Callable[[], datetime],
        report: Callable[[str], None],
        told: Callable[[Taken], None] = lambda _taken: None,
    ) -> None:
        self.shelf = DetectionShelf(database)
        self.events = EventShelf(database, folder / EVENTS_FOLDER)
        self.facts = WatchFacts(loaded, folder / HABITS_FILE)
        self.addresses: dict[str, tuple[str, int]] = {}
        # Held while rules and indicators are asked: who changes indicators takes it.
        self.asking = Lock()
        self._seeker = seeker
        self._loaded = loaded
        self._engine = Engine(loaded, (seeker,))
        self._options = options
        self._now = now
        self._report = report
        self._told = told
        self._intakes: list[Intake] = []
        self._allowances: dict[str, Allowance] = {}
        self._ends = Event()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = AsyncExitStack()
        self._matcher: Matcher | None = None
        self._lost: Mapping[str, int] = {}
        self._house = House(self.shelf, self.events, options, now=now)

    async def __aenter__(self) -> "Watching":
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._prepare)
            for source in self._options.sources:
                await self._open(source)
        except BaseException:
            await self._held.aclose()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._ends.set()
        await self._held.aclose()
        await asyncio.to_thread(self._house.close)
        try:
            await asyncio.to_thread(self._save_facts)
        except UnitError as fault:
            self._report(f"what was learnt of sources is not kept: {fault}")

    async def run(self) -> None:
        """Watch until cancelled; a turn under way is finished first.

        Raises:
            StorageFault: this node's own disk or database refused; it cannot go on.
        """
        keeping = asyncio.create_task(self._keep_house())
        try:
            while True:
                turn = asyncio.create_task(asyncio.to_thread(self.turn))
                try:
                    portions = await asyncio.shield(turn)
                except asyncio.CancelledError:
                    await turn
                    raise
                if keeping.done():
                    keeping.result()
                if not portions:
                    await self._idle()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    def turn(self) -> int:
        """Take what there is, match it, keep it, and let its senders know.

        Returns:
            How many portions there were.

        Raises:
            StorageFault: the disk or the database refused; begin anew from what is kept.
        """
        portions = self._take()
        if portions and self._matcher is not None:
            moment = self._now().timestamp()
            with self.asking:
                self._seeker.now = moment
                taken = self._matcher.take(portions, now=moment)
                self.shelf.keep(taken)
            for portion in portions:
                if portion.done is not None:
                    portion.done()
            self._told(taken)
        return len(portions)

    def keep_found(self, found: Sequence[Found]) -> Taken:
        """Keep what a hunt found in stored events; what is kept already stays as it is.

        Raises:
            StorageFault: the database refused.
        """
        moment = self._now().timestamp()
        with self.asking:
            taken = Taken(at=moment)
            if self._matcher is not None:
                taken = self._matcher.take_found(found, now=moment)
                self.shelf.keep(taken)
        return taken

    def tell_silences(self) -> Taken:
        """Keep a detection for each source that fell silent, once for each silence.

        Raises:
            StorageFault: the database refused.
        """
        sources = {intake.source.name: intake.source for intake in self._intakes}
        moment = self._now().timestamp()
        after_s = self._options.silent_after_s
        found = list(silences(self.facts, sources, now=moment, after_s=after_s))
        taken = self.keep_found(found) if found else Taken(at=moment)
        if taken.detections:
            self._told(taken)
        return taken

    def flush(self, *, least: int = 1) -> int:
        """Move fresh events into files where there are at least so many; say how many moved.

        Raises:
            StorageFault, DamagedStore: the disk or the database refused, or is damaged.
        """
        return self._house.flush(least=least)

    def tell_missing(self) -> list[Found]:
        """Keep and return what came of habit and stays away by now; each is told once.

        Raises:
            StorageFault: the disk or the database refused.
        """
        now = self._now().timestamp()
        sources = {each.name: each for each in self._options.sources}
        with self.asking:
            missing = self.facts.due(now)
            found = [
                found_of(each, sources[each.source]) for each in missing if each.source in sources
            ]
        if found:
            self._told(self.keep_found(found))
        if found or self.facts.is_to_save(now):
            self._save_facts()
        return found

    def _save_facts(self) -> None:
        with self.asking:
            self.facts.save(self._now().timestamp())

    def _prepare(self) -> None:
        self.facts.begin(self._now().timestamp())
        self.events.tidy()
        begun = self._now().timestamp() - self._options.grouping.stretch_s
        rows = self.shelf.alarms(begun_since=begun, limit=self._options.grouping.open_max)
        book = AlarmBook(self._options.grouping, [row.alarm for row in rows])
        self._matcher = Matcher(self._engine, book, self.shelf.known, self.facts)
        last = max((each.seen for each in self.shelf.sources().values()), default=0.0)
        program = self._loaded.rules.program
        replay(self.events, self._engine, program, self._matcher.correlator, until=last)

    async def _open(self, source: WatchSource) -> None:
        kept = (await asyncio.to_thread(self.shelf.sources)).get(source.name)
        place = "" if kept is None else kept.place
        self._allowances[source.name] = Allowance(source.rate, monotonic(), float(source.rate))
        if source.via is Via.FILE:
            follower = FileFollower(source, place, monotonic=monotonic, report=self._report)
            self._held.callback(follower.close)
            self._intakes.append(follower)
            if begun := await asyncio.to_thread(follower.begin):
                at = self._now().timestamp()
                taken = Taken(at=at, sources=[SourceRow(source.name, begun)])
                await asyncio.to_thread(self.shelf.keep, taken)
            return
        buffer = Buffer(source, place, arrived=self._arrived)
        self._intakes.append(buffer)
        listener = self._listener(source, buffer)
        self._held.push_async_callback(listener.close)
        await listener.start()
        self.addresses[source.name] = listener.address

    def _listener(self, source: WatchSource, buffer: Buffer) -> Listener:
        match source.via:
            case Via.HTTP:
                from detente.node.watching_http import EventIntake

                return EventIntake(
                    source, buffer, was_taken=lambda key: self.shelf.was_taken(source.name, key)
                )
            case Via.NATS:
                from detente.node.watching_nats import StreamReader

                return StreamReader(source, buffer, report=self._report)
            case _:
                from detente.node.watching_sockets import SyslogListener

                return SyslogListener(source, buffer, report=self._report)

    def _take(self) -> list[Portion]:
        portions: list[Portion] = []
        room = TURN_LINES_MAX
        # Who came first last time comes last now: none starves the others.
        self._intakes.append(self._intakes.pop(0)) if self._intakes else None
        for intake in self._intakes:
            allowance = self._allowances[intake.source.name]
            allowed = min(allowance.now(monotonic()), room)
            if allowed <= 0:
                continue
            for portion in intake.take(allowed):
                portions.append(portion)
                allowance.lines -= len(portion.lines)
                room -= len(portion.lines)
        return portions

    def _arrived(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _idle(self) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return

    async def _keep_house(self) -> None:
        """Move events into files and give up what is too old; a fault of these is told."""
        while True:
            is_quiet = True
            try:
                is_quiet = await self._in_thread(self._house.keep)
                await self._in_thread(self.tell_silences)
                await self._in_thread(self.tell_missing)
            except UnitError as fault:
                self._report(f"keeping events: {fault}")
            self._say_lost()
            await asyncio.sleep(KEEP_EVERY_S if is_quiet else 1.0)

    @staticmethod
    async def _in_thread(work: Callable[[], T]) -> T:
        """Work in a thread; who is cancelled waits for its end: it uses what is closed then."""
        task = asyncio.create_task(asyncio.to_thread(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    def _say_lost(self) -> None:
        lost = {each.source.name: each.lost for each in self._intakes if isinstance(each, Buffer)}
        for name, count in lost.items():
            before = self._lost.get(name, 0)
            if count > before:
                self._report(
                    f"source {name}: {count - before} events came faster than they"
                    " could be taken, and were lost"
                )
        self._lost = lost

"""The watch of an open node: its rules, its indicators, and the warnings of its unit, live.

What a partner warns of is looked for in what comes from then on, and hunted for in what
was kept. Nothing leaves by this: a person answers, through the gate.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from detente.errors import EnvironmentFault, UnitError
from detente.node.acting import Acting
from detente.node.alerting import AlertingSet
from detente.node.covering import Covered
from detente.node.home import Home
from detente.node.hunting import Hunt, HuntSummary, Span, Wanted, hunt, wanted_of_rules
from detente.node.outside import guess_item
from detente.node.rulesets import Loaded, RuleChoice, load_rules
from detente.node.scanning import Engine
from detente.node.seeking import IndicatorWatcher
from detente.node.settings import Settings
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_live import LiveWarnings
from detente.node.watching_matching import Found
from detente.node.watching_sources import parse_source
from detente.node.watchlists import Watchlists, load_watchlists
from detente.storage.detections import Taken
from detente.storage.events import Keeping
from detente.watch.indicators import Found as FoundIndicator
from detente.watch.indicators import LiveIndicators, SetBuilder, values_it_needs
from detente.watch.indicators.keys import Key, key_of, spelled
from detente.watch.indicators.marks import sealed_keys, wanted_marks
from detente.watch.sigma.model import RuleSet

LOOK_EVERY_S = 0.1
COVERED_FOR_S = 20.0  # what rules can see is asked anew after so long: events wait meanwhile
REST_TIMES = 4  # as long as a hunt took, before the next
MARKS_MAX = 100_000  # values of a hunt that are looked up in files; with more, every event is asked
NO_RULES = Loaded(RuleSet(), frozenset(), 0, was_kept=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """What a node watches, and what for.

    Attributes:
        options: sources, and how long things are kept.
        choice: rules; None for none.
        indicators: files and folders beside what the unit says.
    """

    options: WatchOptions
    choice: RuleChoice | None = None
    indicators: Sequence[Path] = ()


def plan_of(settings: Settings) -> WatchPlan | None:
    """Return what the settings ask for; None where they name no source.

    Raises:
        InputError: a source cannot be one.
    """
    if not settings.watch_sources:
        return None
    sources = [parse_source(name, where) for name, where in settings.watch_sources.items()]
    rules = tuple(settings.watch_rules.values())
    return WatchPlan(
        options=WatchOptions(
            sources=sources,
            keeping=Keeping(settings.watch_keep_days, settings.watch_keep_gb * 10**9),
            evidence_days=settings.watch_evidence_days,
        ),
        choice=RuleChoice(rules, min_level=settings.watch_min_level) if rules else None,
        indicators=[Path(each) for each in settings.watch_indicators.values()],
    )


def load_plan(plan: WatchPlan, now: datetime) -> tuple[Loaded, Watchlists]:
    """Return the rules and lists of a plan.

    Raises:
        InputError: a file of them cannot be used.
    """
    loaded = NO_RULES if plan.choice is None else load_rules(plan.choice, today=now.date())
    return loaded, load_watchlists(plan.indicators, now=now)


class HomeWatch:
    """The watch of an open home. Use as an async context manager.

    Args:
        home: open; it stays open.
        plan: what is watched.
        now: the clock.
        report: tells people what went wrong.
        told: called in threads with what was kept just now.
    """

    def __init__(
        self,
        home: Home,
        plan: WatchPlan,
        *,
        now: Callable[[], datetime],
        report: Callable[[str], None],
        told: Callable[[Taken], None] = lambda _taken: None,
    ) -> None:
        self._home = home
        self._plan = plan
        self._now = now
        self._report = report
        self._told = told
        self._held = AsyncExitStack()
        self._loaded = NO_RULES
        self._live = LiveIndicators()
        self._watching: Watching | None = None
        self._warnings: LiveWarnings | None = None
        self._alerting: AlertingSet | None = None
        self._unhunted: list[tuple[Key, FoundIndicator]] = []
        self._named = asyncio.Event()
        self._complaint = ""
        self._covered: tuple[float, Covered] | None = None
        # Something new was taken up; set in the loop's thread.
        self.wake = asyncio.Event()

    @property
    def watching(self) -> Watching:
        """The watch itself; only while this is entered."""
        assert self._watching is not None  # noqa: S101 - made on entering
        return self._watching

    async def __aenter__(self) -> "HomeWatch":
        moment = self._now()
        loaded, lists = await asyncio.to_thread(load_plan, self._plan, moment)
        self._loaded = loaded
        seeker = IndicatorWatcher(lists, now=moment.timestamp(), live=self._live)
        self._watching = await self._held.enter_async_context(
            Watching(
                self._home.database,
                self._home.layout.directory,
                loaded,
                seeker,
                self._plan.options,
                now=self._now,
                report=self._report,
                told=self._told,
            )
        )
        asking = self._watching.asking
        acting = Acting(self._home, now=self._now)
        self._warnings = LiveWarnings(self._home, self._live, seeker.patterns, asking=asking)
        self._alerting = AlertingSet(self._home.database, acting, self._live, asking=asking)
        # What was said before this start is looked for in what comes, and was hunted then.
        await asyncio.to_thread(self._named_since)
        self._home.covered = self.covered
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._home.covered = None
        await self._held.aclose()

    async def run(self) -> None:
        """Watch, and follow what the unit says, until cancelled.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        works = (self.watching.run(), self._follow(), self._look_back())
        tasks = [asyncio.create_task(each) for each in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def covered(self) -> Covered:
        """Return what the rules can see in what came since this start, as of the last seconds."""
        at = monotonic()
        if self._covered is None or at - self._covered[0] >= COVERED_FOR_S:
            with self.watching.asking:
                coverage = self.watching.facts.coverage()
            self._covered = (at, Covered(self._loaded, coverage))
        return self._covered[1]

    async def _follow(self) -> None:
        while True:
            await self._unless_refused(self._take_up)
            if self._unhunted:
                self._named.set()
            self.wake.clear()
            await _waited(self.wake, LOOK_EVERY_S)

    async def _look_back(self) -> None:
        """Hunt for what was named, beside what is taken up meanwhile: all of it at once.

        Where warnings never cease, what comes is matched and said before what was is hunted.
        """
        while True:
            await self._named.wait()
            self._named.clear()
            begun = monotonic()
            await self._unless_refused(self._hunt_named)
            await asyncio.sleep(max(LOOK_EVERY_S, REST_TIMES * (monotonic() - begun)))
            if self._unhunted:  # it was refused, or more came
                self._named.set()

    async def _unless_refused(self, work: Callable[[], object]) -> None:
        try:
            await asyncio.to_thread(work)
            self._complaint = ""
        except (EnvironmentFault, UnitError) as fault:
            if fault.message != self._complaint:
                self._complaint = fault.message
                self._report(f"warnings of the unit: {fault}")

    def look(self) -> list[Found]:
        """Take up what was said since, and hunt for it in stored events.

        Raises:
            StorageFault, EnvironmentFault: the disk, the database or DuckDB refused.
        """
        self._take_up()
        return self._hunt_named()

    def _take_up(self) -> None:
        self._unhunted += self._named_since()

    def _hunt_named(self) -> list[Found]:
        named = list(self._unhunted)
        if not named:
            return []
        assert self._warnings is not None  # noqa: S101 - made on entering
        what = hunt_for(named, self._warnings.texts, self._now())
        found = [] if what is None else list(hunt(self.watching.events, what, HuntSummary()))
        if found:
            self._told(self.watching.keep_found(found))
        del self._unhunted[: len(named)]
        return found

    def _named_since(self) -> list[tuple[Key, FoundIndicator]]:
        """Return what is looked for since the last time, by this node's own reasons."""
        assert self._warnings is not None  # noqa: S101 - made on entering
        assert self._alerting is not None  # noqa: S101 - made with it
        return self._alerting.bring_up(self._warnings.bring_up().keys)


async def _waited(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def hunt_for(
    named: Sequence[tuple[Key, FoundIndicator]], texts: Mapping[Key, str], now: datetime
) -> Hunt | None:
    """Return a hunt over every stored event for what some indicators name; None for none.

    Args:
        named: by keys.
        texts: of those that are patterns of several values.
        now: the time.
    """
    live = LiveIndicators()
    lists = Watchlists(sealed=SetBuilder().seal())
    seeker = IndicatorWatcher(lists, now=now.timestamp(), live=live, looks_back=True)
    keys: list[Key] = []
    for key, found in named:
        if key not in texts:
            live.add(key, found)
            keys.append(key)
        elif marked := _keys_it_needs(texts[key]):
            live.add(key, found)
            seeker.patterns.add(found, texts[key])
            keys += marked
    if not keys:
        return None
    return Hunt(Engine(NO_RULES, (seeker,)), Wanted(marks=wanted_marks(keys)), Span())


def _keys_it_needs(pattern: str) -> list[Key]:
    """Return keys of which each event that a pattern asks for has one; none where they are not."""
    keys = []
    for values in values_it_needs(pattern) or ():
        for each in values:
            item = spelled(each.path, each.value) or guess_item(each.value)
            key = None if item is None else key_of(item)
            if key is None:
                return []  # events are not found by such a value: it is looked for live only
            keys.append(key)
    return keys


def hunt_of(
    choice: RuleChoice | None, indicators: Sequence[Path], span: Span, *, now: datetime
) -> Hunt:
    """Return a hunt for rules and indicators in files.

    Raises:
        InputError: a file of them cannot be used.
    """
    loaded = NO_RULES if choice is None else load_rules(choice, today=now.date())
    lists = load_watchlists(indicators, now=now)
    seeker = IndicatorWatcher(lists, now=now.timestamp(), looks_back=True)
    watchers = (seeker,) if indicators else ()
    rules = wanted_of_rules(loaded.rules.program, loaded.wanted)
    # Which values ten million indicators name is asked of the set itself, event by event.
    marks = None if indicators else frozenset[int]()
    keys = sealed_keys(lists.sealed, most=MARKS_MAX) if not lists.patterns else None
    if indicators and keys is not None:
        marks = wanted_marks(keys)
    wanted = Wanted(marks, rules.channels, rules.event_ids, tagged=rules.tagged)
    if not loaded.wanted:
        wanted = Wanted(marks)
    return Hunt(Engine(loaded, watchers), wanted, span)


@asynccontextmanager
async def hosted(
    home: Home,
    stopping: asyncio.Event,
    *,
    now: Callable[[], datetime],
    report: Callable[[str], None],
) -> AsyncIterator[None]:
    """Watch what the settings name for as long as this is entered; nothing where they do not.

    Args:
        home: open.
        stopping: set where the watch cannot go on; why is raised on leaving.
        now: the clock.
        report: tells people what went wrong.

    Raises:
        InputError: a source, a rule or a list cannot be used.
        StorageFault: this node's own disk or database refused.
    """
    plan = plan_of(home.settings)
    if plan is None:
        yield
        return
    async with HomeWatch(home, plan, now=now, report=report) as watch:
        running = asyncio.create_task(watch.run())
        running.add_done_callback(lambda _task: stopping.set())
        report(f"watching {len(plan.options.sources)} sources")
        try:
            yield
            if running.done():
                running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

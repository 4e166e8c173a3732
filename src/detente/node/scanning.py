"""Scan a pile of events: rules, correlations and indicators over every input, in order."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from orjson import loads

from detente.errors import InputError
from detente.node.event_files import EventInput, event_inputs
from detente.node.rulesets import Loaded
from detente.node.scanning_in_parts import Detection, Feed, Seen, seen_in_parts
from detente.watch.kernel import Event, Kernel, Rule, plain_name
from detente.watch.reading import BadLine, Batch, Block, Format, JsonLines, event_time
from detente.watch.sigma.correlation import Correlated, Correlator, Lost

BAD_LINES_SHOWN = 20
_LOOK_EVERY = 4_096  # events between two looks at what the kernel remembers


class Watcher(Protocol):
    """Looks at every batch of events beside the rules: indicators do."""

    def look(self, name: str, batch: Batch) -> list[Detection]:
        """Return what it has to tell about a batch of an input, in order of lines."""
        ...


@dataclass(slots=True)
class Summary:
    """What a scan saw; filled while it runs.

    Attributes:
        events: how many were read.
        bad: how many lines were set aside.
        shown: the first of them, with their input.
        unread: files in folders that are no events, with the reason.
        detections: how many, by level.
        lost: what correlations had to give up.
    """

    events: int = 0
    bad: int = 0
    shown: list[tuple[str, BadLine]] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    detections: Counter[str] = field(default_factory=Counter)
    lost: Lost = field(default_factory=Lost)

    def add(self, name: str, seen: Seen) -> None:
        """Count some events of an input."""
        self.events += seen.events
        self.bad += len(seen.bad)
        room = BAD_LINES_SHOWN - len(self.shown)
        self.shown.extend((name, line) for line in seen.bad[:room])

    def counted(self, detections: Iterable[Detection]) -> Iterator[Detection]:
        """Pass detections on, and count them."""
        for each in detections:
            self.detections[each.level] += 1
            yield each


@dataclass(frozen=True, slots=True)
class Scan:
    """What to scan.

    Attributes:
        loaded: rules.
        inputs: files, folders or `-` for standard input.
        form: format of them all.
        watchers: what looks at the same events.
        jobs: processes; one a core where None.
    """

    loaded: Loaded
    inputs: Sequence[str]
    form: Format = Format.AUTO
    watchers: tuple[Watcher, ...] = ()
    jobs: int | None = None


def scan(what: Scan, summary: Summary, *, now: float) -> Iterator[Detection]:
    """Yield what is to be told about the events of all inputs, input by input, line by line.

    Raises:
        InputError: an input is missing, or not of a format known here.
        EnvironmentFault: it cannot be read.
    """
    engine = Engine(what.loaded, what.watchers)
    correlator = Correlator(engine.correlations)
    for name in event_inputs(what.inputs):
        source = EventInput(name, what.form)
        try:
            for seen in seen_in_parts(source, engine, jobs=what.jobs, now=now):
                summary.add(name, seen)
                yield from summary.counted(_joined(seen, correlator, engine, name))
        except InputError as error:
            if name in what.inputs:
                raise
            # A folder holds what it holds; only what was named must be events.
            summary.unread.append((name, error.message))
    yield from summary.counted(engine.all_told(correlator.close()))
    summary.lost = correlator.lost


def _joined(seen: Seen, correlator: Correlator, engine: "Engine", name: str) -> Iterator[Detection]:
    """Yield the detections of some events, each correlation after the event that completes it."""
    done = {
        feed.line: correlator.take((name, feed.line), feed.time, feed.fields, feed.rules)
        for feed in seen.feeds
    }
    for detection in seen.detections:
        for line in [line for line in done if line < detection.line]:
            yield from engine.all_told(done.pop(line))
        yield detection
    for line in list(done):
        yield from engine.all_told(done.pop(line))


class Engine:
    """Rules over batches, and whatever else looks at them; what correlations need of each."""

    def __init__(self, loaded: Loaded, watchers: Sequence[Watcher] = ()) -> None:
        rules = loaded.rules
        self._kernel = Kernel(rules.program, loaded.wanted)
        self._rules = rules.program.rules
        self._told = loaded.told
        self._watchers = watchers
        self._unlooked = 0
        self.correlations = [each for each in rules.correlations if each.rule in loaded.wanted]
        self._feeding = frozenset(rule for each in self.correlations for rule in each.of)
        self._names = {plain_name(name) for each in self.correlations for name in each.names()}

    def look(self, name: str, batch: Batch) -> Seen:
        """Return what is told of a batch, in order of lines, and what correlations need."""
        seen = Seen(events=len(batch.events), bad=batch.bad)
        for match in self._kernel.match(batch.events, batch.verbatim()):
            line, event = batch.positions[match.event], batch.events[match.event]
            self._tell(seen, name, line, event, match.rules)
        for watcher in self._watchers:
            seen.detections.extend(watcher.look(name, batch))
        if self._watchers:
            seen.detections.sort(key=lambda each: each.line)
        return seen

    def look_at_lines(self, name: str, reader: JsonLines, block: Block) -> Seen:
        """Return what is told of a block of JSON lines: the same as of the batch it makes."""
        if self._watchers:
            return self.look(name, reader.read(block))
        if block.long:
            return self._look_slowly(name, reader, block)
        seen = Seen(events=0)
        first, lines = block.first, block.lines
        count = len(lines)
        for at, event, fired in self._kernel.fire_lines(lines):
            if fired is None:
                count += self._look_closer(seen, name, reader, (first + at, lines[at], event)) - 1
            elif event is not None:
                self._tell(seen, name, first + at, event, fired)
        self._unlooked += count
        if self._unlooked >= _LOOK_EVERY:
            self._kernel.stay_within()
            self._unlooked = 0
        return replace(seen, events=count)

    def _look_closer(
        self, seen: Seen, name: str, reader: JsonLines, line: tuple[int, bytes, Event | None]
    ) -> int:
        """Look at a line that is not plain (number, bytes, value), and return its events' number.

        Its decoded value is None where there is none, or it was not kept.
        """
        at, raw, value = line
        if not raw:
            return 0
        if value is None:
            with suppress(ValueError):
                value = loads(raw)
        count = 0
        for event, is_rewritten in reader.events_of(at, raw, value, seen.bad):
            count += 1
            fired = self._kernel.fire(event, None if is_rewritten else raw)
            if fired:
                self._tell(seen, name, at, event, fired)
        return count

    def _look_slowly(self, name: str, reader: JsonLines, block: Block) -> Seen:
        seen = Seen(events=0)
        count = 0
        for line, event, raw, is_rewritten in reader.each(block, seen.bad):
            count += 1
            fired = self._kernel.fire(event, None if is_rewritten else raw)
            if fired:
                self._tell(seen, name, line, event, fired)
        return replace(seen, events=count)

    def _tell(self, seen: Seen, name: str, line: int, event: Event, rules: Sequence[int]) -> None:
        for number in rules:
            if number in self._told:
                rule = self._rules[number]
                fields = self._kernel.matched_fields(event, number)
                found = _detected(name, line, rule, fields)
                seen.detections.append(replace(found, time=event_time(event)))
        if not self._feeding.isdisjoint(rules):
            seen.feeds.append(self._feed(line, event, rules))

    def _feed(self, line: int, event: Event, rules: Sequence[int]) -> Feed:
        return Feed(
            line=line,
            time=event_time(event),
            rules=[number for number in rules if number in self._feeding],
            fields={k: value for k, value in event.items() if plain_name(k) in self._names},
        )

    def all_told(self, correlated: Iterable[Correlated]) -> Iterator[Detection]:
        """Yield what is told of those that are detections: some only feed others."""
        yield from (self.told(each) for each in correlated if each.rule in self._told)

    def told(self, correlated: Correlated) -> Detection:
        """Return what is told of a correlation that holds."""
        name, line = correlated.place
        found = _detected(name, line, self._rules[correlated.rule], dict(correlated.group))
        return replace(found, count=correlated.count, time=correlated.time)


def _detected(name: str, line: int, rule: Rule, fields: dict[str, Any]) -> Detection:
    return Detection(name, line, rule.id, rule.title, rule.level, rule.tags, fields)

"""Correlations as events come: by the time events say, not by when they arrive.

A condition that more matches can only fulfil (at least so many, these rules together)
is told as soon as it holds, once for matches that follow each other within the span. A
condition that more matches could break (fewer than, exactly, on average, and not) is
judged when its window is over. Memory is bounded: groups and matches that had to go are
counted, never silently.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice, product
from typing import Any

from detente.watch.kernel import plain_name, text_of
from detente.watch.kernel.numbers import COMPARISONS
from detente.watch.kernel.trees import compile_tree
from detente.watch.sigma.correlation.model import Correlation, Kind
from detente.watch.sigma.correlation.windows import Entry, Group, Place, Value, amount, chain

GROUPS_OF_ONE_EVENT_MAX = 64
_AT_ONCE = frozenset({Kind.EVENT_COUNT, Kind.VALUE_COUNT, Kind.TEMPORAL, Kind.TEMPORAL_ORDERED})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What correlations may hold.

    Attributes:
        groups: of all correlations together; beyond it the one least lately met goes.
        entries: matches of one group.
        late_seconds: how long a window that is over waits for events that come late.
    """

    groups: int = 200_000
    entries: int = 10_000
    late_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Correlated:
    """A correlation whose condition holds.

    Attributes:
        rule: its number among the program's rules.
        place: of the match that completed it.
        time: of the newest match in its window, seconds since 1970.
        group: name in `group-by` -> the value its matches have in common.
        count: how many matches its window holds.
        places: of those, the first `PLACES_MAX`.
    """

    rule: int
    place: Place
    time: float
    group: dict[str, str]
    count: int
    places: tuple[Place, ...]


PLACES_MAX = 100
Key = tuple[int, tuple[str, ...]]


@dataclass(slots=True)
class Lost:
    """What was given up for want of room or time.

    Attributes:
        groups: that had to make room.
        entries: matches that had to make room.
        ungrouped: matches without a field that their group needs, or with too many values.
        untimed: matches of events that say no time, taken as at the time last heard of.
    """

    groups: int = 0
    entries: int = 0
    ungrouped: int = 0
    untimed: int = 0


@dataclass(slots=True)
class Correlator:
    """Takes matches of rules, one event after the other; gives correlations that hold.

    Args:
        correlations: those that others name first, as `compile_rules` gives them.
        bounds: what may be held.
    """

    correlations: Sequence[Correlation]
    bounds: Bounds = field(default_factory=Bounds)
    lost: Lost = field(default_factory=Lost)
    _groups: "OrderedDict[Key, Group]" = field(default_factory=OrderedDict)
    _closing: list[tuple[float, Key]] = field(default_factory=list)
    _by_rule: dict[int, list[int]] = field(default_factory=dict)
    _newest: float = 0.0
    _order: int = 0

    def __post_init__(self) -> None:
        for at, correlation in enumerate(self.correlations):
            for rule in dict.fromkeys(correlation.of):
                self._by_rule.setdefault(rule, []).append(at)

    @property
    def held_groups(self) -> int:
        """How many groups are held."""
        return len(self._groups)

    def take(
        self, place: Place, time: float | None, event: Mapping[str, Any], rules: Sequence[int]
    ) -> list[Correlated]:
        """Take the rules that fired for an event; return what holds because of it."""
        if self._by_rule.keys().isdisjoint(rules):
            return []
        if time is None:
            self.lost.untimed += 1
            time = self._newest
        self._newest = max(self._newest, time)
        names = {plain_name(name): value for name, value in event.items()}
        found = list(self._over(self._newest - self.bounds.late_seconds))
        for rule in rules:
            found += self._take(rule, place, time, names)
        return found

    def close(self) -> list[Correlated]:
        """Judge every window that is open: no more events come."""
        return list(self._over(float("inf")))

    def _take(
        self, rule: int, place: Place, time: float, names: Mapping[str, Any]
    ) -> Iterator[Correlated]:
        for at in self._by_rule.get(rule, ()):
            correlation = self.correlations[at]
            groups = self._groups_of(correlation, rule, names)
            if not groups:
                self.lost.ungrouped += 1
            for values in groups:
                value = self._value(correlation, rule, names)
                if value is None:
                    continue
                self._order += 1
                entry = Entry(time, self._order, rule, value, place)
                done = self._add((at, values), entry)
                if done is not None:
                    yield done
                    yield from self._chained(done, names)

    def _add(self, key: Key, entry: Entry) -> Correlated | None:
        correlation = self.correlations[key[0]]
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group()
            if len(self._groups) > self.bounds.groups:
                self._groups.popitem(last=False)
                self.lost.groups += 1
        self._groups.move_to_end(key)
        at_once = _is_at_once(correlation)
        if not at_once and not group.entries:
            heappush(self._closing, (entry.time + correlation.seconds, key))
        self.lost.entries += group.add(
            entry,
            # What comes late finds those it belongs to; what waits to be judged stays.
            keep=correlation.seconds + max(correlation.seconds, self.bounds.late_seconds),
            entries_max=self._room(correlation),
            unique=correlation.kind is Kind.VALUE_COUNT and at_once,
        )
        if not at_once:
            return None
        for window in group.windows(entry.time, correlation.seconds):
            if _holds(correlation, window) and group.tell(window):
                return self._correlated(key, window, entry.place)
        return None

    def _room(self, correlation: Correlation) -> int:
        if correlation.kind is Kind.EVENT_COUNT and _is_at_once(correlation):
            # Of a count only the newest matter; some more for what comes late.
            return min(self.bounds.entries, 2 * correlation.count + 64)
        return self.bounds.entries

    def _over(self, until: float) -> Iterator[Correlated]:
        """Judge the windows that end before a time."""
        while self._closing and self._closing[0][0] <= until:
            ends, key = heappop(self._closing)
            group = self._groups.get(key)
            if group is None or not group.entries:
                continue
            correlation = self.correlations[key[0]]
            window = [entry for entry in group.entries if entry.time <= ends]
            group.entries = [entry for entry in group.entries if entry.time > ends]
            if group.entries:
                heappush(self._closing, (group.entries[0].time + correlation.seconds, key))
            if window and _holds(correlation, window):
                done = self._correlated(key, window, window[-1].place)
                yield done
                yield from self._chained(done, {})

    def _chained(self, done: Correlated, names: Mapping[str, Any]) -> Iterator[Correlated]:
        """Let correlations of correlations take what was found."""
        if done.rule in self._by_rule:
            grouped = {plain_name(name): value for name, value in done.group.items()}
            yield from self._take(done.rule, done.place, done.time, {**names, **grouped})

    def _correlated(self, key: Key, window: Sequence[Entry], place: Place) -> Correlated:
        correlation = self.correlations[key[0]]
        return Correlated(
            rule=correlation.rule,
            place=place,
            time=window[-1].time,
            group=dict(zip(correlation.group_by, key[1], strict=True)),
            count=len(window),
            places=tuple(entry.place for entry in window[:PLACES_MAX]),
        )

    @staticmethod
    def _groups_of(
        correlation: Correlation, rule: int, names: Mapping[str, Any]
    ) -> list[tuple[str, ...]]:
        """Return the groups that a match belongs to: of a list, one for each element."""
        values = []
        for name in correlation.group_by:
            meant = correlation.aliases.get(name, {}).get(rule, name)
            # A correlation that feeds this one already speaks of the alias.
            values.append(
                _texts(names.get(plain_name(meant))) or _texts(names.get(plain_name(name)))
            )
        return list(islice(product(*values), GROUPS_OF_ONE_EVENT_MAX))

    @staticmethod
    def _value(correlation: Correlation, rule: int, names: Mapping[str, Any]) -> Value | None:
        """Return the values that are counted; None where the event has none of them."""
        if not correlation.fields:
            return ()
        meant = (correlation.aliases.get(name, {}).get(rule, name) for name in correlation.fields)
        texts = [" ".join(_texts(names.get(plain_name(name)))) for name in meant]
        return tuple(texts) if any(texts) else None


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    return [text_of(item) for item in items if item is not None]


def _is_at_once(correlation: Correlation) -> bool:
    """Say whether more matches can only fulfil the condition, and never break it."""
    if correlation.tree is not None:
        return not _denies(correlation.tree)
    return correlation.comparison in ("gt", "gte") and (
        correlation.kind in _AT_ONCE or correlation.kind is Kind.VALUE_SUM
    )


def _denies(tree: object) -> bool:
    return isinstance(tree, list) and (tree[0] == "not" or any(map(_denies, tree[1:])))


def _holds(correlation: Correlation, window: Sequence[Entry]) -> bool:
    if correlation.tree is not None:
        rules = {entry.rule for entry in window}
        if correlation.kind is Kind.TEMPORAL_ORDERED:
            rules = set(chain(correlation.of, window))
        return compile_tree(correlation.tree)(rules)
    seen = amount(correlation, window)
    return seen is not None and COMPARISONS[correlation.comparison](seen, correlation.count)

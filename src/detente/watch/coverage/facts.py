"""What events carry, as far as rules ask: which routes are met, and which fields come there.

Fed batch by batch. What is held is bounded by the rules, not by the events: names that
no rule asks are not kept, and kinds of events are folded into routes where there are
too many of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from detente.watch.kernel import (
    CHANNEL,
    EVENT_ID,
    SOURCE,
    Event,
    Op,
    Program,
    Route,
    Variant,
    plain_name,
)
from detente.watch.kernel.routing import Router, sources_of

_KINDS_MAX = 20_000
_NAMES_MAX = 4_096  # of one kind; a name beyond them is looked at each time it comes
ROUTING = {plain_name(CHANNEL): CHANNEL, plain_name(EVENT_ID): EVENT_ID}


class Kind:
    """Events that the same routes meet.

    Attributes:
        routes: their numbers.
        count: events since the last fold.
        seen: fields with a value, of those that rules ask, in plain form.
        known: names, as events write them, of which nothing more is to be learnt.
    """

    __slots__ = ("count", "known", "routes", "seen")

    def __init__(self, routes: tuple[int, ...]) -> None:
        self.routes = routes
        self.count = 0
        self.seen: set[str] = set()
        self.known: set[str] = set()


class CoverageFacts:
    """Which log sources and fields were seen so far.

    Args:
        program: compiled rules.
        rules: numbers of the rules that count; all where None.

    Attributes:
        variants: of those rules.
        asked: names in plain form of the fields that they ask.
    """

    def __init__(self, program: Program, rules: Iterable[int] | None = None) -> None:
        wanted = range(len(program.rules)) if rules is None else frozenset(rules)
        self.variants = [each for each in program.variants if each.rule in wanted]
        self._numbers: dict[Route, int] = {}
        for variant in self.variants:
            self._numbers.setdefault(variant.route, len(self._numbers))
        self._router = Router(
            (number, Variant(0, route, True, (), ())) for route, number in self._numbers.items()
        )
        self.asked = frozenset(_asked(program, self.variants))
        self._sources: list[set[tuple[str, str, str]]] = [set() for _ in self._numbers]
        for variant in self.variants:
            source = program.rules[variant.rule].source
            self._sources[self._numbers[variant.route]].add(source)
        self._seen: list[set[str]] = [set() for _ in self._numbers]
        self._counts = [0] * len(self._numbers)
        self._source_counts: dict[tuple[str, str, str], int] = {}
        self._unmet = 0
        self._kinds: dict[tuple[int, ...], Kind] = {}
        self._windows: dict[tuple[Any, Any], Kind] = {}
        self._tagged: dict[Any, Kind] = {}

    def observe(self, events: Sequence[Event]) -> None:
        """Note what a batch carries."""
        for event in events:
            kind = self.kind_of(event)
            kind.count += 1
            if not kind.known.issuperset(event):
                self._learn(kind, event)
        if max(len(self._windows), len(self._tagged), len(self._kinds)) > _KINDS_MAX:
            self._fold()
            for each in (self._windows, self._tagged, self._kinds):
                each.clear()

    def seen(self, route: Route) -> frozenset[str]:
        """Return the fields in plain form that were seen where a route looks."""
        self._fold()
        found = frozenset(self._seen[self._numbers[route]])
        return found if route.source is not None else found.union(ROUTING)

    def count(self, route: Route) -> int:
        """Return how many events a route met."""
        self._fold()
        return self._counts[self._numbers[route]]

    def source_count(self, source: tuple[str, str, str]) -> int:
        """Return how many events were of a kind that some rule of a log source looks at."""
        self._fold()
        return self._source_counts.get(source, 0)

    @property
    def unmet(self) -> int:
        """How many events no rule looks at."""
        self._fold()
        return self._unmet

    def kind_of(self, event: Event) -> Kind:
        """Return the kind of an event, as the kernel routes it."""
        if SOURCE in event:
            return self._tagged_kind(event)
        channel, event_id = event.get(CHANNEL), event.get(EVENT_ID)
        if type(event_id) is int or type(event_id) is str:  # 1, 1.0 and True are one key
            try:
                return self._windows[channel, event_id]
            except (KeyError, TypeError):
                pass
        kind = self._kind(self._router.windows(channel, event_id))
        if isinstance(channel, str) and type(event_id) in (int, str):
            self._windows[channel, event_id] = kind
        return kind

    def _tagged_kind(self, event: Event) -> Kind:
        sources = sources_of(event) or ()
        kind = self._tagged.get(sources)
        if kind is None:
            kind = self._tagged[sources] = self._kind(self._router.tagged(sources))
        return kind

    def _kind(self, routes: tuple[int, ...]) -> Kind:
        kind = self._kinds.get(routes)
        if kind is None:
            kind = self._kinds[routes] = Kind(routes)
        return kind

    def _learn(self, kind: Kind, event: Event) -> None:
        if _is_misspelt(event):
            spelled = _respelled(event)
            kind.count -= 1
            kind = self.kind_of(spelled)
            kind.count += 1
            event = spelled
        for name in event.keys() - kind.known:
            is_told = name[:1] != "_"
            if is_told and not has_value(event[name]):
                continue
            plain = plain_name(name)
            if is_told and plain in self.asked:
                kind.seen.add(plain)
            elif is_told:
                kind.seen.add("")  # what a keyword may be in
            if len(kind.known) < _NAMES_MAX and (plain not in ROUTING or name == ROUTING[plain]):
                kind.known.add(name)

    def _fold(self) -> None:
        """Add what kinds hold to their routes; nothing is lost by it, kinds go on."""
        for kind in self._kinds.values():
            if not kind.count:
                continue
            met: set[tuple[str, str, str]] = set()
            for route in kind.routes:
                self._counts[route] += kind.count
                self._seen[route] |= kind.seen
                met |= self._sources[route]
            for source in met:
                self._source_counts[source] = self._source_counts.get(source, 0) + kind.count
            if not kind.routes:
                self._unmet += kind.count
            kind.count = 0


def has_value(value: object) -> bool:
    """Say whether a field has a value as rules see it: not null, nor a list of nothing else."""
    if isinstance(value, list | tuple):
        return any(item is not None for item in value)
    return value is not None


def _asked(program: Program, variants: Iterable[Variant]) -> Iterator[str]:
    for place in {place for variant in variants for place in variant.fields}:
        field = program.fields[place]
        yield plain_name(field.name)
        yield from (plain_name(value[0]) for op, value in field.atoms if op == Op.FIELD)


def _is_misspelt(event: Event) -> bool:
    return any(
        len(name) >= len(CHANNEL) and (own := ROUTING.get(plain_name(name))) and name != own
        for name in event
    )


def _respelled(event: Event) -> Event:
    """Return an event with Channel and EventID under these names; two spellings, two values."""
    spelled: Event = {}
    for name, value in event.items():
        own = ROUTING.get(plain_name(name), name)
        held = spelled.get(own)
        spelled[own] = [*_listed(held), *_listed(value)] if has_value(held) else value
    return spelled


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]

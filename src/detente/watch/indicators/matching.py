"""Events in, indicators out: a value seen before costs one look-up in a dictionary.

For each field a memo from value to what names it. Values that no memo knows are
collected over a batch and looked up together. Memos are emptied when they grow too
large, so that values that never repeat cost their look-up and no memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detente.watch.indicators.columns import IndicatorSet
from detente.watch.indicators.fields import FIELDS, Observable
from detente.watch.indicators.keys import prefixes_in
from detente.watch.indicators.live import LiveIndicators
from detente.watch.indicators.model import Found
from detente.watch.indicators.observables import Asked, asked_by, kinds_in
from detente.watch.reading import event_time

Event = dict[str, Any]
Memo = dict[object, tuple[Found, ...]]
Waiting = tuple[int, str, object]
Seen = tuple[int, str, object, tuple[Found, ...]]

MEMO_VALUES_MAX = 200_000  # of one field
SHAPES_MAX = 8_192


@dataclass(frozen=True, slots=True)
class IndicatorHit:
    """A value that an indicator names.

    Attributes:
        line: of the event in its batch, from 0.
        indicator: its id.
        field: name of the field as the event writes it.
        value: of the field.
        found: what names it.
    """

    line: int
    indicator: str
    field: str
    value: object
    found: Found


class IndicatorMatcher:
    """Asks every event for every indicator.

    Args:
        sealed: what does not change; replace the matcher for another set.
        live: what does; None for nothing.
        fields: which field holds what.
        looks_back: an indicator that holds now counts for events from before its time too.
    """

    def __init__(
        self,
        sealed: IndicatorSet,
        live: LiveIndicators | None = None,
        fields: Mapping[str, tuple[Observable, ...]] = FIELDS,
        *,
        looks_back: bool = False,
    ) -> None:
        self.sealed = sealed
        self._live = LiveIndicators() if live is None else live
        self._fields = fields
        self._looks_back = looks_back
        self._change = -1
        self._memos: dict[str, Memo] = {}
        self._shapes: dict[tuple[str, ...], tuple[tuple[str, Memo], ...]] = {}
        self._prefixes: dict[int, tuple[int, ...]] = {}
        self._kinds: dict[str, tuple[Observable, ...]] = {}

    @property
    def remembered(self) -> int:
        """How many values it remembers."""
        return sum(map(len, self._memos.values()))

    def matches(self, events: Sequence[Event], *, now: float) -> list[IndicatorHit]:
        """Return what indicators name in a batch of events, in order.

        Args:
            events: flat, as `watch.reading` gives them.
            now: seconds since 1970; stands for the time of an event that says none.
        """
        self._renew()
        if not self._kinds:
            return []
        seen, waiting = self._remembered(events)
        if waiting:
            seen += self._looked_up(waiting)
            seen.sort(key=lambda each: each[0])
        return list(self._holding(seen, events, now))

    def _remembered(self, events: Sequence[Event]) -> tuple[list[Seen], list[Waiting]]:
        """Return what memos say is named, and the values they do not know."""
        seen: list[Seen] = []
        waiting: list[Waiting] = []
        shapes = self._shapes
        for line, event in enumerate(events):
            names = tuple(event)
            shape = shapes.get(names)
            if shape is None:
                shape = self._shape(names)
            for name, memo in shape:
                value = event[name]
                try:
                    found = memo.get(value)
                except TypeError:  # a list
                    found = memo.get(_hashable(value))
                if found:
                    seen.append((line, name, value, found))
                elif found is None:
                    waiting.append((line, name, value))
        return seen, waiting

    def _renew(self) -> None:
        """Forget what was remembered where the live indicators changed, or where it grew."""
        if self._change != self._live.change:
            self._change = self._live.change
            for memo in self._memos.values():
                memo.clear()
            self._shapes.clear()
            paths = self.sealed.paths | self._live.paths()
            self._prefixes = prefixes_in(paths)
            named = kinds_in(paths)
            self._kinds = {
                field: asked
                for field, kinds in self._fields.items()
                if (asked := tuple(kind for kind in kinds if kind in named))
            }
        if len(self._shapes) > SHAPES_MAX:
            self._shapes.clear()

    def _shape(self, names: tuple[str, ...]) -> tuple[tuple[str, Memo], ...]:
        """Return the fields of such an event that hold what can be asked, with their memos."""
        held = [name for name in names if name.lower() in self._kinds]
        shape = tuple((name, self._memos.setdefault(name.lower(), {})) for name in held)
        self._shapes[names] = shape
        return shape

    def _looked_up(self, waiting: Sequence[Waiting]) -> list[Seen]:
        """Look values up that no memo knows, each once, all together."""
        places: dict[tuple[str, object], int] = {}
        numbers = [
            places.setdefault((name.lower(), _hashable(value)), len(places))
            for _, name, value in waiting
        ]
        answers = self._answers(list(places))
        for (name, value), found in zip(places, answers, strict=True):
            memo = self._memos[name]
            if len(memo) >= MEMO_VALUES_MAX:
                memo.clear()
            memo[value] = found
        return [
            (*each, answers[number])
            for each, number in zip(waiting, numbers, strict=True)
            if answers[number]
        ]

    def _answers(self, values: Sequence[tuple[str, object]]) -> list[tuple[Found, ...]]:
        asked: list[Asked] = []
        owners: list[int] = []
        for number, (name, value) in enumerate(values):
            keys = asked_by(self._kinds[name], value, self._prefixes)
            asked += keys
            owners += [number] * len(keys)
        answers: list[tuple[Found, ...]] = [()] * len(values)
        for number, (key, _), found in zip(owners, asked, self.sealed.find(asked), strict=True):
            named = found + self._live.named(key)
            if named:
                answers[number] += tuple(
                    each for each in named if not self._live.is_revoked(each.indicator)
                )
        return answers

    def _holding(
        self,
        seen: Sequence[Seen],
        events: Sequence[Event],
        now: float,
    ) -> Iterator[IndicatorHit]:
        for line, name, value, found in seen:
            said = event_time(events[line])
            moment = now if said is None else said
            for each in found:
                if each.term.holds_at(moment) or (self._looks_back and each.term.holds_at(now)):
                    yield IndicatorHit(line, each.indicator, name, value, each)


def _hashable(value: object) -> object:
    """Return a value by which a memo knows it; of a list only its texts are asked about."""
    if isinstance(value, list | tuple):
        return tuple(each if isinstance(each, str) else None for each in value)
    return None if isinstance(value, dict) else value

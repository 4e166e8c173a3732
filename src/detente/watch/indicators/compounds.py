"""Patterns that ask for more than one value, over a stream of events.

Every event is one observation. A part of a pattern is looked at only where a value it
cannot do without is in the event; what several events must show together is remembered,
the newest `HISTORY_MAX` that show a part of it. A pattern that asks for too much work is
dropped and named.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from detente.errors import UnitError
from detente.statements.errors import PatternError
from detente.statements.expressions import (
    Combined,
    Comparison,
    Compound,
    Constant,
    ConstantKind,
    Expression,
    Joint,
    Observation,
    Operator,
    Qualified,
    Test,
)
from detente.statements.pattern import parse_pattern
from detente.watch.indicators.keys import Key, key_of, spelled
from detente.watch.indicators.live import LiveIndicators
from detente.watch.indicators.matching import IndicatorHit
from detente.watch.indicators.model import Found, Term
from detente.watch.indicators.objects import Objects, objects_of
from detente.watch.model import Item
from detente.watch.patterns.errors import ObservationError
from detente.watch.patterns.matching import CompiledPattern, compile_expression, is_seen
from detente.watch.patterns.moments import moment_of
from detente.watch.patterns.observations import Node, Observed
from detente.watch.reading import event_time
from detente.watch.values import WHOLE_PATTERN

Witness = tuple[str, object]
HISTORY_MAX = 256
WORK_MAX = 1_000_000  # for one event and pattern, some tens of milliseconds


@dataclass(slots=True)
class _Asked:
    """One pattern, and the events that show a part of it."""

    found: Found
    pattern: CompiledPattern
    needs_several: bool
    history: deque[Observed]
    key: Key | None = None  # by which what is live may be withheld


class CompoundMatcher:
    """Asks events for patterns.

    Args:
        asked: id, text and term of each; texts compile.
        live: tells what is revoked, and what is withheld of patterns that come and go.
        looks_back: a pattern that holds now counts for events from before its time too.

    Raises:
        PatternError: one does not.
    """

    def __init__(
        self,
        asked: Sequence[tuple[str, str, Term]],
        live: LiveIndicators | None = None,
        *,
        looks_back: bool = False,
    ) -> None:
        self._live = LiveIndicators() if live is None else live
        self._looks_back = looks_back
        self._next = 0
        self._asked: dict[int, _Asked] = {}
        self._numbers: dict[str, list[int]] = {}
        self._by_witness: dict[Witness, list[tuple[int, Observation]]] = {}
        self._always: list[tuple[int, Observation]] = []
        self.dropped: dict[str, str] = {}
        for indicator, text, term in asked:
            self._take(Found(indicator, whole_item(text), term), text, None)

    def __len__(self) -> int:
        return len(self._asked)

    def add(self, found: Found, text: str) -> Key:
        """Ask for a pattern from now on, for as long as the live indicators name its key.

        Returns:
            The key.

        Raises:
            PatternError: not a pattern, or one that is not carried.
        """
        key = key_of(found.item)
        if key is None:
            raise PatternError("a pattern without a key", remedy="Name it by its digest")
        self._take(found, text, key)
        return key

    def remove(self, indicator: str) -> None:
        """Ask for the patterns of an indicator no longer; nothing where there are none."""
        for number in self._numbers.pop(indicator, ()):
            del self._asked[number]
            self._always = [each for each in self._always if each[0] != number]
            for witness in [each for each, of in self._by_witness.items() if _has(of, number)]:
                left = [each for each in self._by_witness[witness] if each[0] != number]
                if left:
                    self._by_witness[witness] = left
                else:
                    del self._by_witness[witness]
        self.dropped.pop(indicator, None)

    def _take(self, found: Found, text: str, key: Key | None) -> None:
        expression = _respelled(parse_pattern(text).expression)
        pattern = compile_expression(text, expression)
        several = not isinstance(expression, Observation)
        number, self._next = self._next, self._next + 1
        self._asked[number] = _Asked(found, pattern, several, deque(maxlen=HISTORY_MAX), key)
        self._numbers.setdefault(found.indicator, []).append(number)
        for part in pattern.tests:
            self._index(number, part)

    @property
    def needs_order(self) -> bool:
        """Whether some pattern joins several events, so that all must pass here, in order."""
        return any(each.needs_several for each in self._asked.values())

    def matches(self, events: Sequence[Mapping[str, Any]], *, now: float) -> list[IndicatorHit]:
        """Return what patterns find in a batch; errors and order as `IndicatorMatcher.matches`."""
        hits: list[IndicatorHit] = []
        for line, event in enumerate(events if self._asked else ()):
            objects = objects_of(event)
            if objects:
                said = event_time(dict(event))
                hits += self._event(line, objects, now if said is None else said, now)
        return hits

    def _index(self, number: int, part: Observation) -> None:
        witnesses = _witnesses(part.test)
        if witnesses is None:
            self._always.append((number, part))
        for witness in witnesses or ():
            self._by_witness.setdefault(witness, []).append((number, part))

    def _event(
        self, line: int, objects: Objects, seconds: float, now: float
    ) -> Iterator[IndicatorHit]:
        parts = list(self._always)
        for witness in set(_values(objects)):
            parts += self._by_witness.get(witness, ())
        if not parts:
            return
        moment = moment_of(seconds)
        observed = Observed.of(objects, first=moment, last=moment)
        shown: dict[int, bool] = {}
        for number, part in dict.fromkeys(parts):
            asked = self._asked[number]
            if (
                self._holds(asked, seconds, now)
                and not shown.get(number)
                and asked.found.indicator not in self.dropped
            ):
                shown[number] = _shows(asked.pattern, part, observed)
        for number, is_shown in shown.items():
            asked = self._asked[number]
            if is_shown and (not asked.needs_several or self._together(asked, observed)):
                yield IndicatorHit(line, asked.found.indicator, "", asked.pattern.text, asked.found)

    def _holds(self, asked: _Asked, seconds: float, now: float) -> bool:
        if self._live.is_revoked(asked.found.indicator):
            return False
        if asked.key is not None and asked.found not in self._live.named(asked.key):
            return False
        term = asked.found.term
        return term.holds_at(seconds) or (self._looks_back and term.holds_at(now))

    def _together(self, asked: _Asked, observed: Observed) -> bool:
        """Say whether what was seen so far is all that is asked for; then it begins anew."""
        asked.history.append(observed)
        try:
            if not asked.pattern.holds(tuple(asked.history), work=WORK_MAX):
                return False
        except UnitError as refused:
            self.dropped[asked.found.indicator] = refused.message
            return False
        asked.history.clear()
        return True


def whole_item(text: str) -> Item:
    """Return the item that stands for a whole pattern."""
    return Item(WHOLE_PATTERN, sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def values_it_needs(
    text: str, is_telling: Callable[[Item], bool] = lambda _item: True
) -> list[frozenset[Item]] | None:
    """Return, for each event a pattern asks for, values of which that event must show one.

    Args:
        text: the pattern.
        is_telling: whether a value is rare enough to be looked for by; the path of its item
            is the pattern's.

    Returns:
        None where some event could be any, or be known by common values alone.

    Raises:
        PatternError: not a pattern.
    """
    sets: list[frozenset[Item]] = []
    for part in _observations(_respelled(parse_pattern(text).expression)):
        found = _witnesses(part.test, lambda each: is_telling(Item(each[0], str(each[1]))))
        if not found:
            return None
        sets.append(frozenset(Item(path, str(value)) for path, value in found))
    return sets


def _observations(expression: Expression) -> Iterator[Observation]:
    match expression:
        case Observation():
            yield expression
        case Combined():
            for part in expression.parts:
                yield from _observations(part)
        case Qualified():
            yield from _observations(expression.expression)


def _has(several: Sequence[tuple[int, Observation]], number: int) -> bool:
    return any(each[0] == number for each in several)


def _shows(pattern: CompiledPattern, part: Observation, observed: Observed) -> bool:
    try:
        return is_seen(pattern, part, observed)
    except ObservationError:
        return False  # a log's text where the pattern asks for a time


def _respelled(expression: Expression) -> Expression:
    """Return an expression whose texts are spelled as `objects_of` spells them."""
    match expression:
        case Observation():
            return Observation(_respelled_test(expression.test))
        case Combined():
            return Combined(expression.joint, tuple(map(_respelled, expression.parts)))
        case Qualified():
            return replace(expression, expression=_respelled(expression.expression))


def _respelled_test(test: Test) -> Test:
    if isinstance(test, Compound):
        return Compound(test.joint, tuple(map(_respelled_test, test.parts)))
    if test.operator not in (Operator.EQ, Operator.NE, Operator.IN):
        return test
    path = test.path.key
    return replace(test, constants=tuple(_respelled_one(path, each) for each in test.constants))


def _respelled_one(path: str, constant: Constant) -> Constant:
    if constant.kind is not ConstantKind.STRING or path == "file:name":
        return constant
    item = spelled(path, str(constant.value))
    same = item is not None and item.path == path and "/" not in item.value[-4:]
    return replace(constant, value=item.value) if item is not None and same else constant


def _witnesses(
    test: Test, is_telling: Callable[[Witness], bool] = lambda _witness: True
) -> frozenset[Witness] | None:
    """Return values of which an event must show one for a test to hold, None for no such."""
    match test:
        case Compound(joint=Joint.AND, parts=parts):
            found = [each for part in parts if (each := _witnesses(part, is_telling)) is not None]
            return min(found, key=len, default=None)
        case Compound(parts=parts):
            every = [_witnesses(part, is_telling) for part in parts]
            whole = frozenset[Witness]().union(*(each for each in every if each is not None))
            return None if None in every else whole
        case Comparison(negated=False, operator=Operator.EQ | Operator.IN, path=path):
            texts = all(each.kind is ConstantKind.STRING for each in test.constants)
            names = all(isinstance(step, str) for step in path.steps)
            if not texts or not names or len(path.steps) > 2:  # noqa: PLR2004
                return None
            asked = frozenset((path.key, each.value) for each in test.constants)
            return asked if all(map(is_telling, asked)) else None
        case _:
            return None


def _values(objects: Mapping[str, Node]) -> Iterator[Witness]:
    """Yield the texts of an event by paths of one and two steps."""
    for node in objects.values():
        for name, value in node.items():
            path = f"{node['type']}:{name}"
            if isinstance(value, str):
                yield path, value
                inner: object = objects.get(value) if name.endswith("_ref") else None
            else:
                inner = value
            if isinstance(inner, Mapping):
                for below, text in inner.items():
                    if isinstance(text, str):
                        yield f"{path}.{below}", text

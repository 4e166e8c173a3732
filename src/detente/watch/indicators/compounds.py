"""Patterns that ask for more than one value, over a stream of events.

Every event is one observation. A part of a pattern is looked at only where a value it
cannot do without is in the event; what several events must show together is remembered,
the newest `HISTORY_MAX` that show a part of it. A pattern that asks for too much work is
dropped and named.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from detente.errors import UnitError
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
from detente.watch.indicators.keys import spelled
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


class CompoundMatcher:
    """Asks events for patterns.

    Args:
        asked: id, text and term of each; texts compile.
        looks_back: a pattern that holds now counts for events from before its time too.

    Raises:
        PatternError: one does not.
    """

    def __init__(self, asked: Sequence[tuple[str, str, Term]], *, looks_back: bool = False) -> None:
        self._looks_back = looks_back
        self._asked: list[_Asked] = []
        self._by_witness: dict[Witness, list[tuple[int, Observation]]] = {}
        self._always: list[tuple[int, Observation]] = []
        self.dropped: dict[str, str] = {}
        for number, (indicator, text, term) in enumerate(asked):
            expression = _respelled(parse_pattern(text).expression)
            pattern = compile_expression(text, expression)
            item = Item(WHOLE_PATTERN, sha256(text.encode("utf-8", "replace")).hexdigest())
            several = not isinstance(expression, Observation)
            found = Found(indicator, item, term)
            self._asked.append(_Asked(found, pattern, several, deque(maxlen=HISTORY_MAX)))
            for part in pattern.tests:
                self._index(number, part)

    @property
    def needs_order(self) -> bool:
        """Whether some pattern joins several events, so that all must pass here, in order."""
        return any(each.needs_several for each in self._asked)

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
            term = asked.found.term
            holds = term.holds_at(seconds) or (self._looks_back and term.holds_at(now))
            if holds and not shown.get(number) and asked.found.indicator not in self.dropped:
                shown[number] = _shows(asked.pattern, part, observed)
        for number, is_shown in shown.items():
            asked = self._asked[number]
            if is_shown and (not asked.needs_several or self._together(asked, observed)):
                yield IndicatorHit(line, asked.found.indicator, "", asked.pattern.text, asked.found)

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


def _witnesses(test: Test) -> frozenset[Witness] | None:
    """Return values of which an event must show one for a test to hold, None for no such."""
    match test:
        case Compound(joint=Joint.AND, parts=parts):
            found = [each for each in map(_witnesses, parts) if each is not None]
            return min(found, key=len, default=None)
        case Compound(parts=parts):
            every = list(map(_witnesses, parts))
            whole = frozenset[Witness]().union(*(each for each in every if each is not None))
            return None if None in every else whole
        case Comparison(negated=False, operator=Operator.EQ | Operator.IN, path=path):
            texts = all(each.kind is ConstantKind.STRING for each in test.constants)
            names = all(isinstance(step, str) for step in path.steps)
            if not texts or not names or len(path.steps) > 2:  # noqa: PLR2004
                return None
            return frozenset((path.key, each.value) for each in test.constants)
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

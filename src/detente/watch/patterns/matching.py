"""A pattern, compiled once, and asked about observed data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from detente.statements.errors import PatternError
from detente.statements.expressions import (
    Combined,
    Comparison,
    Expression,
    Joint,
    Observation,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Test,
    Within,
)
from detente.statements.pattern import parse_pattern
from detente.watch.patterns.comparing import predicate_of
from detente.watch.patterns.drawing import can_be_met
from detente.watch.patterns.moments import parse_moment, ticks_of
from detente.watch.patterns.observations import Node, Observed, read_observed
from detente.watch.patterns.plan import (
    NEVER,
    Draw,
    Plan,
    chain_of,
    each_of,
    narrowed,
    one_of,
    times_of,
    window_of,
)
from detente.watch.patterns.timeline import WORK_MAX, Timeline
from detente.watch.patterns.values import values_at

TESTS_MAX = 20_000_000  # comparisons times objects, in one question
# Whether a test holds for one object; it brings the objects that references lead to.
ObjectTest = Callable[[Node, Mapping[str, Node]], bool]


def match_pattern(pattern: str, observed_data: Sequence[Node]) -> bool:
    """Say whether observed data holds what a STIX pattern asks for.

    Args:
        pattern: STIX 2.1 text.
        observed_data: observed-data objects of STIX 2.0 (with `objects`) or 2.1 (with
            `object_refs`), the objects they refer to, or bundles of these.

    Raises:
        PatternError: not a pattern, or one that asks for more work than is allowed.
        ObservationError: not observed data, or a value compared with a time that is none.
    """
    return compile_pattern(pattern).matches(observed_data)


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A pattern ready to be asked.

    Attributes:
        text: as it was written.
        expression: what it means.
        tests: for each observation in it, the types it looks at and its test.
    """

    text: str
    expression: Expression
    tests: Mapping[Observation, tuple[tuple[str, ...], ObjectTest]]

    def matches(self, observed_data: Sequence[Node]) -> bool:
        """As `match_pattern`."""
        return self.holds(read_observed(observed_data))

    def holds(self, observed: Sequence[Observed], *, work: int = WORK_MAX) -> bool:
        """Say whether observations hold what the pattern asks for; errors as `match_pattern`."""
        ordered = sorted(observed, key=lambda each: each.first)
        objects = sum(len(each.objects) for each in ordered)
        comparisons = sum(1 for _ in _comparisons(self.expression))
        if objects * comparisons > TESTS_MAX:
            raise PatternError(
                f"{comparisons:,} comparisons of {objects:,} objects are too many for one go",
                remedy="Give the observations in parts",
            )
        masks = {one: self._mask(one, ordered) for one in self.tests}
        timeline = Timeline(ordered, work)
        return can_be_met(_plan(self.expression, masks, timeline), timeline)

    def _mask(self, observation: Observation, observed: Sequence[Observed]) -> int:
        types, test = self.tests[observation]
        bits = bytearray(len(observed) // 8 + 1)
        for number, each in enumerate(observed):
            if _seen_in(each, types, test):
                bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")


def compile_pattern(text: str) -> CompiledPattern:
    """Read a pattern and everything in it that can be wrong.

    Raises:
        PatternError: not a pattern, an expression that RE2 refuses, a time or network that
            is none, a set of different kinds, or a qualifier of nothing.
    """
    return compile_expression(text, parse_pattern(text).expression)


def compile_expression(text: str, expression: Expression) -> CompiledPattern:
    """Compile what a text means; errors as `compile_pattern`."""
    tests: dict[Observation, tuple[tuple[str, ...], ObjectTest]] = {}
    for part in _parts(expression):
        match part:
            case Observation():
                found = _types(part.test)
                tests[part] = tuple(sorted(found)), _object_test(part.test)
            case Qualified():
                _check_qualifier(part.qualifier)
            case Combined():
                pass
            case _:
                assert_never(part)
    return CompiledPattern(text=text, expression=expression, tests=tests)


def is_seen(pattern: CompiledPattern, part: Observation, observed: Observed) -> bool:
    """Say whether one observation shows one part of a pattern; errors as `match_pattern`."""
    return _seen_in(observed, *pattern.tests[part])


def _parts(expression: Expression) -> Iterator[Expression]:
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Combined():
                waiting += part.parts
            case Qualified():
                waiting.append(part.expression)
            case Observation():
                pass


def _comparisons(expression: Expression) -> Iterator[Comparison]:
    for part in _parts(expression):
        if isinstance(part, Observation):
            yield from _comparisons_of(part.test)


def _comparisons_of(test: Test) -> Iterator[Comparison]:
    waiting = [test]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Comparison):
            yield part
        else:
            waiting += part.parts


def _types(test: Test) -> set[str]:
    return {each.path.object_type for each in _comparisons_of(test)}


def _check_qualifier(qualifier: Within | Repeats | StartStop) -> None:
    match qualifier:
        case Within(seconds=seconds):
            wrong = "WITHIN takes more than no time" if seconds <= 0 else ""
        case Repeats(times=times):
            wrong = "REPEATS takes at least once" if times < 1 else ""
        case StartStop(start=start, stop=stop):
            none = parse_moment(start) is None or parse_moment(stop) is None
            wrong = f"not two times there are: {start} and {stop}" if none else ""
        case _:
            assert_never(qualifier)
    if wrong:
        raise PatternError(wrong)


def _object_test(test: Test) -> ObjectTest:
    if isinstance(test, Comparison):
        return _comparison_test(test)
    parts = tuple(map(_object_test, test.parts))
    if test.joint is Joint.AND:
        return lambda node, objects: all(part(node, objects) for part in parts)
    return lambda node, objects: any(part(node, objects) for part in parts)


def _comparison_test(comparison: Comparison) -> ObjectTest:
    predicate, path = predicate_of(comparison), comparison.path
    wanted = not (comparison.negated and comparison.operator is Operator.EXISTS)

    def holds(node: Node, objects: Mapping[str, Node]) -> bool:
        if node.get("type") != path.object_type:
            return False
        return any(map(predicate, values_at(path, node, objects))) is wanted

    return holds


def _seen_in(observed: Observed, types: tuple[str, ...], test: ObjectTest) -> bool:
    return any(
        test(node, observed.objects) for kind in types for node in observed.by_type.get(kind, ())
    )


def _plan(expression: Expression, masks: Mapping[Observation, int], timeline: Timeline) -> Plan:
    match expression:
        case Observation():
            mask = masks[expression]
            return Draw(mask, 1) if mask else NEVER
        case Combined():
            parts = tuple(_plan(part, masks, timeline) for part in expression.parts)
            match expression.joint:
                case Joint.AND:
                    return each_of(parts)
                case Joint.OR:
                    return one_of(parts)
                case Joint.FOLLOWEDBY:
                    return chain_of(parts)
        case Qualified():
            return _qualified(expression, _plan(expression.expression, masks, timeline), timeline)
        case _:
            assert_never(expression)


def _qualified(qualified: Qualified, part: Plan, timeline: Timeline) -> Plan:
    match qualified.qualifier:
        case Within(seconds=seconds):
            return window_of(part, ticks_of(seconds))
        case Repeats(times=times):
            return times_of(part, times)
        case StartStop(start=start, stop=stop):
            since, until = parse_moment(start), parse_moment(stop)
            if since is None or until is None:
                return NEVER  # never so: checked when compiled
            return narrowed(part, timeline.within(since, until))
        case _:
            assert_never(qualified.qualifier)

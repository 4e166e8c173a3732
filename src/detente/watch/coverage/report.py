"""Of every rule: can it fire on what was seen, and which of its fields never came."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from detente.watch.coverage.facts import CoverageFacts
from detente.watch.coverage.possible import can_hold
from detente.watch.kernel import KEYWORDS, Fields, Op, Program, Tree, Variant, plain_name
from detente.watch.kernel.trees import atoms_of
from detente.watch.sigma.correlation.model import Correlation, Kind
from detente.watch.sigma.model import RuleSet

# How Security auditing (4688, 4657) calls what rules ask of Sysmon.
AUDIT_WORDS: Mapping[str, tuple[str, ...]] = {
    "image": ("newprocessname", "processname"),
    "parentimage": ("parentprocessname",),
    "targetobject": ("objectname",),
    "details": ("newvalue",),
    "logonid": ("subjectlogonid",),
}

Source = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """What can be said of one rule.

    Attributes:
        rule: its number.
        can_fire: whether it can fire on events such as were seen.
        is_met: whether there was any event where it looks.
        unseen: fields it names that no event where it looks had, in rules' spelling; empty
            where there was no event.
        needed: those of them without which it never fires.
    """

    rule: int
    can_fire: bool
    is_met: bool
    unseen: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """What can be said of a log source that rules name.

    Attributes:
        source: category, product, service.
        rules: how many name it.
        can_fire: how many of them can fire.
        events: how many events some of them look at.
    """

    source: Source
    rules: int
    can_fire: int
    events: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the rules can see in the events that were observed.

    Attributes:
        rules: each rule that is wanted, by number.
        sources: each log source they name, those without events first.
        unmet: events that no rule looks at.
        firing: numbers of the rules that can fire.
    """

    rules: Sequence[RuleCoverage]
    sources: Sequence[SourceCoverage]
    unmet: int = 0
    firing: frozenset[int] = field(default_factory=frozenset)

    def events_of(self, source: Source) -> int:
        """Return how many events rules of a log source look at."""
        return next((each.events for each in self.sources if each.source == source), 0)


def cover(rules: RuleSet, wanted: Collection[int], facts: CoverageFacts) -> Coverage:
    """Say of every wanted rule what can be said from facts of the same program."""
    program = rules.program
    by_rule: dict[int, list[Variant]] = {}
    for variant in facts.variants:
        by_rule.setdefault(variant.rule, []).append(variant)
    judge = _Judge(program, facts)
    found = {
        number: judge.rule(number, by_rule[number]) for number in sorted(wanted & by_rule.keys())
    }
    for correlation in rules.correlations:
        if correlation.rule in wanted:
            found[correlation.rule] = _correlated(correlation, found)
    told = [found[number] for number in sorted(found)]
    firing = frozenset(each.rule for each in told if each.can_fire)
    return Coverage(told, _sources(program, by_rule, firing, facts), facts.unmet, firing)


class _Judge:
    def __init__(self, program: Program, facts: CoverageFacts) -> None:
        self._program = program
        self._facts = facts
        self._fields = Fields(program.fields)
        everything = (plain_name(each.name) for each in program.fields)
        self._everything = frozenset(everything) | {KEYWORDS}

    def rule(self, number: int, variants: Sequence[Variant]) -> RuleCoverage:
        met = [each for each in variants if self._facts.count(each.route)]
        seen = [self._facts.seen(each.route) for each in met]
        can_fire = any(
            can_hold(each.tree, self._fields, fields)
            for each, fields in zip(met, seen, strict=True)
        )
        if not met:
            return RuleCoverage(number, can_fire=False, is_met=False)
        named = dict(self._named(variants))
        there = frozenset().union(*seen)
        unseen = {
            plain: shown
            for plain, shown in named.items()
            if there.isdisjoint((plain, *self._renamed(plain, met)))
        }
        needed = [
            shown
            for plain, shown in unseen.items()
            if not can_fire and not self._fires_without(plain, met)
        ]
        shown = tuple(sorted(unseen.values()))
        return RuleCoverage(number, can_fire, True, shown, tuple(sorted(needed)))

    def _named(self, variants: Sequence[Variant]) -> Iterator[tuple[str, str]]:
        """Yield the fields a rule names, in its own words."""
        own = [each for each in variants if each.route.source is not None] or variants
        for variant in own:
            for place in variant.fields:
                name = self._program.fields[place].name
                if name != KEYWORDS:
                    yield plain_name(name), name
            for atom in atoms_of(variant.tree):
                _, op, value = self._fields.question(atom)
                if op is Op.FIELD:
                    yield plain_name(value[0]), value[0]

    def _renamed(self, plain: str, met: Sequence[Variant]) -> tuple[str, ...]:
        asked = {plain_name(self._program.fields[p].name) for each in met for p in each.fields}
        return tuple(word for word in AUDIT_WORDS.get(plain, ()) if word in asked)

    def _fires_without(self, plain: str, met: Sequence[Variant]) -> bool:
        others = self._everything - {plain, *self._renamed(plain, met)}
        return any(can_hold(each.tree, self._fields, others) for each in met)


def _correlated(correlation: Correlation, found: Mapping[int, RuleCoverage]) -> RuleCoverage:
    """Say whether what a correlation takes can come; one that wants several wants them all."""
    of = [found.get(number) for number in correlation.of]
    fires = [each is not None and each.can_fire for each in of]
    if correlation.tree is not None:
        firing = {number for number, can in zip(correlation.of, fires, strict=True) if can}
        can_fire = _holds(correlation.tree, firing)
    elif correlation.kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED):
        can_fire = all(fires)
    else:
        can_fire = any(fires)
    is_met = any(each is not None and each.is_met for each in of)
    return RuleCoverage(correlation.rule, can_fire, is_met)


def _holds(tree: Tree, firing: Collection[int]) -> bool:
    """Say whether a condition over rules can hold where these may fire or not."""
    match tree:
        case ["not", _]:
            return True
        case ["and", *inner]:
            return all(_holds(each, firing) for each in inner)
        case ["or", *inner]:
            return any(_holds(each, firing) for each in inner)
        case bool():
            return tree
        case _:
            return tree in firing


def _sources(
    program: Program,
    by_rule: Collection[int],
    firing: Collection[int],
    facts: CoverageFacts,
) -> list[SourceCoverage]:
    rules = Counter(program.rules[number].source for number in by_rule)
    can = Counter(program.rules[number].source for number in by_rule if number in firing)
    found = [
        SourceCoverage(source, count, can[source], facts.source_count(source))
        for source, count in rules.items()
    ]
    return sorted(found, key=lambda each: (each.events > 0, -each.rules, each.source))

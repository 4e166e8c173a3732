"""Files of rules to what the kernel runs, every rule either carried or refused with its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from detente.errors import UnitError
from detente.watch.errors import WatchError
from detente.watch.kernel import Fields, Op, Program, Route, Rule, Tree, plain_name
from detente.watch.sigma.conditions import Questions, both, renumber, tree_of
from detente.watch.sigma.correlation.model import Correlation
from detente.watch.sigma.correlation.reading import in_order, read_correlation
from detente.watch.sigma.documents import Placed, read_documents
from detente.watch.sigma.exclusions import Exclusion, exclude, read_exclusions
from detente.watch.sigma.logsources import EVERY_READING, Place, Reading, places_of
from detente.watch.sigma.model import Refused, RuleFile, RuleSet
from detente.watch.sigma.pipelines import read_pipeline

RULES_MAX = 200_000
_ROUTED = {"channel": "channels", "eventid": "event_ids"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How rules are to be compiled.

    Attributes:
        readings: how Windows categories are read.
        pipelines: pySigma pipelines of the operator's own, applied in order.
        exclusions: Sigma filters of the operator's own, each with reason, owner and expiry.
        today: the day against which expiry is judged.
    """

    readings: tuple[Reading, ...] = EVERY_READING
    pipelines: tuple[RuleFile, ...] = ()
    exclusions: tuple[RuleFile, ...] = ()
    today: date = date.min


_Found = tuple[int, Route, Tree]
"""A variant before atoms have their last numbers: rule, route, tree."""


@dataclass(slots=True)
class _Work:
    """What grows while files are compiled."""

    questions: Questions = field(default_factory=Questions)
    rules: list[Rule] = field(default_factory=list)
    variants: list[_Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    seen: dict[str, Placed] = field(default_factory=dict)


def compile_rules(files: Sequence[RuleFile], wanted: Wanted | None = None) -> RuleSet:
    """Compile all rules of some files.

    Raises:
        InputError: a pipeline or an exclusion cannot be used: better no run than one that
            shows what was to be left out.
    """
    wanted = wanted or Wanted()
    work = _Work()
    placed = [each for file in files for each in read_documents(file, work.refused)]
    exclusions = [
        Exclusion(each, each.document, is_ours=False)
        for each in placed
        if isinstance(each.document, SigmaFilter)
    ]
    exclusions += read_exclusions(wanted.exclusions, wanted.today, work.notes)
    pipelines = [read_pipeline(file) for file in wanted.pipelines]
    for each in _once([each for each in placed if isinstance(each.document, SigmaRule)], work):
        _attempt(each, work, exclusions, pipelines, wanted.readings)
    for exclusion in exclusions:
        if not exclusion.used:
            work.notes.append(f"{exclusion.shown}: no rule here is one it is about")
    correlations = _correlate([each for each in placed if _is_correlation(each)], work)
    fields, numbers = work.questions.fields()
    known = Fields(fields)
    variants = [
        known.variant(number, route, renumber(tree, numbers))
        for number, route, tree in work.variants
    ]
    program = Program(fields, work.rules, variants)
    return RuleSet(program, correlations, work.refused, work.notes)


def _once(placed: Sequence[Placed], work: _Work) -> Iterator[Placed]:
    """Yield rules whose id no other rule has taken."""
    for each in placed:
        if len(work.seen) >= RULES_MAX:
            work.refused.append(refusal(each, f"more than {RULES_MAX} rules"))
            continue
        first = work.seen.setdefault(identity_of(each).lower(), each)
        if first is each:
            yield each
        else:
            work.refused.append(
                refusal(each, f"its id is that of the rule in {first.file}:{first.line}")
            )


def _attempt(
    placed: Placed,
    work: _Work,
    exclusions: Sequence[Exclusion],
    pipelines: Sequence[Any],
    readings: tuple[Reading, ...],
) -> None:
    try:
        rule = placed.document
        assert isinstance(rule, SigmaRule)  # noqa: S101 - the caller looked
        named = exclude(rule, exclusions)
        for pipeline in pipelines:
            pipeline.apply(rule)
        _carry(placed, rule, work, readings, named)
    except UnitError as error:
        work.refused.append(refusal(placed, error.message))
    except Exception as error:
        # pySigma parses conditions only now, and fails in many ways on text of anybody.
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        work.refused.append(refusal(placed, reason))


def _carry(
    placed: Placed,
    rule: SigmaRule,
    work: _Work,
    readings: tuple[Reading, ...],
    excluded_by: tuple[str, ...],
) -> None:
    conditions = [each.parsed for each in rule.detection.parsed_condition]
    tree = both("or", [tree_of(condition, work.questions) for condition in conditions])
    number = len(work.rules)
    variants = [
        variant
        for place in places_of(rule.logsource, readings)
        if (variant := _variant(number, tree, place, work.questions)) is not None
    ]
    if all(route.source is not None for _, route, _ in variants) and _is_windows(rule):
        raise WatchError("its own Channel or EventID contradicts its log source")
    work.variants.extend(variants)
    work.rules.append(told(placed, excluded_by))
    work.numbers[identity_of(placed).lower()] = number
    if rule.name:
        work.numbers.setdefault(rule.name.lower(), number)


def _is_correlation(placed: Placed) -> bool:
    return isinstance(placed.document, SigmaCorrelationRule)


def _correlate(placed: Sequence[Placed], work: _Work) -> list[Correlation]:
    """Carry the correlations, those that others name first; silence what only feeds them."""
    found: list[Correlation] = []
    silent: set[int] = set()
    unique = list(_once(placed, work))
    documents = [each.document for each in unique]
    rules = [each for each in documents if isinstance(each, SigmaCorrelationRule)]
    for place in in_order(rules):
        number = len(work.rules)
        try:
            correlation = read_correlation(rules[place], number, work.numbers)
        except UnitError as error:
            work.refused.append(refusal(unique[place], error.message))
            continue
        work.rules.append(told(unique[place]))
        work.numbers[identity_of(unique[place]).lower()] = number
        if rules[place].name:
            work.numbers.setdefault(str(rules[place].name).lower(), number)
        if not rules[place].generate:
            silent.update(correlation.of)
        found.append(correlation)
    for number in silent:
        work.rules[number] = replace(work.rules[number], is_told=False)
    return found


def _is_windows(rule: SigmaRule) -> bool:
    return (rule.logsource.product or "").lower() == "windows"


def _variant(number: int, tree: Tree, place: Place, questions: Questions) -> _Found | None:
    if place.route.source is not None:
        return number, place.route, tree
    if place.renamed or place.unknown or place.wanted:
        try:
            tree = _asked_there(tree, place, questions)
        except WatchError:
            return None  # the rule is still read in its other places
        tree = both("and", [tree, *_wanted_there(place, questions)])
    return _routed(number, tree, place.route, questions)


def _asked_there(tree: Tree, place: Place, questions: Questions) -> Tree:
    """Return the tree in the words of another log.

    Raises:
        WatchError: one of them has no counterpart there.
    """
    if isinstance(tree, list):
        return [tree[0], *(_asked_there(item, place, questions) for item in tree[1:])]
    name, op, value = questions.question(tree)
    if name in place.unknown:
        raise WatchError(f"the field {name} has no counterpart in those events")
    if op is Op.FIELD:
        value = [place.renamed.get(plain_name(value[0]), value[0]), value[1]]
    elif name not in place.renamed:
        return tree
    return questions.ask(place.renamed.get(name, name), (op, value))


def _wanted_there(place: Place, questions: Questions) -> list[Tree]:
    """Return what must be there besides, for events of that log to be of this kind."""
    return [
        both("or", [questions.ask(name, (Op.IS, value.lower())) for value in values])
        for name, values in place.wanted.items()
    ]


def _routed(number: int, tree: Tree, route: Route, questions: Questions) -> _Found | None:
    """Let the route answer what a tree demands of Channel and EventID; None: it never fires."""
    found: dict[str, tuple[str, ...]] = {"channels": route.channels, "event_ids": route.event_ids}
    rest = []
    for item in tree[1:] if isinstance(tree, list) and tree[0] == "and" else [tree]:
        demanded = _demanded(item, questions)
        if demanded is None:
            rest.append(item)
            continue
        name, values = demanded
        before = found[name]
        found[name] = tuple(value for value in values if not before or value in before)
        if not found[name]:
            return None
    joined = both("and", rest) if rest else True
    return number, Route(found["channels"], found["event_ids"]), joined


def _demanded(item: Tree, questions: Questions) -> tuple[str, tuple[str, ...]] | None:
    """Return the route's part and the values that an item, wherever true, finds there."""
    atoms = item[1:] if isinstance(item, list) and item[0] == "or" else [item]
    asked = [questions.question(atom) for atom in atoms if type(atom) is int]
    if len(asked) < len(atoms):
        return None
    names = {name for name, _, _ in asked}
    if len(names) != 1 or not names <= _ROUTED.keys():
        return None
    if not all(op is Op.IS for _, op, _ in asked):
        return None
    return _ROUTED[names.pop()], tuple(value for _, _, value in asked)


def identity_of(placed: Placed) -> str:
    """Return what a rule is called in detections: its id, or its name, or its title."""
    document = placed.document
    return str(document.id or document.name or document.title)


def refusal(placed: Placed, reason: str) -> Refused:
    """Return the refusal of a rule that could be read."""
    return Refused(
        placed.file, placed.line, identity_of(placed), str(placed.document.title)[:200], reason
    )


def told(placed: Placed, excluded_by: tuple[str, ...] = ()) -> Rule:
    """Return what is told about a rule that fires."""
    document = placed.document
    source = getattr(document, "logsource", None)
    said = [getattr(source, name, None) or "" for name in ("category", "product", "service")]
    return Rule(
        id=identity_of(placed),
        title=str(document.title),
        level=document.level.name.lower() if document.level else "",
        status=document.status.name.lower() if document.status else "",
        tags=tuple(str(tag) for tag in document.tags),
        source=(said[0], said[1], said[2]),
        file=placed.file,
        line=placed.line,
        excluded_by=excluded_by,
    )

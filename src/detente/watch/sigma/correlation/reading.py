"""Correlation rules of Sigma to what runs, references settled."""

from collections.abc import Sequence
from dataclasses import replace

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from detente.watch.errors import WatchError
from detente.watch.kernel import Tree
from detente.watch.sigma.correlation.model import Correlation, Kind

SECONDS_MAX = 10 * 366 * 86_400
_COMPARISONS = {
    SigmaCorrelationConditionOperator.LT: "lt",
    SigmaCorrelationConditionOperator.LTE: "lte",
    SigmaCorrelationConditionOperator.GT: "gt",
    SigmaCorrelationConditionOperator.GTE: "gte",
    SigmaCorrelationConditionOperator.EQ: "eq",
    SigmaCorrelationConditionOperator.NEQ: "ne",
}


def read_correlation(rule: SigmaCorrelationRule, own: int, numbers: dict[str, int]) -> Correlation:
    """Return what runs for a correlation rule.

    Args:
        rule: as pySigma reads it.
        own: the number it gets among the rules.
        numbers: id or name in lower case -> number of a rule that is carried.

    Raises:
        WatchError: it names a rule that is not carried, or a span beyond any log.
    """
    condition = rule.condition
    names = [each.reference for each in rule.rules or ()]
    if not names and isinstance(condition, SigmaExtendedCorrelationCondition):
        names = condition.get_referenced_rules()
    if not names:
        raise WatchError("a correlation that names no rule")
    if rule.timespan.seconds > SECONDS_MAX:
        raise WatchError(f"a time span of more than {SECONDS_MAX} seconds")
    aliases = {
        alias.alias: {
            _number(reference, numbers): name for reference, name in alias.mapping.items()
        }
        for alias in rule.aliases
    }
    common = Correlation(
        rule=own,
        kind=Kind(rule.type.name.lower()),
        of=[_number(SigmaRuleReference(name), numbers) for name in dict.fromkeys(names)],
        seconds=rule.timespan.seconds,
        group_by=list(rule.group_by or ()),
        aliases=aliases,
    )
    if isinstance(condition, SigmaCorrelationCondition):
        return _counted(common, condition)
    return replace(common, tree=_tree(condition.parsed, numbers))


def _counted(common: Correlation, condition: SigmaCorrelationCondition) -> Correlation:
    fields = condition.fieldref or []
    percentile = 50 if condition.percentile is None else condition.percentile
    if not 0 <= percentile <= 100:  # noqa: PLR2004 - per cent
        raise WatchError(f"a percentile of {percentile}: 0 to 100 are wanted")
    return replace(
        common,
        comparison=_COMPARISONS[condition.op],
        count=condition.count,
        fields=[fields] if isinstance(fields, str) else [str(name) for name in fields],
        percentile=percentile,
    )


def _number(reference: SigmaRuleReference, numbers: dict[str, int]) -> int:
    number = numbers.get(str(reference.reference).lower())
    if number is None:
        raise WatchError(f"it names the rule {reference.reference}, which is not carried here")
    return number


def _tree(condition: object, numbers: dict[str, int]) -> Tree:
    match condition:
        case SigmaRuleReference():
            return _number(condition, numbers)
        case CorrelationConditionAND():
            return ["and", *(_tree(each, numbers) for each in condition.args)]
        case CorrelationConditionOR():
            return ["or", *(_tree(each, numbers) for each in condition.args)]
        case CorrelationConditionNOT():
            return ["not", _tree(condition.args[0], numbers)]
        case _:
            raise WatchError(f"a condition of kind {type(condition).__name__} is not carried")


def in_order(rules: Sequence[SigmaCorrelationRule]) -> list[int]:
    """Return the places of correlations so that what one names comes before it.

    One that is part of a circle comes last: what it names is then not carried.
    """
    names = [
        {str(each).lower() for each in (rule.id, rule.name) if each is not None} for rule in rules
    ]
    wanted = [
        {str(each.reference).lower() for each in rule.rules or ()}
        | (
            {name.lower() for name in rule.condition.get_referenced_rules()}
            if isinstance(rule.condition, SigmaExtendedCorrelationCondition)
            else set()
        )
        for rule in rules
    ]
    done: list[int] = []
    waiting = list(range(len(rules)))
    while waiting:
        open_names = set().union(*(names[at] for at in waiting))
        ready = [at for at in waiting if wanted[at].isdisjoint(open_names)] or waiting
        done.extend(ready)
        waiting = [at for at in waiting if at not in set(ready)]
    return done

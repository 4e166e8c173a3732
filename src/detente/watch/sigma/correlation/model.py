"""Correlations as they run: types, conditions over counts, conditions over rules."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a correlation looks at within its time span and group."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"


@dataclass(frozen=True, slots=True)
class Correlation:
    """One correlation rule.

    Attributes:
        rule: its number among the program's rules, which hold what is told of it.
        kind: what it looks at.
        of: numbers of the rules whose matches it takes, in order; correlations may be among them.
        seconds: the time span.
        group_by: fields, in rules' spelling, whose values a group has in common.
        aliases: name in `group_by` -> number of a rule -> the field meant in its events.
        comparison: lt, lte, gt, gte, eq or ne; what `count` is compared by.
        count: the number of the condition.
        fields: whose values are counted, added or ordered.
        percentile: for `value_percentile`, 0 to 100.
        tree: for temporal kinds with an extended condition, over rule numbers; None otherwise.
    """

    rule: int
    kind: Kind
    of: list[int]
    seconds: int
    group_by: list[str] = field(default_factory=list)
    aliases: dict[str, dict[int, str]] = field(default_factory=dict)
    comparison: str = "gte"
    count: int = 1
    fields: list[str] = field(default_factory=list)
    percentile: int = 50
    tree: Any = None

    def names(self) -> set[str]:
        """Return every field it needs of the events whose matches it takes."""
        aliased = {name for meant in self.aliases.values() for name in meant.values()}
        return {*self.group_by, *self.fields, *aliased}

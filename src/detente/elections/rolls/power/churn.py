"""What changes in a roll between two snapshots although nobody tampers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detente.elections.rolls.layout import Layout, Role
from detente.elections.rolls.model import Action, Transaction

_USUAL_CHANGES: Mapping[Role, float] = {
    Role.LAST_NAME: 0.0005,
    Role.ADDRESS: 0.004,
    Role.PARTY: 0.001,
    Role.STATUS: 0.0015,
    Role.PRECINCT: 0.0005,
}


@dataclass(frozen=True, slots=True)
class Churn:
    """Honest changes of one period, as shares of the roll.

    Attributes:
        days: how long the period is.
        removed: removals.
        added: new records.
        reversed: changes that are changed back.
        incomplete: share of entries that lack one part of their provenance.
        changed: changes by column.
    """

    days: int
    removed: float
    added: float
    reversed: float
    incomplete: float
    changed: Mapping[str, float] = field(default_factory=dict)


def usual_churn(layout: Layout) -> Churn:
    """Five weeks of a county of the United States, where no log says otherwise."""
    changed = {
        layout.columns[at]: rate
        for role, rate in _USUAL_CHANGES.items()
        if (at := layout.at(role)) is not None
    }
    return Churn(35, 0.003, 0.005, 0.0002, 0.004, changed)


def churn_of(log: Sequence[Transaction], layout: Layout, *, size: int) -> Churn:
    """The churn that a county's own log shows; what is odd in that log is taken for honest.

    Args:
        log: of one period.
        layout: of the roll.
        size: rows of the roll.
    """
    times = [entry.at.replace(tzinfo=None) for entry in log if entry.at is not None]
    if not times or not size:
        return usual_churn(layout)
    actions = Counter(entry.action for entry in log)
    columns = Counter(
        entry.column
        for entry in log
        if entry.action is Action.CHANGE and entry.column in layout.columns
    )
    return Churn(
        days=max((max(times) - min(times)).days + 1, 7),
        removed=actions[Action.REMOVE] / size,
        added=actions[Action.ADD] / size,
        reversed=usual_churn(layout).reversed,
        incomplete=sum(entry.missing_parts == 1 for entry in log) / len(log),
        changed={column: count / size for column, count in columns.items()},
    )

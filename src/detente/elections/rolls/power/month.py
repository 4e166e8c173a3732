"""One made period of a county: its own rows, honest churn, and room for somebody who tampers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from detente.elections.errors import ElectionsError
from detente.elections.rolls.layout import Layout, Role
from detente.elections.rolls.look_ups import LookUp
from detente.elections.rolls.model import Action, Comparison, Row, Transaction
from detente.elections.rolls.people import person, traits_of
from detente.elections.rolls.power.churn import Churn

ROWS_MAX = 50_000
"""Rows of a roll that stand for it; counts are of its real size."""
ROWS_MIN = 500
_START = datetime(2026, 9, 1)  # noqa: DTZ001 - a county's own time has no zone
_REASONS = ("DECEASED", "FELONY CONVICTION", "REQUEST FROM VOTER")
_OPERATORS = 12
_FIRST_HOUR, _LAST_HOUR = 8, 18
_LOOK_UPS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Town:
    """A county as it stands, and how it changes honestly.

    Attributes:
        layout: of its roll.
        rows: of the roll, or a sample of them.
        size: how many rows the roll has.
        churn: honest changes of one period.
        values: of each column, those that occur.
        traits: how often each value of the traits stands in `rows`.
        people: how often each person stands in `rows`.
    """

    layout: Layout
    rows: Sequence[Row]
    size: int
    churn: Churn
    values: Mapping[int, tuple[str, ...]]
    traits: Mapping[str, Counter[str]]
    people: Mapping[tuple[str, ...], int]

    @property
    def start(self) -> datetime:
        """When the period begins."""
        return _START

    @property
    def election(self) -> datetime:
        """An election a month after the period."""
        return _START + timedelta(days=self.churn.days + 30)


def make_town(rows: Sequence[Row], layout: Layout, churn: Churn, *, size: int) -> Town:
    """A county from rows of its own roll.

    Raises:
        ElectionsError: there are too few rows to say anything.
    """
    whole = [row for row in rows if len(row) == len(layout.columns)][:ROWS_MAX]
    if len(whole) < ROWS_MIN:
        raise ElectionsError(
            f"{len(whole)} whole rows; {ROWS_MIN} are needed", remedy="Give the whole roll"
        )
    changing = [at for at, name in enumerate(layout.columns) if name in churn.changed]
    return Town(
        layout=layout,
        rows=whole,
        size=size,
        churn=churn,
        values={at: tuple(sorted({row[at] for row in whole})) for at in changing},
        traits=traits_of(whole, layout),
        people=Counter(who for row in whole if (who := person(row, layout)) is not None),
    )


@dataclass(slots=True)
class Month:
    """One period as it goes on: filled by honest churn, then by whoever tampers."""

    town: Town
    chance: np.random.Generator
    removed: dict[str, Row] = field(default_factory=dict)
    added: dict[str, Row] = field(default_factory=dict)
    changed: dict[str, tuple[Row, Row]] = field(default_factory=dict)
    log: list[Transaction] = field(default_factory=list)
    looks: list[LookUp] = field(default_factory=list)
    _order: list[int] = field(default_factory=list)

    def pick(self, count: int, wanted: Callable[[Row], bool] | None = None) -> list[Row]:
        """Take rows that nobody has touched yet, as many as there are."""
        if not self._order:
            self._order = self.chance.permutation(len(self.town.rows)).tolist()
        if wanted is None:
            taken, self._order = self._order[-count:], self._order[:-count]
            return [self.town.rows[at] for at in taken] if count else []
        fitting = [at for at in self._order if wanted(self.town.rows[at])][:count]
        gone = set(fitting)
        self._order = [at for at in self._order if at not in gone]
        return [self.town.rows[at] for at in fitting]

    def many(self, share: float) -> int:
        """How often something of a rate happens in this period."""
        return int(self.chance.poisson(share * self.town.size))

    def moment(self, day: int | None = None, hours: tuple[int, int] | None = None) -> datetime:
        """A time of the period, in office hours unless others are given."""
        first, last = hours or (_FIRST_HOUR, _LAST_HOUR)
        on = int(self.chance.integers(self.town.churn.days)) if day is None else day
        seconds = int(self.chance.integers(first * 3_600, last * 3_600))
        return _START + timedelta(days=on, seconds=seconds)

    def enter(
        self,
        row: Row,
        action: Action,
        column: str = "",
        values: tuple[str, str] = ("", ""),
        at: datetime | None = None,
        **other: str,
    ) -> None:
        """Write an entry as an operator of the office would; `other` replaces its parts."""
        parts = {
            "operator": f"op-{int(self.chance.integers(_OPERATORS)):02d}",
            "source": f"192.0.2.{int(self.chance.integers(10, 40))}",
            "form": "" if self.chance.random() < self.town.churn.incomplete else "F1",
        } | other
        voter = row[self.town.layout.key].strip()
        when = self.moment() if at is None else at
        self.log.append(Transaction(voter, action, column, *values, when, **parts))

    def remove(self, row: Row, reason: str, at: datetime | None = None) -> None:
        """Remove a record and log it."""
        self.removed[self._id(row)] = row
        self.enter(row, Action.REMOVE, values=("", reason), at=at)

    def alter(self, row: Row, column: int, value: str) -> str:
        """Change one value of a record without a word; return the one it had."""
        after = list(row)
        after[column] = value
        self.changed[self._id(row)] = (row, after)
        return row[column]

    def another(self, column: int, old: str) -> str:
        """Some other value that the column has in this roll."""
        values = self.town.values.get(column, ())
        if not values or values == (old,):
            return f"{old}X"
        at = int(self.chance.integers(len(values)))
        return values[at] if values[at] != old else values[at - 1]

    def _id(self, row: Row) -> str:
        return row[self.town.layout.key].strip()

    def compared(self) -> Comparison:
        """The two snapshots of this period, as far as they differ."""
        size = self.town.size
        return Comparison(
            size_before=size,
            size_after=size - len(self.removed) + len(self.added),
            removed=self.removed,
            added=self.added,
            changed=self.changed,
        )


def honest_month(town: Town, chance: np.random.Generator) -> Month:
    """A period in which nobody tampers."""
    month = Month(town, chance)
    churn = town.churn
    for row in month.pick(month.many(churn.removed)):
        month.remove(row, _REASONS[int(chance.integers(len(_REASONS)))])
    for column, rate in churn.changed.items():
        at = town.layout.columns.index(column)
        for row in month.pick(month.many(rate)):
            value = month.another(at, row[at])
            month.enter(row, Action.CHANGE, column, (month.alter(row, at, value), value))
    for number, row in enumerate(month.pick(month.many(churn.added))):
        month.added[f"new-{number}"] = _newcomer(town.layout, row, number)
        month.enter([f"new-{number}"] * (town.layout.key + 1), Action.ADD)
    party = town.layout.at(Role.PARTY)
    for row in month.pick(month.many(churn.reversed)) if party is not None else []:
        there_and_back(month, row, party or 0, month.moment(), days=int(chance.integers(2, 12)))
    return month


def there_and_back(month: Month, row: Row, at: int, when: datetime, *, days: int) -> None:
    """Change a value and change it back, both in the log; snapshots do not show it."""
    column, old = month.town.layout.columns[at], row[at]
    value = month.another(at, old)
    month.enter(row, Action.CHANGE, column, (old, value), when)
    month.enter(row, Action.CHANGE, column, (value, old), when + timedelta(days=days))


def _newcomer(layout: Layout, row: Row, number: int) -> Row:
    """A new person at an address that somebody else has."""
    new = list(row)
    new[layout.key] = f"new-{number}"
    first = layout.at(Role.FIRST_NAME)
    if first is not None:
        new[first] = f"NEW{number}"
    return new


def honest_look_ups(month: Month) -> list[LookUp]:
    """What people ask the look-up page in such a period, a sample of it."""
    count = min(month.many(0.1), _LOOK_UPS_MAX)
    ids = month.chance.integers(month.town.size, size=count)
    sources = month.chance.integers(60, 250, size=count)
    return [
        LookUp(month.moment(hours=(6, 23)), f"192.0.2.{source}", f"{voter:012d}")
        for source, voter in zip(sources.tolist(), ids.tolist(), strict=True)
    ]

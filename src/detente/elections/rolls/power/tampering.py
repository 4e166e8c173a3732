"""Each way to tamper, as somebody would do it, and the check that is to see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from detente.elections.rolls.edits import Drift, drift, silent_edits
from detente.elections.rolls.layout import Role
from detente.elections.rolls.logs import (
    mass_removal,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    reversals,
)
from detente.elections.rolls.look_ups import LookUp, enumeration
from detente.elections.rolls.model import Action, Finding, Row, Signal
from detente.elections.rolls.peers import WeekCount, odd_week
from detente.elections.rolls.people import duplicates, selection_among, wanted_people
from detente.elections.rolls.power.month import Month, honest_look_ups, there_and_back

_PEERS, _WEEKS = 12, 26
Do = Callable[[Month, int], None]
Look = Callable[[Month], Finding | None]


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way to tamper.

    Attributes:
        name: short, stable.
        story: how it is done.
        needs: roles a layout must have for it.
        do: does it to so many records.
        look: the check that is to see it.
    """

    name: str
    story: str
    needs: tuple[Role, ...]
    do: Do
    look: Look


def _remove_at_once(month: Month, count: int) -> None:
    day = int(month.chance.integers(5, max(6, month.town.churn.days - 5)))
    for row in month.pick(count):
        month.remove(row, "DECEASED", at=month.moment(day, (9, 12)))


def _remove_slowly(month: Month, count: int) -> None:
    for row in month.pick(count):
        month.remove(row, "DECEASED")


def _remove_chosen(month: Month, count: int) -> None:
    layout = month.town.layout
    parties = month.town.traits["party"].most_common(1)
    precincts = {name for name, _ in month.town.traits["precinct"].most_common(5)}

    def is_chosen(row: Row) -> bool:
        party, precinct = layout.read(row, Role.PARTY), layout.read(row, Role.PRECINCT)
        return party == parties[0][0] and precinct in precincts

    for row in month.pick(count, is_chosen):
        month.remove(row, "REQUEST FROM VOTER")


def _remove_without_reason(month: Month, count: int) -> None:
    for number, row in enumerate(month.pick(count)):
        month.remove(row, ("", "LIST MAINTENANCE", "ZZ")[number % 3])


def _column(month: Month, role: Role) -> int:
    at = month.town.layout.at(role)
    return 0 if at is None else at


def _burst(month: Month, count: int) -> None:
    at = _column(month, Role.PARTY)
    day = int(month.chance.integers(5, max(6, month.town.churn.days - 5)))
    hour = int(month.chance.integers(0, 4))
    for row in month.pick(count):
        value = month.another(at, row[at])
        values = (month.alter(row, at, value), value)
        when = month.moment(day, (hour, hour + 1))
        month.enter(row, Action.CHANGE, month.town.layout.columns[at], values, when)


def _edit_silently(month: Month, count: int) -> None:
    at = _column(month, Role.LAST_NAME)
    for row in month.pick(count):
        month.alter(row, at, f"{row[at][:-1]}{'Q' if row[at].endswith('X') else 'X'}")


def _go_back(month: Month, count: int) -> None:
    at = _column(month, Role.ADDRESS)
    for row in month.pick(count):
        day = int(month.chance.integers(1, 12))
        there_and_back(
            month, row, at, month.moment(day, (0, 5)), days=int(month.chance.integers(3, 20))
        )


def _edit_as_nobody(month: Month, count: int) -> None:
    at = _column(month, Role.ADDRESS)
    for row in month.pick(count):
        value = month.another(at, row[at])
        values = (month.alter(row, at, value), value)
        month.enter(
            row, Action.CHANGE, month.town.layout.columns[at], values,
            operator="", source="", form="",
        )  # fmt: skip


def _walk_the_ids(month: Month, count: int) -> None:
    when, first = month.moment(15, (1, 2)), int(month.chance.integers(month.town.size))
    for number in range(count):
        month.looks.append(LookUp(when, "198.51.100.23", f"{first + number:012d}"))
        when += timedelta(seconds=max(1.0, round(float(month.chance.normal(6, 0.6)))))


def _add_again(month: Month, count: int) -> None:
    for number, row in enumerate(month.pick(count)):
        again = list(row)
        again[month.town.layout.key] = f"twin-{number}"
        month.added[f"twin-{number}"] = again
        month.enter(again, Action.ADD)


def _break_rows(month: Month, count: int) -> None:
    at = _column(month, Role.STATUS)
    for row in month.pick(count):
        month.alter(row, at, "?")


def _seen_silent(month: Month) -> Finding | None:
    return silent_edits(month.compared(), month.log, month.town.layout, Drift({}))


def _seen_slowly(month: Month) -> Finding | None:
    """The log by itself, then the last week against half a year and twelve peers."""
    return mass_removal(month.log) or odd_week(
        _weeks(month), "own", signal=Signal.MASS_REMOVAL, what="removals"
    )


def _weeks(month: Month) -> list[WeekCount]:
    town, chance = month.town, month.chance
    weekly = town.churn.removed * 7 / town.churn.days
    weeks = []
    for county in ("own", *(f"peer-{number}" for number in range(_PEERS))):
        size = town.size if county == "own" else int(town.size * chance.uniform(0.5, 2.5))
        counts = chance.poisson(weekly * size, size=_WEEKS)
        if county == "own":
            full = max(town.churn.days // 7, 1)
            counts[-full:] = len(month.removed) // full
        weeks += [WeekCount(county, week, size, int(each)) for week, each in enumerate(counts)]
    return weeks


def _seen_causes(month: Month) -> Finding | None:
    return non_eligible_causes(month.log, month.town.layout, election=month.town.election.date())


def _seen_duplicates(month: Month) -> Finding | None:
    compared = month.compared()
    wanted = wanted_people(compared, month.town.layout)
    standing = {who: month.town.people.get(who, 0) for who in wanted}
    return duplicates(compared, wanted, standing)


def _seen_walk(month: Month) -> Finding | None:
    return enumeration([*month.looks, *honest_look_ups(month)])


def _seen_selection(month: Month) -> Finding | None:
    return selection_among(month.compared(), month.town.layout, month.town.traits)


TAMPERINGS: Mapping[str, Tampering] = {
    each.name: each
    for each in (
        Tampering(Signal.SILENT_EDIT, "last names changed without an entry",
                  (Role.LAST_NAME,), _edit_silently, _seen_silent),
        Tampering(Signal.MASS_REMOVAL, "removals of one morning, with a good reason",
                  (), _remove_at_once, lambda month: mass_removal(month.log)),
        Tampering("slow_removal", "the same removals spread over the whole period",
                  (), _remove_slowly, _seen_slowly),
        Tampering(Signal.SELECTION, "removals of one party in five precincts",
                  (Role.PARTY, Role.PRECINCT), _remove_chosen, _seen_selection),
        Tampering(Signal.NON_ELIGIBLE_CAUSE, "removals for no reason or an unknown one",
                  (), _remove_without_reason, _seen_causes),
        Tampering(Signal.ONE_FIELD_BURST, "the party changed within one hour of a night",
                  (Role.PARTY,), _burst, lambda month: one_field_burst(month.log)),
        Tampering(Signal.REVERSAL, "addresses changed at night and changed back",
                  (Role.ADDRESS,), _go_back,
                  lambda month: reversals(month.log, records=month.town.size)),
        Tampering(Signal.MISSING_PROVENANCE, "addresses changed by entries without an author",
                  (Role.ADDRESS,), _edit_as_nobody, lambda month: missing_provenance(month.log)),
        Tampering(Signal.ID_ENUMERATION, "the look-up page walked by a script",
                  (), _walk_the_ids, _seen_walk),
        Tampering(Signal.DUPLICATES, "people who stand in the roll added again",
                  (Role.LAST_NAME, Role.FIRST_NAME, Role.BIRTH_YEAR, Role.ADDRESS),
                  _add_again, _seen_duplicates),
        Tampering(Signal.SCHEMA_DRIFT, "a status that no code list has",
                  (Role.STATUS,), _break_rows,
                  lambda month: drift(month.compared(), month.town.layout).finding()),
    )
}  # fmt: skip
"""Every way there is, by name: each signal's own, and removals that take their time."""

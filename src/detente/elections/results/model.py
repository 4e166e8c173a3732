"""Figures of one election, from wherever they were published, and what checking them found."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """Where in the chain figures stand, from the polling place outward."""

    TAPE = 0
    PRECINCT = 1
    COUNTY = 2
    STATE = 3
    PUBLIC = 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A polling place, a county, or the whole state: what is empty is the sum of all."""

    county: str = ""
    precinct: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.county, self.precinct) if part) or "the whole state"


@dataclass(frozen=True, slots=True, order=True)
class Contest:
    """What was voted on; `seats` choices win."""

    name: str
    district: str = ""
    seats: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{self.name}, {self.district}" if self.district else self.name


@dataclass(frozen=True, slots=True)
class Turnout:
    """What one place says beside the votes; None where it does not say.

    Attributes:
        ballots: ballots cast.
        registered: voters registered.
        blanks: votes that were not given (under-votes).
        spoiled: votes lost by marking too many (over-votes).
    """

    ballots: int | None = None
    registered: int | None = None
    blanks: int | None = None
    spoiled: int | None = None


Votes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One published file of figures.

    Attributes:
        source: the file.
        level: where in the chain.
        votes: for each place and contest the votes of each choice, in ballot order.
        turnout: for each place and contest what else is said.
        is_test: whether it says that it is a rehearsal.
        signed_by: who signed it; empty: unsigned.
        generated: when it says that it was made; None: it does not say.
        left_out: what was read and is not used, in words.
    """

    source: str
    level: Level
    votes: Mapping[tuple[Place, Contest], Votes]
    turnout: Mapping[tuple[Place, Contest], Turnout] = field(default_factory=dict)
    is_test: bool = False
    signed_by: str = ""
    generated: datetime | None = None
    left_out: tuple[str, ...] = ()

    def places(self) -> set[Place]:
        """Every place it has figures of."""
        return {place for place, _ in self.votes}


class Check(StrEnum):
    """The checks, in the order in which they are made."""

    TEST_FLAG = "test_flag"
    SIGNATURE = "signature"
    ROLL_UP = "roll_up"
    SHIFT = "shift"
    TRANSIT = "transit"
    MONOTONE = "monotone"
    BOUNDS = "bounds"
    COMPLETENESS = "completeness"
    HOURS = "hours"
    EVENT_LOG = "event_log"


class Weight(IntEnum):
    """How soon somebody should look."""

    LOW = 0
    LOOK = 1
    NOW = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree.

    Attributes:
        check: which check found it.
        place: where, in words.
        difference: by how many votes, signed: what is further out, less what is further in.
        can_change_winner: whether so many votes could change who wins.
        explanation: what it is, what would explain it innocently, what would settle it.
        weight: how soon somebody should look.
    """

    check: Check
    place: str
    difference: int
    can_change_winner: bool
    explanation: str
    weight: Weight = Weight.LOOK


def totals(reports: Iterable[Report]) -> dict[Contest, dict[str, int]]:
    """Each contest's votes over all places of these reports."""
    summed: dict[Contest, dict[str, int]] = {}
    for report in reports:
        for (_, contest), votes in report.votes.items():
            into = summed.setdefault(contest, {})
            for choice, count in votes.items():
                into[choice] = into.get(choice, 0) + count
    return summed


def margin(votes: Votes, seats: int = 1) -> int | None:
    """Votes between the last winner and the first loser; None where everybody wins."""
    ordered = sorted(votes.values(), reverse=True)
    return ordered[seats - 1] - ordered[seats] if 0 < seats < len(ordered) else None


def unlike(said: Votes, meant: Votes) -> Iterator[tuple[str, int]]:
    """Choices whose votes differ, and by how much; one that a side does not name has none there."""
    for choice, count in said.items():
        difference = count - meant.get(choice, 0)
        if difference:
            yield choice, difference
    for choice, count in meant.items():
        if count and choice not in said:
            yield choice, -count

"""Sums that should agree: precincts with their county, counties with the state.

Honest archives do not roll up exactly (Georgia 2024: 40 rows of 1,979 differ, by 123
votes in all), so a difference is said with its sign and place, and with whether all
differences of its contest together could change a winner. A file that lacks a column
is not a file of zeros: only places and contests that both sides name are compared. In
these a choice that one side does not name has no votes there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from detente.elections.results.model import (
    Check,
    Contest,
    Difference,
    Level,
    Place,
    Report,
    Votes,
    Weight,
    margin,
    totals,
    unlike,
)

Summed = dict[tuple[Place, Contest], dict[str, int]]


VOTES_TOLERATED = 10
SHARE_TOLERATED = 0.001
"""Of a contest's votes at one place: honest archives differ by so much (Georgia 2024)."""
DIRECTED_MIN = 8
"""So many differences all of one sign are a direction, not chance (1 in 128)."""


def roll_up(inner: Report, outer: Report) -> list[Difference]:
    """Compare what is further in, summed, with what is further out.

    A difference within the tolerance weighs little, unless all of its contest together could
    change a winner.

    Args:
        inner: such as precincts.
        outer: such as their counties.
    """
    summed = summed_to(inner, outer.level)
    found = [
        (place, contest, choice, difference)
        for (place, contest), votes in outer.votes.items()
        if (place, contest) in summed
        for choice, difference in unlike(votes, summed[place, contest])
    ]
    moved: dict[Contest, int] = defaultdict(int)
    for _, contest, _, difference in found:
        moved[contest] += abs(difference)
    wholes = totals([outer])
    turning = {
        contest for contest, votes in moved.items() if _can_turn(wholes[contest], contest, votes)
    }
    return [
        Difference(
            Check.ROLL_UP,
            f"{place}: {contest}: {choice}",
            difference,
            contest in turning,
            _explain(inner, outer, difference, contest, wholes[contest], moved[contest]),
            _weigh(difference, sum(outer.votes[place, contest].values()), contest in turning),
        )
        for place, contest, choice, difference in found
    ]


def _weigh(difference: int, votes: int, turns: bool) -> Weight:
    if turns:
        return Weight.NOW
    small = abs(difference) <= max(VOTES_TOLERATED, SHARE_TOLERATED * votes)
    return Weight.LOW if small else Weight.LOOK


def direction(found: Sequence[Difference], inner: Report, outer: Report) -> str:
    """Which way the differences of a roll-up go, in words; empty where there are few."""
    ups = sum(each.difference > 0 for each in found)
    downs = len(found) - ups
    if len(found) < DIRECTED_MIN:
        return ""
    if ups and downs:
        return f"{ups} of these differences go up and {downs} down: no one direction"
    which, other = (outer, inner) if ups else (inner, outer)
    gaining = _leaders_gain(found, outer)
    return (
        f"all {len(found)} differences go one way: {which.source} has more than {other.source}, "
        "as where small places are left out to protect who voted there; "
        f"those who lead gain {gaining[0]} of these votes, those behind them {gaining[1]}"
    )


def _leaders_gain(found: Sequence[Difference], outer: Report) -> tuple[int, int]:
    wholes = totals([outer])
    leaders = {
        f"{contest}: {choice}"
        for contest, votes in wholes.items()
        for choice in sorted(votes, key=lambda name: -votes[name])[: contest.seats]
    }
    gains = [0, 0]
    for each in found:
        leads = each.place.partition(": ")[2] in leaders
        gains[0 if leads else 1] += each.difference
    return gains[0], gains[1]


def missing(inner: Report, outer: Report) -> Iterator[str]:
    """Places and contests that only one side names, in words."""
    summed = summed_to(inner, outer.level)
    for place, contest in sorted(outer.votes.keys() - summed.keys()):
        yield f"{place}: {contest} is only in {outer.source}"
    for place, contest in sorted(summed.keys() - outer.votes.keys()):
        yield f"{place}: {contest} is only in {inner.source}"


def summed_to(inner: Report, level: Level) -> Summed:
    """A report's votes as they add up at a level further out."""
    summed: Summed = {}
    for (place, contest), votes in inner.votes.items():
        into = summed.setdefault((_within(place, level), contest), {})
        for choice, count in votes.items():
            into[choice] = into.get(choice, 0) + count
    return summed


def _within(place: Place, level: Level) -> Place:
    match level:
        case Level.TAPE | Level.PRECINCT:
            return place
        case Level.COUNTY:
            return Place(place.county)
        case Level.STATE | Level.PUBLIC:
            return Place()


def _can_turn(votes: Votes, contest: Contest, moved: int) -> bool:
    between = margin(votes, contest.seats)
    return between is not None and moved >= between


def _explain(
    inner: Report, outer: Report, difference: int, contest: Contest, votes: Votes, moved: int
) -> str:
    between = margin(votes, contest.seats)
    if between is None:
        decided = "nobody stood against"
    elif moved >= between:
        decided = f"all differences of this contest ({moved} votes) reach its margin ({between})"
    else:
        decided = (
            f"no winner changes: all differences of this contest are {moved} votes, "
            f"its margin is {between}"
        )
    sign = "more" if difference > 0 else "fewer"
    return (
        f"{outer.source} says {abs(difference)} {sign} than {inner.source} adds up to; {decided}. "
        "Innocent: a late correction in one of them, small places left out, a typing error. "
        "Settled by: the tape or the certified canvass of this place."
    )

"""A full hand count: who won by the paper itself, whatever was reported."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from detente.elections.audit.cards import Marks
from detente.elections.audit.contests import Choice, Contest, reported_winners
from detente.elections.errors import ElectionsError


def winners_by_tally(contest: Contest, tally: Mapping[str, int]) -> tuple[str, ...]:
    """Who won by votes for each candidate.

    Raises:
        ElectionsError: a tie, votes of somebody who does not stand, or a contest that is not
            decided by such votes.
    """
    _check_names(contest, tally)
    whole = [(name, tally.get(name, 0)) for name in contest.candidates]
    match contest.choice:
        case Choice.PLURALITY | Choice.APPROVAL:
            return reported_winners(whole, len(contest.winners))
        case Choice.SUPERMAJORITY:
            valid = sum(votes for _, votes in whole)
            return tuple(name for name, votes in whole if votes > contest.share * valid)
        case Choice.IRV:
            raise ElectionsError(
                f"contest {contest.name} is decided by rankings, not by votes for each candidate",
                remedy='Give "rankings": [{"marks": [FIRST, SECOND, ...], "count": N}]',
            )
        case _:
            assert_never(contest.choice)


def winners_by_rankings(contest: Contest, rankings: Sequence[tuple[Marks, int]]) -> tuple[str, ...]:
    """Who won an instant run-off: the last goes until one is left.

    Raises:
        ElectionsError: a tie for the last place that decides who is left, or a ranking of
            somebody who does not stand.
    """
    for marks, _ in rankings:
        _check_names(contest, dict.fromkeys(marks, 0))
    standing = set(contest.candidates)
    while len(standing) > 1:
        votes = dict.fromkeys(standing, 0)
        for marks, count in rankings:
            top = next((mark for mark in marks if mark in standing), None)
            if top is not None:
                votes[top] += count
        standing -= _last(contest, votes)
    return tuple(standing)


def _last(contest: Contest, votes: Mapping[str, int]) -> set[str]:
    """Who goes now: the last; or all of the last together, where no order of them matters."""
    fewest = min(votes.values())
    last = {name for name, count in votes.items() if count == fewest}
    if len(last) == 1:
        return last
    above = [count for count in votes.values() if count > fewest]
    if above and fewest * len(last) < min(above):
        return last
    raise ElectionsError(
        f"contest {contest.name}: {', '.join(sorted(last))} tie for the last place",
        remedy="Decide the tie as the law says; no count can",
    )


def _check_names(contest: Contest, tally: Mapping[str, int]) -> None:
    unknown = sorted(set(tally) - set(contest.candidates))
    if unknown:
        raise ElectionsError(
            f"contest {contest.name}: {unknown[0]!r:.60} does not stand",
            remedy=f"There stand {', '.join(contest.candidates)[:200]}",
        )
    if any(votes < 0 for votes in tally.values()):
        raise ElectionsError(f"contest {contest.name}: no count is below 0")

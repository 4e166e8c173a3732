"""Figures that stand one line too low: a ballot definition that changed after the cards were made.

Antrim County, 2020: the results were wrong by thousands, the tapes were right, and
each candidate had the votes of the one beside. If moving one vector by k positions
makes it equal to the other, that is what happened, and no vote is lost.
"""

from collections.abc import Sequence

from detente.elections.results.model import Check, Difference, Report, Weight, margin
from detente.elections.results.rollup import summed_to


def shifted_by(told: Sequence[int], counted: Sequence[int]) -> int | None:
    """By how many positions `told` stands off `counted`; None if they agree or no move helps."""
    if len(told) != len(counted) or list(told) == list(counted) or len(set(counted)) == 1:
        return None
    size = len(told)
    moves = sorted(range(1 - size, size), key=abs)
    for move in moves:
        turned = [counted[(at - move) % size] for at in range(size)]
        if move and turned == list(told):
            return move
    return None


def shifts(counted: Report, told: Report) -> list[Difference]:
    """Places whose figures are those of another line of the ballot.

    Args:
        counted: nearer the paper, such as tapes; its order of choices is that of the ballot.
        told: what was reported of the same places, or of all of them together.
    """
    found: list[Difference] = []
    for (place, contest), votes in summed_to(counted, told.level).items():
        reported = told.votes.get((place, contest))
        if reported is None or reported.keys() != votes.keys():
            continue
        move = shifted_by([reported[choice] for choice in votes], list(votes.values()))
        if move is None:
            continue
        wrong = max(abs(reported[choice] - votes[choice]) for choice in votes)
        lead = margin(votes, contest.seats)
        found.append(
            Difference(
                Check.SHIFT,
                f"{place}: {contest}",
                wrong,
                lead is not None and 2 * wrong >= lead,
                f"the figures of {told.source} are those of {counted.source} moved by {abs(move)} "
                f"line(s); no vote is missing. Innocent, and the usual cause: the ballot changed "
                "after the memory cards were made. Settled by: the tape of this place; the cards "
                "must be made anew.",
                Weight.NOW,
            )
        )
    return found

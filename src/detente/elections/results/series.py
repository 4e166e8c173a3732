"""Files of one level: parts of one whole, or the same places again at a later moment.

Each county, or each polling place, may publish a file of its own. Files that share no
place are parts of one whole; files that share one follow each other in time.
"""

from collections.abc import Sequence
from dataclasses import replace

from detente.elections.results.model import Contest, Place, Report, Turnout, Votes

_NAMED = 3
"""So many files are named; more are counted."""


def series(reports: Sequence[Report]) -> list[list[Report]]:
    """The files of one level: in each list those that follow each other, in the given order."""
    apart: list[tuple[set[Place], list[int]]] = []
    for number, report in enumerate(reports):
        places, members = report.places(), [number]
        kept: list[tuple[set[Place], list[int]]] = []
        for known, earlier in apart:
            if known.isdisjoint(places):
                kept.append((known, earlier))
            else:
                places |= known
                members += earlier
        apart = [*kept, (places, members)]
    return [[reports[at] for at in sorted(members)] for _, members in apart]


def whole(parts: Sequence[Report]) -> Report:
    """One report of files that share no place; signed only where each of them is."""
    if len(parts) == 1:
        return parts[0]
    votes: dict[tuple[Place, Contest], Votes] = {}
    turnout: dict[tuple[Place, Contest], Turnout] = {}
    for part in parts:
        votes |= part.votes
        turnout |= part.turnout
    names = [part.source for part in parts]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    signers = [part.signed_by for part in parts]
    return replace(
        parts[0],
        source=" + ".join(names[:_NAMED]) + more,
        votes=votes,
        turnout=turnout,
        signed_by=", ".join(dict.fromkeys(signers)) if all(signers) else "",
    )

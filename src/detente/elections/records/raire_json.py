"""RAIRE's JSON: a contest as what to find assertions for."""

import numpy as np

from detente.elections.audit.cards import Cards

Row = dict[str, object]


def as_raire_problem(cards: Cards) -> Row:
    """A contest for the programs that find assertions: each ranking once, with how many cards.

    Candidates are numbers from 0 in the order of `metadata.candidates`; blank cards are
    rankings without a name.
    """
    place = {name: at for at, name in enumerate(cards.candidates)}
    counts = np.bincount(cards.which, minlength=len(cards.marks)).tolist()
    by_ranking: dict[tuple[int, ...], int] = {}
    for marks, count in zip(cards.marks, counts, strict=True):
        prefs = tuple(place[name] for name in marks if name in place)
        by_ranking[prefs] = by_ranking.get(prefs, 0) + count
    return {
        "metadata": {"contest": cards.contest, "candidates": list(cards.candidates)},
        "num_candidates": len(cards.candidates),
        "votes": [{"n": n, "prefs": list(prefs)} for prefs, n in by_ranking.items() if n],
    }

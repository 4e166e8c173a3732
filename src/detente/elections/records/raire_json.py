"""RAIRE's JSON: a contest as what to find assertions for, and the assertions found."""

from collections.abc import Mapping, Sequence

import numpy as np

from detente.elections.audit.cards import Cards
from detente.elections.audit.irv import Assertion

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


def as_raire_assertions(
    contest: str, winner: str, candidates: Sequence[str], assertions: Sequence[Assertion]
) -> Row:
    """A contest's assertions as RAIRE writes them and this project reads them."""
    return {
        "audits": [
            {
                "contest": contest,
                "winner": winner,
                "eliminated": [name for name in candidates if name != winner],
                "assertions": [_row(each) for each in assertions],
            }
        ]
    }


def _row(each: Assertion) -> Mapping[str, object]:
    row: Row = {"winner": each.winner, "loser": each.loser}
    if each.eliminated is None:
        return row | {"already_eliminated": "", "assertion_type": "WINNER_ONLY"}
    return row | {
        "already_eliminated": sorted(each.eliminated),
        "assertion_type": "IRV_ELIMINATION",
    }

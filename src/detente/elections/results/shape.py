"""The shape of figures: how far one place moved since the last election, beside its neighbours.

Weak evidence, and said only beside another finding of the same place: people move, and
so do their votes. No digit tests: they do not tell anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from detente.elections.results.model import Contest, Difference, Place, Report, Weight

Z_MIN = 5.0
QUIET_Z_MAX = 3.0
NEIGHBOURS_MIN = 8
VOTES_MIN = 50
"""Places with fewer votes move by chance alone."""
SPREAD_MIN = 0.001
"""Where neighbours did not move at all, so much of a share is still no movement."""
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Shape:
    """One place that moved unlike its neighbours.

    Attributes:
        place: where.
        contest: in which contest.
        choice: whose share.
        moved: by how much the share moved, from -1 to 1.
        z: how many robust deviations that is from what its neighbours did.
    """

    place: Place
    contest: Contest
    choice: str
    moved: float
    z: float


def shapes(now: Report, before: Report) -> list[Shape]:
    """Places whose share moved far beyond their neighbours', while their other contests did not."""
    moves: dict[tuple[str, Contest, str], dict[Place, float]] = defaultdict(dict)
    for (place, contest), votes in now.votes.items():
        earlier = before.votes.get((place, contest))
        whole, then = sum(votes.values()), sum((earlier or {}).values())
        if earlier is None or whole < VOTES_MIN or then < VOTES_MIN:
            continue
        for choice, count in votes.items():
            if choice in earlier:
                move = count / whole - earlier[choice] / then
                moves[place.county, contest, choice][place] = move
    scored = [each for key, by_place in moves.items() for each in _scored(key, by_place)]
    loudest: dict[Place, dict[Contest, float]] = defaultdict(dict)
    for each in scored:
        of = loudest[each.place]
        of[each.contest] = max(of.get(each.contest, 0.0), abs(each.z))
    return [each for each in scored if abs(each.z) > Z_MIN and _stands_out(each, loudest)]


def _scored(key: tuple[str, Contest, str], by_place: Mapping[Place, float]) -> Sequence[Shape]:
    if len(by_place) < NEIGHBOURS_MIN:
        return ()
    middle = median(by_place.values())
    seen = _MAD * median(abs(move - middle) for move in by_place.values())
    spread = max(seen, SPREAD_MIN)
    _, contest, choice = key
    return [
        Shape(place, contest, choice, move, (move - middle) / spread)
        for place, move in by_place.items()
    ]


def _stands_out(each: Shape, loudest: Mapping[Place, Mapping[Contest, float]]) -> bool:
    """Whether the other contests of the same ballot stayed where they were."""
    others = [z for contest, z in loudest[each.place].items() if contest != each.contest]
    return bool(others) and max(others) <= QUIET_Z_MAX


def beside(found: Iterable[Difference], seen: Sequence[Shape]) -> list[Difference]:
    """The same findings; one that has a shape at its place says so. A shape alone is never told."""
    by_place: dict[str, Shape] = {}
    for each in seen:
        by_place.setdefault(f"{each.place}: {each.contest}", each)
    answer: list[Difference] = []
    for difference in found:
        shape = by_place.get(difference.place) or by_place.get(difference.place.rpartition(": ")[0])
        if shape is None or difference.weight is Weight.LOW:
            answer.append(difference)
            continue
        answer.append(
            replace(
                difference,
                explanation=f"{difference.explanation} Beside it (weak, never alone): the share of "
                f"{shape.choice} moved by {shape.moved:+.1%} since the last election, "
                f"{abs(shape.z):.0f} deviations from the places around, and no other contest of "
                "the same ballots did.",
            )
        )
    return answer

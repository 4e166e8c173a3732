"""An audit of whole batches: how many to count by hand, which, and the risk so far.

MACRO over every pair of a winner and a loser (Stark, 2009): batch p is drawn in proportion to
u_p, the most by which it can overstate any margin. Draws are with replacement; the k-th is
SHA-256(seed || "," || k), a fraction of 2^256, laid along the bounds in the manifest's order.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import accumulate

from detente.elections.audit import macro
from detente.elections.audit.sampler import check_seed
from detente.elections.errors import ElectionsError

DRAWS_MAX = 100_000
_WHOLE = 2**256


@dataclass(frozen=True, slots=True)
class Reported:
    """What one batch reported.

    Attributes:
        name: of the batch.
        ballots: cards in it, by the manifest.
        votes: by choice, in the order of the choices.
    """

    name: str
    ballots: int
    votes: tuple[int, ...]


class BatchAudit:
    """One contest with one vote a card for each choice, audited by batches.

    Args:
        batches: in the manifest's order.
        winners: how many win.

    Raises:
        ElectionsError: no choice loses, a tie, or a batch with more votes for one than cards.
    """

    def __init__(self, batches: Sequence[Reported], *, winners: int = 1) -> None:
        self._batches = tuple(batches)
        choices = len(batches[0].votes) if batches else 0
        if not 0 < winners < choices:
            raise ElectionsError(f"{winners} of {choices} choices win: nothing to audit")
        for each in self._batches:
            if max(each.votes) > each.ballots:
                raise ElectionsError(
                    f"the batch {each.name!r:.60} reports {max(each.votes)} votes for one choice "
                    f"and has {each.ballots} ballots"
                )
        totals = [sum(each.votes[at] for each in self._batches) for at in range(choices)]
        order = sorted(range(choices), key=lambda at: -totals[at])
        self.winners, losers = tuple(order[:winners]), order[winners:]
        self._margins = {(w, o): totals[w] - totals[o] for w in self.winners for o in losers}
        self.margin = min(self._margins.values())
        if self.margin <= 0:
            raise ElectionsError("the reported totals are a tie: count all of it by hand")
        self._bounds = tuple(self._bound(each) for each in self._batches)
        self.bound = sum(self._bounds, Fraction(0))

    def draws(self, risk_limit: float) -> int:
        """Return how many draws of batches without an error meet the risk limit."""
        return macro.sample_size(float(self.bound), risk_limit=risk_limit)

    def draw(self, seed: str, count: int) -> list[str]:
        """Return the batches drawn, in order; one may come more than once.

        Raises:
            ElectionsError: no public seed, or too many draws.
        """
        check_seed(seed)
        if not 0 < count <= DRAWS_MAX:
            raise ElectionsError(f"{count} draws; from 1 to {DRAWS_MAX} can be")
        ends = list(accumulate(self._bounds))
        return [
            self._batches[bisect_right(ends, self.bound * Fraction(_ticket(seed, k), _WHOLE))].name
            for k in range(1, count + 1)
        ]

    def p_value(self, drawn: Sequence[str], counted: Mapping[str, tuple[int, ...]]) -> float:
        """Return the risk after the batches drawn were counted by hand.

        Raises:
            ElectionsError: a batch that was drawn is not among those counted.
        """
        known = {each.name: (each, most) for each, most in zip(
            self._batches, self._bounds, strict=True)}  # fmt: skip
        missing = [name for name in dict.fromkeys(drawn) if name not in counted]
        if missing:
            told = ", ".join(missing)[:200]
            raise ElectionsError(f"{len(missing)} batches that were drawn are not counted: {told}")
        taints = [self._taint(*known[name], counted[name]) for name in drawn]
        return macro.p_value(float(self.bound), taints)

    def _bound(self, batch: Reported) -> Fraction:
        return max(
            Fraction(batch.votes[w] - batch.votes[o] + batch.ballots, margin)
            for (w, o), margin in self._margins.items()
        )

    def _taint(self, batch: Reported, most: Fraction, counted: tuple[int, ...]) -> float:
        over = max(
            Fraction((batch.votes[w] - batch.votes[o]) - (counted[w] - counted[o]), margin)
            for (w, o), margin in self._margins.items()
        )
        return float(over / most) if most > 0 else 0.0


def _ticket(seed: str, draw: int) -> int:
    return int.from_bytes(sha256(f"{seed},{draw}".encode()).digest())

"""MACRO: comparing batches, drawn in proportion to how much each could hide.

Stark, "Auditing a collection of races simultaneously" (2009), with the
Kaplan-Markov bound. Batches are drawn with replacement, probability u_p / U.
"""

from dataclasses import dataclass
from math import ceil, exp, inf, log, log1p

from detente.elections.errors import ElectionsError


@dataclass(frozen=True, slots=True)
class Batch:
    """Reported votes of one winner-loser pair in one batch.

    Attributes:
        winner: votes for the winner.
        loser: votes for the loser.
        ballots: cards in the batch.
    """

    winner: int
    loser: int
    ballots: int

    def __post_init__(self) -> None:
        if min(self.winner, self.loser, self.ballots) < 0:
            raise ElectionsError("a batch has no negative counts")

    @property
    def lead(self) -> int:
        """By how many votes the winner leads here; may be negative."""
        return self.winner - self.loser


def bound(batch: Batch, *, contest_margin: int) -> float:
    """u_p: the most by which this batch can overstate the margin, as a share of the margin.

    Args:
        batch: reported counts.
        contest_margin: V_wl, less pending and unauditable ballots.
    """
    _check_margin(contest_margin)
    return (batch.lead + batch.ballots) / contest_margin


def overstatement(batch: Batch, *, audited_lead: int, contest_margin: int) -> float:
    """e_p: by how much it did, as a share of the margin."""
    _check_margin(contest_margin)
    return (batch.lead - audited_lead) / contest_margin


def taint(batch: Batch, *, audited_lead: int, contest_margin: int) -> float:
    """e_p / u_p; a batch that cannot overstate has none."""
    most = bound(batch, contest_margin=contest_margin)
    if most <= 0:
        return 0.0
    return overstatement(batch, audited_lead=audited_lead, contest_margin=contest_margin) / most


def p_value(total_bound: float, taints: list[float]) -> float:
    """The product of (1 - 1/U) / (1 - taint) over the batches drawn; 1 if any taint is 1."""
    if total_bound <= 1:
        return 0.0 if taints and max(taints) < 1 else 1.0
    exponent = len(taints) * log1p(-1 / total_bound)
    for each in taints:
        exponent += inf if each >= 1 else -log1p(-each)
    return exp(min(exponent, 0.0))


def sample_size(total_bound: float, *, risk_limit: float) -> int:
    """The smallest number of clean batches that meets the risk limit."""
    if total_bound <= 1:
        return 1
    return ceil(log(risk_limit) / log1p(-1 / total_bound))


def _check_margin(contest_margin: int) -> None:
    if contest_margin <= 0:
        raise ElectionsError(f"a margin of {contest_margin} votes cannot be audited by batches")

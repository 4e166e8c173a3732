"""Comparing a card with its record: by how much the record favoured the winner.

omega = A(record) - A(paper); the overstatement assorter is
B = (1 - omega/u) / (2 - v/u), bounded by 2 / (2 - v/u), and the record's outcome
is right if its mean exceeds one half. Stark, "Sets of half-average nulls
generate risk-limiting audits: SHANGRLA" (2020), section 3.2; pools: Stark,
"ONEAudit" (2023).
"""

import numpy as np

from detente.elections.audit.martingale import Values
from detente.elections.errors import ElectionsError


def bound(margin: float, assorter_bound: float) -> float:
    """u_B, the value of a card whose record understates the winner the most.

    Raises:
        ElectionsError: the margin is not above 0 and at most twice the assorter's bound.
    """
    if not 0 < margin < 2 * assorter_bound:
        raise ElectionsError(f"a margin lies above 0 and below {2 * assorter_bound}, not {margin}")
    return 2.0 / (2.0 - margin / assorter_bound)


def clean(margin: float, assorter_bound: float) -> float:
    """The value of a card whose record is right: half the bound."""
    return bound(margin, assorter_bound) / 2.0


def assort(recorded: Values, audited: Values, *, margin: float, assorter_bound: float) -> Values:
    """B for each card.

    Args:
        recorded: A of each record; one half where the record is missing (a phantom), the
            pool's mean where only the pool is known.
        audited: A of each card in hand; 0 where the card was not found, or lacks the contest
            that its record shows.
        margin: v, twice the mean of A over the records, less 1.
        assorter_bound: u of A.
    """
    overstated = (recorded - audited) / assorter_bound
    return np.asarray((1.0 - overstated) * clean(margin, assorter_bound))


def expected_mean(
    margin: float, assorter_bound: float, *, one_vote_rate: float = 0.0, two_vote_rate: float = 0.0
) -> float:
    """The mean of B if records overstate at these rates."""
    lost = one_vote_rate / 2.0 + two_vote_rate
    return (1.0 - lost) * clean(margin, assorter_bound)

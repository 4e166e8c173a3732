"""Kaplan's two tests, as officials' tools still print them.

With replacement. Cards in random order allow the best p-value on the way;
cards in another order only the last. Stark, "Risk-limiting postelection
audits: conservative p-values from common probability inequalities" (2009).
"""

import numpy as np

from detente.elections.audit.martingale import Trajectory, Values
from detente.elections.errors import ElectionsError


def markov(values: Values, *, mean: float, padding: float) -> Trajectory:
    """Kaplan-Markov: the product of (x + g) / (t + g)."""
    if padding < 0:
        raise ElectionsError(f"the padding g is 0 or more, not {padding}")
    with np.errstate(divide="ignore"):
        return Trajectory(np.cumsum(np.log((values + padding) / (mean + padding))))


def wald(values: Values, *, mean: float, padding: float) -> Trajectory:
    """Kaplan-Wald: the product of (1 - g) x / t + g."""
    if not 0 <= padding <= 1:
        raise ElectionsError(f"the padding g lies between 0 and 1, not at {padding}")
    with np.errstate(divide="ignore"):
        return Trajectory(np.cumsum(np.log((1 - padding) * values / mean + padding)))

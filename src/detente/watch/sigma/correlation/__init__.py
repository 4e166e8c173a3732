"""Correlations: what several matches say together, within a time span and a group.

`Correlator(correlations).take(place, time, event, rules)` for every event for which rules
fired, `close()` at the end. Follows: Sigma correlation rules specification 2.
"""

from detente.watch.sigma.correlation.engine import Bounds, Correlated, Correlator, Lost
from detente.watch.sigma.correlation.model import Correlation, Kind

__all__ = ["Bounds", "Correlated", "Correlation", "Correlator", "Kind", "Lost"]

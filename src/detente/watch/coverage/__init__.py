"""What rules can see in some data, and what they cannot: fields, log sources, silences.

A rule that finds nothing may have had nothing to look at. `CoverageFacts` notes which
log sources and fields events carry; `cover` says of every rule whether it can fire on
them; `Rhythms` tells when a source or a field that used to come comes no longer. No
input, no clock: events and times are arguments.
"""

from detente.watch.coverage.facts import CoverageFacts
from detente.watch.coverage.layer import Technique, navigator_layer, techniques_of
from detente.watch.coverage.possible import can_hold
from detente.watch.coverage.report import Coverage, RuleCoverage, SourceCoverage, cover
from detente.watch.coverage.rhythm import Absence, Habits, Missing, Rhythms

__all__ = [
    "Absence",
    "Coverage",
    "CoverageFacts",
    "Habits",
    "Missing",
    "Rhythms",
    "RuleCoverage",
    "SourceCoverage",
    "Technique",
    "can_hold",
    "cover",
    "navigator_layer",
    "techniques_of",
]

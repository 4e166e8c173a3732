"""Voter rolls: two snapshots and a log, and every sign that records changed as they should not.

For: a county's office, on its own rolls. Trusts: nothing; a snapshot may be
forged, a log may be cut. No row leaves the office. Follows: the snapshot
audits of Kim, Schneider, Alvarez (2020) and arXiv 2106.15285.
"""

from detente.elections.rolls.comparing import compare
from detente.elections.rolls.edits import drift, silent_edits
from detente.elections.rolls.layout import Layout, Role, parse_layout
from detente.elections.rolls.logs import (
    mass_removal,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    reversals,
)
from detente.elections.rolls.look_ups import LookUp, enumeration
from detente.elections.rolls.model import Action, Comparison, Finding, Signal, Transaction
from detente.elections.rolls.people import duplicates, person, selection, wanted_people

__all__ = [
    "Action",
    "Comparison",
    "Finding",
    "Layout",
    "LookUp",
    "Role",
    "Signal",
    "Transaction",
    "compare",
    "drift",
    "duplicates",
    "enumeration",
    "mass_removal",
    "missing_provenance",
    "non_eligible_causes",
    "one_field_burst",
    "parse_layout",
    "person",
    "reversals",
    "selection",
    "silent_edits",
    "wanted_people",
]

"""Voter rolls: two snapshots and a log, and every sign that records changed as they should not.

For: a county's office, on its own rolls. Trusts: nothing; a snapshot may be
forged, a log may be cut. No row leaves the office. Follows: the snapshot
audits of Kim, Schneider, Alvarez (2020) and arXiv 2106.15285.
"""

from detente.elections.rolls.comparing import compare, compare_kept
from detente.elections.rolls.edits import drift, misfits, silent_edits, silent_since_kept
from detente.elections.rolls.hashing import RollHashes, id_hashes, roll_hashes
from detente.elections.rolls.layout import Layout, Role, parse_layout
from detente.elections.rolls.logs import (
    mass_removal,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    reversals,
)
from detente.elections.rolls.look_ups import LookUp, enumeration
from detente.elections.rolls.model import (
    Action,
    Comparison,
    Finding,
    KeptComparison,
    Signal,
    Transaction,
)
from detente.elections.rolls.people import duplicates, person, selection, wanted_people

__all__ = [
    "Action",
    "Comparison",
    "Finding",
    "KeptComparison",
    "Layout",
    "LookUp",
    "Role",
    "RollHashes",
    "Signal",
    "Transaction",
    "compare",
    "compare_kept",
    "drift",
    "duplicates",
    "enumeration",
    "id_hashes",
    "mass_removal",
    "misfits",
    "missing_provenance",
    "non_eligible_causes",
    "one_field_burst",
    "parse_layout",
    "person",
    "reversals",
    "roll_hashes",
    "selection",
    "silent_edits",
    "silent_since_kept",
    "wanted_people",
]

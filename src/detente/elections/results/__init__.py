"""Results: figures from tape to public page, and where they do not agree.

For: saying in one plain line what agrees, or what does not, where, by how many
votes, and whether it can change a winner. Trusts: nothing; a mistake and an
attack look alike from figures. Follows: NIST SP 1500-100, and the record of
incidents named in each module.
"""

from detente.elections.results.checks import bounds, completeness, monotone, rehearsals, transit
from detente.elections.results.clarity import read_clarity
from detente.elections.results.model import (
    Check,
    Contest,
    Difference,
    Level,
    Place,
    Report,
    Turnout,
    margin,
    totals,
)
from detente.elections.results.nist import read_report
from detente.elections.results.rollup import missing, roll_up
from detente.elections.results.shift import shifted_by, shifts
from detente.elections.results.tables import read_table

__all__ = [
    "Check",
    "Contest",
    "Difference",
    "Level",
    "Place",
    "Report",
    "Turnout",
    "bounds",
    "completeness",
    "margin",
    "missing",
    "monotone",
    "read_clarity",
    "read_report",
    "read_table",
    "rehearsals",
    "roll_up",
    "shifted_by",
    "shifts",
    "totals",
    "transit",
]

"""Results: figures from tape to public page, and where they do not agree.

For: saying in one plain line what agrees, or what does not, where, by how many
votes, and whether it can change a winner. Trusts: nothing; a mistake and an
attack look alike from figures. Follows: NIST SP 1500-100, and the record of
incidents named in each module.
"""

from detente.elections.results.checks import (
    bounds,
    completeness,
    echoes,
    monotone,
    rehearsals,
    transit,
    unlike_pages,
)
from detente.elections.results.clarity import read_clarity
from detente.elections.results.events import (
    Device,
    Event,
    as_standard_log,
    chained,
    gaps,
    is_event_log,
    read_events,
)
from detente.elections.results.hours import Expected, early, late_votes, still_open
from detente.elections.results.model import (
    Check,
    Contest,
    Difference,
    Level,
    Place,
    Report,
    Turnout,
    Weight,
    margin,
    totals,
)
from detente.elections.results.nist import read_report, read_report_xml
from detente.elections.results.rollup import direction, missing, roll_up
from detente.elections.results.series import series, whole
from detente.elections.results.shape import beside, shapes
from detente.elections.results.shift import shifted_by, shifts
from detente.elections.results.tables import read_table
from detente.elections.results.writing import Heading, as_standard_report, as_table

__all__ = [
    "Check",
    "Contest",
    "Device",
    "Difference",
    "Event",
    "Expected",
    "Heading",
    "Level",
    "Place",
    "Report",
    "Turnout",
    "Weight",
    "as_standard_log",
    "as_standard_report",
    "as_table",
    "beside",
    "bounds",
    "chained",
    "completeness",
    "direction",
    "early",
    "echoes",
    "gaps",
    "is_event_log",
    "late_votes",
    "margin",
    "missing",
    "monotone",
    "read_clarity",
    "read_events",
    "read_report",
    "read_report_xml",
    "read_table",
    "rehearsals",
    "roll_up",
    "series",
    "shapes",
    "shifted_by",
    "shifts",
    "still_open",
    "totals",
    "transit",
    "unlike_pages",
    "whole",
]

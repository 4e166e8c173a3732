"""What makes an indicator act: who said it on which ground, and every reason for and against.

For: promoting what independent owners found on their own, and nothing because
one member says so. Trusts: that statements were verified before they come here,
and the node's own lists; no member's word alone. Follows: trust.md section 6.
"""

from detente.watch.acting import Rules, decide, marks_of, weigh
from detente.watch.assets import Assets
from detente.watch.benign import BenignIndex, BenignList, BenignLookup, Listed, NoLists
from detente.watch.claims import (
    CLAIM_EXTENSION,
    claim_extension,
    claims_of,
    is_false_positive,
    items_of,
    named_in,
)
from detente.watch.errors import WatchError
from detente.watch.model import (
    Basis,
    Claim,
    Decision,
    Dossier,
    Item,
    Level,
    Mark,
    Objection,
    Outcome,
    Precision,
    Reason,
    Rule,
    Said,
    Sort,
    Stance,
)
from detente.watch.origins import Owners
from detente.watch.patterns import (
    CompiledPattern,
    ObservationError,
    compile_pattern,
    match_pattern,
)
from detente.watch.precision import tally
from detente.watch.quarantine import Finding, Standing, examine_rule
from detente.watch.values import items_of_pattern, make_item, sort_of
from detente.watch.weighing import Weigher

__all__ = [
    "CLAIM_EXTENSION",
    "Assets",
    "Basis",
    "BenignIndex",
    "BenignList",
    "BenignLookup",
    "Claim",
    "CompiledPattern",
    "Decision",
    "Dossier",
    "Finding",
    "Item",
    "Level",
    "Listed",
    "Mark",
    "NoLists",
    "Objection",
    "ObservationError",
    "Outcome",
    "Owners",
    "Precision",
    "Reason",
    "Rule",
    "Rules",
    "Said",
    "Sort",
    "Stance",
    "Standing",
    "WatchError",
    "Weigher",
    "claim_extension",
    "claims_of",
    "compile_pattern",
    "decide",
    "examine_rule",
    "is_false_positive",
    "items_of",
    "items_of_pattern",
    "make_item",
    "marks_of",
    "match_pattern",
    "named_in",
    "sort_of",
    "tally",
    "weigh",
]

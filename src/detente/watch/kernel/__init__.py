"""Rules over events, quickly: what a value satisfies is asked once, then remembered.

`Kernel(program).match(events)` gives the places in a batch and the rules that fire
there. The memos are bounded, and no answer depends on them. ADR 0060 has the measure.
"""

from detente.watch.kernel.kernel import Kernel, Match
from detente.watch.kernel.memo import Budget
from detente.watch.kernel.numbers import time_in
from detente.watch.kernel.patterns import check_expression
from detente.watch.kernel.program import (
    CHANNEL,
    EVENT_ID,
    KEYWORDS,
    SOURCE,
    Event,
    FieldAtoms,
    Op,
    Operand,
    Program,
    Route,
    Rule,
    Tree,
    Variant,
    plain_name,
    text_of,
)
from detente.watch.kernel.trees import Fields

__all__ = [
    "CHANNEL",
    "EVENT_ID",
    "KEYWORDS",
    "SOURCE",
    "Budget",
    "Event",
    "FieldAtoms",
    "Fields",
    "Kernel",
    "Match",
    "Op",
    "Operand",
    "Program",
    "Route",
    "Rule",
    "Tree",
    "Variant",
    "check_expression",
    "plain_name",
    "text_of",
    "time_in",
]

"""Names that look like the office's own: domains in look-up logs, certificates, mail and links.

For: finding the one among a million observed names that a voter would mistake
for the real one. Trusts: nothing it is shown. Follows: Unicode TR 39 for
letters that look alike, dnstwist's classes, and the election classes of the record.
"""

from detente.elections.names.facts import Facts, parse_facts, weigh
from detente.elections.names.folding import fold
from detente.elections.names.index import NameIndex, is_one_edit, normalise
from detente.elections.names.links import Drift, link_drift
from detente.elections.names.model import WORDS, Likeness, LookAlike

__all__ = [
    "WORDS",
    "Drift",
    "Facts",
    "Likeness",
    "LookAlike",
    "NameIndex",
    "fold",
    "is_one_edit",
    "link_drift",
    "normalise",
    "parse_facts",
    "weigh",
]

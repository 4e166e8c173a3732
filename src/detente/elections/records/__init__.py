"""Cast vote records from every format that is published, as columns.

For: a million cards in a fraction of a second and some megabytes, never an object
a card. Trusts: nothing; every bad row of a file is told at once, and nothing of it
is taken then. Follows: NIST SP 1500-103, and the formats named in each module.
"""

from detente.elections.records.card_ids import CardIds
from detente.elections.records.columns import Records
from detente.elections.records.dominion_json import is_dominion, read_dominion
from detente.elections.records.dominion_table import read_dominion_table
from detente.elections.records.manifests import (
    Batch,
    BatchTotals,
    print_batch_totals,
    print_manifest,
    read_batch_totals,
    read_manifest,
)
from detente.elections.records.nist import is_report, read_cvr_json, read_cvr_xml
from detente.elections.records.raire import print_raire, read_raire
from detente.elections.records.table import print_choices, read_choices

__all__ = [
    "Batch",
    "BatchTotals",
    "CardIds",
    "Records",
    "is_dominion",
    "is_report",
    "print_batch_totals",
    "print_choices",
    "print_manifest",
    "print_raire",
    "read_batch_totals",
    "read_choices",
    "read_cvr_json",
    "read_cvr_xml",
    "read_dominion",
    "read_dominion_table",
    "read_manifest",
    "read_raire",
]

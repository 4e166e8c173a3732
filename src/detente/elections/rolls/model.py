"""What two snapshots and a log say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Row = Sequence[str]


class Action(StrEnum):
    """What a transaction did to a record."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One entry of a county's transaction log.

    Attributes:
        voter: the key of the record.
        action: what was done.
        column: which column was changed; empty for whole records.
        old: the value before.
        new: the value after; for a removal its reason.
        at: when, in the county's time; None where the log does not say.
        operator: who entered it.
        source: the address it came from.
        form: the form it rests on.
    """

    voter: str
    action: Action
    column: str
    old: str
    new: str
    at: datetime | None
    operator: str
    source: str
    form: str

    @property
    def missing_parts(self) -> int:
        """How many of operator, source and form are not given."""
        return (not self.operator) + (not self.source) + (not self.form)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two snapshots, as far as they differ.

    Attributes:
        size_before: rows of the first snapshot.
        size_after: rows of the second.
        removed: rows only in the first, by key.
        added: rows only in the second.
        changed: both rows where they differ.
        repeated: keys that stand more than once in the second snapshot.
        misshapen: rows of the second snapshot with too few or too many columns, by line.
    """

    size_before: int
    size_after: int
    removed: Mapping[str, Row]
    added: Mapping[str, Row]
    changed: Mapping[str, tuple[Row, Row]]
    repeated: tuple[str, ...] = ()
    misshapen: Mapping[int, Row] | None = None

    def changes_by_column(self, columns: Sequence[str]) -> dict[str, int]:
        """How many rows changed in each column."""
        counts = dict.fromkeys(columns, 0)
        for before, after in self.changed.values():
            for name, old, new in zip(columns, before, after, strict=False):
                if old != new:
                    counts[name] += 1
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class KeptComparison:
    """A snapshot against kept hashes of an earlier one: what was there before is not known.

    Attributes:
        size_before: rows of the earlier snapshot.
        size_after: rows of this one.
        removed: hashes of ids that are gone.
        added: rows whose id is new, by id.
        changed: rows that differ, as they are now.
    """

    size_before: int
    size_after: int
    removed: NDArray[np.uint64]
    added: Mapping[str, Row]
    changed: Mapping[str, Row]


class Signal(StrEnum):
    """A way in which a roll can have been tampered with, or a list process gone wrong."""

    SILENT_EDIT = "silent_edit"
    MASS_REMOVAL = "mass_removal"
    ONE_FIELD_BURST = "one_field_burst"
    REVERSAL = "reversal"
    MISSING_PROVENANCE = "missing_provenance"
    ID_ENUMERATION = "id_enumeration"
    SELECTION = "selection"
    NON_ELIGIBLE_CAUSE = "non_eligible_cause"
    DUPLICATES = "duplicates"
    SCHEMA_DRIFT = "schema_drift"


@dataclass(frozen=True, slots=True)
class Finding:
    """One signal that fired.

    Attributes:
        signal: which.
        count: how many records or requests.
        explanation: what is seen, what would explain it innocently, what would settle it.
        voters: keys of the records; never leave the office.
    """

    signal: Signal
    count: int
    explanation: str
    voters: tuple[str, ...] = ()

"""Edits that left no trace in the log, and rows that are no rows of this roll any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.elections.rolls.hashing import is_in
from detente.elections.rolls.layout import Layout, Role
from detente.elections.rolls.model import (
    Action,
    Comparison,
    Finding,
    KeptComparison,
    Row,
    Signal,
    Transaction,
)
from detente.elections.rolls.siphash import Words

_CUT_MIN = 2
"""Columns cut short in one row before it counts as cut."""
_SHIFTED_MIN = 3
"""Values that stand one column further in one row before it counts as moved."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Rows that no longer fit the layout, by key: how."""

    kinds: Mapping[str, str]

    def finding(self) -> Finding | None:
        """The signal, if any row drifted."""
        if not self.kinds:
            return None
        listed = sorted(self.kinds.values())
        counts = {kind: listed.count(kind) for kind in dict.fromkeys(listed)}
        said = ", ".join(f"{count} with {kind}" for kind, count in counts.items())
        return Finding(
            Signal.SCHEMA_DRIFT,
            len(self.kinds),
            f"{said}. Innocent: a changed export, a new code, a field made shorter. "
            "Settled by: the export's change record, and the same rows in the system itself.",
            tuple(sorted(self.kinds)),
        )


def drift(comparison: Comparison, layout: Layout) -> Drift:
    """Rows with an unknown status, values moved one column or cut short, or odd columns."""
    kinds: dict[str, str] = {}
    for key, (before, after) in comparison.changed.items():
        kind = _drift_of(before, after, layout)
        if kind:
            kinds[key] = kind
    for key, row in comparison.added.items():
        kind = _misfit(row, layout)
        if kind:
            kinds[key] = kind
    return Drift(kinds)


def _misfit(row: Row, layout: Layout) -> str:
    if len(row) != len(layout.columns):
        return "too few or too many columns"
    status = layout.read(row, Role.STATUS)
    known = layout.status_codes
    return "an unknown status" if status and known and status not in known else ""


def _drift_of(before: Row, after: Row, layout: Layout) -> str:
    if len(after) != len(layout.columns):
        return "too few or too many columns"
    if _is_shifted(before, after):
        return "values moved one column"
    misfit = _misfit(after, layout)
    if misfit and not _misfit(before, layout):
        return misfit
    cut = sum(
        1
        for old, new in zip(before, after, strict=True)
        if new and len(new) < len(old) and old.startswith(new)
    )
    return "values cut short" if cut >= _CUT_MIN else ""


def _is_shifted(before: Row, after: Row) -> bool:
    moved = 0
    for at in range(1, min(len(before), len(after))):
        if before[at - 1] != before[at] and before[at - 1] and after[at] == before[at - 1]:
            moved += 1
    return moved >= _SHIFTED_MIN


def silent_edits(
    comparison: Comparison, log: Sequence[Transaction], layout: Layout, drifted: Drift
) -> Finding | None:
    """Records that differ and have no transaction, or end otherwise than their transactions say.

    The strongest signal: every honest way to change a record leaves an entry.
    """
    logged, places = _ends(log), _columns(layout)
    silent = [
        key
        for key, (_, after) in comparison.changed.items()
        if key not in drifted.kinds
        and (key not in logged or _disagrees(logged[key], after, places))
    ]
    silent += [key for key in (*comparison.removed, *comparison.added) if key not in logged]
    return _silent(silent, len(silent))


def silent_since_kept(
    comparison: KeptComparison, log: Sequence[Transaction], layout: Layout, logged_ids: Words
) -> Finding | None:
    """The same against kept hashes: who was removed in silence is counted and not known.

    Args:
        comparison: with the kept hashes.
        log: of the time between.
        layout: of the roll.
        logged_ids: hashes of the ids in the log, made with the kept key.
    """
    logged, places = _ends(log), _columns(layout)
    silent = [
        key
        for key, row in comparison.changed.items()
        if not _misfit(row, layout) and (key not in logged or _disagrees(logged[key], row, places))
    ]
    silent += [key for key in comparison.added if key not in logged]
    removed = int((~is_in(comparison.removed, logged_ids)).sum())
    return _silent(silent, len(silent) + removed)


def misfits(comparison: KeptComparison, layout: Layout) -> Drift:
    """Rows that no longer fit the layout, as far as they show it by themselves."""
    rows = (*comparison.changed.items(), *comparison.added.items())
    return Drift({key: kind for key, row in rows if (kind := _misfit(row, layout))})


def _ends(log: Sequence[Transaction]) -> dict[str, dict[str, str]]:
    """How each record that stands in the log must end, by column."""
    logged: dict[str, dict[str, str]] = {}
    for entry in log:
        ends = logged.setdefault(entry.voter, {})
        if entry.action is Action.CHANGE:
            ends[entry.column] = entry.new
    return logged


def _columns(layout: Layout) -> dict[str, int]:
    return {name: at for at, name in enumerate(layout.columns)}


def _silent(voters: list[str], count: int) -> Finding | None:
    if not count:
        return None
    return Finding(
        Signal.SILENT_EDIT,
        count,
        f"{count} records changed, came or went without an entry in the transaction log, or "
        "end otherwise than their entries say. Innocent: a list process that does not log, a log "
        "that is cut or of another period. Settled by: the database's own journal and a back-up "
        "of the days between.",
        tuple(sorted(voters)),
    )


def _disagrees(ends: Mapping[str, str], after: Row, places: Mapping[str, int]) -> bool:
    return any(
        column in places
        and places[column] < len(after)
        and after[places[column]].strip() != new.strip()
        for column, new in ends.items()
    )

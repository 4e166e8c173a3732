"""What the transaction log itself tells: bursts, values that go back, entries without an author."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from detente.elections.rolls.layout import Layout
from detente.elections.rolls.model import Action, Finding, Signal, Transaction

REVERSAL_DAYS = 45
QUIET_DAYS = 90
"""The quiet period before a federal election (52 U.S.C. 20507(c)(2)(A)); a county may differ."""
_Z_MIN = 5.0
_MAD_SCALE = 1.4826
_REMOVALS_MIN = 50
_CHANGES_MIN = 12
_REVERSAL_BASE = 0.0002
"""Honest corrections that go back, per record and month, where no history says otherwise."""
_REVERSALS_MIN = 10
_UNSIGNED_MIN = 3


@dataclass(frozen=True, slots=True)
class Burst:
    """Transactions that fell into few hours."""

    at: tuple[datetime, ...]
    entries: tuple[Transaction, ...]


def bursts(entries: Sequence[Transaction], *, hours: int, least: int) -> Burst | None:
    """The hours (or days) that hold far more entries than the others: median and MAD, z > 5."""
    slots: dict[datetime, list[Transaction]] = defaultdict(list)
    for entry in entries:
        if entry.at is not None:
            start = entry.at.replace(minute=0, second=0, microsecond=0, tzinfo=None)
            slots[start - timedelta(hours=start.hour % hours)].append(entry)
    if not slots:
        return None
    span = (max(slots) - min(slots)) // timedelta(hours=hours) + 1
    counts = sorted([*(len(each) for each in slots.values()), *[0] * (span - len(slots))])
    middle = median(counts)
    # Counts scatter at least as chance does: no slot is odd because the others are empty.
    scale = max(_MAD_SCALE * median(abs(c - middle) for c in counts), max(middle, 1.0) ** 0.5)
    odd = [at for at, each in slots.items() if (len(each) - middle) / scale > _Z_MIN]
    odd = [at for at in odd if len(slots[at]) >= least]
    if not odd:
        return None
    return Burst(tuple(sorted(odd)), tuple(entry for at in sorted(odd) for entry in slots[at]))


def mass_removal(log: Sequence[Transaction]) -> Finding | None:
    """Days with far more removals than the county's own other days."""
    removals = [entry for entry in log if entry.action is Action.REMOVE]
    burst = bursts(removals, hours=24, least=_REMOVALS_MIN)
    if burst is None:
        return None
    operators = Counter(entry.operator for entry in burst.entries).most_common(1)[0]
    days = ", ".join(f"{at:%Y-%m-%d}" for at in burst.at[:5])
    return Finding(
        Signal.MASS_REMOVAL,
        len(burst.entries),
        f"{len(burst.entries)} removals on {days}, against a median day of the same log; "
        f"{operators[1]} of them by one operator. Innocent: a list of deaths or moves worked "
        "through in one go. Settled by: that list, and ten of its records checked by hand.",
        tuple(sorted({entry.voter for entry in burst.entries})),
    )


def one_field_burst(log: Sequence[Transaction]) -> Finding | None:
    """Hours in which one and the same field was changed far more often than in others."""
    found: list[tuple[str, Burst]] = []
    by_field: dict[str, list[Transaction]] = defaultdict(list)
    for entry in log:
        if entry.action is Action.CHANGE:
            by_field[entry.column].append(entry)
    for field, entries in sorted(by_field.items()):
        burst = bursts(entries, hours=1, least=_CHANGES_MIN)
        if burst is not None:
            found.append((field, burst))
    if not found:
        return None
    voters = {entry.voter for _, burst in found for entry in burst.entries}
    said = "; ".join(f"{len(b.entries)} of {field} at {b.at[0]:%Y-%m-%d %H}h" for field, b in found)
    return Finding(
        Signal.ONE_FIELD_BURST,
        len(voters),
        f"changes of one field within an hour: {said}. Innocent: a batch of forms, a deadline, a "
        "redrawn border. Settled by: the forms, and a call to ten of these voters.",
        tuple(sorted(voters)),
    )


def reversals(log: Sequence[Transaction], *, records: int) -> Finding | None:
    """Values that were changed and changed back within 45 days; snapshots do not show them."""
    back: set[str] = set()
    last: dict[tuple[str, str], Transaction] = {}
    for entry in sorted(log, key=_moment):
        if entry.action is not Action.CHANGE:
            continue
        place = (entry.voter, entry.column)
        before = last.get(place)
        if before is not None and before.old == entry.new and _days(before, entry) <= REVERSAL_DAYS:
            back.add(entry.voter)
        last[place] = entry
    if len(back) < max(_REVERSALS_MIN, 3 * _REVERSAL_BASE * records):
        return None
    return Finding(
        Signal.REVERSAL,
        len(back),
        f"{len(back)} records were changed and changed back within {REVERSAL_DAYS} days. Innocent: "
        "voters correcting a slip, a batch undone. Settled by: who changed them first, from where, "
        "and whether these voters asked for it.",
        tuple(sorted(back)),
    )


def _moment(entry: Transaction) -> datetime:
    return entry.at.replace(tzinfo=None) if entry.at is not None else datetime(1, 1, 1)  # noqa: DTZ001 - the county's time, without a zone


def _days(first: Transaction, second: Transaction) -> float:
    return (_moment(second) - _moment(first)) / timedelta(days=1)


def missing_provenance(log: Sequence[Transaction]) -> Finding | None:
    """Entries with neither operator nor address nor form: an edit without a source is a finding."""
    nobody = [entry for entry in log if entry.missing_parts >= 2]  # noqa: PLR2004 - of three
    if len(nobody) < _UNSIGNED_MIN:
        return None
    return Finding(
        Signal.MISSING_PROVENANCE,
        len(nobody),
        f"{len(nobody)} entries do not say who made them, from where, or on which form. Innocent: "
        "an import that does not fill these fields. Settled by: the logs of the web server and the "
        "database for these minutes.",
        tuple(sorted({entry.voter for entry in nobody})),
    )


def non_eligible_causes(
    log: Sequence[Transaction], layout: Layout, *, election: date | None
) -> Finding | None:
    """Removals for no reason, an unknown one, or one that the quiet period forbids."""
    odd = [
        entry for entry in log if entry.action is Action.REMOVE and not _is_eligible(entry, layout)
    ]
    if election is not None:
        start = election - timedelta(days=QUIET_DAYS)
        odd = [entry for entry in odd if not entry.new or _is_between(entry, start, election)]
    if not odd:
        return None
    when = f" within {QUIET_DAYS} days before {election}" if election else ""
    return Finding(
        Signal.NON_ELIGIBLE_CAUSE,
        len(odd),
        f"{len(odd)} removals{when} whose reason is missing, unknown, or general list maintenance. "
        "Innocent: a new code, a reason kept elsewhere. Settled by: the file behind each removal.",
        tuple(sorted({entry.voter for entry in odd})),
    )


def _is_eligible(entry: Transaction, layout: Layout) -> bool:
    reason = entry.new.strip().upper()
    return any(word in reason for word in layout.removal_reasons)


def _is_between(entry: Transaction, start: date, end: date) -> bool:
    return entry.at is None or start <= entry.at.date() <= end

"""What became of values, in rows that a person reads: one value, or every row of a file."""

from dataclasses import dataclass
from pathlib import Path

from detente.errors import InputError
from detente.node.acting import Acting
from detente.node.outside import Row, guess_item, rows_of
from detente.storage.acting_rows import ItemState

_BENIGN_RULES = frozenset(("common-benign", "shared-by-many"))


@dataclass(frozen=True, slots=True)
class Report:
    """A file held against what this node does.

    Attributes:
        rows: one for each row of the file, in order, as JSON.
        counts: level -> rows.
    """

    rows: tuple[dict[str, object], ...]
    counts: dict[str, int]


def describe_state(state: ItemState) -> dict[str, object]:
    """Return what one value does, as JSON."""
    return {
        "value": state.item.value,
        "type": state.item.path,
        "level": state.level.name.lower(),
        "since": state.changed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "origins": state.decision.get("origins", []),
        "needed": state.decision.get("needed", 0),
        "prevalence": state.decision.get("prevalence", 0),
        "reasons": state.decision.get("reasons", []),
    }


def find_value(acting: Acting, written: str) -> ItemState:
    """Return what a value does that somebody wrote down.

    Raises:
        InputError: it is no value, or nobody named it.
    """
    item = guess_item(written)
    if item is None:
        raise InputError(f"{written[:80]!r} is no address, name, URL, mail address or hash")
    found = acting.shelf.find(item)
    if found is None:
        raise InputError(f"nobody named {item.value[:120]!r} to this node")
    return found


def why(acting: Acting, written: str) -> dict[str, object]:
    """Return what a value does, why, and every step to it.

    Raises:
        InputError: it is no value, or nobody named it.
    """
    state = find_value(acting, written)
    return describe_state(state) | {"history": acting.shelf.history(state.number)}


def report_file(acting: Acting, path: Path, data: bytes) -> Report:
    """Say of every row of a list or table what its value does here and why.

    Raises:
        InputError: the file cannot be read.
    """
    rows = tuple(_reported(acting, row) for row in rows_of(path, data))
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row["level"])] = counts.get(str(row["level"]), 0) + 1
    return Report(rows=rows, counts=dict(sorted(counts.items())))


def _reported(acting: Acting, row: Row) -> dict[str, object]:
    told: dict[str, object] = {"row": row.number, "line": row.line, "written": row.text}
    state = None if row.item is None else acting.shelf.find(row.item)
    if state is None:
        what = "it holds no value" if row.item is None else "nobody named it to this node"
        return told | {"level": "unknown", "why": [what], "lists": []}
    reasons = state.decision.get("reasons", [])
    return told | {
        "value": state.item.value,
        "level": state.level.name.lower(),
        "origins": state.decision.get("origins", []),
        "why": [each["words"] for each in reasons],
        "lists": [each["words"] for each in reasons if each["rule"] in _BENIGN_RULES],
    }

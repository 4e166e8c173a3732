"""Ballot manifests and batch totals as audit tools take them (Arlo's columns, and a state's)."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detente.elections.errors import ElectionsError
from detente.elections.rows import Refused, near

if TYPE_CHECKING:
    from _csv import Reader

ROWS_MAX = 1_000_000
COUNT_MAX = 10**8
_DIGITS_MAX = 9
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "batch": ("batch name", "batchid", "batch id", "batch"),
    "ballots": ("number of ballots", "numballots", "num ballots", "ballots"),
    "tabulator": ("tabulator", "scannerid", "scanner id", "tabulatorid"),
    "container": ("container", "storagelocation", "storage location"),
    "county": ("countyid", "county", "jurisdiction"),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of a manifest.

    Attributes:
        name: its id, unique within its tabulator.
        ballots: how many cards it has.
        tabulator: which machine; empty where none is named.
        container: where it is kept.
        county: whose it is.
    """

    name: str
    ballots: int
    tabulator: str = ""
    container: str = ""
    county: str = ""

    def cards(self) -> Iterator[str]:
        """The ids of its cards: tabulator, batch and place, joined by hyphens."""
        head = f"{self.tabulator}-{self.name}" if self.tabulator else self.name
        return (f"{head}-{place}" for place in range(1, self.ballots + 1))


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """What each batch counted.

    Attributes:
        choices: the columns.
        batches: the votes of each batch, in that order.
    """

    choices: tuple[str, ...]
    batches: Mapping[str, tuple[int, ...]]


def read_manifest(data: bytes) -> tuple[Batch, ...]:
    """Read a manifest.

    Raises:
        ElectionsError: no such columns, or rows that cannot be read: all are told.
    """
    header, rows = _table(data)
    at = _at(header)
    for needed in ("batch", "ballots"):
        if needed not in at:
            known = _COLUMNS[needed][0]
            raise ElectionsError(
                f"line 1: no column {known!r}{near(known, header)} among: "
                f"{', '.join(header)[:200]}",
                remedy="Write Batch Name,Number of Ballots",
            )
    refused = Refused()
    batches: dict[tuple[str, str, str], Batch] = {}
    for line, row in rows:
        if len(row) != len(header):
            refused.add(line, f"{len(row)} columns instead of {len(header)}")
            continue
        said = {name: row[column] for name, column in at.items()}
        count = _count(said["ballots"])
        key = (said.get("county", ""), said.get("tabulator", ""), said["batch"])
        if count is None or not said["batch"]:
            refused.add(line, f"{said['ballots']!r:.40} is no number of ballots of a batch")
        elif key in batches:
            refused.add(line, f"the batch {said['batch']!r:.60} stands there a second time")
        else:
            batches[key] = Batch(
                said["batch"], count, key[1], said.get("container", ""), said.get("county", "")
            )
    refused.raise_if_any()
    if not batches:
        raise ElectionsError("no batches in it")
    return tuple(batches.values())


def read_batch_totals(data: bytes, known: Sequence[Batch] = ()) -> BatchTotals:
    """Read what each batch counted: `Batch Name`, then a column for each choice.

    Args:
        data: the file.
        known: the batches of the manifest; where given, others are refused with near names.

    Raises:
        ElectionsError: no such columns, or rows that cannot be read: all are told.
    """
    header, rows = _table(data)
    batch = _at(header).get("batch")
    if batch is None or len(header) < 2:  # noqa: PLR2004
        raise ElectionsError(
            f"line 1: no column 'Batch Name' and choices among: {', '.join(header)[:200]}"
        )
    names = {each.name for each in known}
    refused = Refused()
    found: dict[str, tuple[int, ...]] = {}
    for line, row in rows:
        reason = _wrong(row, header, batch, found, names)
        if reason:
            refused.add(line, reason)
            continue
        counts = [_count(field) for at, field in enumerate(row) if at != batch]
        found[row[batch]] = tuple(count or 0 for count in counts)
    refused.raise_if_any()
    if not found:
        raise ElectionsError("no batches in it")
    return BatchTotals(tuple(n for at, n in enumerate(header) if at != batch), found)


def _wrong(
    row: list[str], header: list[str], batch: int, found: Mapping[str, object], names: set[str]
) -> str:
    if len(row) != len(header):
        return f"{len(row)} columns instead of {len(header)}"
    name = row[batch]
    if not name or name in found:
        return f"the batch {name!r:.60} stands there a second time" if name else "no batch"
    if names and name not in names:
        return f"the batch {name!r:.60} is not in the manifest{near(name, names)}"
    bad = next((row[at] for at in range(len(row)) if at != batch and _count(row[at]) is None), None)
    return "" if bad is None else f"{bad!r:.40} is no count"


def print_manifest(batches: Sequence[Batch]) -> bytes:
    """Write a manifest with Arlo's columns, and those of its own that any batch fills."""
    names = {"tabulator": "Tabulator", "container": "Container", "county": "County"}
    more = [name for name in names if any(getattr(each, name) for each in batches)]
    lines = [",".join(["Batch Name", "Number of Ballots", *(names[name] for name in more)])]
    lines += [
        ",".join(
            _quoted(field)
            for field in (each.name, str(each.ballots), *(getattr(each, name) for name in more))
        )
        for each in batches
    ]
    return ("\n".join(lines) + "\n").encode()


def print_batch_totals(totals: BatchTotals) -> bytes:
    """Write what each batch counted, with Arlo's columns."""
    lines = [",".join(_quoted(name) for name in ("Batch Name", *totals.choices))]
    lines += [
        ",".join((_quoted(name), *(str(count) for count in counts)))
        for name, counts in totals.batches.items()
    ]
    return ("\n".join(lines) + "\n").encode()


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if any(c in field for c in ',"') else field


def _table(data: bytes) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ElectionsError(
            f"line {line}: not UTF-8", remedy="Export the file again as UTF-8"
        ) from None
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [" ".join(each.split()) for each in next(reader, [])]
    except csv.Error as error:
        raise ElectionsError(f"line 1: {error}") from None
    return header, _rows(reader)


def _rows(reader: "Reader") -> Iterator[tuple[int, list[str]]]:
    count = 0
    try:
        for row in reader:
            count += 1
            if count > ROWS_MAX:
                raise ElectionsError(f"more than {ROWS_MAX} rows")
            if any(field.strip() for field in row):
                yield reader.line_num, [field.strip() for field in row]
    except csv.Error as error:
        raise ElectionsError(f"line {reader.line_num}: {error}") from None


def _at(header: list[str]) -> dict[str, int]:
    folded = [each.lower() for each in header]
    return {
        field: next(folded.index(name) for name in names if name in folded)
        for field, names in _COLUMNS.items()
        if any(name in folded for name in names)
    }


def _count(text: str) -> int | None:
    bare = text.replace(",", "")
    if not (bare.isascii() and bare.isdigit()) or len(bare) > _DIGITS_MAX:
        return None
    return int(bare) if int(bare) <= COUNT_MAX else None

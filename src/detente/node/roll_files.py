"""Rolls from files: two snapshots, a log, look-ups and peers in; signals out. Rows stay here."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from getpass import getuser
from itertools import islice
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.rolls import (
    Action,
    Comparison,
    Finding,
    KeptComparison,
    Layout,
    LookUp,
    Transaction,
    compare,
    drift,
    duplicates,
    enumeration,
    mass_removal,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    parse_layout,
    person,
    reversals,
    selection,
    silent_edits,
    wanted_people,
)
from detente.elections.rolls import peers as peer_model
from detente.elections.rolls.model import Row, Signal
from detente.elections.rolls.siphash import KEY_BYTES
from detente.errors import EnvironmentFault, InputError
from detente.node.clock import now
from detente.node.entropy import SystemEntropy
from detente.node.roll_snapshots import LINE_BYTES_MAX, chunks_of, opened, require_snapshot
from detente.signing import format_time

LAYOUT_BYTES_MAX = 4 * 1024 * 1024
LOG_ROWS_MAX = 20_000_000
SAMPLE_MAX = 50_000
"""Rows of the first snapshot that stand for the roll where shares are compared."""


_WEEKLY = {
    "removed": (Signal.MASS_REMOVAL, "removals"),
    "added": (Signal.DUPLICATES, "new records"),
}
"""Columns of counts by week, what an odd one is a sign of, and its words."""


@dataclass(frozen=True, slots=True)
class RollFiles:
    """What an office has at hand.

    Attributes:
        before: the first snapshot.
        after: the second.
        layout: its description.
        log: the transaction log of the time between; without it nothing can be silent.
        look_ups: the look-up page's requests.
        peers: counts by county and week.
        county: which county of `peers` this is; empty: the first.
        election: the day of the election, for the quiet period.
    """

    before: Path
    after: Path
    layout: Path
    log: Path | None = None
    look_ups: Path | None = None
    peers: Path | None = None
    county: str = ""
    election: date | None = None


@dataclass(frozen=True, slots=True)
class RollReport:
    """What a comparison came to.

    Attributes:
        comparison: the rows that differ; of kept hashes, what they tell of it.
        columns: changed rows by column.
        findings: signals that fired, the strongest first.
    """

    comparison: Comparison | KeptComparison
    columns: dict[str, int]
    findings: tuple[Finding, ...]


def compare_rolls(files: RollFiles) -> RollReport:
    """Compare two snapshots and read the log beside them.

    Raises:
        InputError: a file that cannot be read as what it should be, with its line.
    """
    layout = read_layout(files.layout)
    require_snapshot(files.before, layout, "first")
    require_snapshot(files.after, layout, "second")
    try:
        comparison = compare(
            chunks_of(files.before), chunks_of(files.after), layout, SystemEntropy().draw(KEY_BYTES)
        )
    except ElectionsError as error:
        raise InputError(error.message, file=str(files.after), remedy=error.remedy) from None
    log = list(read_log(files.log)) if files.log else None
    findings = [
        *_from_rows(comparison, log, layout, files),
        *(_from_log(log, comparison, layout, files) if log is not None else ()),
        *_from_tables(files),
    ]
    kept: dict[str, Finding] = {}
    for each in findings:
        if each is not None:
            kept.setdefault(each.signal, each)
    return RollReport(
        comparison, comparison.changes_by_column(layout.columns), tuple(kept.values())
    )


def _from_rows(
    comparison: Comparison, log: list[Transaction] | None, layout: Layout, files: RollFiles
) -> Iterator[Finding | None]:
    drifted = drift(comparison, layout)
    if log is not None:
        yield silent_edits(comparison, log, layout, drifted)
    yield drifted.finding()
    yield selection(comparison, layout, _sample(files.before, comparison.size_before, layout))
    wanted = wanted_people(comparison, layout)
    yield duplicates(comparison, wanted, _standing(wanted, comparison, layout, files.before))


def _from_log(
    log: list[Transaction], comparison: Comparison, layout: Layout, files: RollFiles
) -> Iterator[Finding | None]:
    yield mass_removal(log)
    yield one_field_burst(log)
    yield reversals(log, records=comparison.size_before)
    yield missing_provenance(log)
    yield non_eligible_causes(log, layout, election=files.election)


def _from_tables(files: RollFiles) -> Iterator[Finding | None]:
    if files.look_ups:
        yield enumeration(read_look_ups(files.look_ups))
    if files.peers:
        for name, weeks in read_weeks(files.peers).items():
            signal, what = _WEEKLY.get(name, (Signal.ONE_FIELD_BURST, ""))
            county = files.county or (weeks[0].county if weeks else "")
            what = what or f"changes of {name.removeprefix('changed_').replace('_', ' ')}"
            yield peer_model.odd_week(weeks, county, signal=signal, what=what)


def read_layout(path: Path) -> Layout:
    """A layout's description from its file."""
    with opened(path) as stream:
        data = stream.read(LAYOUT_BYTES_MAX + 1)
    if len(data) > LAYOUT_BYTES_MAX:
        raise InputError(f"larger than {LAYOUT_BYTES_MAX} bytes", file=str(path))
    try:
        return parse_layout(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None


def _lines(path: Path) -> Callable[[], Iterator[bytes]]:
    def again() -> Iterator[bytes]:
        with opened(path) as stream:
            yield from stream

    return again


def _rows(path: Path, layout: Layout, *, step: int = 1) -> Iterator[Row]:
    for line in islice(_lines(path)(), 1, None, step):
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        yield text.split(layout.separator)


def _sample(path: Path, size: int, layout: Layout) -> Iterator[Row]:
    return _rows(path, layout, step=max(1, size // SAMPLE_MAX))


def _standing(
    wanted: Mapping[tuple[str, ...], list[str]],
    comparison: Comparison,
    layout: Layout,
    before: Path,
) -> dict[tuple[str, ...], int]:
    """How often each wanted person stands in the first snapshot and stayed."""
    seen: dict[tuple[str, ...], int] = {}
    if not wanted:
        return seen
    names = {who[1] for who in wanted}
    for row in _rows(before, layout):
        if row[layout.key : layout.key + 1] and row[layout.key] in comparison.removed:
            continue
        who = person(row, layout) if _may_be(row, names) else None
        if who in wanted and who is not None:
            seen[who] = seen.get(who, 0) + 1
    return seen


def _may_be(row: Row, names: set[str]) -> bool:
    return not names.isdisjoint(row)


def read_log(path: Path) -> Iterator[Transaction]:
    """A transaction log: a table with voter key, action, field, old, new, time and provenance.

    Raises:
        InputError: a column is missing, or a row is none.
    """
    for number, row in _table(path, ("action",)):
        voter = _first(row, ("ncid", "voter", "voter_id", "key", "id"))
        try:
            action = Action(row["action"].strip().lower())
        except ValueError:
            raise InputError(
                f"the action {row['action']!r:.60} is none of add, change, remove",
                file=str(path),
                line=number,
            ) from None
        yield Transaction(
            voter=voter,
            action=action,
            column=_first(row, ("field", "column")),
            old=_first(row, ("old", "old_value")),
            new=_first(row, ("new", "new_value", "reason")),
            at=_time(_first(row, ("time", "at", "timestamp", "when")), path, number),
            operator=_first(row, ("operator", "user")),
            source=_first(row, ("source_addr", "source", "ip")),
            form=_first(row, ("form_id", "form")),
        )


def read_look_ups(path: Path) -> Iterator[LookUp]:
    """A look-up page's requests: time, source address, id."""
    for number, row in _table(path, ("time",)):
        at = _time(row["time"], path, number)
        source = _first(row, ("source_addr", "source", "ip"))
        voter = _first(row, ("voter_reg_num", "voter", "id"))
        if at is not None and source:
            yield LookUp(at, source, voter)


def read_weeks(path: Path) -> dict[str, list[peer_model.WeekCount]]:
    """Counts by class, county and week: county, week, registered, removed, changed_..."""
    classes: dict[str, list[peer_model.WeekCount]] = {}
    for number, row in _table(path, ("county", "week", "registered", "removed")):
        for name in row:
            if name not in _WEEKLY and not name.startswith("changed_"):
                continue
            try:
                week = peer_model.WeekCount(
                    row["county"], int(row["week"]), int(row["registered"]), int(row[name])
                )
            except ValueError:
                raise InputError("a count is a number", file=str(path), line=number) from None
            classes.setdefault(name, []).append(week)
    return classes


def _table(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    lines = _lines(path)()
    header = next(lines, b"").decode("utf-8-sig", "replace").rstrip("\r\n")
    separator = "\t" if "\t" in header else ","
    names = [name.strip().lower() for name in header.split(separator)]
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(
            f"no column {missing[0]!r}",
            file=str(path),
            line=1,
            remedy=f"The first line names the columns; seen: {', '.join(names)[:200]}",
        )
    for number, line in enumerate(lines, 2):
        if number > LOG_ROWS_MAX:
            raise InputError(f"more than {LOG_ROWS_MAX} rows", file=str(path))
        text = line[:LINE_BYTES_MAX].decode("utf-8", "replace").rstrip("\r\n")
        parts = text.split(separator) if '"' not in text else _quoted(text, separator)
        if len(parts) != len(names):
            raise InputError(
                f"{len(parts)} columns instead of {len(names)}", file=str(path), line=number
            )
        yield number, dict(zip(names, parts, strict=True))


def _quoted(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def _first(row: dict[str, str], names: Sequence[str]) -> str:
    return next((row[name].strip() for name in names if name in row), "")


def _time(text: str, path: Path, line: int) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{text[:40]!r} is no time",
            file=str(path),
            line=line,
            remedy="Write 2026-11-03T20:15:00",
        ) from None


def write_voters(path: Path, report: RollReport) -> None:
    """Write the voters' ids behind each signal, readable by this user only, and record that.

    The record stands beside the file, one line each time: when, by which user, how many.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    ids = {each.signal.value: list(each.voters) for each in report.findings if each.voters}
    record = {
        "at": format_time(now()),
        "user": getuser(),
        "file": path.name,
        "voters": len({voter for listed in ids.values() for voter in listed}),
    }
    try:
        _write_private(path.with_name("voters-shown.jsonl"), orjson.dumps(record) + b"\n", "ab")
        _write_private(path, orjson.dumps(ids, option=orjson.OPT_INDENT_2) + b"\n", "wb")
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}", remedy="Choose another place"
        ) from error


def _write_private(path: Path, data: bytes, mode: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if mode == "ab" else os.O_TRUNC)
    handle = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, mode) as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)

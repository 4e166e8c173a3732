"""A published file written in another format: figures, records or event logs, whole or not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.audit.cards import Cards
from detente.elections.records import (
    Records,
    is_dominion,
    is_report,
    print_choices,
    print_raire,
)
from detente.elections.records.raire_json import as_raire_problem
from detente.elections.results import (
    Device,
    Heading,
    Report,
    as_standard_log,
    as_standard_report,
    as_table,
    chained,
    is_event_log,
    read_events,
)
from detente.elections.rows import TOLD_MAX, near
from detente.errors import InputError
from detente.node.cvr_files import Format, format_of, located, read_records
from detente.node.result_reading import column_map, kind_of, read_figures, read_json
from detente.node.signed_figures import NO_OFFICES, sealed_by


class Form(StrEnum):
    """What can be written."""

    STANDARD = "1500-100"
    EVENTS = "1500-101"
    CSV = "csv"
    RAIRE = "raire"
    RAIRE_JSON = "raire-json"


@dataclass(frozen=True, slots=True)
class Converted:
    """A file in its new form.

    Attributes:
        pieces: its bytes.
        what: what it holds, in words.
        left_out: what was read and is not in it, in words.
    """

    pieces: Iterable[bytes]
    what: str
    left_out: tuple[str, ...]


Content = Sequence[Report] | Records | tuple[Device, ...]


def convert(
    path: Path,
    form: Form,
    heading: Heading,
    *,
    contest: str | None = None,
    columns: Path | None = None,
) -> Converted:
    """Read a file of any known format and write it in another; nothing is written of a bad one.

    Args:
        path: the file.
        form: what to write.
        heading: what a standard report says of itself.
        contest: the one contest to write; None: all.
        columns: which column is what, for tables.

    Raises:
        InputError: it cannot be read (all bad rows are told), or not be written in this form.
    """
    names = column_map(columns) if columns is not None else {}
    content = _read(path, names)
    try:
        if isinstance(content, Records):
            return _records(content, form, contest)
        if content and isinstance(content[0], Device):
            return _log([each for each in content if isinstance(each, Device)], form, heading)
        reports = [each for each in content if isinstance(each, Report)]
        if sealed_by(path, NO_OFFICES).is_rehearsal:
            reports = [replace(report, is_test=True) for report in reports]
        return _figures(_only(reports, contest), form, heading)
    except ElectionsError as error:
        raise located(error, path) from None


def _read(path: Path, names: Mapping[str, str]) -> Content:
    kind = kind_of(path)
    if kind == ".json":
        document = read_json(path)
        if is_event_log(document):
            try:
                return read_events(document)
            except ElectionsError as error:
                raise located(error, path) from None
        has_records = is_report(document) or is_dominion(document)
        return read_records(path) if has_records else read_figures(path)
    if _holds_records(path, names):
        return read_records(path, names or None)
    return read_figures(path, names)


def _holds_records(path: Path, names: Mapping[str, str]) -> bool:
    form, head = format_of(path)
    match form:
        case Format.RAIRE | Format.DOMINION:
            return True
        case Format.XML:
            return b"CastVoteRecordReport" in head
        case Format.JSON:
            return False
        case Format.TABLE:
            header = head.partition(b"\n")[0].lower().split(b",")
            return "card" in names or b"card" in [each.strip(b' "\r') for each in header]


def _records(records: Records, form: Form, contest: str | None) -> Converted:
    cards = [records.of(contest)] if contest is not None else list(records.contests.values())
    printers: dict[Form, Callable[[list[Cards]], Iterable[bytes]]] = {
        Form.RAIRE: print_raire,
        Form.CSV: print_choices,
        Form.RAIRE_JSON: _problem,
    }
    if form not in printers:
        raise _cannot(form, "records of cards", printers)
    pieces = list(printers[form](cards))
    return Converted(pieces, f"{sum(each.count for each in cards)} records", records.left_out)


def _problem(cards: list[Cards]) -> list[bytes]:
    if len(cards) != 1:
        raise ElectionsError(
            f"RAIRE's JSON holds one contest, and there are {len(cards)}",
            remedy="Name one with --contest",
        )
    return [_printed(as_raire_problem(cards[0]))]


def _log(devices: list[Device], form: Form, heading: Heading) -> Converted:
    if form is not Form.EVENTS:
        raise _cannot(form, "an event log", (Form.EVENTS,))
    hashed = [each for each in devices if any(event.hash for event in each.events)]
    left = tuple(f"{each.id}: hashes of its own making" for each in hashed if not each.is_chained)
    written = as_standard_log([chained(each) for each in devices], heading.generated)
    count = sum(len(each.events) for each in devices)
    return Converted([_printed(written)], f"{count} events", left)


def _only(reports: list[Report], contest: str | None) -> list[Report]:
    if contest is None:
        return reports
    named = {str(each) for report in reports for _, each in report.votes}
    if contest not in named:
        some = ", ".join(sorted(named)[:TOLD_MAX])
        raise ElectionsError(
            f"no contest {contest!r:.80} in it{near(contest, named)}",
            remedy=f"There are: {some[:400]}",
        )
    return [
        replace(
            report,
            votes={key: votes for key, votes in report.votes.items() if str(key[1]) == contest},
        )
        for report in reports
    ]


def _figures(reports: list[Report], form: Form, heading: Heading) -> Converted:
    left = tuple(f"{report.source}: {what}" for report in reports for what in report.left_out)
    count = sum(len(votes) for report in reports for votes in report.votes.values())
    match form:
        case Form.STANDARD:
            pieces = [_printed(as_standard_report(reports, heading))]
        case Form.CSV:
            pieces = [piece.encode() for piece in as_table(reports)]
        case _:
            raise _cannot(form, "figures", (Form.STANDARD, Form.CSV))
    test = ", of a rehearsal" if any(report.is_test for report in reports) else ""
    return Converted(pieces, f"{count} figures{test}", left)


def _cannot(form: Form, what: str, possible: Iterable[Form]) -> ElectionsError:
    return ElectionsError(
        f"{what} cannot be written as {form.value}",
        remedy=f"Possible: {', '.join(each.value for each in possible)}",
    )


def _printed(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def heading_of(issuer: str, election: str, day: str, now: datetime) -> Heading:
    """What a report says of itself; raises InputError for a day that is none."""
    try:
        datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise InputError(f"{day!r:.40} is no day", remedy="Write it as 2026-11-03") from None
    return Heading(issuer, election, day, now)

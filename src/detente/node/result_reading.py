"""A folder of one night: figures, event logs, who must report, and who signed what."""

import csv
import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.results import (
    Device,
    Difference,
    Expected,
    Level,
    Place,
    Report,
    is_event_log,
    read_clarity,
    read_events,
    read_report,
    read_report_xml,
    read_table,
)
from detente.elections.results.gathering import as_moment
from detente.elections.rows import Refused
from detente.errors import EnvironmentFault, InputError
from detente.node.cvr_files import located
from detente.node.office_signer import ENDING
from detente.node.signed_figures import Offices, sealed_by

FILE_BYTES_MAX = 1024 * 1024 * 1024
FILES_MAX = 1_000
EXPECTED = "expected"
"""A table of places that must report: county, precinct, telephone, closes, extended, devices."""
BEFORE = "before"
"""Figures of the last election, for the shape of these."""
COLUMN_MAP = "columns.json"
"""Which column is what, where tables do not name them as usual."""
_KINDS = (".csv", ".tsv", ".txt", ".xml", ".json")
_STANDARD = b"itl.nist.gov/ns/voting/1500-100"
_WORDS = {
    "tape": Level.TAPE,
    "public": Level.PUBLIC,
    "precinct": Level.PRECINCT,
    "county": Level.COUNTY,
    "state": Level.STATE,
}


@dataclass(slots=True)
class Night:
    """What a folder holds.

    Attributes:
        reports: the figures.
        before: those of the last election.
        expected: who must report.
        logs: event logs of devices, by file.
        broken: signatures that do not hold.
        notes: what was left out, or is unsigned.
    """

    reports: list[Report] = field(default_factory=list)
    before: list[Report] = field(default_factory=list)
    expected: dict[Place, Expected] = field(default_factory=dict)
    logs: dict[str, tuple[Device, ...]] = field(default_factory=dict)
    broken: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_night(folder: Path, offices: Offices) -> Night:
    """Read every file of a folder; one that cannot be read stops it all.

    Raises:
        InputError: no figures, or a file that cannot be read, with its lines.
    """
    if not folder.is_dir():
        raise InputError("no folder", file=str(folder), remedy="Name the folder with the figures")
    names = column_map(folder / COLUMN_MAP)
    night = Night()
    night.notes += _not_read(folder)
    for path in _files(folder):
        name = path.name.lower()
        if name.startswith(EXPECTED):
            night.expected |= read_expected(path)
        elif name.startswith(BEFORE):
            night.before += _figures(path, names, night)
        else:
            night.reports += [_sealed(each, path, offices, night) for each in _figures(path, names, night)]  # fmt: skip  # noqa: E501
    if not night.reports:
        raise InputError(
            "no figures in it",
            file=str(folder),
            remedy="Put tables (CSV), Clarity XML or SP 1500-100 there",
        )
    return night


def _sealed(report: Report, path: Path, offices: Offices, night: Night) -> Report:
    seal = sealed_by(path, offices)
    if seal.broken is not None and seal.broken not in night.broken:
        night.broken.append(seal.broken)
    if seal.note and seal.note not in night.notes:
        night.notes.append(seal.note)
    return replace(report, signed_by=seal.office, is_test=report.is_test or seal.is_rehearsal)


def _figures(path: Path, names: Mapping[str, str], night: Night) -> list[Report]:
    if kind_of(path) == ".json":
        document = read_json(path)
        if is_event_log(document):
            try:
                night.logs[path.name] = read_events(document)
            except ElectionsError as error:
                raise located(error, path) from None
            return []
        return _from_json(path, document)
    return read_figures(path, names)


def read_figures(path: Path, names: Mapping[str, str] | None = None) -> list[Report]:
    """Figures of one file: a table, Clarity's or SP 1500-100 XML, or SP 1500-100 JSON.

    Raises:
        InputError: it cannot be read; every bad row is told, and nothing is taken.
    """
    kind = kind_of(path)
    if kind == ".json":
        return _from_json(path, read_json(path))
    data = read_bytes(path)
    level = _level(path)
    try:
        if kind == ".xml":
            if _STANDARD in data[:4096] or b"<ElectionReport" in data[:4096]:
                return read_report_xml([data], path.name)
            return read_clarity(data, path.name)
        wanted = level if level in (Level.TAPE, Level.PUBLIC) else None
        return [read_table(data, path.name, level=wanted, names=names)]
    except ElectionsError as error:
        raise located(error, path) from None


def _from_json(path: Path, document: object) -> list[Report]:
    level = _level(path)
    try:
        reports = read_report(document, path.name)
    except ElectionsError as error:
        raise located(error, path) from None
    if level is Level.PUBLIC:
        return [replace(each, level=level) for each in reports]
    return reports


def _files(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.is_file() and kind_of(path))
    if len(paths) > FILES_MAX:
        raise InputError(f"more than {FILES_MAX} files", file=str(folder))
    return [path for path in paths if path.name != COLUMN_MAP and not path.name.endswith(ENDING)]


def _not_read(folder: Path) -> list[str]:
    """Files that lie beside the figures and are none, in words: a spreadsheet is easily missed."""
    others = sorted(path.name for path in folder.iterdir() if path.is_file() and not kind_of(path))
    return [
        f"{name}: left out: no table (CSV), XML or JSON"
        for name in others[:FILES_MAX]
        if not name.startswith(".")
    ]


def kind_of(path: Path) -> str:
    """The ending of a file's name that says how it is read; empty: none that is."""
    name = path.name.lower().removesuffix(".gz")
    return next((kind for kind in _KINDS if name.endswith(kind)), "")


def _level(path: Path) -> Level | None:
    """The level that a file's name says; for tables otherwise the columns decide."""
    name = path.name.lower()
    return next((level for word, level in _WORDS.items() if word in name), None)


def read_json(path: Path) -> object:
    """A JSON document; raises InputError."""
    try:
        return orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unpacked; raises InputError, EnvironmentFault."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if is_packed else file
            data = stream.read(FILE_BYTES_MAX + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"a broken gzip file: {error}", file=str(path)) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise InputError(
            f"more than {FILE_BYTES_MAX} bytes", file=str(path), remedy="Split it by county"
        )
    return data


def column_map(path: Path) -> Mapping[str, str]:
    """Which column is what; empty where there is no such file. Raises InputError."""
    if not path.exists():
        return {}
    document = read_json(path)
    if not isinstance(document, dict) or not all(
        isinstance(value, str) for value in document.values()
    ):
        raise InputError(
            "a column map is an object of texts",
            file=str(path),
            remedy='Write {"contest": "Race", "choice": "Name", "votes": "Count"}',
        )
    return document


def read_expected(path: Path) -> dict[Place, Expected]:
    """Who must report; raises InputError with every bad row."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        remedy = "Export the file again as UTF-8: a name read wrongly never reports"
        raise InputError("not UTF-8", file=str(path), line=line, remedy=remedy) from None
    reader = csv.reader(text.splitlines())
    header = [name.strip().lower() for name in next(reader, [])]
    if "precinct" not in header and "county" not in header:
        raise InputError(
            "no column county or precinct",
            file=str(path),
            line=1,
            remedy="Write county,precinct,telephone",
        )
    refused = Refused()
    expected: dict[Place, Expected] = {}
    for row in reader:
        said = dict(zip(header, (part.strip() for part in row), strict=False))
        if not any(said.values()):
            continue
        place = Place(said.get("county", ""), said.get("precinct", ""))
        if place in expected:
            refused.add(reader.line_num, f"{place} stands there a second time")
        closes, extended = (_moment(said, name, refused, reader.line_num) for name in _TIMES)
        devices = tuple(each.strip() for each in said.get("devices", "").split(";") if each.strip())
        expected[place] = Expected(said.get("telephone", ""), closes, extended, devices)
    try:
        refused.raise_if_any()
    except ElectionsError as error:
        raise located(error, path) from None
    return expected


_TIMES: Sequence[str] = ("closes", "extended")


def _moment(said: Mapping[str, str], name: str, refused: Refused, line: int) -> datetime | None:
    text = said.get(name, "")
    moment = as_moment(text)
    if text and moment is None:
        refused.add(line, f"{name}: {text!r:.40} is no moment such as 2026-11-03T20:00:00-05:00")
    return moment

"""A folder of published figures, from tape to public page: read, compared, said in one line."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.results import (
    Difference,
    Level,
    Place,
    Report,
    bounds,
    completeness,
    missing,
    monotone,
    read_clarity,
    read_report,
    read_table,
    rehearsals,
    roll_up,
    shifts,
    transit,
)
from detente.errors import EnvironmentFault, InputError

FILE_BYTES_MAX = 2 * 1024 * 1024 * 1024
FILES_MAX = 1_000
EXPECTED = "expected"
"""A table of places that must report: county, precinct, telephone."""
COLUMN_MAP = "columns.json"
"""Which column is what, where tables do not name them as usual."""
_KINDS = (".csv", ".tsv", ".txt", ".xml", ".json")
_WORDS = {
    "tape": Level.TAPE,
    "public": Level.PUBLIC,
    "precinct": Level.PRECINCT,
    "county": Level.COUNTY,
    "state": Level.STATE,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a folder came to.

    Attributes:
        line: the whole in one plain sentence.
        differences: everything that does not agree.
        notes: what was left out, or stands on one side only.
        reports: what was read, in the order of the chain.
    """

    line: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    reports: tuple[Report, ...]


def check_results(folder: Path) -> Checked:
    """Read every file of a folder and compare what follows each other in the chain.

    Raises:
        InputError: no figures, or a file that cannot be read: nothing of it is used then.
    """
    if not folder.is_dir():
        raise InputError("no folder", file=str(folder), remedy="Name the folder with the figures")
    names = _column_map(folder)
    reports: list[Report] = []
    expected: dict[Place, str] = {}
    for path in _files(folder):
        if path.name.lower().startswith(EXPECTED):
            expected |= _expected(path)
        else:
            reports += _read(path, names)
    if not reports:
        raise InputError(
            "no figures in it",
            file=str(folder),
            remedy="Put tables (CSV), Clarity XML or SP 1500-100 JSON there",
        )
    return _check(sorted(reports, key=lambda each: (each.level, each.source)), expected)


def _check(reports: Sequence[Report], expected: Mapping[Place, str]) -> Checked:
    real = [report for report in reports if not report.is_test]
    found = rehearsals(reports)
    notes = [f"{r.source}: left out: {what}" for r in reports for what in r.left_out]
    last = _latest(real)
    for inner, outer in _neighbours(last):
        found += _compare(inner, outer)
        notes += missing(inner, outer)
    public = [report for report in real if report.level is Level.PUBLIC]
    inside = [report for report in last if report.level is not Level.PUBLIC]
    if public and inside:
        found += transit(inside[-1], public)
    for earlier, later in _successive(real):
        found += monotone(earlier, later)
    for report in real:
        found += bounds(report)
    found += completeness(real, expected)
    return Checked(_line(found, real, expected), tuple(found), tuple(notes), tuple(reports))


def _compare(inner: Report, outer: Report) -> list[Difference]:
    moved = shifts(inner, outer)
    shifted = {each.place for each in moved}
    summed = roll_up(inner, outer)
    return moved + [each for each in summed if each.place.rpartition(": ")[0] not in shifted]


def _latest(real: Sequence[Report]) -> list[Report]:
    by_level: dict[Level, Report] = {}
    for report in real:
        by_level[report.level] = report
    return [by_level[level] for level in sorted(by_level)]


def _neighbours(last: Sequence[Report]) -> Iterator[tuple[Report, Report]]:
    inside = [report for report in last if report.level is not Level.PUBLIC]
    yield from pairwise(inside)


def _successive(real: Sequence[Report]) -> Iterator[tuple[Report, Report]]:
    for level in Level:
        if level is not Level.PUBLIC:
            yield from pairwise(report for report in real if report.level is level)


def _line(
    found: Sequence[Difference], real: Sequence[Report], expected: Mapping[Place, str]
) -> str:
    places = len({place for report in real for place in report.places() if place.precinct})
    votes = sum(abs(each.difference) for each in found)
    turning = sum(each.can_change_winner for each in found)
    if not found:
        what = f"All {places} precinct reports agree" if places else f"All {len(real)} files agree"
        return f"{what} along the chain."
    could = f"{turning} of them could change a winner" if turning else "no winner changes"
    return f"{len(found)} figures do not agree, {votes} votes in all; {could}."


def _files(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.is_file() and _kind(path))
    if len(paths) > FILES_MAX:
        raise InputError(f"more than {FILES_MAX} files", file=str(folder))
    return [path for path in paths if path.name != COLUMN_MAP]


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return next((kind for kind in _KINDS if name.endswith(kind)), "")


def _level(path: Path) -> Level | None:
    """The level that a file's name says; for tables otherwise the columns decide."""
    name = path.name.lower()
    return next((level for word, level in _WORDS.items() if word in name), None)


def _read(path: Path, names: Mapping[str, str]) -> list[Report]:
    data = _bytes(path)
    level = _level(path)
    kind = _kind(path)
    if kind == ".xml":
        reports = _naming(path, lambda: read_clarity(data, path.name))
    elif kind == ".json":
        reports = _naming(path, lambda: read_report(_json(data), path.name))
    else:
        wanted = level if level in (Level.TAPE, Level.PUBLIC) else None
        reports = _naming(path, lambda: [read_table(data, path.name, level=wanted, names=names)])
    return reports


def _naming(path: Path, read: Callable[[], list[Report]]) -> list[Report]:
    try:
        return read()
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None


def _json(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ElectionsError(f"line {error.lineno}: not JSON: {error.msg}") from None


def _bytes(path: Path) -> bytes:
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
        raise InputError(f"more than {FILE_BYTES_MAX} bytes", file=str(path))
    return data


def _column_map(folder: Path) -> Mapping[str, str]:
    path = folder / COLUMN_MAP
    if not path.exists():
        return {}
    try:
        document = orjson.loads(_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    if not isinstance(document, dict) or not all(
        isinstance(value, str) for value in document.values()
    ):
        raise InputError(
            "a column map is an object of texts",
            file=str(path),
            remedy='Write {"contest": "Race", "choice": "Name", "votes": "Count"}',
        )
    return document


def _expected(path: Path) -> dict[Place, str]:
    lines = _bytes(path).decode("utf-8-sig", "replace").splitlines()
    header = [name.strip().lower() for name in (lines[0] if lines else "").split(",")]
    if "precinct" not in header and "county" not in header:
        raise InputError(
            "no column county or precinct",
            file=str(path),
            line=1,
            remedy="Write county,precinct,telephone",
        )
    expected: dict[Place, str] = {}
    for line in lines[1:]:
        row = dict(zip(header, (part.strip() for part in line.split(",")), strict=False))
        if line.strip():
            place = Place(row.get("county", ""), row.get("precinct", ""))
            expected[place] = row.get("telephone", "")
    return expected

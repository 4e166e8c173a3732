"""Files that an analyst publishes, as STIX objects under the member's own identity.

STIX bundles and single objects, NDJSON, CSV with a header line, plain lists, events
of MISP. What others made is re-issued: the importer answers for it, the original stands in
`external_references` (trust.md, section 6). All of a file is taken or nothing,
and what is wrong with it is said for many lines at once.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from detente.errors import InputError, UnitError
from detente.exchange.misp.events import is_event
from detente.node.observables import PATHS, fault_of
from detente.node.outside import event_objects, is_authority_table, list_objects
from detente.signing import JsonError, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements import StixError
from detente.statements.bundle import parse_bundle, reissue
from detente.statements.stix import OBJECT_LIMITS, StixObject, encode_object, identity_of, name_uuid

_NAMESPACE = bytes.fromhex("8d2c3c5e5c1f5d0c9a57b1f7c2a4e610")
_COLUMNS = ("type", "value", "name", "description")
_NEEDED = frozenset(_COLUMNS[:2])
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})
_CASED = frozenset(("url", "email-addr"))  # of the others upper and lower case are one value
_FAULTS_SHOWN = 20
_OTHER_FORMAT = (
    "A STIX 2.1 bundle or object, or an event of MISP is expected; tables end in .csv, "
    "one object a line in .ndjson, one value a line in .txt"
)
_CORRECT = "Correct or remove them; nothing was published"

_Row = Mapping[str | None, str | list[str] | None]
_Source = TypeVar("_Source")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out of one file.

    Attributes:
        objects: checked, created by the member's own identity, each id once.
        reissued: how many were made by somebody else.
    """

    objects: tuple[StixObject, ...]
    reissued: int


def import_file(
    path: Path, data: bytes, *, member: str, now: datetime, source: str = ""
) -> Imported:
    """Read a file to publish, all of it or nothing.

    Args:
        path: decides the format by its suffix: .csv, .ndjson or .jsonl, .txt or .list (a value
            a line), else JSON: STIX, or an event of MISP.
        data: its bytes.
        member: hex member id of the importer.
        now: stands as created and modified where the source has no time.
        source: who outside said what stands in a list; its file name where not given.

    Raises:
        InputError: with the lines, or the numbers in the bundle, of what cannot be said.
    """
    match path.suffix.lower():
        case ".csv" if not is_authority_table(data):
            objects = _csv_objects(path, data, member, now)
        case ".csv" | ".txt" | ".list":
            objects = list_objects(path, data, member=member, source=source, now=now)
        case ".ndjson" | ".jsonl":
            lines = enumerate(data.splitlines(), start=1)
            objects = _each(
                path, ((number, line) for number, line in lines if line.strip()), _line_object
            )
        case _ if is_event(data):
            objects = event_objects(path, data, member=member, now=now)
        case _:
            objects = _bundle_objects(path, data)
    if not objects:
        raise InputError(
            "holds no STIX object", file=str(path), remedy="See `detente statement publish --help`"
        )
    try:
        own = reissue(_each_once(path, objects), member)
    except StixError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None
    made = {each.id for each in own} - {each.id for each in objects}
    return Imported(objects=own, reissued=len(made))


def _each_once(path: Path, objects: Iterable[StixObject]) -> list[StixObject]:
    """Drop exact repetitions; two versions of one object in one file are the analyst's choice."""
    by_id: dict[str, StixObject] = {}
    for each in objects:
        if by_id.setdefault(each.id, each).raw != each.raw:
            raise InputError(
                f"{each.id} stands in it twice with different content",
                file=str(path),
                remedy="Keep the version that you mean",
            )
    return list(by_id.values())


def _bundle_objects(path: Path, data: bytes) -> list[StixObject]:
    try:
        bundle = parse_bundle(data)
    except (JsonError, StixError) as error:
        raise InputError(error.message, file=str(path), remedy=_OTHER_FORMAT) from None
    if bundle.rejected:
        shown = "; ".join(
            f"object {bad.place}: {bad.reason}" for bad in bundle.rejected[:_FAULTS_SHOWN]
        )
        raise InputError(
            f"{len(bundle.rejected)} of its objects cannot be said: {shown}",
            file=str(path),
            remedy=_OTHER_FORMAT if not bundle.objects else _CORRECT,
        )
    return list(bundle.objects)


def _each(
    path: Path,
    sources: Iterable[tuple[int, _Source]],
    read: Callable[[_Source], StixObject],
) -> list[StixObject]:
    """Read every line, and say at once what is wrong with any of them."""
    objects: list[StixObject] = []
    faults: list[tuple[int, UnitError]] = []
    for line, source in sources:
        try:
            objects.append(read(source))
        except UnitError as error:
            faults.append((line, error))
    if faults:
        raise _faulty(path, faults)
    return objects


def _faulty(path: Path, faults: list[tuple[int, UnitError]]) -> InputError:
    line, first = faults[0]
    message = first.message
    if more := faults[1:_FAULTS_SHOWN]:
        message += "; " + "; ".join(f"line {number}: {error.message}" for number, error in more)
    if (hidden := len(faults) - _FAULTS_SHOWN) > 0:
        message += f"; and {hidden} lines more"
    return InputError(message, file=str(path), line=line, remedy=first.remedy or _CORRECT)


def _line_object(line: bytes) -> StixObject:
    value = parse_strict(line, OBJECT_LIMITS)
    if not isinstance(value, dict):
        raise StixError("a STIX object is a JSON object")
    return encode_object(value)


def _csv_objects(path: Path, data: bytes, member: str, now: datetime) -> list[StixObject]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "not text in UTF-8",
            file=str(path),
            line=line,
            remedy="Save the table as CSV in UTF-8",
        ) from None
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        table.fieldnames = _header(path, table.fieldnames or ())
        return _each(
            path,
            _numbered(table),
            lambda row: encode_object(_indicator(row, member=member, now=now)),
        )
    except csv.Error as error:
        raise InputError(
            f"not a CSV table: {error}",
            file=str(path),
            line=max(table.reader.line_num, 1),
            remedy="Look for a quotation mark that is not closed",
        ) from None


def _numbered(table: "csv.DictReader[str]") -> Iterator[tuple[int, _Row]]:
    for row in table:
        yield table.line_num, row


def _header(path: Path, given: Iterable[str]) -> list[str]:
    named = [name.strip().lower() for name in given]
    if missing := _NEEDED - set(named):
        wrong = f"the first line names no column {' or '.join(sorted(missing))}"
    elif unknown := sorted(set(named) - set(_COLUMNS)):
        # What is in it would silently not be said; it might be a label.
        wrong = f"the first line names a column {unknown[0][:40]!r} that would not be said"
    elif len(set(named)) != len(named):
        wrong = "the first line names a column twice"
    else:
        return named
    raise InputError(wrong, file=str(path), line=1, remedy=f"The columns are {', '.join(_COLUMNS)}")


def _indicator(row: _Row, *, member: str, now: datetime) -> dict[str, JsonValue]:
    if None in row:
        raise StixError(
            "more fields than columns", remedy='Put text that has commas in it in "quotes"'
        )
    cells = {name: str(row.get(name) or "").strip() for name in _COLUMNS}
    kind, value = cells["type"].lower(), cells["value"]
    if kind not in PATHS:
        raise StixError(f"type {kind[:40]!r}", remedy=f"A type is one of {', '.join(PATHS)}")
    if kind not in _CASED:
        value = value.lower()
    if wrong := fault_of(kind, value):
        raise StixError(f"{kind} {value[:80]!r} {wrong}", remedy=_CORRECT)
    pattern = f"[{PATHS[kind]} = '{value.translate(_ESCAPES)}']"
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made: dict[str, JsonValue] = {
        "type": "indicator",
        "spec_version": "2.1",
        # The same row said again is a new version of the same object.
        "id": f"indicator--{name_uuid(_NAMESPACE, member + pattern)}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "valid_from": moment,
        "pattern": pattern,
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
    }
    return made | {name: cells[name] for name in _COLUMNS[2:] if cells[name]}

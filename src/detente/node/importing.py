"""Files that an analyst publishes, as STIX objects under the member's own identity.

STIX bundles and single objects, NDJSON, CSV with a header line. What others
made is re-issued: the importer answers for it, the original stands in
`external_references` (trust.md, section 6).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detente.errors import InputError, UnitError
from detente.signing import JsonError, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements import StixError
from detente.statements.bundle import parse_bundle, reissue
from detente.statements.stix import OBJECT_LIMITS, StixObject, encode_object, identity_of, name_uuid

_NAMESPACE = bytes.fromhex("8d2c3c5e5c1f5d0c9a57b1f7c2a4e610")
_COLUMNS = frozenset({"type", "value"})
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})

# CSV `type` column -> the object path its value is compared with.
_PATHS: Mapping[str, str] = {
    "ipv4-addr": "ipv4-addr:value",
    "ipv6-addr": "ipv6-addr:value",
    "domain-name": "domain-name:value",
    "url": "url:value",
    "email-addr": "email-addr:value",
    "md5": "file:hashes.MD5",
    "sha1": "file:hashes.'SHA-1'",
    "sha256": "file:hashes.'SHA-256'",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out of one file.

    Attributes:
        objects: checked, created by the member's own identity, each id once.
        reissued: how many were made by somebody else.
    """

    objects: tuple[StixObject, ...]
    reissued: int


def import_file(path: Path, data: bytes, *, member: str, now: datetime) -> Imported:
    """Read a file to publish, all of it or nothing.

    Args:
        path: decides the format by its suffix: .csv, .ndjson or .jsonl, else STIX JSON.
        data: its bytes.
        member: hex member id of the importer.
        now: stands as created and modified where the source has no time.

    Raises:
        InputError: with the line, or the number in the bundle, of what cannot be said.
    """
    match path.suffix.lower():
        case ".csv":
            objects = list(_csv_objects(path, data, member, now))
        case ".ndjson" | ".jsonl":
            objects = list(_line_objects(path, data))
        case _:
            objects = _bundle_objects(path, data)
    if not objects:
        raise InputError("holds no STIX object", file=str(path))
    own = reissue({each.id: each for each in objects}.values(), member)
    made = {each.id for each in own} - {each.id for each in objects}
    return Imported(objects=own, reissued=len(made))


def _bundle_objects(path: Path, data: bytes) -> list[StixObject]:
    try:
        bundle = parse_bundle(data)
    except (JsonError, StixError) as error:
        raise InputError(
            error.message, file=str(path), remedy="A STIX 2.1 bundle or object is expected"
        ) from None
    if bundle.rejected:
        shown = "; ".join(f"object {bad.place}: {bad.reason}" for bad in bundle.rejected[:20])
        raise InputError(
            f"{len(bundle.rejected)} of its objects cannot be said: {shown}",
            file=str(path),
            remedy="Correct or remove them; nothing was published",
        )
    return list(bundle.objects)


def _line_objects(path: Path, data: bytes) -> Iterator[StixObject]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield _checked(path, number, line)


def _checked(path: Path, line: int, value: bytes | dict[str, JsonValue]) -> StixObject:
    try:
        made = parse_strict(value, OBJECT_LIMITS) if isinstance(value, bytes) else value
        if not isinstance(made, dict):
            raise StixError("a STIX object is a JSON object")
        return encode_object(made)
    except UnitError as error:
        raise InputError(error.message, file=str(path), line=line, remedy=error.remedy) from None


def _csv_objects(path: Path, data: bytes, member: str, now: datetime) -> Iterator[StixObject]:
    try:
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        named = frozenset(table.fieldnames or ())
        if missing := _COLUMNS - named:
            raise InputError(
                f"the first line names no column {' or '.join(sorted(missing))}",
                file=str(path),
                line=1,
                remedy="For example: type,value,name",
            )
        for row in table:
            indicator = _indicator(path, table.line_num, row, member=member, now=now)
            yield _checked(path, table.line_num, indicator)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not a CSV file in UTF-8: {error}", file=str(path)) from None


def _indicator(
    path: Path, line: int, row: Mapping[str, str | None], *, member: str, now: datetime
) -> dict[str, JsonValue]:
    kind, value = (row.get("type") or "").strip().lower(), (row.get("value") or "").strip()
    if kind not in _PATHS or not value:
        raise InputError(
            f"type {kind[:40]!r} with value {value[:60]!r}",
            file=str(path),
            line=line,
            remedy=f"A type is one of {', '.join(_PATHS)}; a value is not empty",
        )
    pattern = f"[{_PATHS[kind]} = '{value.translate(_ESCAPES)}']"
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
    for name in ("name", "description"):
        if text := (row.get(name) or "").strip():
            made[name] = text
    return made

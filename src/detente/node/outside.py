"""Files of others that are no STIX: MISP events, plain lists, indicator tables of authorities.

Each becomes indicators of the importer with the outside source named, so that it
counts once whoever imports it (trust.md, section 6).
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detente.errors import InputError
from detente.exchange.misp.errors import MispError
from detente.exchange.misp.events import parse_event
from detente.exchange.misp.translation import objects_of_event
from detente.signing import JsonError
from detente.signing.canonical import JsonValue
from detente.statements import StixError
from detente.statements.stix import StixObject, encode_object, identity_of, name_uuid
from detente.watch import CLAIM_EXTENSION, Basis, Item, claim_extension, make_item
from detente.watch.values import network_of, pattern_of, why_unspecific

_NAMESPACE = bytes.fromhex("5be3a1d07c5f5e4c8e2b90f1a6d34c77")
_VALUE_COLUMN = "INDICATOR_VALUE"  # of the tables of the United States' CISA and its forerunners
_TABLE_PATHS: Mapping[str, str] = {
    "IPV4ADDR": "ipv4-addr:value",
    "IPV6ADDR": "ipv6-addr:value",
    "FQDN": "domain-name:value",
    "URL": "url:value",
    "EMAIL": "email-addr:value",
    "MD5": "file:hashes.MD5",
    "SHA1": "file:hashes.SHA-1",
    "SHA256": "file:hashes.SHA-256",
}
_HASH_PATHS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
# Some rows of JAR-16-20296A have no value and name the hash here.
_COMMENTED_HASH = re.compile(r"(MD5|SHA1|SHA256):([0-9A-Fa-f]+)", re.ASCII)
_COMMENT = re.compile(r"(?:^|\s)[#;].*")
_DEFANGED = (("[.]", "."), ("(.)", "."), ("[:]", ":"), ("hxxp", "http"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list or table.

    Attributes:
        number: 0-based, a head line not counted.
        line: of the file, from 1.
        item: the value, None where the line holds none that can be looked for.
        text: as written.
        about: free text of the row.
    """

    number: int
    line: int
    item: Item | None
    text: str
    about: str


def is_authority_table(data: bytes) -> bool:
    """Say whether a CSV file is an indicator table as CISA publishes them."""
    head = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    return head.startswith(_VALUE_COLUMN.encode())


def rows_of(path: Path, data: bytes) -> list[Row]:
    """Read the rows of a plain list or an indicator table, the useless ones too.

    Raises:
        InputError: not text in UTF-8, or no table.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "not text in UTF-8", file=str(path), line=line, remedy="Save it in UTF-8"
        ) from None
    if not is_authority_table(data):
        return list(_list_rows(text))
    try:
        return list(_table_rows(text))
    except csv.Error as error:
        raise InputError(
            f"not a CSV table: {error}",
            file=str(path),
            remedy="Look for a quotation mark that is not closed",
        ) from None


def list_objects(
    path: Path, data: bytes, *, member: str, source: str, now: datetime
) -> list[StixObject]:
    """Return the indicators of a plain list or table; a value that stands in it twice is one.

    Raises:
        InputError: it cannot be read, or a line holds no value.
    """
    rows = rows_of(path, data)
    for row in rows:
        # Tables of authorities have rows that name a file and no value: nothing to look for.
        if row.item is None and row.text:
            raise InputError(
                f"{row.text[:80]!r} is no address, name, URL or hash",
                file=str(path),
                line=row.line,
                remedy="Correct or remove it; nothing was published",
            )
    items = dict.fromkeys((row.item, row.about) for row in rows if row.item is not None)
    first: dict[Item, str] = {}
    for item, about in items:
        first.setdefault(item, about)
    return [
        encode_object(_indicator(item, about, member, source or path.name, now))
        for item, about in first.items()
    ]


def event_objects(path: Path, data: bytes, *, member: str, now: datetime) -> list[StixObject]:
    """Return a MISP event as indicators and a report.

    Raises:
        InputError: no event, or one that cannot be said.
    """
    try:
        event = parse_event(data)
        return [encode_object(each) for each in objects_of_event(event, member=member, now=now)]
    except (MispError, JsonError, StixError) as error:
        remedy = error.remedy or "Export it from MISP once more; nothing was published"
        raise InputError(error.message, file=str(path), remedy=remedy) from None


def grounded(
    objects: tuple[StixObject, ...], basis: Basis, *, source: str = "", handshake: bool = False
) -> tuple[StixObject, ...]:
    """Say on what indicators rest, where they do not say it themselves.

    Raises:
        UnitError: one grows beyond the limits.
    """
    return tuple(
        _with_ground(each, basis, source, handshake=handshake) if _is_silent(each) else each
        for each in objects
    )


def _is_silent(stix_object: StixObject) -> bool:
    extensions = stix_object.properties.get("extensions")
    told = isinstance(extensions, dict) and CLAIM_EXTENSION in extensions
    return stix_object.type == "indicator" and not told


def _with_ground(
    stix_object: StixObject, basis: Basis, source: str, *, handshake: bool
) -> StixObject:
    properties = dict(stix_object.properties)
    extensions = properties.get("extensions")
    kept = dict(extensions) if isinstance(extensions, dict) else {}
    said = claim_extension(basis, handshake=handshake, source=source)
    return encode_object(properties | {"extensions": kept | said})


def _indicator(
    item: Item, about: str, member: str, source: str, now: datetime
) -> dict[str, JsonValue]:
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made: dict[str, JsonValue] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{name_uuid(_NAMESPACE, f'{member} {source} {item.path} {item.value}')}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "valid_from": moment,
        "pattern": pattern_of(item),
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
        "external_references": [{"source_name": source}],
        "extensions": claim_extension(Basis.IMPORT, source=source),
    }
    return made | ({"description": about[:4_096]} if about else {})


def _list_rows(text: str) -> Iterator[Row]:
    number = 0
    for line, written in enumerate(text.splitlines(), start=1):
        value = _COMMENT.sub("", written).strip()
        if value:
            yield Row(number, line, guess_item(value), value, "")
            number += 1


def _table_rows(text: str) -> Iterator[Row]:
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for number, row in enumerate(table):
        value, kind = row.get(_VALUE_COLUMN) or "", (row.get("TYPE") or "").strip().upper()
        in_comment = _COMMENTED_HASH.fullmatch((row.get("COMMENT") or "").strip())
        if not value and in_comment is not None:
            kind, value = in_comment.groups()
        path = _TABLE_PATHS.get(kind)
        item = None if path is None else make_item(path, _refanged(value))
        is_useless = item is None or why_unspecific(item)
        about = " ".join((row.get("DESCRIPTION") or "").split())
        yield Row(number, table.line_num, None if is_useless else item, value, about)


def guess_item(written: str) -> Item | None:
    """Return what a value written without its type is, None where it is nothing."""
    value = _refanged(written)
    for recognise in _GUESSES:
        path = recognise(value)
        if path:
            item = make_item(path, value)
            return None if why_unspecific(item) else item
    return None


def _refanged(value: str) -> str:
    for written, meant in _DEFANGED:
        value = value.replace(written, meant)
    return value.strip()


def _as_address(value: str) -> str:
    net = network_of(value)
    return "" if net is None else f"ipv{net.version}-addr:value"


def _as_hash(value: str) -> str:
    name = _HASH_PATHS.get(len(value)) if _HEX.fullmatch(value) else None
    return f"file:hashes.{name}" if name else ""


def _as_url(value: str) -> str:
    return "url:value" if "/" in value else ""


def _as_mail(value: str) -> str:
    return "email-addr:value" if "@" in value else ""


def _as_name(value: str) -> str:
    return "domain-name:value" if "." in value else ""


_GUESSES: tuple[Callable[[str], str], ...] = (_as_address, _as_hash, _as_url, _as_mail, _as_name)

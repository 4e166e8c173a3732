"""Entries as STIX objects: a note in words that any tool shows, and the entry in an extension.

Follows: STIX 2.1, 4.12 (note) and 7.3 (property extensions).
"""

from collections.abc import Mapping
from datetime import datetime

from detente.response.entries import Entry, read_entry
from detente.response.errors import EntryError
from detente.response.forms import Sort
from detente.signing.canonical import JsonValue
from detente.statements.kinds import Kind
from detente.statements.stix import StixObject, encode_object, identity_of, name_uuid

ENTRY_EXTENSION = "extension-definition--5b0e9c1a-5c6f-4f0d-9d3b-7d1c86a0f2e4"
_NAMESPACE = bytes.fromhex("9a1be1c05d7f5b5a8f0e3c64d2f7710c")
_KINDS: Mapping[Sort, Kind] = {
    Sort.CASE: Kind.CASE,
    Sort.ACCORD: Kind.ACCORD,
    Sort.QUESTION: Kind.QUESTION,
    Sort.ATTRIBUTION: Kind.CLAIM,
}
ENTRY_KINDS = (Kind.ACCORD, Kind.CASE, Kind.CLAIM, Kind.NOTE, Kind.QUESTION, Kind.TASK)


def kind_of(entry: Entry) -> Kind:
    """Return the kind of statement that carries an entry."""
    if entry.sort is Sort.CASE and entry.act in ("task", "progress"):
        return Kind.TASK
    if entry.sort is Sort.QUESTION and not entry.opens:
        return Kind.NOTE  # an answer asks nothing
    return _KINDS.get(entry.sort, Kind.NOTE)


def due_of(entry: Entry) -> datetime | None:
    """Return until when a question runs, for the handling; None for everything else."""
    return entry.moment("due") if kind_of(entry) is Kind.QUESTION else None


def entry_object(entry: Entry) -> StixObject:
    """Return the note that carries an entry.

    Raises:
        StixError: words that no note takes.
    """
    moment = entry.at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    creator = identity_of(entry.author)
    extension: dict[str, JsonValue] = {
        "extension_type": "property-extension",
        "entry": entry.to_json(),
    }
    return encode_object(
        {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{name_uuid(_NAMESPACE, entry.digest)}",
            "created_by_ref": creator,
            "created": moment,
            "modified": moment,
            "content": in_words(entry),
            "object_refs": [creator],
            "extensions": {ENTRY_EXTENSION: extension},
        }
    )


def entry_in(found: StixObject, *, issuer: str) -> Entry | None:
    """Return the entry that an object of a statement carries, None where it carries none.

    Args:
        found: the object, verified as part of the statement.
        issuer: who signed the statement.

    Raises:
        EntryError: it carries one that is malformed, or that is another member's.
    """
    extensions = found.properties.get("extensions")
    extension = extensions.get(ENTRY_EXTENSION) if isinstance(extensions, dict) else None
    if found.type != "note" or not isinstance(extension, dict):
        return None
    entry = read_entry(extension.get("entry"))
    if entry.author != issuer:
        raise EntryError(f"an entry of {entry.author[:16]}… in a statement of {issuer[:16]}…")
    return entry


def in_words(entry: Entry) -> str:
    """Return what an entry says, in words for people."""
    parts = [
        f"{name}: {_shown(entry.body[name])}"
        for name in sorted(entry.body)
        if name not in ("nonce", "with", "tlp", "words", "title")
    ]
    head = entry.text("title") or entry.text("words")
    rest = entry.text("words") if entry.text("title") else ""
    return "\n".join(each for each in (f"{entry.sort} {entry.act}: {head}", rest, *parts) if each)


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure}" for name, figure in value.items()) or "none"
    return str(value)

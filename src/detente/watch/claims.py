"""From a STIX object to claims about values, and the extension that says what a claim rests on.

STIX has no word for "I detected this harm myself". The extension below adds it
to indicators and sightings; without it an indicator alerts and counts as no origin.
A sighting counts only for the values it names itself: the id it refers to may be
used by more than one issuer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from detente.signing.canonical import JsonValue
from detente.statements.stix import StixObject
from detente.watch.model import Basis, Claim, Item, Said
from detente.watch.values import items_of_pattern

CLAIM_EXTENSION = "extension-definition--42142add-3a97-477b-b317-c1e291692eba"
UNNAMED_SOURCE = "an unnamed source"
SOURCE_CHARS_MAX = 256
_REISSUED = re.compile(r"Re-issued; created by (identity--[0-9a-f-]{36}|an unnamed source)")
_BASES = {basis.value: basis for basis in Basis}


def claim_extension(
    basis: Basis, *, handshake: bool = False, source: str = "", pattern: str = ""
) -> dict[str, JsonValue]:
    """Return the `extensions` property that says what an object rests on.

    Args:
        basis: of the claim.
        handshake: a completed handshake was seen.
        source: who outside said it, for an import.
        pattern: for a sighting, the STIX pattern of what was seen.
    """
    said: dict[str, JsonValue] = {"extension_type": "property-extension", "basis": basis.value}
    if handshake:
        said["handshake"] = True
    if source:
        said["source"] = source[:SOURCE_CHARS_MAX]
    if pattern:
        said["pattern"] = pattern
    return {CLAIM_EXTENSION: said}


def claims_of(leaf: int, stix_object: StixObject, said: Said) -> tuple[Claim, ...]:
    """Return what one object of a statement claims; nothing for objects that claim nothing.

    Raises:
        PatternError: a sighting whose pattern is none.
    """
    extension = _extension(stix_object.properties)
    properties = stix_object.properties
    if stix_object.type == "indicator" and properties.get("pattern_type") == "stix":
        pattern, start = stix_object.text("pattern") or "", "valid_from"
    elif stix_object.type == "sighting" and isinstance(extension.get("pattern"), str):
        pattern, start = str(extension["pattern"]), "last_seen"
    else:
        return ()
    basis, source = _rests_on(stix_object, extension)
    until = stix_object.text("valid_until")
    return tuple(
        Claim(
            said=said,
            leaf=leaf,
            subject=stix_object.id,
            version=stix_object.version,
            item=item,
            basis=basis,
            source=source,
            handshake=extension.get("handshake") is True,
            since=_moment(stix_object.text(start)) or said.taken,
            until=_moment(until),
            revoked=stix_object.revoked,
        )
        for item in items_of_pattern(pattern)
    )


def is_false_positive(stix_object: StixObject) -> bool:
    """Say whether a sighting reports that what was named is harmless: seen zero times."""
    count = stix_object.properties.get("count")
    return stix_object.type == "sighting" and type(count) is int and count == 0


def named_in(stix_object: StixObject) -> tuple[Item, ...]:
    """Return the values that a note or sighting of an objection restricts it to.

    Raises:
        PatternError: it names them in no pattern.
    """
    pattern = _extension(stix_object.properties).get("pattern")
    if stix_object.type not in ("note", "sighting") or not isinstance(pattern, str):
        return ()
    return items_of_pattern(pattern)


def items_of(claims: Iterable[Claim]) -> tuple[Item, ...]:
    """Return the values of claims, each once, ascending."""
    return tuple(sorted({claim.item for claim in claims}))


def _rests_on(stix_object: StixObject, extension: Mapping[str, JsonValue]) -> tuple[Basis, str]:
    """Return what an object rests on; what was re-issued is imported, whatever it says."""
    creator = _original_creator(stix_object.properties.get("external_references"))
    source = extension.get("source")
    named = source.strip().casefold()[:SOURCE_CHARS_MAX] if isinstance(source, str) else ""
    if creator is not None:
        # Who created the original is known better than what the importer calls it.
        return Basis.IMPORT, creator if creator != UNNAMED_SOURCE else named or UNNAMED_SOURCE
    basis = _BASES.get(str(extension.get("basis")), Basis.UNSTATED)
    if basis is Basis.IMPORT:
        return basis, named or UNNAMED_SOURCE
    if stix_object.type == "sighting" and basis is Basis.UNSTATED:
        return Basis.MATCH, ""
    return basis, ""


def _original_creator(references: JsonValue) -> str | None:
    entries: Sequence[JsonValue] = references if isinstance(references, list) else ()
    for entry in entries:
        described = entry.get("description") if isinstance(entry, dict) else None
        found = _REISSUED.fullmatch(described) if isinstance(described, str) else None
        if found is not None:
            return found[1]
    return None


def _extension(properties: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    extensions = properties.get("extensions")
    found = extensions.get(CLAIM_EXTENSION) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) else {}


def _moment(text: str | None) -> datetime | None:
    """Return a checked STIX time in whole seconds: decisions compare days, not fractions."""
    return None if text is None else datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)

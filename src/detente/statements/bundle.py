"""Bundles in and out, and what becomes of other people's objects.

Whoever imports an object answers for it: it is re-issued under the importer's
identity, and the original is named in external_references (trust.md, section 6).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from detente.errors import UnitError
from detente.signing import JsonLimits, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements.errors import StixError
from detente.statements.stix import StixObject, encode_object, identity_of, name_uuid
from detente.statements.stix_properties import is_identifier
from detente.statements.stix_types import CUSTOM, TYPES, Family

BUNDLE_LIMITS = JsonLimits(size_bytes=64 * 1024 * 1024, depth=34, values=4_000_000)
_REISSUE_NAMESPACE = bytes.fromhex("b7f1c0c24b0e5d8aa4c61c9e07d3f5a2")
_REFERS = ("_ref", "_refs")
_REISSUED = "Re-issued; created by "
_KEPT_TYPES = frozenset(("marking-definition", "extension-definition"))


@dataclass(frozen=True, slots=True)
class RejectedObject:
    """An object of a bundle that is not taken; the others are.

    Attributes:
        place: its number in the bundle, from 0.
        reason: what is wrong with it.
    """

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a STIX document held.

    Attributes:
        objects: the valid ones, in order.
        rejected: the others.
    """

    objects: tuple[StixObject, ...]
    rejected: tuple[RejectedObject, ...]


def parse_bundle(data: bytes) -> Bundle:
    """Read a STIX 2.1 bundle, or a single object, of at most 64 MiB.

    Raises:
        JsonError: not strict JSON, or over the limits.
        StixError: neither a bundle nor an object.
    """
    value = parse_strict(data, BUNDLE_LIMITS)
    if not isinstance(value, dict):
        raise StixError("a STIX document is a JSON object")
    items: JsonValue = [value]
    if value.get("type") == "bundle":
        if not is_identifier(value.get("id")) or not str(value["id"]).startswith("bundle--"):
            raise StixError("a bundle has an id `bundle--UUID`")
        items = value.get("objects", [])
    if not isinstance(items, list):
        raise StixError("the objects of a bundle are a list")
    objects: list[StixObject] = []
    rejected: list[RejectedObject] = []
    for place, item in enumerate(items):
        try:
            objects.append(encode_object(item if isinstance(item, dict) else {}))
        except UnitError as error:
            rejected.append(RejectedObject(place=place, reason=error.message))
    return Bundle(objects=tuple(objects), rejected=tuple(rejected))


def print_bundle(objects: Iterable[StixObject], uuid: str) -> bytes:
    """Return the RFC 8785 bytes of a bundle.

    Raises:
        StixError: `uuid` is none.
    """
    identifier = f"bundle--{uuid}"
    if not is_identifier(identifier):
        raise StixError(f"{uuid[:40]!r} is no UUID")
    raw = b",".join(each.raw for each in objects)
    return b'{"id":"%b","objects":[%b],"type":"bundle"}' % (identifier.encode(), raw)


def reissue(
    objects: Iterable[StixObject], member: str, *, earlier: Collection[str] = ()
) -> tuple[StixObject, ...]:
    """Say other people's objects under a member's own identity.

    Ids are UUIDv5 of (importer, original id), so importing a newer version of
    the original gives a newer version of the same object. Observables, marking
    and extension definitions have no author to replace and stay; so do the
    member's own objects. References among the objects follow.

    Args:
        objects: as they came.
        member: hex member id of the importer.
        earlier: ids of originals that were re-issued before; references to them follow too.

    Raises:
        StixError: an object grows beyond the limits.
    """
    originals = [each.properties for each in objects]
    names = {each: reissued_id(each, member) for each in earlier}
    names |= {
        str(each["id"]): reissued_id(str(each["id"]), member)
        for each in originals
        if is_foreign(each, member)
    }
    return tuple(encode_object(reissued(each, member, names)) for each in originals)


def is_foreign(properties: Mapping[str, JsonValue], member: str) -> bool:
    """Say whether an object has an author, and that author is not this member's identity."""
    object_type = str(properties.get("type"))
    if TYPES.get(object_type, CUSTOM).family is Family.OBSERVABLE or object_type in _KEPT_TYPES:
        return False
    return properties.get("created_by_ref") != identity_of(member)


def reissued_id(identifier: str, member: str) -> str:
    """Return the id under which a member re-issues the object with this id."""
    kind = identifier.partition("--")[0]
    return f"{kind}--{name_uuid(_REISSUE_NAMESPACE, identity_of(member) + identifier)}"


def original_id(properties: Mapping[str, JsonValue]) -> str | None:
    """Return the id of the original of a re-issued object, None for any other."""
    references = properties.get("external_references")
    for each in reversed(references if isinstance(references, list) else []):
        named = each.get("external_id") if isinstance(each, dict) else None
        words = each.get("description") if isinstance(each, dict) else None
        if isinstance(words, str) and isinstance(named, str) and words.startswith(_REISSUED):
            return named
    return None


def reissued(
    properties: Mapping[str, JsonValue], member: str, names: Mapping[str, str]
) -> dict[str, JsonValue]:
    """Return an object as a member says it under its own identity, not checked yet.

    Args:
        properties: of the original.
        member: hex member id of the importer.
        names: id of an original -> id it is re-issued under; the object's own, where it
            is foreign, and those it refers to.
    """
    made = _renamed_members(properties, names)
    if not is_foreign(properties, member):
        return made
    references = made.get("external_references")
    origin: dict[str, JsonValue] = {
        "source_name": "stix",
        "external_id": properties["id"],
        "description": f"{_REISSUED}{properties.get('created_by_ref') or 'an unnamed source'}",
    }
    made["external_references"] = [*(references if isinstance(references, list) else []), origin]
    made["id"] = names[str(properties["id"])]
    made["created_by_ref"] = identity_of(member)
    return made


def _renamed_members(
    properties: Mapping[str, JsonValue], names: Mapping[str, str]
) -> dict[str, JsonValue]:
    # Most members are texts that refer to nothing; they are not looked at twice.
    made = dict(properties)
    for name, value in properties.items():
        refers = name.endswith(_REFERS)
        if refers or type(value) is not str:
            made[name] = _renamed(value, names, refers=refers)
    return made


def _renamed(value: JsonValue, names: Mapping[str, str], *, refers: bool) -> JsonValue:
    match value:
        case str():
            return names.get(value, value) if refers else value
        case list():
            return [
                _renamed(each, names, refers=refers) if refers or type(each) is not str else each
                for each in value
            ]
        case dict():
            return _renamed_members(value, names)
        case _:
            return value

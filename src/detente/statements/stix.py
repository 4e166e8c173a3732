"""STIX 2.1 objects as frozen values: checked once, their bytes kept as they came.

What is known is checked; what is not known is carried along unchanged, so a
node that does not understand an extension does not damage it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha1
from types import MappingProxyType

from detente.signing import JsonLimits, canonical_and_parsed, parse_canonical
from detente.signing.canonical import JsonValue
from detente.statements.content import OBJECT_BYTES_MAX
from detente.statements.errors import PatternError, StixError
from detente.statements.pattern import parse_pattern, single_equality
from detente.statements.stix_properties import (
    CHECKS,
    IDENTIFIER,
    is_identifier,
    is_identifiers,
    time_order,
)
from detente.statements.stix_types import CUSTOM, TYPES, Family, Properties, TypeRule
from detente.statements.times import CLOCK_SKEW

OBJECT_LIMITS = JsonLimits(size_bytes=OBJECT_BYTES_MAX, depth=32, values=16_384)
VALIDITY_MAX = timedelta(days=5 * 366)
EARLIEST = "1970-01-01T00:00:00"
_IDENTITY_NAMESPACE = bytes.fromhex("5f0c9b0e7d1b5a0f9e6e2c4a8f3d7b61")
_WITHOUT_AUTHOR = frozenset(
    name for name, rule in TYPES.items() if rule.family is Family.OBSERVABLE
) | {"marking-definition"}
_MOMENTS = ("created", "modified", "published", "first_observed", "last_observed")

_VALIDITY = ("valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class StixObject:
    """One checked object.

    Attributes:
        type: such as `indicator`.
        id: `type--UUID`.
        raw: the RFC 8785 bytes; what a leaf carries.
        properties: all of them, decoded, the unknown ones too.
    """

    type: str
    id: str
    raw: bytes
    properties: Mapping[str, JsonValue]

    @property
    def family(self) -> Family:
        """Domain object, relationship, observable, meta or custom."""
        return TYPES.get(self.type, CUSTOM).family

    @property
    def created_by(self) -> str | None:
        """Identity that made it, where one is named."""
        return self.text("created_by_ref")

    @property
    def revoked(self) -> bool:
        """True where its creator took it back."""
        return self.properties.get("revoked") is True

    @property
    def version(self) -> tuple[str, str]:
        """A key by which versions of one id sort: its modified time, or nothing."""
        return time_order(self.text("modified") or EARLIEST + "Z")

    def text(self, name: str) -> str | None:
        """Return a property that is a text."""
        value = self.properties.get(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How late a time may be, worked out once from the clock.

    Attributes:
        said: latest for what has happened: now and the clock skew.
        valid: latest for what may be foreseen: five years.
    """

    said: str
    valid: str

    @classmethod
    def at(cls, now: datetime) -> "TimeLimits":
        """Return the limits at an aware moment."""
        return cls(
            said=(now + CLOCK_SKEW).strftime("%Y-%m-%dT%H:%M:%S"),
            valid=(now + VALIDITY_MAX).strftime("%Y-%m-%dT%H:%M:%S"),
        )

    def check_shape(self, identifier: str, times: tuple[str, ...]) -> None:
        """Check created, modified, valid_from and valid_until, each pair already in order.

        Raises:
            StixError: as `check_said` and `check_valid`.
        """
        created, modified, start, until = times
        # A seconds text with "~" sorts behind every fraction of that second.
        if not (created >= EARLIEST and modified <= self.said + "~"):
            self.check_said(identifier, created, modified)
        if not (start >= EARLIEST and until <= self.valid + "~"):
            self.check_valid(identifier, start, until)

    def check_said(self, identifier: str, *moments: str) -> None:
        """Refuse a moment ahead of our clock or before 1970.

        Raises:
            StixError: it is.
        """
        for moment in moments:
            if not EARLIEST <= moment[:19] <= self.said:
                raise StixError(
                    f"{identifier} names {moment}, outside 1970 to {self.said}Z",
                    remedy="If the clock of this node is wrong, `detente doctor` shows it",
                )

    def check_valid(self, identifier: str, *moments: str) -> None:
        """Refuse validity before 1970 or beyond five years.

        Raises:
            StixError: it is.
        """
        for moment in moments:
            if not EARLIEST <= moment[:19] <= self.valid:
                raise StixError(f"{identifier} is valid at {moment}, beyond {self.valid}Z")


def decode_object(raw: bytes) -> StixObject:
    """Read one STIX object from its RFC 8785 bytes.

    Raises:
        JsonError: not canonical JSON, over 64 KiB, 32 levels or 16,384 values.
        StixError: not a valid object.
        PatternError: an indicator whose STIX pattern is none.
    """
    return _checked(raw, parse_canonical(raw, OBJECT_LIMITS))


def encode_object(properties: Mapping[str, JsonValue]) -> StixObject:
    """Check an object that was decoded elsewhere, and give it its canonical bytes.

    Raises:
        JsonError: no canonical form, or over the limits.
        StixError: not a valid object.
        PatternError: an indicator whose STIX pattern is none.
    """
    return _checked(*canonical_and_parsed(dict(properties), OBJECT_LIMITS))


def _checked(raw: bytes, value: JsonValue) -> StixObject:
    object_type, identifier = check_object(value)
    if not isinstance(value, dict):  # said by check_object already; for the type checker
        raise StixError("a STIX object is a JSON object")
    return StixObject(type=object_type, id=identifier, raw=raw, properties=MappingProxyType(value))


def check_object(value: JsonValue) -> tuple[str, str]:
    """Check one decoded object and return its type and id.

    Raises:
        StixError: not a valid object of its type.
        PatternError: an indicator whose STIX pattern is none.
    """
    if type(value) is not dict:
        raise StixError("a STIX object is a JSON object")
    object_type, identifier = value.get("type"), value.get("id")
    if type(object_type) is not str or type(identifier) is not str:
        raise StixError("a STIX object has a type and an id")
    match = IDENTIFIER.fullmatch(identifier)
    if match is None or match[1] != object_type:
        raise StixError(f"{identifier[:80]!r} is no id of a {object_type[:80]!r}")
    rule = TYPES.get(object_type, CUSTOM)
    if not rule.required <= value.keys():
        missing = ", ".join(sorted(rule.required - value.keys()))
        raise StixError(f"{identifier} lacks {missing}")
    _check_properties(identifier, value)
    _check_rule(identifier, value, rule)
    if object_type == "indicator" and value["pattern_type"] == "stix":
        _check_pattern(identifier, value["pattern"])
    return object_type, identifier


def check_times(value: Mapping[str, JsonValue], limits: TimeLimits) -> None:
    """Refuse an object that claims to come from the future, or to be valid for ages (A25).

    Raises:
        StixError: a moment ahead of our clock or before 1970, validity beyond five years.
    """
    identifier = str(value.get("id"))
    limits.check_said(identifier, *(str(value[name]) for name in _MOMENTS if name in value))
    limits.check_valid(identifier, *(str(value[name]) for name in _VALIDITY if name in value))


@lru_cache(maxsize=256)
def identity_of(member: str) -> str:
    """Return the STIX identity that stands for a member: a UUIDv5 of its member id."""
    return f"identity--{name_uuid(_IDENTITY_NAMESPACE, member)}"


def name_uuid(namespace: bytes, name: str) -> str:
    """Return the UUIDv5 of a name (RFC 9562, 5.5); a name for things, no protection."""
    raw = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x50
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def check_author(stix_object: StixObject, member: str) -> None:
    """Check that an issuer speaks for itself: what it says is created by its identity (A14).

    Observables and marking definitions have no author of their own.

    Raises:
        StixError: created by somebody else, or by nobody.
    """
    check_author_of(stix_object.type, stix_object.properties, identity_of(member))


def check_author_of(object_type: str, value: Mapping[str, JsonValue], identity: str) -> None:
    """Check the author of a decoded object against the issuer's identity; see `check_author`.

    Raises:
        StixError: created by somebody else, or by nobody.
    """
    if object_type in _WITHOUT_AUTHOR:
        return
    author = value.get("created_by_ref")
    if author != identity:
        raise StixError(
            f"{value.get('id')} is created by {author or 'nobody'}, the issuer is {identity}",
            remedy="Re-issue it under your own identity; the original goes to external_references",
        )


def _check_properties(identifier: str, value: Properties) -> None:
    for name, item in value.items():
        check = CHECKS.get(name)
        if check is None:
            if name.startswith("x_") or not name.endswith(("_ref", "_refs")):
                continue
            check = is_identifier if name.endswith("_ref") else is_identifiers
        if not check(item):
            raise StixError(f"{identifier}: {name} is not as STIX 2.1 writes it")


def _check_rule(identifier: str, value: Properties, rule: TypeRule) -> None:
    if rule.any_of and rule.any_of.isdisjoint(value):
        raise StixError(f"{identifier} has none of {', '.join(sorted(rule.any_of))}")
    for first, second in rule.ordered:
        if first in value and second in value:
            start, end = str(value[first]), str(value[second])
            if start != end and time_order(start) > time_order(end):
                raise StixError(f"{identifier}: {first} lies after {second}")
    if rule.further is not None and (wrong := rule.further(value)):
        raise StixError(f"{identifier}: {wrong}")


def _check_pattern(identifier: str, pattern: JsonValue) -> None:
    if single_equality(str(pattern)) is not None:
        return
    try:
        parse_pattern(str(pattern))
    except PatternError as error:
        raise PatternError(f"{identifier}: {error}") from None

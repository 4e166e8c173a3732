"""How STIX 2.1 writes single properties: identifiers, times, lists, references.

Each check answers yes or no; who asks names the property and the object.
Source: STIX 2.1, sections 2 and 3.2.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from detente.signing.canonical import JsonValue

Check = Callable[[JsonValue], bool]

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
IDENTIFIER = re.compile(rf"([a-z](?:[a-z0-9]|-(?=[a-z0-9])){{1,249}})--{_UUID}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_TEXT_ALONE = {str}
_CONFIDENCE_MAX = 100
_COUNT_MAX = 999_999_999  # STIX 2.1, 4.14 and 5.2


def is_identifier(value: JsonValue) -> bool:
    """True for `type--UUID`, lower case, RFC 9562 versions 1 to 8."""
    return type(value) is str and IDENTIFIER.fullmatch(value) is not None


def is_time(value: JsonValue) -> bool:
    """True for an RFC 3339 time in UTC with Z, fractions allowed, second 60 not."""
    return type(value) is str and _is_moment(value)


# The objects of a batch share most of their times and references.
@lru_cache(maxsize=4096)
def _is_moment(text: str) -> bool:
    if _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def time_order(text: str) -> tuple[str, str]:
    """Return a key by which STIX times of any precision sort in time."""
    return text[:19], text[20:-1].rstrip("0")


def is_text(value: JsonValue) -> bool:
    """True for any text."""
    return type(value) is str


def is_words(value: JsonValue) -> bool:
    """True for a list of texts that is not empty."""
    return type(value) is list and set(map(type, value)) == _TEXT_ALONE


def is_identifiers(value: JsonValue) -> bool:
    """True for a list of identifiers that is not empty."""
    return type(value) is list and bool(value) and all(map(is_identifier, value))


def is_truth(value: JsonValue) -> bool:
    """True for true and false."""
    return type(value) is bool


def _is_version(value: JsonValue) -> bool:
    return value == "2.1"


def _is_confidence(value: JsonValue) -> bool:
    return type(value) is int and 0 <= value <= _CONFIDENCE_MAX


def _is_count(value: JsonValue) -> bool:
    return type(value) is int and 0 <= value <= _COUNT_MAX


def _is_observed_count(value: JsonValue) -> bool:
    return type(value) is int and 1 <= value <= _COUNT_MAX


def is_objects(value: JsonValue) -> bool:
    """True for an object of objects that is not empty."""
    return (
        type(value) is dict and bool(value) and all(type(each) is dict for each in value.values())
    )


def _is_hashes(value: JsonValue) -> bool:
    return type(value) is dict and bool(value) and all(type(h) is str for h in value.values())


def _is_marking_refs(value: JsonValue) -> bool:
    return type(value) is list and bool(value) and all(map(_is_marking, value))


def _is_marking(value: JsonValue) -> bool:
    return type(value) is str and _is_reference(value, "marking-definition--")


def _is_identity(value: JsonValue) -> bool:
    return type(value) is str and _is_reference(value, "identity--")


@lru_cache(maxsize=4096)
def _is_reference(text: str, prefix: str) -> bool:
    return text.startswith(prefix) and IDENTIFIER.fullmatch(text) is not None


def _is_external_references(value: JsonValue) -> bool:
    if type(value) is not list or not value:
        return False
    return all(type(each) is dict and type(each.get("source_name")) is str for each in value)


def _is_granular_markings(value: JsonValue) -> bool:
    if type(value) is not list or not value:
        return False
    return all(type(each) is dict and is_words(each.get("selectors")) for each in value)


def _is_phases(value: JsonValue) -> bool:
    if type(value) is not list or not value:
        return False
    return all(
        type(each) is dict
        and type(each.get("kill_chain_name")) is str
        and type(each.get("phase_name")) is str
        for each in value
    )


_BY_CHECK: dict[Check, tuple[str, ...]] = {
    is_identifier: ("id",),
    _is_identity: ("created_by_ref",),
    _is_version: ("spec_version",),
    is_time: (
        *("created", "modified", "valid_from", "valid_until", "first_seen", "last_seen"),
        *("first_observed", "last_observed", "published", "start_time", "stop_time"),
        *("submitted", "analysis_started", "analysis_ended", "object_modified"),
    ),
    is_text: (
        *("type", "name", "description", "pattern", "pattern_type", "pattern_version", "context"),
        *(
            "relationship_type",
            "lang",
            "identity_class",
            "opinion",
            "explanation",
            "definition_type",
        ),
        *("abstract", "objective", "primary_motivation", "resource_level", "sophistication"),
        *("schema", "product", "country", "region", "administrative_area"),
    ),
    is_words: (
        *("labels", "aliases", "indicator_types", "malware_types", "tool_types", "report_types"),
        *("threat_actor_types", "infrastructure_types", "goals", "roles", "sectors", "authors"),
        *("secondary_motivations", "personal_motivations", "capabilities", "extension_types"),
        *("implementation_languages", "architecture_execution_envs"),
    ),
    is_truth: ("revoked", "is_family", "summary", "is_multipart", "is_active", "defanged"),
    _is_confidence: ("confidence",),
    _is_count: ("count",),
    _is_observed_count: ("number_observed",),
    _is_marking_refs: ("object_marking_refs",),
    _is_external_references: ("external_references",),
    _is_granular_markings: ("granular_markings",),
    _is_phases: ("kill_chain_phases",),
    _is_hashes: ("hashes",),
    is_objects: ("extensions", "objects"),
}

# Properties that mean the same in every standard type that has them.
CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {name: check for check, names in _BY_CHECK.items() for name in names}
)

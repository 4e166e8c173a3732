"""What each standard type of STIX 2.1 must have, beyond the form of its properties."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from detente.signing.canonical import JsonValue
from detente.statements.stix_properties import time_order

Properties = dict[str, JsonValue]


class Family(Enum):
    """The families of STIX objects (STIX 2.1, 2.1)."""

    DOMAIN = "domain object"
    RELATION = "relationship object"
    OBSERVABLE = "cyber-observable object"
    META = "meta object"
    CUSTOM = "object of a type that is not standard"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What an object of one type must be.

    Attributes:
        family: its family.
        required: properties that must be there.
        any_of: of which one at least must be there; empty where nothing is asked.
        ordered: pairs of times of which the first may not lie after the second.
        further: a further rule that answers what is wrong, "" where nothing is.
    """

    family: Family
    required: frozenset[str]
    any_of: frozenset[str] = frozenset()
    ordered: tuple[tuple[str, str], ...] = ()
    further: Callable[[Properties], str] | None = None


def _location(value: Properties) -> str:
    if ("latitude" in value) != ("longitude" in value):
        return "latitude and longitude stand together"
    return ""


def _artifact(value: Properties) -> str:
    if "payload_bin" in value and "url" in value:
        return "payload_bin and url exclude each other"
    return "a url comes with hashes" if "url" in value and "hashes" not in value else ""


def _indicator(value: Properties) -> str:
    until, start = value.get("valid_until"), value["valid_from"]
    if until is None or time_order(str(until)) > time_order(str(start)):
        return ""
    return "valid_until does not lie after valid_from"


def _marking(value: Properties) -> str:
    if "extensions" in value or {"definition", "definition_type"} <= value.keys():
        return ""
    return "a marking has a definition or an extension"


_COMMON = frozenset(("type", "spec_version", "id", "created", "modified"))
_VERSIONS = ("created", "modified")
_SEEN = ("first_seen", "last_seen")
_OBSERVED = ("first_observed", "last_observed")
_RUN = ("start_time", "stop_time")


def _said(
    family: Family,
    *required: str,
    any_of: tuple[str, ...] = (),
    ordered: tuple[tuple[str, str], ...] = (),
    further: Callable[[Properties], str] | None = None,
) -> TypeRule:
    return TypeRule(
        family=family,
        required=_COMMON | set(required),
        any_of=frozenset(any_of),
        ordered=(_VERSIONS, *ordered),
        further=further,
    )


def _seen(
    *required: str, any_of: tuple[str, ...] = (), **more: Callable[[Properties], str]
) -> TypeRule:
    return TypeRule(
        family=Family.OBSERVABLE,
        required=frozenset(("type", "id", *required)),
        any_of=frozenset(any_of),
        further=more.get("further"),
    )


_D, _R = Family.DOMAIN, Family.RELATION
TYPES: MappingProxyType[str, TypeRule] = MappingProxyType(
    {
        "attack-pattern": _said(_D, "name"),
        "campaign": _said(_D, "name", ordered=(_SEEN,)),
        "course-of-action": _said(_D, "name"),
        "grouping": _said(_D, "context", "object_refs"),
        "identity": _said(_D, "name"),
        "incident": _said(_D, "name"),
        "indicator": _said(_D, "pattern", "pattern_type", "valid_from", further=_indicator),
        "infrastructure": _said(_D, "name", ordered=(_SEEN,)),
        "intrusion-set": _said(_D, "name", ordered=(_SEEN,)),
        "location": _said(_D, any_of=("region", "country", "latitude"), further=_location),
        "malware": _said(_D, "is_family", ordered=(_SEEN,)),
        "malware-analysis": _said(_D, "product", any_of=("result", "analysis_sco_refs")),
        "note": _said(_D, "content", "object_refs"),
        "observed-data": _said(
            _D,
            *_OBSERVED,
            "number_observed",
            any_of=("objects", "object_refs"),
            ordered=(_OBSERVED,),
        ),
        "opinion": _said(_D, "opinion", "object_refs"),
        "report": _said(_D, "name", "published", "object_refs"),
        "threat-actor": _said(_D, "name", ordered=(_SEEN,)),
        "tool": _said(_D, "name"),
        "vulnerability": _said(_D, "name"),
        "relationship": _said(_R, "relationship_type", "source_ref", "target_ref", ordered=(_RUN,)),
        "sighting": _said(_R, "sighting_of_ref", ordered=(_SEEN,)),
        "marking-definition": TypeRule(Family.META, _COMMON - {"modified"}, further=_marking),
        "language-content": _said(Family.META, "object_ref", "contents"),
        "extension-definition": _said(
            Family.META, "created_by_ref", "name", "schema", "version", "extension_types"
        ),
        "artifact": _seen(any_of=("payload_bin", "url"), further=_artifact),
        "autonomous-system": _seen("number"),
        "directory": _seen("path"),
        "domain-name": _seen("value"),
        "email-addr": _seen("value"),
        "email-message": _seen("is_multipart"),
        "file": _seen(any_of=("hashes", "name")),
        "ipv4-addr": _seen("value"),
        "ipv6-addr": _seen("value"),
        "mac-addr": _seen("value"),
        "mutex": _seen("name"),
        "network-traffic": _seen("protocols", any_of=("src_ref", "dst_ref")),
        "process": _seen(),
        "software": _seen("name"),
        "url": _seen("value"),
        "user-account": _seen(),
        "windows-registry-key": _seen(),
        "x509-certificate": _seen(),
    }
)
CUSTOM = TypeRule(Family.CUSTOM, frozenset(("type", "id")))

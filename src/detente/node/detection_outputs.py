"""Detections for other tools: rows, OCSF Detection Findings, STIX, an ATT&CK Navigator layer.

Nothing here leaves the node by itself: a file for the office's own tools. What partners
are told goes through release, by a person's command (`sighting_answers`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from detente.node.scanning_in_parts import Detection
from detente.node.watching_matching import Found
from detente.statements.stix import name_uuid
from detente.storage.detections import AlarmRow, DetectionRow
from detente.watch.indicators.objects import objects_of
from detente.watch.reading import Event, event_time

_NAMESPACE = bytes.fromhex("1d3c5a77e0b24f9c8f6102aa94c7be55")
_SEVERITIES = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_TECHNIQUE = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)", re.IGNORECASE)
_OCSF_VERSION = "1.3.0"
_LAYER_VERSIONS = {"attack": "17", "navigator": "5.1.0", "layer": "4.5"}
_UNSEEN = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """A detection as every output needs it.

    Attributes:
        id: 64 hex digits.
        rule: id of the rule or indicator.
        title: one line.
        level: informational to critical; empty where not said.
        tags: of the rule.
        source: where the event stood.
        position: of the event in it.
        event_at: seconds since 1970 as the event says; None where it says none.
        found: seconds since 1970 at which it was found; 0 where that is not known.
        fields: that hold what was looked for.
        event_hash: hex SHA-256 of the raw event; empty where it is not at hand.
        count: of its alarm, or of the matches a correlation joined.
        alarm: id of its alarm; empty for none.
    """

    id: str
    rule: str
    title: str
    level: str
    tags: tuple[str, ...]
    source: str
    position: str
    event_at: float | None = None
    found: float = _UNSEEN
    fields: dict[str, Any] = field(default_factory=dict)
    event_hash: str = ""
    count: int = 1
    alarm: str = ""

    def row(self) -> dict[str, Any]:
        """Return it as a row of NDJSON."""
        return {
            "input": self.source,
            "position": self.position,
            "rule": self.rule,
            "title": self.title,
            "level": self.level,
            "tags": list(self.tags),
            "fields": self.fields,
            "id": self.id,
            "alarm": self.alarm,
            "count": self.count,
            "event_time": _time(self.event_at),
            "event_hash": self.event_hash,
        }


def told_of(row: DetectionRow, alarm: AlarmRow) -> Told:
    """Return a kept detection."""
    return Told(
        id=row.id,
        rule=row.rule,
        title=alarm.title,
        level=alarm.level,
        tags=tuple(orjson.loads(alarm.tags)),
        source=row.source,
        position=row.position,
        event_at=row.event_at,
        found=row.found,
        fields=orjson.loads(row.fields),
        event_hash=row.event_hash.hex(),
        count=alarm.alarm.count,
        alarm=alarm.alarm.id,
    )


def told_of_scan(detection: Detection, position: str = "") -> Told:
    """Return a detection of a scan or a hunt."""
    place = position or str(detection.line)
    return Told(
        id=str(name_uuid(_NAMESPACE, f"{detection.input}\n{place}\n{detection.rule}")),
        rule=detection.rule,
        title=detection.title,
        level=detection.level,
        tags=detection.tags,
        source=detection.input,
        position=place,
        event_at=detection.time,
        fields=detection.fields,
        count=detection.count or 1,
    )


def told_of_found(found: Found) -> Told:
    """Return what a hunt found."""
    told = told_of_scan(replace(found.detection, input=found.source.name), found.position)
    hashed = sha256(found.raw).hexdigest() if found.raw else ""
    return replace(told, event_at=_event_time(found.event), event_hash=hashed)


def _event_time(event: Event | None) -> float | None:
    return None if event is None else event_time(event)


def techniques_of(tags: Iterable[str]) -> list[str]:
    """Return the ATT&CK techniques that tags name, as `T1059.001`."""
    found = (_TECHNIQUE.fullmatch(tag) for tag in tags)
    return [each[1].upper() for each in found if each is not None]


def ocsf_finding(told: Told, *, version: str) -> dict[str, Any]:
    """Return an OCSF Detection Finding (class 2004, activity Create)."""
    moment = int((told.found or told.event_at or 0) * 1_000)
    info: dict[str, Any] = {
        "uid": told.id,
        "title": told.title,
        "analytic": {"uid": told.rule, "type_id": 1, "type": "Rule"},
        "first_seen_time": moment if told.event_at is None else int(told.event_at * 1_000),
    }
    return {
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "activity_id": 1,
        "type_uid": 200401,
        "time": moment,
        "severity_id": _SEVERITIES.get(told.level, 0),
        "status_id": 1,
        "is_alert": True,
        "count": told.count,
        "finding_info": info
        | {"attacks": [{"technique": {"uid": each}} for each in techniques_of(told.tags)]},
        "metadata": {
            "version": _OCSF_VERSION,
            "product": {"name": "detente", "vendor_name": "detente", "version": version},
        },
        "unmapped": {
            "source": told.source,
            "position": told.position,
            "event_hash": told.event_hash,
            "fields": told.fields,
        },
    }


def navigator_layer(told: Iterable[Told], *, name: str) -> dict[str, Any]:
    """Return an ATT&CK Navigator layer: how often each technique was detected."""
    counts: Counter[str] = Counter()
    for each in told:
        counts.update(dict.fromkeys(techniques_of(each.tags), 1))
    return {
        "name": name,
        "versions": _LAYER_VERSIONS,
        "domain": "enterprise-attack",
        "description": "Techniques named by the rules that fired; a rule is not an attack.",
        "techniques": [
            {"techniqueID": technique, "score": count, "comment": f"{count} detections"}
            for technique, count in sorted(counts.items())
        ],
        "gradient": {"colors": ["#ffffff", "#b2182b"], "minValue": 0, "maxValue": max(
            counts.values(), default=1
        )},
    }  # fmt: skip


def stix_bundle(told: Sequence[Told], *, member: str, name: str, now: datetime) -> dict[str, Any]:
    """Return observed data for each detection; a sighting where an indicator was seen.

    Args:
        told: what to write.
        member: hex id whose identity speaks; empty for an office alone.
        name: of that identity.
        now: the time of the objects.
    """
    identity = f"identity--{name_uuid(_NAMESPACE, member or name)}"
    moment = _stamp(now.timestamp())
    common = {
        "spec_version": "2.1",
        "created_by_ref": identity,
        "created": moment,
        "modified": moment,
    }
    objects: dict[str, dict[str, Any]] = {
        identity: {
            "type": "identity",
            "spec_version": "2.1",
            "id": identity,
            "created": moment,
            "modified": moment,
            "name": name,
            "identity_class": "organization",
        }
    }
    for each in told:
        for made in _observed(each, common, now):
            objects[made["id"]] = made
    return {
        "type": "bundle",
        "id": f"bundle--{name_uuid(_NAMESPACE, moment + ''.join(sorted(objects)))}",
        "objects": list(objects.values()),
    }


def _observed(told: Told, common: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    seen = _stamp(told.event_at if told.event_at is not None else told.found or now.timestamp())
    observables = _observables(told)
    made = list(observables)
    data: dict[str, Any] | None = None
    if observables:
        data = {
            "type": "observed-data",
            "id": f"observed-data--{name_uuid(_NAMESPACE, told.id)}",
            **common,
            "first_observed": seen,
            "last_observed": seen,
            "number_observed": 1,
            "object_refs": [each["id"] for each in observables],
        }
        made.append(data)
    if told.rule.startswith("indicator--"):
        sighting = {
            "type": "sighting",
            "id": f"sighting--{name_uuid(_NAMESPACE, told.id)}",
            **common,
            "first_seen": seen,
            "last_seen": seen,
            "count": min(max(told.count, 1), 999_999_999),
            "sighting_of_ref": told.rule,
        }
        refs = {} if data is None else {"observed_data_refs": [data["id"]]}
        made.append(sighting | refs)
    return made


def _observables(told: Told) -> list[dict[str, Any]]:
    """Return the fields of a detection as STIX objects with ids of their own."""
    numbered = {
        number: _complete(node)
        for number, node in objects_of(told.fields).items()
        if node["type"] != "network-traffic" or node.keys() & {"src_ref", "dst_ref"}
    }
    ids = {
        number: f"{node['type']}--{name_uuid(_NAMESPACE, told.id + number)}"
        for number, node in numbered.items()
    }
    return [
        {
            "spec_version": "2.1",
            "id": ids[number],
            **{
                name: ids[str(value)] if name.endswith("_ref") else value
                for name, value in node.items()
            },
        }
        for number, node in numbered.items()
    ]


def _complete(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with what STIX wants of it: of traffic, some protocol."""
    return {"protocols": ["ip"], **node} if node["type"] == "network-traffic" else dict(node)


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else _stamp(seconds)

"""Events of MISP as STIX objects of the importer, and lines of ours as events of MISP.

Tags and galaxies travel in an extension beside what they mean in STIX, so that
they come out as they went in. What MISP does not mark for detection (`to_ids`)
is context and becomes no indicator.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from detente.exchange.lines import Line, visible
from detente.exchange.misp.limits import ATTRIBUTES_WRITTEN_MAX
from detente.exchange.misp.model import Attribute, Event, Organisation, Tag
from detente.signing.canonical import JsonValue
from detente.statements import StixObject, Tlp, identity_of
from detente.statements.markings import TLP_MARKING_IDS
from detente.statements.stix import name_uuid
from detente.watch import Basis, Item, Level, claim_extension, make_item
from detente.watch.values import pattern_of, why_unspecific

MISP_EXTENSION = "extension-definition--7c8be6ba-19b2-4d0e-8c3c-5d2b5a4f6e11"
_NAMESPACE = bytes.fromhex("4d1f6c2e9b7a5a3d8e0f12c4b6a89d57")
_REFERENCES_MAX = 500  # of one report: more do not fit into one object
_LEVEL_TAGS = {
    Level.ALERTING: Tag('detente:level="alerting"', "#f0a030"),
    Level.ACTIONABLE: Tag('detente:level="actionable"', "#c03030"),
}
Properties = dict[str, JsonValue]

# MISP type -> how its value (before a "|") is looked for.
_PATHS: Mapping[str, str] = {
    "ip-src": "ipv4-addr:value",
    "ip-dst": "ipv4-addr:value",
    "ip-src|port": "ipv4-addr:value",
    "ip-dst|port": "ipv4-addr:value",
    "domain": "domain-name:value",
    "hostname": "domain-name:value",
    "hostname|port": "domain-name:value",
    "domain|ip": "domain-name:value",
    "url": "url:value",
    "uri": "url:value",
    "email": "email-addr:value",
    "email-src": "email-addr:value",
    "email-dst": "email-addr:value",
    "md5": "file:hashes.MD5",
    "sha1": "file:hashes.SHA-1",
    "sha256": "file:hashes.SHA-256",
    "sha512": "file:hashes.SHA-512",
}
_HASH_LAST = "filename|"  # filename|md5 and the like: the hash stands behind
_RULES = {"sigma": "sigma", "yara": "yara"}
_TYPES: Mapping[str, tuple[str, str]] = {
    "ipv4-addr:value": ("ip-dst", "Network activity"),
    "ipv6-addr:value": ("ip-dst", "Network activity"),
    "domain-name:value": ("domain", "Network activity"),
    "url:value": ("url", "Network activity"),
    "email-addr:value": ("email-src", "Payload delivery"),
    "file:hashes.MD5": ("md5", "Payload delivery"),
    "file:hashes.SHA-1": ("sha1", "Payload delivery"),
    "file:hashes.SHA-256": ("sha256", "Payload delivery"),
    "file:hashes.SHA-512": ("sha512", "Payload delivery"),
}


def objects_of_event(event: Event, *, member: str, now: datetime) -> list[Properties]:
    """Return an event as STIX objects under the importer's identity: indicators, then a report.

    The same attribute read again is a newer version of the same object.

    Args:
        event: as read.
        member: hex member id of the importer.
        now: no time in the objects lies after it.
    """
    made = [
        object_
        for attribute in event.attributes
        if (object_ := _indicator(event, attribute, member, now)) is not None
    ]
    if made:
        made.append(_report(event, [str(each["id"]) for each in made], member, now))
    return made


def context_of_event(event: Event) -> int:
    """Return how many attributes are context: not for detection, or of a type not looked for."""
    return sum(not _detects(each) for each in event.attributes)


def event_of_lines(
    lines: Sequence[Line],
    reports: Iterable[StixObject],
    *,
    organisation: Organisation,
    unit: str,
    now: datetime,
) -> list[Event]:
    """Return lines as events: those of one MISP event stay together, with its tags and galaxies.

    An event keeps its uuid from one writing to the next, so subscribers see a change.

    Args:
        lines: what was cleared.
        reports: cleared reports that carry the tags and galaxies of the events lines came from.
        organisation: who answers for the feed.
        unit: hex id of the unit, named in the title.
        now: when the feed is written.
    """
    whole = {_misp(each).get("event"): each for each in reports if _misp(each)}
    groups: dict[tuple[Level, str, int], list[Line]] = {}
    listed = [line for line in lines if line.item.path in _TYPES and line.is_listable]
    shards = 1 + len(listed) // ATTRIBUTES_WRITTEN_MAX
    for line in sorted(listed, key=lambda each: each.item):
        origin = next((str(_misp(o)["event"]) for o in line.objects if "event" in _misp(o)), "")
        shard = int.from_bytes(sha256(line.item.value.encode()).digest()[:4]) % shards
        groups.setdefault((line.level, origin, shard), []).append(line)
    return [
        _event(level, origin, shard, group, whole.get(origin), organisation, unit, now)
        for (level, origin, shard), group in sorted(groups.items())
    ]


def _event(
    level: Level,
    origin: str,
    shard: int,
    lines: Sequence[Line],
    report: StixObject | None,
    organisation: Organisation,
    unit: str,
    now: datetime,
) -> Event:
    strictest = max(line.tlp for line in lines)
    kept = {} if report is None else _misp(report)
    tags = {tag.name: tag for tag in _read_tags(kept.get("tags")) if not _is_ours(tag)}
    tags[f"tlp:{strictest.value}"] = Tag(f"tlp:{strictest.value}", "#ffffff")
    tags[_LEVEL_TAGS[level].name] = _LEVEL_TAGS[level]
    title = "" if report is None else f": {visible(report.text('name') or '')}"
    changed = max(line.since for line in lines)
    return Event(
        uuid=name_uuid(_NAMESPACE, f"{unit} {organisation.uuid} {level} {origin} {shard}"),
        info=f"detente, unit {unit[:16]}: {level.name.lower()} indicators{title}",
        date=changed.date(),
        timestamp=int(min(now, changed).timestamp()),
        threat_level=2 if level is Level.ACTIONABLE else 3,
        analysis=2,
        orgc=organisation,
        attributes=tuple(_attribute(line) for line in lines),
        tags=tuple(tags.values()),
        galaxies=_objects(kept.get("galaxies")),
    )


def _attribute(line: Line) -> Attribute:
    kept = next((_misp(each) for each in line.objects if _misp(each)), {})
    kind, category = _TYPES[line.item.path]
    tags = {tag.name: tag for tag in _read_tags(kept.get("tags")) if not _is_ours(tag)}
    tags[f"tlp:{line.tlp.value}"] = Tag(f"tlp:{line.tlp.value}", "#ffffff")
    return Attribute(
        uuid=name_uuid(_NAMESPACE, f"{line.item.path} {line.item.value}"),
        type=kind,
        category=category,
        value=line.item.value,
        to_ids=True,
        comment=f"{line.why}; {line.traces[0]}",
        timestamp=int(line.since.timestamp()),
        tags=tuple(tags.values()),
        galaxies=_objects(kept.get("galaxies")),
    )


def _is_ours(tag: Tag) -> bool:
    """Say whether a tag is one we set anew: what came labelled so is not believed."""
    return tag.name.lower().startswith(("tlp:", "detente:"))


def _indicator(event: Event, attribute: Attribute, member: str, now: datetime) -> Properties | None:
    if not _detects(attribute):
        return None
    created = min(datetime(event.date.year, event.date.month, event.date.day, tzinfo=UTC), now)
    modified = min(max(datetime.fromtimestamp(attribute.timestamp, UTC), created), now)
    tags = {tag.name: tag for tag in (*event.tags, *attribute.tags)}
    made: Properties = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{name_uuid(_NAMESPACE, member + attribute.uuid)}",
        "created_by_ref": identity_of(member),
        "created": _time(created),
        "modified": _time(modified),
        "valid_from": _time(modified),
        "indicator_types": ["malicious-activity"],
        "external_references": [
            {
                "source_name": "misp",
                "external_id": event.uuid,
                "description": f"attribute {attribute.uuid} of {event.orgc.name}"[:1_000],
            }
        ],
        **_what_is_looked_for(attribute),
    }
    if event.info:
        made["name"] = event.info[:256]
    if attribute.comment:
        made["description"] = attribute.comment[:4_096]
    said: Properties = {
        "extension_type": "property-extension",
        "event": event.uuid,
        "attribute": attribute.uuid,
        "type": attribute.type,
        "tags": _tags_json(attribute.tags),
        "galaxies": list(attribute.galaxies),
    }
    source = event.orgc.uuid or event.orgc.name
    made["extensions"] = claim_extension(Basis.IMPORT, source=f"misp {source}") | {
        MISP_EXTENSION: said
    }
    return made | _labelled(tags)


def _report(event: Event, references: list[str], member: str, now: datetime) -> Properties:
    created = min(datetime(event.date.year, event.date.month, event.date.day, tzinfo=UTC), now)
    modified = min(max(event.changed, created), now)
    said: Properties = {
        "extension_type": "property-extension",
        "event": event.uuid,
        "tags": _tags_json(event.tags),
        "galaxies": list(event.galaxies),
    }
    made: Properties = {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{name_uuid(_NAMESPACE, member + event.uuid)}",
        "created_by_ref": identity_of(member),
        "created": _time(created),
        "modified": _time(modified),
        "published": _time(modified),
        "name": event.info[:256] or "MISP event",
        "object_refs": [*references[:_REFERENCES_MAX]],
        "external_references": [
            {
                "source_name": "misp",
                "external_id": event.uuid,
                "description": f"event of {event.orgc.name}"[:1_000],
            }
        ],
        "extensions": {MISP_EXTENSION: said},
    }
    return made | _labelled({tag.name: tag for tag in event.tags})


def _what_is_looked_for(attribute: Attribute) -> Properties:
    if attribute.type in _RULES:
        return {"pattern_type": _RULES[attribute.type], "pattern": attribute.value}
    item = _item(attribute)
    assert item is not None  # noqa: S101 - `_detects` looked
    return {"pattern_type": "stix", "pattern": pattern_of(item)}


def _detects(attribute: Attribute) -> bool:
    if not attribute.to_ids:
        return False
    return attribute.type in _RULES or _item(attribute) is not None


def _item(attribute: Attribute) -> Item | None:
    kind, value = attribute.type, attribute.value
    if kind.startswith(_HASH_LAST):
        kind, value = kind.removeprefix(_HASH_LAST), value.rpartition("|")[2]
    elif "|" in kind:
        value = value.partition("|")[0]
    if kind not in _PATHS:
        return None
    item = make_item(_PATHS[kind], value)
    return None if why_unspecific(item) else item


def _labelled(tags: Mapping[str, Tag]) -> Properties:
    """Return labels and the TLP marking that tags mean; the strictest one where there are many."""
    words = {tlp.value: tlp for tlp in Tlp} | {"white": Tlp.CLEAR}
    found = [
        words[name[4:].lower()]
        for name in tags
        if name.lower().startswith("tlp:") and name[4:].lower() in words
    ]
    made: Properties = {"labels": [*tags]} if tags else {}
    if found:
        made["object_marking_refs"] = [TLP_MARKING_IDS[max(found)]]
    return made


def _tags_json(tags: Iterable[Tag]) -> list[JsonValue]:
    return [{"name": tag.name, "colour": tag.colour} for tag in tags]


def _read_tags(value: JsonValue) -> list[Tag]:
    return [
        Tag(str(each.get("name")), str(each.get("colour")))
        for each in _objects(value)
        if isinstance(each.get("name"), str)
    ]


def _objects(value: JsonValue) -> tuple[Properties, ...]:
    items = value if isinstance(value, list) else []
    return tuple(each for each in items if isinstance(each, dict))


def _misp(stix_object: StixObject) -> Mapping[str, JsonValue]:
    extensions = stix_object.properties.get("extensions")
    found = extensions.get(MISP_EXTENSION) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) else {}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

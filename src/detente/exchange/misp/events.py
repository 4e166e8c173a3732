"""Events of MISP, read from JSON and written as MISP itself writes them for a feed.

Source: the MISP core format (draft-dulaunoy-misp-core-format); read strictly as
JSON, generously as MISP: numbers come as text, a missing flag has its default.
"""

import re
from collections.abc import Iterator
from datetime import date

import orjson

from detente.exchange.misp.errors import MispError
from detente.exchange.misp.limits import (
    ATTRIBUTES_MAX,
    EVENT_LIMITS,
    GALAXY_BYTES_MAX,
    TAGS_MAX,
)
from detente.exchange.misp.model import Attribute, Event, Organisation, Tag
from detente.signing import JsonError, parse_strict
from detente.signing.canonical import JsonValue

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_TIME_MAX = 2**40
Properties = dict[str, JsonValue]


def parse_event(data: bytes) -> Event:
    """Read one event, alone or wrapped in `{"Event": ...}`.

    Raises:
        JsonError: not strict JSON, or over the limits.
        MispError: no event.
    """
    value = parse_strict(data, EVENT_LIMITS)
    inner = value.get("Event", value) if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        raise MispError("a MISP event is a JSON object")
    attributes = tuple(_attributes(inner))
    return Event(
        uuid=_uuid(inner, "an event"),
        info=_text(inner.get("info")),
        date=_date(inner.get("date")),
        timestamp=_number(inner.get("timestamp"), most=_TIME_MAX),
        threat_level=_number(inner.get("threat_level_id", "4"), most=4) or 4,
        analysis=_number(inner.get("analysis", "0"), most=2),
        orgc=_organisation(inner.get("Orgc")),
        attributes=attributes,
        tags=_tags(inner.get("Tag")),
        galaxies=_galaxies(inner.get("Galaxy")),
    )


def print_event(event: Event) -> bytes:
    """Return the JSON of an event as a feed carries it."""
    document = {
        "Event": {
            "uuid": event.uuid,
            "info": event.info,
            "date": event.date.isoformat(),
            "timestamp": str(event.timestamp),
            "publish_timestamp": str(event.timestamp),
            "published": True,
            "threat_level_id": str(event.threat_level),
            "analysis": str(event.analysis),
            "Orgc": {"name": event.orgc.name, "uuid": event.orgc.uuid},
            "Tag": [_tag_json(tag) for tag in event.tags],
            "Galaxy": list(event.galaxies),
            "Attribute": [_attribute_json(each) for each in event.attributes],
        }
    }
    return orjson.dumps(document)


def is_event(data: bytes) -> bool:
    """Say whether JSON looks like a MISP event rather than STIX."""
    try:
        value = parse_strict(data, EVENT_LIMITS)
    except JsonError:
        return False
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("Event"), dict) or ("Attribute" in value and "info" in value)


def _attributes(event: Properties) -> Iterator[Attribute]:
    found = 0
    for holder in (event, *_objects(event.get("Object"))):
        for value in _objects(holder.get("Attribute")):
            found += 1
            if found > ATTRIBUTES_MAX:
                raise MispError(f"an event has at most {ATTRIBUTES_MAX} attributes")
            if value.get("deleted") not in (True, 1, "1"):
                yield _attribute(value)


def _attribute(value: Properties) -> Attribute:
    return Attribute(
        uuid=_uuid(value, "an attribute"),
        type=_text(value.get("type")),
        category=_text(value.get("category")),
        value=_text(value.get("value")),
        to_ids=value.get("to_ids") in (True, 1, "1"),
        comment=_text(value.get("comment")),
        timestamp=_number(value.get("timestamp", "0"), most=_TIME_MAX),
        tags=_tags(value.get("Tag")),
        galaxies=_galaxies(value.get("Galaxy")),
    )


def _attribute_json(attribute: Attribute) -> dict[str, object]:
    return {
        "uuid": attribute.uuid,
        "type": attribute.type,
        "category": attribute.category,
        "value": attribute.value,
        "to_ids": attribute.to_ids,
        "comment": attribute.comment,
        "timestamp": str(attribute.timestamp),
        "disable_correlation": False,
        "Tag": [_tag_json(tag) for tag in attribute.tags],
        "Galaxy": list(attribute.galaxies),
    }


def _tag_json(tag: Tag) -> dict[str, object]:
    return {"name": tag.name, "colour": tag.colour, "exportable": True, "hide_tag": False}


def _tags(value: JsonValue) -> tuple[Tag, ...]:
    tags: dict[str, Tag] = {}
    for each in _objects(value)[:TAGS_MAX]:
        name, colour = _text(each.get("name")), _text(each.get("colour"))
        if name:
            tags[name] = Tag(name, colour) if _COLOUR.fullmatch(colour) else Tag(name)
    return tuple(tags.values())


def _galaxies(value: JsonValue) -> tuple[Properties, ...]:
    """Return galaxies as they came, as many as fit into one STIX object."""
    kept: list[Properties] = []
    size = 0
    for each in _objects(value):
        size += len(orjson.dumps(each))
        if size > GALAXY_BYTES_MAX:
            break
        kept.append(each)
    return tuple(kept)


def _objects(value: JsonValue) -> list[Properties]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _organisation(value: JsonValue) -> Organisation:
    inner = value if isinstance(value, dict) else {}
    uuid = _text(inner.get("uuid")).lower()
    return Organisation(
        name=_text(inner.get("name")) or "unnamed", uuid=uuid if _UUID.fullmatch(uuid) else ""
    )


def _uuid(value: Properties, what: str) -> str:
    uuid = _text(value.get("uuid")).lower()
    if _UUID.fullmatch(uuid) is None:
        raise MispError(f"{what} of MISP has a uuid, here {uuid[:60]!r}")
    return uuid


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _number(value: JsonValue, *, most: int) -> int:
    """Return a number that MISP writes as text; 0 for none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        raise MispError(f"MISP writes a number from 0 to {most}, here {text[:40]!r}")
    number = int(text)
    if number > most:
        raise MispError(f"MISP writes a number from 0 to {most}, here {number}")
    return number


def _date(value: JsonValue) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise MispError(f"an event has a date, here {value!r:.60}") from None

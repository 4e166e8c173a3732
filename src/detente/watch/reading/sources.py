"""Which log a JSON record comes from, and its fields under the names rules use."""

from collections.abc import Callable, Iterator
from typing import Any

from detente.watch.reading import clouds
from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import flatten
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.network import suricata_source, zeek_source
from detente.watch.reading.ocsf import ocsf
from detente.watch.reading.times import event_time
from detente.watch.reading.web_records import web_source
from detente.watch.reading.windows import nested_event, shipped_event

Record = dict[str, Any]
"""One JSON object as it was read."""

Tag = Callable[[Event], LogSource | list[LogSource] | None]
"""Gives a recognised event the rules' names and returns its source; None: not this source."""

SOURCES: tuple[tuple[tuple[str, ...], Tag], ...] = (
    (("class_uid", "category_uid"), ocsf),
    (("event_type", "timestamp", "flow_id"), suricata_source),
    (("event_type", "timestamp", "src_ip"), suricata_source),
    (("eventSource", "eventName", "eventTime"), clouds.cloudtrail),
    (("auditID", "verb"), clouds.kubernetes),
    (("eventType", "published"), clouds.okta),
    (("protoPayload.methodName",), clouds.gcp),
    (("protoPayload.serviceName",), clouds.gcp),
    (("Operation", "Workload"), clouds.m365),
    (("auditType.category",), clouds.bitbucket),
    (("event_type_id",), clouds.onelogin),
    (("logtype", "node_id"), clouds.opencanary),
    (("EventLog", "InterfaceUuid"), clouds.rpc_firewall),
    (("event_type", "reason", "factor"), clouds.duo),
    (("properties.httpMethod",), web_source),
    (("operationName", "category"), clouds.azure),
    (("OperationName", "Category"), clouds.azure),
    (("riskEventType",), clouds.azure),
    (("_path",), zeek_source),
    (("@stream",), zeek_source),
    (("ts", "uid"), zeek_source),
    (("ts", "fuid"), zeek_source),
    (("ts", "note"), zeek_source),
    (("action", "actor", "created_at"), clouds.github),
    (("action", "actor", "@timestamp"), clouds.github),
)
"""By the names that show a source together; the first that says yes."""

_TELLING = frozenset(names[0] for names, _ in SOURCES)

WRAPPERS = ("Records", "records", "events", "items", "value", "logEvents", "data")


def records_of(value: object) -> Iterator[Record]:
    """Yield the records of a line or document: itself, an array's, or a wrapper's.

    Raises:
        UnreadableLine: neither an object nor an array of objects.
    """
    match value:
        case list():
            for item in value:
                if not isinstance(item, dict):
                    raise UnreadableLine("an array that holds more than objects")
                yield item
        case dict():
            yield from wrapped(value) or (value,)
        case _:
            raise UnreadableLine("JSON, but not an object")


def wrapped(value: Record) -> list[Record] | None:
    """Return the records an object is only a wrapper of (CloudTrail, Azure), or None."""
    if len(value) > 3:  # noqa: PLR2004 - a wrapper names its list and little else
        return None
    for name in WRAPPERS:
        inner = value.get(name)
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            return inner
    return None


def normalise(record: Record, options: Options) -> Event:
    """Return the record as a flat event with its log source and time.

    A source that is not recognised gets `options.log_source`; without one the event
    carries no tag, and no rule meets it.

    Raises:
        UnreadableLine: beyond a limit.
    """
    windows = nested_event(record, options.limits)
    if windows is not None:
        return windows
    if "_ls" in record:
        return _tagged(record, options)
    event = flatten(record, options.limits)
    if shipped_event(event):
        return event
    source = recognise(event)
    if source is None:
        source = options.log_source
    if source is not None:
        event["_ls"] = source
    event["_time"] = event_time(event)
    return event


def recognise(event: Event) -> LogSource | list[LogSource] | None:
    """Return the source of a flat record and give it the rules' names in place, or None."""
    if not _TELLING.isdisjoint(event):
        for names, tag in SOURCES:
            if all(name in event for name in names):
                found = tag(event)
                if found is not None:
                    return found
    return web_source(event)


def _tagged(record: Record, options: Options) -> Event:
    """An event that says its source itself: flat already, by this project's own hand."""
    event = flatten(
        {name: value for name, value in record.items() if name != "_ls"}, options.limits
    )
    source = record["_ls"]
    tags = source if isinstance(source, list) else [source]
    if not tags or not all(_is_tag(tag) for tag in tags):
        raise UnreadableLine("_ls that is no log source: category, product, service")
    event["_ls"] = source
    event["_time"] = event_time(event)
    return event


def _is_tag(tag: object) -> bool:
    return isinstance(tag, dict) and all(
        name in ("category", "product", "service") and _is_words(value)
        for name, value in tag.items()
    )


def _is_words(value: object) -> bool:
    words = value if isinstance(value, list) else [value]
    return all(isinstance(word, str) for word in words)

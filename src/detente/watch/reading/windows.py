"""Windows events as JSON or XML: System, EventData and UserData in one level.

Every shipper names the same facts differently; here they get the names of the event
log itself, as rules write them. System's own facts win over a data field of the
same name, so that no event can move itself to another channel.
"""

import html
import re
from typing import Any

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import flatten, plain_name
from detente.watch.reading.model import Event, Limits, LogSource, Options

LINUX_SYSMON = "Linux-Sysmon"
LINUX_CATEGORIES = {
    1: "process_creation",
    3: "network_connection",
    5: "process_termination",
    9: "raw_access_read",
    11: "file_event",
    16: "sysmon_status",
    23: "file_delete",
}
SYSTEM_ATTRIBUTES = {
    ("Provider", "Name"): "Provider_Name",
    ("TimeCreated", "SystemTime"): "SystemTime",
    ("Security", "UserID"): "UserID",
    ("Execution", "ProcessID"): "ExecutionProcessID",
    ("Execution", "ThreadID"): "ExecutionThreadID",
}
"""What of System's attributes is kept, and its flat name; other attributes are dropped."""

ONLY_ATTRIBUTES = frozenset({"Provider", "TimeCreated", "Security", "Execution", "Correlation"})
OTHER_NAMES = {
    "Provider_Name": ("SourceName", "ProviderName"),
    "Computer": ("Hostname", "MachineName"),
    "Channel": ("LogName",),
    "EventID": ("Id",),
}
"""Flat names of other tools (NXLog, Get-WinEvent, old Winlogbeat), and ours."""

SHIPPERS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    (
        "winlog.channel",
        ("winlog.event_data.", "winlog.user_data."),
        {
            "winlog.channel": "Channel",
            "winlog.event_id": "EventID",
            "winlog.provider_name": "Provider_Name",
            "winlog.computer_name": "Computer",
            "winlog.record_id": "EventRecordID",
            "winlog.user.identifier": "UserID",
            "winlog.process.pid": "ExecutionProcessID",
            "winlog.process.thread.id": "ExecutionThreadID",
            "@timestamp": "SystemTime",
        },
    ),
    (
        "log_name",
        ("event_data.", "user_data."),
        {
            "log_name": "Channel",
            "event_id": "EventID",
            "source_name": "Provider_Name",
            "computer_name": "Computer",
            "record_number": "EventRecordID",
            "@timestamp": "SystemTime",
        },
    ),
    *(
        (
            f"{root}system.channel",
            (f"{root}eventdata.", f"{root}userdata."),
            {
                f"{root}system.channel": "Channel",
                f"{root}system.eventID": "EventID",
                f"{root}system.providerName": "Provider_Name",
                f"{root}system.computer": "Computer",
                f"{root}system.eventRecordID": "EventRecordID",
                f"{root}system.systemTime": "SystemTime",
            },
        )
        for root in ("win.", "data.win.")
    ),
)
"""Shippers that nest: the name that shows them, prefixes cut, names turned."""

_XML_SYSTEM = re.compile(r"<(\w+)((?:\s+\w+\s*=\s*(?:'[^']*'|\"[^\"]*\"))*)\s*(?:/>|>([^<]*)</\1>)")
_XML_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")
_XML_DATA = re.compile(r"<Data(?:\s+Name=(?:'([^']*)'|\"([^\"]*)\"))?\s*(?:/>|>([^<]*)</Data>)")
_XML_LEAF = re.compile(r"<(\w+)>([^<]*)</\1>")


def nested_event(record: dict[str, Any], limits: Limits) -> Event | None:
    """Return the flat event of `{"Event": {"System": ...}}` or its inside; None if it is neither.

    Raises:
        UnreadableLine: beyond a limit.
    """
    inner = record.get("Event", record)
    if not isinstance(inner, dict):
        return None
    system = inner.get("System")
    if not isinstance(system, dict):
        return None
    event = flatten(_system(system), limits)
    data: dict[str, Any] = {}
    for part in ("EventData", "UserData"):
        body = inner.get(part)
        if part == "UserData" and isinstance(body, dict):
            body = _only_child(body)
        if isinstance(body, dict):
            data.update(_data(body))
        elif body is not None:
            data.setdefault("Data", _text(body))
    for name, value in flatten(data, limits).items():
        event.setdefault(name, value)
    return _settled(event)


def _system(system: dict[str, Any]) -> Event:
    event: Event = {}
    for name, value in system.items():
        element = name.removesuffix("_attributes")
        if element in ONLY_ATTRIBUTES:
            for attribute, item in _attributes(value).items():
                flat = SYSTEM_ATTRIBUTES.get((element, attribute))
                if flat is not None and item is not None:
                    event[flat] = item
        elif element == name and (text := _text(value)) is not None:
            event[name] = text
    return event


def _attributes(value: object) -> dict[str, Any]:
    """Return an element's attributes, as any of the converters from XML writes them."""
    if not isinstance(value, dict):
        return {}
    found = {name.removeprefix("@"): item for name, item in value.items() if name != "#attributes"}
    inner = value.get("#attributes")
    return found | inner if isinstance(inner, dict) else found


def _text(value: object) -> Any:  # noqa: ANN401 - a JSON value of any kind
    """Return an element's own value; several unnamed values are joined by one space."""
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, list):
        return " ".join(str(_text(item)) for item in value if item is not None)
    return value


def _only_child(body: dict[str, Any]) -> dict[str, Any]:
    """UserData holds one element of the provider's own; its fields are what counts."""
    children = [item for name, item in body.items() if not _is_attribute(name)]
    return children[0] if len(children) == 1 and isinstance(children[0], dict) else body


def _is_attribute(name: str) -> bool:
    return name.startswith(("#", "@")) or name.endswith("_attributes") or name == "xmlns"


def _data(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if _is_attribute(name):
            continue
        if name == "Data" and isinstance(value, list) and _is_named(value):
            found.update({item.get("@Name", item.get("Name")): _text(item) for item in value})
        elif name == "Data" or (isinstance(value, dict) and "#text" in value):
            found[name] = _text(value)
        elif isinstance(value, dict):
            found[name] = {key: item for key, item in value.items() if not _is_attribute(key)}
        else:
            found[name] = value
    return found


def _is_named(items: list[Any]) -> bool:
    return all(
        isinstance(item, dict) and isinstance(item.get("@Name", item.get("Name")), str)
        for item in items
    )


def shipped_event(event: Event) -> bool:
    """Give a shipper's flat event the event log's names, in place; False: no Windows event."""
    own = event.get("EventID")
    for marker, prefixes, names in SHIPPERS:
        # The old Winlogbeat's words are common; only its data under event_data shows it.
        if marker in event and (marker != "log_name" or _has_prefix(event, prefixes)):
            _rename(event, prefixes, names)
            break
    if "Channel" not in event and not {"LogName", "Id", "ProviderName"} <= event.keys():
        return False
    for name, others in OTHER_NAMES.items():
        known = next((other for other in others if other in event), None)
        if known is not None:
            event.setdefault(name, event[known])
    if "EventID" not in event:
        return False
    _settled(event)
    if own is not None:  # a line that was the event log's own stays as it is
        event["EventID"] = own
    return True


def _has_prefix(event: Event, prefixes: tuple[str, ...]) -> bool:
    return any(name.startswith(prefixes) for name in event)


def _rename(event: Event, prefixes: tuple[str, ...], names: dict[str, str]) -> None:
    for name, flat in names.items():
        if name in event:
            event[flat] = event.pop(name)
    for name in [name for name in event if name.startswith(prefixes)]:
        for prefix in prefixes:
            if name.startswith(prefix):
                event.setdefault(name.removeprefix(prefix), event.pop(name))
                break


def _settled(event: Event) -> Event:
    """Make EventID a number, and tag what Sysmon for Linux wrote; no data field is a tag."""
    event.pop("_ls", None)
    event.pop("_time", None)
    number = event.get("EventID")
    if isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) < 10:  # noqa: PLR2004
        event["EventID"] = int(number)
    if event.get("Provider_Name") == LINUX_SYSMON:
        event["_ls"] = linux_source(event.get("EventID"))
    return event


def linux_source(number: object) -> LogSource:
    """Return the log source of a Sysmon for Linux event."""
    category = LINUX_CATEGORIES.get(number) if isinstance(number, int) else None
    source: LogSource = {"product": "linux", "service": "sysmon"}
    return source | {"category": category} if category else source


def xml_line(text: str, options: Options) -> Event | None:
    """Return the event of one line; a declaration or a root element around events gives none."""
    if "<System" not in text and text.lstrip().startswith(("<?xml", "<Events", "</Events")):
        return None
    return xml_event(text, options.limits)


def xml_event(text: str, limits: Limits) -> Event:
    """Return the flat event of one `<Event>` element. No entity but XML's own five is expanded.

    Raises:
        UnreadableLine: no System element, or beyond a limit.
    """
    start, end = text.find("<System>"), text.find("</System>")
    if not 0 <= start < end:
        raise UnreadableLine("an XML event without its System element")
    event = _xml_system(text[start + len("<System>") : end])
    for name, value in _xml_data(text[end:]).items():
        event.setdefault(name, value)
    if len(event) > limits.fields:
        raise UnreadableLine(f"more than {limits.fields} fields in one event")
    return _settled(event)


def _xml_system(text: str) -> Event:
    event: Event = {}
    for name, attributes, value in _XML_SYSTEM.findall(text):
        if value and name not in ONLY_ATTRIBUTES:
            event[name] = html.unescape(value)
            continue
        for attribute, single, double in _XML_ATTRIBUTE.findall(attributes):
            flat = SYSTEM_ATTRIBUTES.get((name, attribute))
            if flat is not None:
                event[flat] = html.unescape(single or double)
    return event


def _xml_data(text: str) -> Event:
    found: Event = {}
    unnamed = []
    if "<UserData>" in text:
        return {name: html.unescape(value) for name, value in _XML_LEAF.findall(text)}
    for single, double, value in _XML_DATA.findall(text):
        if name := single or double:
            found[plain_name(html.unescape(name))] = html.unescape(value)
        else:
            unnamed.append(html.unescape(value))
    if unnamed:
        found["Data"] = " ".join(unnamed)
    return found

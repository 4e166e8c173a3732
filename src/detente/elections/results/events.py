"""Event logs of devices (NIST SP 1500-101): read, written, and looked through for gaps.

The standard leaves open how `Hash` is made. A log of ours says in `Details` that it is
SHA-256 over the hash before and the event without its own, in RFC 8785 form; such
a chain is verified. Others are counted as not verified.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from detente.elections.errors import ElectionsError
from detente.elections.results.gathering import as_moment
from detente.elections.results.model import Check, Difference, Weight
from detente.elections.rows import Refused
from detente.signing import JsonValue, canonical, format_time

LOG_TYPE = "EventLogging.ElectionEventLog"
EVENTS_MAX = 2_000_000
CHAINED = "Hash: SHA-256 over the previous Hash and this event without Hash, RFC 8785"
_SEQUENCE_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a device.

    Attributes:
        id: the kind of event, in the device's own words.
        sequence: its number.
        time: when.
        type: such as open, close, zero, scan.
        disposition: success, failure, na or other.
        description: in words.
        hash: what chains it to the one before; empty: none.
    """

    id: str
    sequence: int
    time: datetime
    type: str
    disposition: str = "success"
    description: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """The log of one device.

    Attributes:
        id: its name.
        events: in the order of the file.
        is_chained: whether it says that its hashes are made as ours are.
    """

    id: str
    events: tuple[Event, ...]
    is_chained: bool = False


def is_event_log(document: object) -> bool:
    """Whether it says that it is one."""
    return isinstance(document, dict) and document.get("@type") == LOG_TYPE


def read_events(document: object) -> tuple[Device, ...]:
    """Read a log, parsed from JSON.

    Raises:
        ElectionsError: it is none; events that cannot be read are all told.
    """
    if not isinstance(document, dict) or document.get("@type") != LOG_TYPE:
        raise ElectionsError(f'no SP 1500-101 log: "@type" is not {LOG_TYPE}')
    refused = Refused()
    devices: list[Device] = []
    count = 0
    for row in _rows(document.get("Device", [])):
        events: list[Event] = []
        for each in _rows(row.get("Event", [])):
            count += 1
            event = _event(each)
            if event is None:
                refused.add(count, f"an event of {row.get('Id')!r:.40} without Id, Sequence, TimeStamp or Type (counted from 1)")  # fmt: skip  # noqa: E501
            else:
                events.append(event)
        devices.append(Device(str(row.get("Id", "")), tuple(events), row.get("Details") == CHAINED))
    if count > EVENTS_MAX:
        raise ElectionsError(f"more than {EVENTS_MAX} events", remedy="Split the log by device")
    refused.raise_if_any()
    return tuple(devices)


def _rows(value: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ElectionsError("devices and events are lists of objects")
    yield from value


def _event(row: Mapping[str, object]) -> Event | None:
    sequence, time = row.get("Sequence"), as_moment(row.get("TimeStamp"))
    digits = sequence if isinstance(sequence, str) else ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _SEQUENCE_DIGITS_MAX:
        return None
    if time is None or not isinstance(row.get("Type"), str) or not isinstance(row.get("Id"), str):
        return None
    said = {name: str(row.get(name, "")) for name in ("Id", "Type", "Description", "Hash")}
    return Event(
        said["Id"],
        int(digits),
        time,
        said["Type"],
        str(row.get("Disposition", "")),
        said["Description"],
        said["Hash"],
    )


def chained(device: Device) -> Device:
    """The same log with each event chained to the one before."""
    before, events = "", []
    for event in device.events:
        before = _link(before, event)
        events.append(replace(event, hash=before))
    return replace(device, events=tuple(events), is_chained=True)


def _link(before: str, event: Event) -> str:
    return sha256(before.encode() + canonical(_row(replace(event, hash="")))).hexdigest()


def _row(event: Event) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {
        "@type": "EventLogging.Event",
        "Id": event.id,
        "Sequence": str(event.sequence),
        "TimeStamp": format_time(event.time),
        "Type": event.type,
        "Disposition": event.disposition or "na",
    }
    if event.description:
        row["Description"] = event.description
    if event.hash:
        row["Hash"] = event.hash
    return row


def as_standard_log(devices: Iterable[Device], generated: datetime) -> dict[str, JsonValue]:
    """Write logs as a 1500-101 document."""
    rows: list[JsonValue] = []
    for device in devices:
        events: list[JsonValue] = [_row(event) for event in device.events]
        row: dict[str, JsonValue] = {
            "@type": "EventLogging.Device",
            "Id": device.id,
            "Event": events,
        }
        if device.is_chained:
            row |= {"HashType": "sha-256", "Details": CHAINED}
        rows.append(row)
    return {"@type": LOG_TYPE, "GeneratedTime": format_time(generated), "Device": rows}


def gaps(devices: Iterable[Device], source: str) -> list[Difference]:
    """Numbers that are missing or stand twice, times that go back, a chain that breaks."""
    found: list[Difference] = []
    for device in devices:
        where = f"{source}: {device.id}"
        for what in (*_numbering(device), *_times(device), *_chain(device)):
            found.append(
                Difference(
                    Check.EVENT_LOG,
                    where,
                    0,
                    False,
                    f"{what}. Innocent: a log exported in parts, a clock set during the day. "
                    "Settled by: the log on the device's own medium, exported again.",
                    Weight.LOOK,
                )
            )
        if device.events and not _zero_before_open(device):
            found.append(
                Difference(
                    Check.TEST_FLAG,
                    where,
                    0,
                    False,
                    "polls were opened without a zero report before: counts of a rehearsal may "
                    "still be in it. Innocent: the report stands in another log. Settled by: the "
                    "zero tape of this device.",
                    Weight.LOOK,
                )
            )
    return found


def _numbering(device: Device) -> Iterator[str]:
    for before, after in zip(device.events, device.events[1:], strict=False):
        missing = after.sequence - before.sequence - 1
        if missing > 0:
            yield (
                f"{missing} events are missing between number {before.sequence} "
                f"({format_time(before.time)}) and number {after.sequence} "
                f"({format_time(after.time)})"
            )
        elif missing < 0:
            yield f"number {after.sequence} follows number {before.sequence}"


def _times(device: Device) -> Iterator[str]:
    for before, after in zip(device.events, device.events[1:], strict=False):
        if after.time < before.time:
            yield (
                f"the clock goes back from {format_time(before.time)} to "
                f"{format_time(after.time)} at number {after.sequence}"
            )


def _chain(device: Device) -> Iterator[str]:
    if not device.is_chained:
        return
    before = ""
    for event in device.events:
        if event.hash != _link(before, event):
            yield f"the chain of hashes breaks at number {event.sequence}"
            return
        before = event.hash


def _zero_before_open(device: Device) -> bool:
    """Whether the first opening, if there is one, has a zero report before it."""
    for event in device.events:
        if event.type == "zero" or "zero" in event.description.lower():
            return True
        if event.type == "open":
            return False
    return True

"""When an event says it happened, as seconds since 1970 in UTC; None where it does not say."""

import re
from datetime import UTC, datetime, timedelta

from detente.watch.reading.model import Event

MONTHS = {
    name: at
    for at, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        start=1,
    )
}
TIME_FIELDS = (
    "SystemTime",
    "@timestamp",
    "eventTime",
    "UtcTime",
    "timestamp",
    "ts",
    "time",
    "published",
    "TimeCreated",
    "EventTime",
    "requestReceivedTimestamp",
    "CreationTime",
    "EdgeStartTimestamp",
)
_ISO_LENGTH_MAX = 40
_MILLISECONDS_FROM = 1e11  # as seconds that is the year 5138
_MICROSECONDS_FROM = 1e14
_NANOSECONDS_FROM = 1e17
_SKEW = timedelta(days=1)
_ACCESS = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")
_BSD = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)")


def event_time(event: Event) -> float | None:
    """Return the event's time: `_time` where the reader set it, else from the usual fields.

    Flat Windows lines carry no `_time`, because most events are never asked.
    """
    set_by_reader = event.get("_time")
    if isinstance(set_by_reader, float):
        return set_by_reader
    for name in TIME_FIELDS:
        if name in event:
            seconds = seconds_of(event[name])
            if seconds is not None:
                return seconds
    date = event.get("date")
    return access_time(date) if isinstance(date, str) else None


def seconds_of(value: object) -> float | None:
    """Return seconds from an ISO 8601 text (UTC where it names no zone) or a count since 1970."""
    match value:
        case str() if len(value) <= _ISO_LENGTH_MAX:
            return _from_text(value)
        case bool():
            return None
        case int() | float():
            return _from_number(float(value))
    return None


def _from_text(text: str) -> float | None:
    try:
        when = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        try:
            return _from_number(float(text))
        except ValueError:
            return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return _seconds(when)


def _seconds(when: datetime) -> float | None:
    try:
        return when.timestamp()
    except (OverflowError, ValueError):
        return None


def _from_number(number: float) -> float | None:
    for least, scale in (
        (_NANOSECONDS_FROM, 1e9),
        (_MICROSECONDS_FROM, 1e6),
        (_MILLISECONDS_FROM, 1e3),
    ):
        if number >= least:
            number /= scale
            break
    return number if 0 <= number < _MILLISECONDS_FROM else None


def access_time(text: str) -> float | None:
    """Return seconds from `10/Oct/2000:13:55:36 -0700` (Apache, nginx)."""
    found = _ACCESS.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        return None
    day, month, year, clock, hours, minutes = found.groups()
    return seconds_of(f"{year}-{MONTHS[month]:02d}-{day}T{clock}{hours}:{minutes}")


def bsd_time(text: str, before: float | None) -> float | None:
    """Return seconds from `Oct 11 22:14:15` (RFC 3164), read as UTC.

    The text names no year: it is the latest that does not pass `before` by more
    than a day. Without `before` there is no time.
    """
    found = _BSD.fullmatch(text)
    if found is None or before is None or found[1] not in MONTHS:
        return None
    day, hour, minute, second = (int(part) for part in found.groups()[1:])
    limit = datetime.fromtimestamp(before, UTC) + _SKEW
    for year in range(limit.year, limit.year - 5, -1):  # 29 February comes every fourth year
        try:
            when = datetime(year, MONTHS[found[1]], day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
        if when <= limit:
            return when.timestamp()
    return None

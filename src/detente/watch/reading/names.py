"""DNS query logs: BIND and Unbound (with their own times or behind syslog), and dnsmasq."""

import re

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.times import MONTHS, seconds_of

BIND: LogSource = {"category": "dns", "product": "bind", "service": "named"}
UNBOUND: LogSource = {"category": "dns", "product": "unbound", "service": "unbound"}
DNSMASQ: LogSource = {"category": "dns", "product": "dnsmasq", "service": "dnsmasq"}

_BIND_TIME = re.compile(
    r"(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (.*)", re.DOTALL
)
_BIND = re.compile(
    r"(?:(?:queries|info|query-errors|[\w-]{1,32}): ){0,3}client (?:@0x[0-9a-f]{1,16} )?"
    r"([0-9A-Fa-f.:]{2,45})(?:%\w{1,16})?#(\d{1,5})(?: \([^)\s]{0,1100}\))?:"
    r"(?: view [^:\s]{1,64}:)? "
    r"query: (\S{1,1100}) (\S{1,16}) (\S{1,16})(?: (\S{1,16}))?(?: \(([^)]{1,64})\))?.*",
    re.DOTALL,
)
_DNSMASQ = re.compile(
    r"(?:\d{1,10} \S{1,64} )?(?:(query)\[([\w=-]{1,32})\] (\S{1,1100}) from ([0-9A-Fa-f.:]{2,45})"
    r"|(reply|cached|config|forwarded|/etc/hosts|/\S{1,255}) (\S{1,1100}) (?:is|to) (.{1,1100}))",
    re.DOTALL,
)
_UNBOUND_TIME = re.compile(r"\[(\d{9,11})\] unbound(\[\d{1,10}:\w{1,10}\] .*)", re.DOTALL)
_UNBOUND = re.compile(
    r"(?:\[\d{1,10}:\w{1,10}\] )?(?:info|reply|query): "
    r"([0-9A-Fa-f.:]{2,45})(?:@\d{1,5})? (\S{1,1100}) (\S{1,16}) (\S{1,16})(?: .*)?",
    re.DOTALL,
)


def dns_event(text: str, options: Options) -> Event:
    """Return the event of one line of BIND's or Unbound's query log with its own time in front.

    Raises:
        UnreadableLine: another form.
    """
    if (own := _UNBOUND_TIME.fullmatch(text)) is not None:
        return _unbound_event(own[1], own[2], options)
    stamp = _BIND_TIME.fullmatch(text)
    if stamp is None or stamp[2] not in MONTHS:
        raise UnreadableLine("not a query log: a time as 01-Jan-2026 00:00:00.000 was expected")
    day, month, year, clock, message = stamp.groups()
    event: Event = {"timestamp": text[: len(text) - len(message) - 1]}
    event["_time"] = seconds_of(f"{year}-{MONTHS[month]:02d}-{int(day):02d}T{clock}")
    source = named(message, event, options)
    if source is None:
        event["message"] = message
        source = {"product": "linux", "service": "syslog"}
    event["_ls"] = source
    return event


def _unbound_event(seconds: str, message: str, options: Options) -> Event:
    event: Event = {"timestamp": int(seconds), "_time": float(seconds)}
    source = unbound(message, event, options)
    if source is None:
        event["message"] = message
        source = {"product": "linux", "service": "syslog"}
    event["_ls"] = source
    return event


def unbound(message: str, event: Event, _: Options) -> LogSource | None:
    """A query Unbound logged (`log-queries`); None for its other messages."""
    found = _UNBOUND.fullmatch(message)
    if found is None:
        return None
    client, query, kind, record_class = found.groups()
    event |= {"src_ip": client, "query": query.removesuffix(".") or query, "record_type": kind,
              "record_class": record_class}  # fmt: skip
    return UNBOUND


def named(message: str, event: Event, _: Options) -> LogSource | None:
    """A query BIND logged; None for its other messages."""
    found = _BIND.fullmatch(message)
    if found is None:
        return None
    client, port, query, kind, record, flags, server = found.groups()
    event |= {"src_ip": client, "src_port": int(port), "query": query, "record_class": kind,
              "record_type": record}  # fmt: skip
    if flags:
        event["flags"] = flags
    if server:
        event["dst_ip"] = server
    return BIND


def dnsmasq(message: str, event: Event, _: Options) -> LogSource | None:
    """A query or an answer dnsmasq logged; None for its other messages."""
    found = _DNSMASQ.fullmatch(message)
    if found is None:
        return None
    asked, record, query, client, action, name, answer = found.groups()
    if asked:
        event |= {"query": query, "record_type": record, "src_ip": client}
    else:
        event |= {"query": name, "answer": answer, "action": action}
    return DNSMASQ

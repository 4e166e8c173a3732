"""Syslog lines: RFC 3164, RFC 5424, and files with an ISO time; then what the program wrote.

The header gives time, host, program and pid; the message goes to the reader of its
program. A line without a header is bad: without it nobody knows who wrote it.
"""

import re
from collections.abc import Callable

from detente.watch.reading import auditing, linux, mail, names
from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.extension import cef_event, leef_event
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.times import bsd_time, seconds_of
from detente.watch.reading.windows import xml_event

_BSD = re.compile(
    r"(?:<\d{1,3}>)?([A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d) ([^\s:\[]{1,255}) (.*)", re.DOTALL
)
_ISO = re.compile(
    r"(?:<\d{1,3}>)?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r" ([^\s:\[]{1,255}) (.*)",
    re.DOTALL,
)
_IETF = re.compile(
    r"<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (.*)", re.DOTALL
)
_TAG = re.compile(r"([^\s:\[\]]{1,64})(?:\[(\d{1,10})\])?: ?(.*)", re.DOTALL)
_DATA = re.compile(r'\[([^\s=\]"]{1,64})((?: [^\s=\]"]{1,64}="(?:[^"\\]|\\.)*+")*+)\]', re.DOTALL)
_DATA_ITEM = re.compile(r' ([^\s=\]"]{1,64})="((?:[^"\\]|\\.)*+)"', re.DOTALL)
_DATA_ESCAPE = re.compile(r'\\(["\\\]])')
# Right behind the header, or its program: further on it is somebody's text.
_RECORD = re.compile(r"(?:[^\s:\[\]]{1,64}(?:\[\d{1,10}\])?: ?)?(?=CEF:\d|LEEF:[12]\.0\|)")

Program = Callable[[str, Event, Options], LogSource | None]
"""Reads one program's message into the event; None: an ordinary message of its program."""

PROGRAMS: dict[str, Program] = {
    "sshd": linux.sshd,
    "sshd-session": linux.sshd,
    "sudo": linux.sudo,
    "audit": auditing.audit_message,
    "audispd": auditing.audit_message,
    "named": names.named,
    "dnsmasq": names.dnsmasq,
    "unbound": names.unbound,
    "gateway": mail.gateway,
}


def syslog_event(text: str, options: Options) -> Event:
    """Return the event of one syslog line.

    Raises:
        UnreadableLine: no header of RFC 3164 or RFC 5424.
    """
    event, message = _header(text, options)
    if (record := _RECORD.match(message)) is not None:
        return _wrapped(event, message[record.end() :], options)
    if "message" not in event:
        message = _program(event, message)
    source = _source(event, message, options)
    if source is not None:
        event["_ls"] = source
    return event


def _header(text: str, options: Options) -> tuple[Event, str]:
    if (found := _IETF.fullmatch(text)) is not None:
        return _ietf(found, options)
    if (found := _BSD.fullmatch(text)) is not None:
        seconds = bsd_time(found[1], options.year_before)
    elif (found := _ISO.fullmatch(text)) is not None:
        seconds = seconds_of(found[1].replace(",", "."))
    else:
        raise UnreadableLine("no syslog header: a time, a host and a program were expected")
    event: Event = {"timestamp": found[1], "host": found[2], "_time": seconds}
    return event, found[3]


def _program(event: Event, rest: str) -> str:
    """Take RFC 3164's tag off the front of the message."""
    tag = _TAG.fullmatch(rest)
    if tag is None:
        event["message"] = rest
        return rest
    event["program"] = tag[1]
    if tag[2] is not None:
        event["pid"] = int(tag[2])
    event["message"] = tag[3]
    return tag[3]


def _ietf(found: re.Match[str], options: Options) -> tuple[Event, str]:
    priority, stamp, host, program, pid, kind, rest = found.groups()
    event: Event = {"timestamp": stamp, "_time": seconds_of(stamp)}
    for name, value in (("host", host), ("program", program), ("msgid", kind)):
        if value != "-":
            event[name] = value
    if pid != "-":
        event["pid"] = int(pid) if pid.isascii() and pid.isdecimal() else pid
    event["facility"], event["severity"] = divmod(int(priority), 8)
    message = rest.removeprefix("-") if rest.startswith("-") else _structured(rest, event, options)
    message = message.removeprefix(" ").removeprefix("\ufeff")
    event["message"] = message
    return event, message


def _structured(text: str, event: Event, options: Options) -> str:
    """Take RFC 5424's structured data off the front; names become `id.name`."""
    at = 0
    while (found := _DATA.match(text, at)) is not None:
        at = found.end()
        for name, value in _DATA_ITEM.findall(found[2]):
            event.setdefault(f"{found[1]}.{name}", _DATA_ESCAPE.sub(r"\1", value))
        if len(event) > options.limits.fields:
            raise UnreadableLine(f"more than {options.limits.fields} fields in one event")
    return text[at:]


def _wrapped(header: Event, message: str, options: Options) -> Event:
    """CEF or LEEF behind a syslog header: the header's time stands where the record has none."""
    read = cef_event if message.startswith("CEF") else leef_event
    event = read(message, options)
    event.setdefault("host", header.get("host", ""))
    if event["_time"] is None:
        event["_time"] = header["_time"]
    return event


def _source(event: Event, message: str, options: Options) -> LogSource | None:
    program = str(event.get("program", "")).rpartition("/")[2]
    if message.startswith("<Event") and program == "sysmon":
        inner = xml_event(message, options.limits)
        source: LogSource | None = inner.pop("_ls", None)
        inner.setdefault("_time", seconds_of(inner.get("SystemTime")))
        event.clear()
        event.update(inner)
        return source
    if str(event.get("program", "")).startswith("postfix"):
        return mail.postfix(message, event, options)
    read = PROGRAMS.get(program)
    found = read(message, event, options) if read is not None else None
    return found or linux.program_source(program)

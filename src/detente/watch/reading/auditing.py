"""Linux audit records, from the daemon's file or behind a syslog header."""

import re

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.times import seconds_of

_AUDIT = re.compile(
    r"(?:node=(\S{1,255}) )?type=(\S{1,64}) msg=audit\((\d{1,12}\.\d{1,6}):(\d{1,12})\): ?(.*)",
    re.DOTALL,
)
_ITEM = re.compile(r"(?<![\w.-])([\w.-]{1,64}+)=(?:\"([^\"]*)\"|'([^']*)'|(\S*))")
_HEX_ITEMS = frozenset({"proctitle", "cmd", "name", "exe", "comm", "cwd", "acct", "data"})
_ARGUMENT = re.compile(r"a\d{1,4}")


def audit_message(message: str, event: Event, options: Options) -> LogSource | None:
    """An audit record that came through syslog."""
    if not message.startswith(("type=", "node=")):
        return None
    record = audit_event(message, options)
    source: LogSource = record.pop("_ls")
    event.update(record)
    return source


def audit_event(text: str, options: Options) -> Event:
    """Return the event of one audit record; values the kernel wrote as hex are turned to text.

    Raises:
        UnreadableLine: no `type=... msg=audit(time:serial):` in front.
    """
    found = _AUDIT.fullmatch(text)
    if found is None:
        raise UnreadableLine("not an audit record: type=... msg=audit(time:serial): was expected")
    node, kind, stamp, serial, rest = found.groups()
    event: Event = {"type": kind, "serial": serial, "_time": seconds_of(float(stamp))}
    if node:
        event["node"] = node
    execve = kind == "EXECVE"
    for name, double, single, plain in _ITEM.findall(rest.replace("\x1d", " ")):
        value = double or plain
        if single:
            _nested(single, event)
        elif plain and (name in _HEX_ITEMS or (execve and _ARGUMENT.fullmatch(name))):
            value = _from_hex(plain)
        event.setdefault(name, value or single)
        if len(event) > options.limits.fields:
            raise UnreadableLine(f"more than {options.limits.fields} fields in one event")
    event["_ls"] = {"product": "linux", "service": "auditd"}
    return event


def _nested(text: str, event: Event) -> None:
    """User records keep their items inside msg='...'."""
    for name, double, _, plain in _ITEM.findall(text):
        event.setdefault(name, double or plain)


def _from_hex(text: str) -> str:
    """Return the text behind the kernel's hex; arguments are parted by NUL."""
    try:
        return bytes.fromhex(text).decode("utf-8", "replace").replace("\0", " ")
    except ValueError:
        return text

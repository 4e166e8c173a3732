"""Mail logs: Postfix, and gateways that write name=value. Headers only; no body is ever read."""

import re

from detente.watch.reading.model import Event, LogSource, Options

POSTFIX: LogSource = {"category": "mail", "product": "postfix", "service": "postfix"}
GATEWAY: LogSource = {"category": "mail", "service": "gateway"}

_QUEUE = re.compile(r"([0-9A-F]{6,15}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}): (.*)", re.DOTALL)
_ITEM = re.compile(
    r"(?<![\w-])([A-Za-z][\w-]{0,63}+)=(?:<([^<>]*)>|\"((?:[^\"\\]|\\.)*+)\"|([^,\s]*))"
)
_CLIENT = re.compile(
    r"(?:client=|connect from |disconnect from )([^\s\[]{0,255})\[([0-9A-Fa-f.:]{2,45})\]"
)
_HEADER = re.compile(
    r"(?:warning|info|hold|reject|discard): header ([A-Za-z-]{1,64}): "
    r"(.*?)(?: from (?:local|\S{1,255}\[[^\]\s]{0,64}\]); from=<.*)?",
    re.DOTALL,
)
NAMES = {"from": "sender", "to": "recipient", "orig_to": "original_recipient"}


def postfix(message: str, event: Event, options: Options) -> LogSource:
    """Postfix's line: queue id, client, sender, recipient, status, headers it was told to log."""
    found = _QUEUE.fullmatch(message)
    if found is not None:
        event["queue_id"] = found[1]
        message = found[2]
    if (client := _CLIENT.search(message, 0, 1_024)) is not None:
        event["src_host"], event["src_ip"] = client[1], client[2]
    if (header := _HEADER.fullmatch(message)) is not None:
        event[header[1].lower()] = header[2]
    _items(message, event, options)
    return POSTFIX


def gateway(message: str, event: Event, options: Options) -> LogSource | None:
    """A mail gateway's line of name=value; None if it is no such line."""
    if "from=<" not in message or "to=<" not in message:
        return None
    _items(message, event, options)
    if "qid" in event:
        event["queue_id"] = event.pop("qid")
    if "attach" in event:
        event["attachment"] = event.pop("attach")
    return GATEWAY


def _items(message: str, event: Event, options: Options) -> None:
    for name, angle, quoted, plain in _ITEM.findall(message):
        if len(event) >= options.limits.fields:
            return
        event.setdefault(NAMES.get(name, name), angle or quoted or plain)

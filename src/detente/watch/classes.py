"""The class of an event: which log it stands in, as a short name that is safe in a path."""

import re
from collections.abc import Mapping
from typing import Any

OTHER = "other"
# Logs that tell whom people write to, and which names they look up.
_PERSONAL_SERVICES = frozenset(
    {"postfix", "sendmail", "exim", "mail", "smtp", "dovecot", "dns", "dns-server", "bind"}
)
_PERSONAL_CATEGORIES = frozenset({"dns", "dns_query", "email", "mail"})
# Whatever the source is called: how ECS, EVE, OCSF and Windows name what was looked up or sent.
_PERSONAL_NAMES = frozenset({"QueryName", "rrname", "mailfrom", "mail_from", "rcptto", "rcpt_to"})
_PERSONAL_PREFIXES = ("dns.", "smtp.", "email.")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_CHARS_MAX = 48


def sources_in(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the log source tags of an event."""
    tag = event.get("_ls")
    tags = tag if isinstance(tag, list) else [tag]
    return [each for each in tags if isinstance(each, Mapping)]


def class_of(event: Mapping[str, Any]) -> str:
    """Return the class of an event: `windows-security`, `linux-auth`, `webserver`, `other`."""
    for tag in sources_in(event):
        parts = [_first(tag.get(name)) for name in ("product", "service")]
        words = [each for each in parts if each] or [_first(tag.get("category"))]
        name = _safe("-".join(each for each in words if each))
        if name:
            return name
    channel = event.get("Channel")
    return _safe(f"windows-{channel}") if isinstance(channel, str) else OTHER


def is_personal(event: Mapping[str, Any]) -> bool:
    """Say whether an event tells whom somebody wrote to or what somebody looked up."""
    for tag in sources_in(event):
        if _any(tag.get("service")) & _PERSONAL_SERVICES:
            return True
        if _any(tag.get("category")) & _PERSONAL_CATEGORIES:
            return True
    channel = event.get("Channel")
    if isinstance(channel, str) and "dns" in channel.lower():
        return True
    if channel == "Microsoft-Windows-Sysmon/Operational" and str(event.get("EventID")) == "22":
        return True
    if not _PERSONAL_NAMES.isdisjoint(event):
        return True
    return any(name.startswith(_PERSONAL_PREFIXES) for name in event)


def _first(value: object) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return "" if value is None else str(value)


def _any(value: object) -> set[str]:
    several = value if isinstance(value, list) else [value]
    return {str(each).lower() for each in several if each is not None}


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text.lower())[:_CHARS_MAX].strip("-")

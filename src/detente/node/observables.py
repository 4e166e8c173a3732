"""Values that an analyst writes in a table: which there are, and what makes one none."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network

# The type in a table -> the object path its value is compared with.
PATHS: Mapping[str, str] = {
    "ipv4-addr": "ipv4-addr:value",
    "ipv6-addr": "ipv6-addr:value",
    "domain-name": "domain-name:value",
    "url": "url:value",
    "email-addr": "email-addr:value",
    "md5": "file:hashes.MD5",
    "sha1": "file:hashes.'SHA-1'",
    "sha256": "file:hashes.'SHA-256'",
}

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_FORMS: Mapping[str, re.Pattern[str]] = {
    "domain-name": re.compile(rf"(?:[\w-]{{1,63}}\.)*{_LABEL}\.{_LABEL}"),
    "url": re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#]+\S*"),
    "email-addr": re.compile(rf"[^\s@]+@(?:[\w-]{{1,63}}\.)*{_LABEL}"),
    "md5": re.compile(r"[0-9a-fA-F]{32}", re.ASCII),
    "sha1": re.compile(r"[0-9a-fA-F]{40}", re.ASCII),
    "sha256": re.compile(r"[0-9a-fA-F]{64}", re.ASCII),
}


def fault_of(kind: str, value: str) -> str:
    """Return what is wrong with a value of this type of `PATHS`, "" where nothing is.

    A value that can match nothing would be said, believed and never seen again.
    """
    if not value:
        return "is empty"
    if not value.isprintable():
        return "holds a character that nobody sees"
    match kind:
        case "ipv4-addr" | "ipv6-addr":
            return _address_fault(kind, value)
        case _:
            return "" if _FORMS[kind].fullmatch(value) else f"is no {kind}"


def _address_fault(kind: str, value: str) -> str:
    network = IPv4Network if kind == "ipv4-addr" else IPv6Network
    try:
        network(value)
    except ValueError as error:
        return f"is no {kind}" if "host bits" not in str(error) else "has bits beyond its prefix"
    return ""

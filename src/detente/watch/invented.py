"""Values that standards keep for manuals and exercises: nobody has them, nobody is harmed.

Source: RFC 5737 and RFC 3849 (addresses), RFC 2606 and RFC 6761 (names).
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from detente.watch.model import Item

# The host of an URL. (RFC 3986, section 3.2)
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)
_V4 = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
_V6 = IPv6Network("2001:db8::/32")
_NAMES = (".example", ".test", ".invalid", ".example.com", ".example.net", ".example.org")


def is_invented(item: Item) -> bool:
    """Say whether a value is one that standards keep for manuals and exercises."""
    value = item.value
    if item.path == "url:value":
        host = _HOST.match(value)
        value = host[1].strip("[]") if host else ""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return f".{value.lower()}".endswith(_NAMES)
    if isinstance(network, IPv6Network):
        return network.subnet_of(_V6)
    return any(network.subnet_of(each) for each in _V4)

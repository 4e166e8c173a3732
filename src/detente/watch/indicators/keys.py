"""The bytes a value is found by: one spelling for an indicator and for what a log says.

A key is the value itself where it has at most 32 bytes: the digits of a hash, the bytes
of an address, the UTF-8 of a text; of a longer one the SHA-256, which nobody can make
two values share. Nothing is shortened, so what is found is what was named.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from detente.watch.model import Item
from detente.watch.values import Network, make_item, network_of

WIDTH_MAX = 32
LONGER = 0  # the width of keys that are digests of longer values
BELOW = "domain-name:below"  # a name and everything under it: `*.example.org` in a list
USER_AGENT = "network-traffic:extensions.http-request-ext.request_header.User-Agent"
REGISTRY_KEY = "windows-registry-key:key"
MUTEX = "mutex:name"
SERIAL = "x509-certificate:serial_number"
FILE_NAME = "file:name"
_FILE_HASH = "file:hashes."
_CERTIFICATE_HASH = "x509-certificate:hashes."
_HASH_BYTES = {"MD5": 16, "SHA-1": 20, "SHA-256": 32, "SHA-512": 64}
_HIVES = (
    ("hkey_local_machine", "hklm"),
    ("\\registry\\machine", "hklm"),
    ("hkey_users", "hku"),
    ("\\registry\\user", "hku"),
    ("hkey_current_user", "hkcu"),
    ("hkey_classes_root", "hkcr"),
    ("hkey_current_config", "hkcc"),
)
_TEXTS = frozenset(("domain-name:value", "url:value", "email-addr:value", BELOW))
_AGENT = re.compile(
    r"network-traffic:extensions\.http-request-ext\.request_header\.User-Agent", re.I
)


class Key(NamedTuple):
    """Where and by what a value is found.

    Attributes:
        path: of the column; for networks with the length of the prefix: `ipv4-addr:value/24`.
        width: of the bytes, `LONGER` where they are a digest.
        data: the bytes.
    """

    path: str
    width: int
    data: bytes


def text_key(path: str, text: str) -> Key:
    """Return the key of a text that is spelled as it should be."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > WIDTH_MAX:
        return Key(path, LONGER, sha256(data).digest())
    return Key(path, len(data), data)


def network_key(net: Network) -> Key:
    """Return the key of an address or network."""
    data = net.network_address.packed
    whole = net.prefixlen == net.max_prefixlen
    path = f"ipv{net.version}-addr:value"
    return Key(path if whole else f"{path}/{net.prefixlen}", len(data), data)


def prefixes_in(paths: Iterable[str]) -> dict[int, tuple[int, ...]]:
    """Return, by IP version, the lengths of the networks that columns of these paths hold."""
    found: dict[int, set[int]] = {4: set(), 6: set()}
    for path in paths:
        head, _, length = path.partition("-addr:value/")
        if length:
            found[int(head.removeprefix("ipv"))].add(int(length))
    return {version: tuple(sorted(lengths)) for version, lengths in found.items()}


def hash_key(path: str, digits: str) -> Key:
    """Return the key of a hash in hexadecimal; of anything else that of the text."""
    size = _HASH_BYTES.get(path.rpartition(".")[2])
    if size is None or len(digits) != 2 * size or not digits.isascii():
        return text_key(path, digits)
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return text_key(path, digits)
    return Key(path, size, data) if size <= WIDTH_MAX else Key(path, LONGER, sha256(data).digest())


def spelled(path: str, value: str) -> Item | None:
    """Return an item as logs are asked about it; None for a path that no field of a log answers."""
    if path.startswith((_FILE_HASH, _CERTIFICATE_HASH)):
        head, _, algorithm = path.rpartition(".")
        made = make_item(f"{_FILE_HASH}{algorithm}", value.replace(":", ""))
        return Item(f"{head}.{made.path.rpartition('.')[2]}", made.value.lower())
    if _AGENT.fullmatch(path):
        return Item(USER_AGENT, value)
    respell = _SPELLINGS.get(path)
    if respell is not None:
        return Item(path, respell(value))
    item = make_item(path, value)
    return item if item.path in _TEXTS or item.path.startswith("ipv") else None


def key_of(item: Item) -> Key | None:
    """Return the key of an item that `spelled` returned; None for an address that is none."""
    if item.path.startswith("ipv"):
        net = network_of(item.value)
        return None if net is None else network_key(net)
    if item.path.startswith((_FILE_HASH, _CERTIFICATE_HASH)):
        return hash_key(item.path, item.value)
    return text_key(item.path, item.value)


def registry_key(text: str) -> str:
    """Return a registry key in lower case with the short name of its hive."""
    lowered = text.strip().rstrip("\\").lower()
    for long, short in _HIVES:
        if lowered.startswith(long) and lowered[len(long) :][:1] in ("", "\\"):
            return short + lowered[len(long) :]
    return lowered


def serial_number(text: str) -> str:
    """Return the serial number of a certificate in lower case, without signs and leading zeros."""
    return text.strip().lower().removeprefix("0x").replace(":", "").replace(" ", "").lstrip("0")


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    REGISTRY_KEY: registry_key,
    SERIAL: serial_number,
    MUTEX: str,
    FILE_NAME: str.lower,
}

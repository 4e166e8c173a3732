"""What is one's own: networks, domains and certificates that no indicator may turn against.

The list of a node is private and never leaves it. What the charter registers is
public to the unit, and only that gives a veto its force.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from detente.charter import AssetKind, RegisteredAsset
from detente.watch.errors import WatchError
from detente.watch.model import Item, Sort
from detente.watch.values import Network, ascii_name, host_of, network_of, sort_of

ASSETS_MAX = 65_536
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KINDS = ("network", "domain", "certificate")


@dataclass(frozen=True, slots=True)
class Assets:
    """Things that belong to somebody.

    Attributes:
        networks: by prefix.
        domains: in lower case and ASCII; subdomains belong to them.
        certificates: hex SHA-256 of the DER bytes.
        urls: prefixes in one spelling.
    """

    networks: tuple[Network, ...] = ()
    domains: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a list: one `network PREFIX`, `domain NAME` or `certificate SHA256` a line.

        Empty lines and what follows a # are passed over.

        Raises:
            WatchError: with the line that cannot be read.
        """
        found = list(_lines(text))
        return cls(
            networks=tuple(net for _, value in found if (net := network_of(value)) is not None),
            domains=frozenset(value for kind, value in found if kind == "domain"),
            certificates=frozenset(value for kind, value in found if kind == "certificate"),
        )

    @classmethod
    def registered(cls, assets: Iterable[RegisteredAsset], owner: str) -> Self:
        """Return what the charter registers for one member."""
        own = [asset for asset in assets if asset.owner == owner]
        addresses = [a.value for a in own if a.kind in (AssetKind.IPV4, AssetKind.IPV6)]
        return cls(
            networks=tuple(net for text in addresses if (net := network_of(text)) is not None),
            domains=frozenset(ascii_name(a.value) for a in own if a.kind is AssetKind.DOMAIN),
            urls=tuple(a.value.lower() for a in own if a.kind is AssetKind.URL),
        )

    def why_own(self, item: Item) -> str:
        """Return which of these a value touches, "" where none."""
        if item.path.startswith("x509-certificate:hashes."):
            return f"certificate {item.value[:16]}…" if item.value in self.certificates else ""
        if sort_of(item) is Sort.URL and (prefix := self._url(item.value.lower())):
            return f"address {prefix}"
        host = host_of(item)
        net = network_of(host) if host else None
        if net is not None:
            return next((f"network {own}" for own in self.networks if _overlap(own, net)), "")
        name = next((name for name in names_above(host) if name in self.domains), "")
        return f"domain {name}" if name else ""

    def _url(self, value: str) -> str:
        bare = value.partition("://")[2] or value
        for prefix in self.urls:
            if value.startswith(prefix) or bare.startswith(prefix.partition("://")[2] or prefix):
                return prefix
        return ""


def names_above(host: str) -> Iterator[str]:
    """Yield a name and every name it is a subdomain of."""
    while host:
        yield host
        host = host.partition(".")[2]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    if len(lines) > ASSETS_MAX:
        raise WatchError(f"a list of own assets has at most {ASSETS_MAX} lines, not {len(lines)}")
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != len(("kind", "value")) or words[0] not in _KINDS:
            raise WatchError(
                f"line {number} of the own assets is not read: {line.strip()[:80]!r}",
                remedy="Write `network 192.0.2.0/24`, `domain example.org` or `certificate SHA256`",
            )
        yield words[0], _checked(number, *words)


def _checked(number: int, kind: str, value: str) -> str:
    match kind:
        case "network" if network_of(value) is not None:
            return value
        case "domain" if "." in (name := ascii_name(value)):
            return name
        case "certificate" if _DIGEST.fullmatch(digest := value.lower().replace(":", "")):
            return digest
        case _:
            raise WatchError(f"line {number} of the own assets: {value[:80]!r} is no {kind}")


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)

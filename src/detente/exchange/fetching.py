"""Fetching files that others publish over HTTP, within bounds, from addresses that may be asked.

A name in the settings may lead anywhere once its owner changes it: so every address is
looked at when the connection is made, and the one looked at is the one connected to. A
redirect is refused: who moved says so, and the operator names the new place.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore

from detente.exchange.errors import ExchangeError
from detente.exchange.limits import ANSWER_BYTES_S_MIN, CONNECT_WAIT_S, READ_WAIT_S, REQUEST_S_MAX

Network = IPv4Network | IPv6Network
_SCHEMES = ("http", "https")
_NAT64 = IPv6Network("64:ff9b::/96")
_SHOWN = 200
_REFUSED = "Name its network in `private_networks` of detente.toml if this is meant"


class FetchError(ExchangeError):
    """What was asked for did not come, or may not be asked for."""


class WebFiles:
    """The files under one address. Close it when done.

    Args:
        base: address; a file's name is put behind it with a slash.
        authorization: the value of that header, "" for none.
        private: networks that may be asked although they are not public.

    Raises:
        FetchError: no address of HTTP, or one with a secret in it.
    """

    def __init__(
        self, base: str, *, authorization: str = "", private: Sequence[Network] = ()
    ) -> None:
        parts = urlsplit(base)
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.query or parts.fragment:
            raise FetchError(f"{base[:_SHOWN]!r} is no address of files")
        if parts.username is not None or parts.password is not None:
            raise FetchError(
                "a secret stands in an address of files",
                remedy="Put the Authorization header into DIR/credentials/NAME",
            )
        self._base = base
        self._headers: list[tuple[bytes | str, bytes | str]] = [
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
            ("user-agent", "detente"),
        ]
        if authorization:
            self._headers.append(("authorization", authorization))
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_LookedAt(private),
            max_connections=1,
        )

    def close(self) -> None:
        """Give the connection back."""
        self._pool.close()

    def __enter__(self) -> "WebFiles":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def read(self, name: str, most: int) -> bytes:
        """Return one file; "" names the address itself.

        Args:
            name: behind the address.
            most: bytes.

        Raises:
            FetchError: no answer in time, a refusal, a redirect, more bytes than allowed, an
                address that may not be asked.
        """
        url = f"{self._base.rstrip('/')}/{name}" if name else self._base
        waits = {"connect": CONNECT_WAIT_S, "read": READ_WAIT_S, "write": READ_WAIT_S}
        try:
            with self._pool.stream(
                "GET", url, headers=self._headers, extensions={"timeout": waits}
            ) as response:
                return _body(url, response, most)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            what = str(error) or type(error).__name__
            raise FetchError(f"{url} does not answer: {what}") from None
        except (OSError, ValueError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"{url} cannot be asked: {error}") from None


def read_networks(text: str) -> tuple[Network, ...]:
    """Read networks as CIDR, separated by spaces.

    Raises:
        FetchError: one is none.
    """
    try:
        return tuple(ip_network(each) for each in text.split())
    except ValueError as error:
        raise FetchError(
            f"private_networks: {error}", remedy="Write such as: 10.1.0.0/16 fd00::/8"
        ) from None


def may_be_asked(address: str, private: Iterable[Network] = ()) -> bool:
    """Say whether an address is public, or in a network that the operator named."""
    found = ip_address(address.partition("%")[0])
    within = (found, _inner(found))
    named = tuple(private)
    return any(each in network for each in within for network in named) or all(
        each.is_global and not each.is_multicast for each in within
    )


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


class _LookedAt(httpcore.NetworkBackend):
    def __init__(self, private: Sequence[Network]) -> None:
        self._private = private
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise FetchError(
                f"the name {host[:_SHOWN]!r} leads nowhere: {error.strerror}"
            ) from None
        addresses = [str(each[4][0]) for each in found]
        fit = [each for each in addresses if may_be_asked(each, self._private)]
        if not fit:
            raise FetchError(
                f"{host[:_SHOWN]!r} leads to {addresses[0]}, which is not a public address",
                remedy=_REFUSED,
            )
        return self._plain.connect_tcp(
            fit[0],
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )


def _body(url: str, response: httpcore.Response, most: int) -> bytes:
    headers = {name.lower(): value for name, value in response.headers}
    status = response.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        where = headers.get(b"location", b"").decode("ascii", "replace")[:_SHOWN]
        raise FetchError(
            f"{url} sends us on to {where!r}", remedy="Name that address if you trust it"
        )
    if status != HTTPStatus.OK:
        raise FetchError(f"{url} answers {status}")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise FetchError(f"{url} packs its answer though it was asked not to")
    begin, body = time.monotonic(), bytearray()
    for part in response.iter_stream():
        body += part
        if len(body) > most:
            raise FetchError(f"{url} has more than {most} bytes")
        if time.monotonic() - begin > REQUEST_S_MAX + len(body) / ANSWER_BYTES_S_MIN:
            raise FetchError(f"{url} answers too slowly")
    return bytes(body)

"""Reading another member's face over HTTP, without letting it cost more than was agreed.

One client for each peer, with connections of its own: a slow or lying peer takes nothing
from another. Every answer is cut off at its limit while it streams, compressed or not.
"""

import asyncio
import re
import secrets
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import time
from typing import BinaryIO, Self
from urllib.parse import urlsplit

import httpx
import orjson

from detente.exchange.errors import ExchangeError
from detente.exchange.http_signatures import NO_BODY, Request, content_digest, sign_request
from detente.exchange.limits import (
    ANSWER_BYTES_S_MIN,
    AWAITS_BYTES_MAX,
    AWAITS_MAX,
    CONNECT_WAIT_S,
    HINT_BEAT_S,
    HINT_BYTES_MAX,
    READ_WAIT_S,
    REQUEST_S_MAX,
    REQUESTS_PER_PEER_MAX,
)
from detente.exchange.protocol.paths import AWAITS, blob_path, parse_place
from detente.signing import Signer

_WITNESS_ANSWER_BYTES_MAX = 16_384
_PIECE_BYTES = 65_536
_SIZE = re.compile(r"text/x\.tlog\.size(;.*)?", re.ASCII)


class HttpFace:
    """One peer's outward face (implements `ports.Face`). Close it when done.

    Args:
        url: its address, http or https, without a query.
        member: hex id of whom it should be; signed requests name it.
        signer: this member's transport key, in force; None where it is suspended.
    """

    def __init__(self, url: str, *, member: str, signer: Callable[[], Signer | None]) -> None:
        self.url = checked_url(url)
        self._member = member
        self._signer = signer
        self._turn = asyncio.Semaphore(REQUESTS_PER_PEER_MAX)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(READ_WAIT_S, connect=CONNECT_WAIT_S),
            # One more for the stream of hints.
            limits=httpx.Limits(max_connections=REQUESTS_PER_PEER_MAX + 1, keepalive_expiry=8.0),
            follow_redirects=False,
            trust_env=False,
            headers={"accept-encoding": "gzip", "user-agent": "detente"},
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def read(self, path: str, *, bytes_max: int) -> bytes | None:
        """Return what stands at a path, decompressed; None where the peer has nothing there.

        Raises:
            ExchangeError: no answer in time, more than `bytes_max`, or a refusal.
        """
        async with self._asked("GET", f"{self.url}/{path}", bytes_max=bytes_max) as response:
            if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return None
            _require_ok(response, path)
            return b"".join([piece async for piece in _body(response, bytes_max)])

    @asynccontextmanager
    async def blob(
        self, digest: str, *, at: tuple[str, int], bytes_max: int
    ) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """Lend a wrap or ciphertext as a stream; None where the peer has none.

        Args:
            digest: hex SHA-256; the caller checks it.
            at: origin and place of the statement it belongs to.
            bytes_max: the stream breaks off beyond.

        Raises:
            ExchangeError: as `read`, also from the stream.
        """
        url = f"{self.url}/{blob_path(digest)}?at={at[0]}/{at[1]}"
        headers = self._signature("GET", url, NO_BODY)
        async with self._asked("GET", url, bytes_max=bytes_max, headers=headers) as response:
            if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                yield None
            else:
                _require_ok(response, f"blob {digest[:16]}…")
                yield _body(response, bytes_max)

    async def add_checkpoint(self, request: bytes, *, prefix: str = "") -> tuple[int, bytes, bool]:
        """Ask a C2SP witness for a cosignature.

        Args:
            request: the body.
            prefix: of the submission path below the address, as "/witness".

        Returns:
            Status, body, and whether the body is the size of status 409.

        Raises:
            ExchangeError: no answer in time, or a long one.
        """
        url = f"{self.url}{prefix}/add-checkpoint"
        most = _WITNESS_ANSWER_BYTES_MAX
        async with self._asked("POST", url, bytes_max=most, content=request) as response:
            body = b"".join([piece async for piece in _body(response, most)])
            kind = response.headers.get("content-type", "")
            return response.status_code, body, _SIZE.fullmatch(kind) is not None

    async def send(self, path: str, data: bytes) -> tuple[int, bytes]:
        """Hand something signed to a peer; return the status and what it says.

        Raises:
            ExchangeError: no answer in time, or a long one.
        """
        most = _WITNESS_ANSWER_BYTES_MAX
        url = f"{self.url}/{path}"
        async with self._asked("POST", url, bytes_max=most, content=data) as response:
            body = b"".join([piece async for piece in _body(response, most)])
            return response.status_code, body

    async def awaits(self) -> list[tuple[str, int]]:
        """Return origin and place of own statements whose content the peer still lacks.

        Raises:
            ExchangeError: no answer in time, a refusal, or another form.
        """
        url = f"{self.url}/{AWAITS}"
        headers = self._signature("GET", url, NO_BODY)
        most = AWAITS_BYTES_MAX
        async with self._asked("GET", url, bytes_max=most, headers=headers) as response:
            _require_ok(response, AWAITS)
            data = b"".join([piece async for piece in _body(response, most)])
        lines = data.decode("ascii", "replace").split("\n")
        if lines.pop() or len(lines) > AWAITS_MAX:
            raise ExchangeError(f"{self.url}: not a list of at most {AWAITS_MAX} places")
        return [parse_place(line) for line in lines]

    async def push(self, bundle: BinaryIO, size: int, body_hash: bytes) -> None:
        """Hand a bundle to a peer that cannot call this node.

        Args:
            bundle: at its beginning.
            size: in bytes.
            body_hash: SHA-256 of all of it.

        Raises:
            ExchangeError: no answer in time, or a refusal.
        """
        url = f"{self.url}/bundles"
        headers = self._signature("POST", url, content_digest(body_hash))
        headers |= {"content-length": str(size), "content-type": "application/x-tar"}

        async def pieces() -> AsyncIterator[bytes]:
            while piece := bundle.read(_PIECE_BYTES):
                yield piece

        asking = self._asked("POST", url, bytes_max=size, headers=headers, content=pieces())
        async with asking as response:
            words = b"".join([piece async for piece in _body(response, _WITNESS_ANSWER_BYTES_MAX)])
            if response.status_code != HTTPStatus.OK:
                said = words[:200].decode("utf-8", "replace").strip()
                raise ExchangeError(f"refused a bundle ({response.status_code}): {said}")

    async def hints(self) -> AsyncIterator[str]:
        """Yield the origin of each log the peer says grew, while it says so.

        Raises:
            ExchangeError: the stream ended, or is none.
        """
        timeout = httpx.Timeout(READ_WAIT_S, connect=CONNECT_WAIT_S, read=2 * HINT_BEAT_S)
        try:
            async with self._client.stream("GET", f"{self.url}/hints", timeout=timeout) as response:
                _require_ok(response, "hints")
                if "content-encoding" in response.headers:
                    raise ExchangeError(f"{self.url}: hints are not compressed")
                waiting = b""
                async for piece in response.aiter_raw():
                    *lines, waiting = (waiting + piece).split(b"\n")
                    if len(waiting) > HINT_BYTES_MAX:
                        raise ExchangeError(f"{self.url}: a hint is longer than any")
                    for line in lines:
                        if (origin := _hinted(line)) is not None:
                            yield origin
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(self.url, error) from None

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        url: str,
        *,
        bytes_max: int,
        headers: dict[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        seconds = REQUEST_S_MAX + bytes_max / ANSWER_BYTES_S_MIN
        try:
            async with self._turn, asyncio.timeout(seconds):
                request = self._client.stream(method, url, headers=headers, content=content)
                async with request as response:
                    yield response
        except TimeoutError:
            raise ExchangeError(f"{self.url} did not answer within {seconds:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(self.url, error) from None

    def _signature(self, method: str, url: str, digest: str) -> dict[str, str]:
        signer = self._signer()
        if signer is None:
            raise ExchangeError(
                "this member's transport key is suspended",
                remedy="`detente keys rotate transport` puts another in its place",
            )
        nonce = secrets.token_urlsafe(18)
        asked = Request(method, url, digest)
        return sign_request(asked, signer, recipient=self._member, now=int(time()), nonce=nonce)


def checked_url(url: str) -> str:
    """Return a node's address in the form that paths are added to.

    Raises:
        ExchangeError: not an http or https address without query.
    """
    parts = urlsplit(url)
    fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    if not fits or parts.query or parts.fragment or parts.username is not None:
        raise ExchangeError(
            f"not a node's address: {url[:80]!r}", remedy="For example: https://node.example:8443"
        )
    return url.rstrip("/")


def _require_ok(response: httpx.Response, what: str) -> None:
    if response.status_code != HTTPStatus.OK:
        raise ExchangeError(f"{what}: answered with status {response.status_code}")


async def _body(response: httpx.Response, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces, gzip undone; break off beyond the limit.

    Raises:
        ExchangeError: too long, or compressed in another way.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise ExchangeError(f"answered in the encoding {encoding[:40]!r}, which was not asked for")
    gunzip = _Gunzip() if encoding == "gzip" else None
    size = 0
    async for raw in response.aiter_raw():
        for piece in (raw,) if gunzip is None else gunzip.pieces(raw):
            size += len(piece)
            if size > bytes_max:
                raise ExchangeError(f"answered with more than {bytes_max} bytes")
            yield piece
    if gunzip is not None and not gunzip.is_whole:
        raise ExchangeError("answered with half a gzip stream")


class _Gunzip:
    """Undoes gzip in pieces of bounded size: nothing is unpacked that nobody counted."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def is_whole(self) -> bool:
        """Whether one whole stream was read."""
        return self._stream.eof

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Yield what more raw bytes unpack to.

        Raises:
            ExchangeError: not gzip, or something after its end.
        """
        while raw:
            if self._stream.eof:
                raise ExchangeError("answered with something after the end of a gzip stream")
            try:
                piece = self._stream.decompress(raw, _PIECE_BYTES)
            except zlib.error as error:
                raise ExchangeError(f"answered with broken gzip: {error}") from None
            raw = self._stream.unconsumed_tail or self._stream.unused_data
            if piece:
                yield piece


def _hinted(line: bytes) -> str | None:
    if not line.startswith(b"data: "):
        return None
    try:
        said = orjson.loads(line[6:])
    except orjson.JSONDecodeError:
        return None
    origin = said.get("origin") if isinstance(said, dict) else None
    return origin if isinstance(origin, str) else None


def _unanswered(url: str, error: Exception) -> ExchangeError:
    return ExchangeError(f"{url} did not answer: {type(error).__name__} {error}")

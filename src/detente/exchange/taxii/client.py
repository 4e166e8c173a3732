"""Reading a collection of another TAXII 2.1 server, page by page, from where one stopped.

Nothing it says is believed: what comes is handed on as it came, cut off at its limits.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Self

import httpx

from detente.exchange.limits import CONNECT_WAIT_S
from detente.exchange.taxii.errors import PullError, TaxiiError
from detente.exchange.taxii.limits import (
    PULL_BYTES_MAX,
    PULL_DEPTH_MAX,
    PULL_PAGE_OBJECTS,
    PULL_PAGES_MAX,
    PULL_READ_WAIT_S,
    PULL_S_MAX,
    PULL_VALUES_MAX,
)
from detente.exchange.taxii.negotiation import MEDIA_TYPE
from detente.exchange.taxii.query import SPEC_VERSION, read_moment
from detente.signing import JsonError, JsonLimits, parse_strict
from detente.signing.canonical import JsonValue

_LIMITS = JsonLimits(size_bytes=PULL_BYTES_MAX, depth=PULL_DEPTH_MAX, values=PULL_VALUES_MAX)
_TOKEN_MAX = 4_096
_ENDS = ("first", "last")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a collection was read.

    Attributes:
        after: the newest date_added that was seen to its end, "" before the first time.
        following: `next` within a reading that goes on, or "".
        newest: the newest date_added of that reading, or "".
        whole: the newest date_added of it up to which all was seen, or "".
    """

    after: str = ""
    following: str = ""
    newest: str = ""
    whole: str = ""

    @property
    def to_keep(self) -> "Place":
        """Where to begin in another process: what was seen already may come once more.

        A `next` is no place to keep: some servers give each page once and forget it, whether
        or not it was taken.
        """
        return Place(self.whole or self.after)


@dataclass(frozen=True, slots=True)
class PulledPage:
    """One answer.

    Attributes:
        objects: as they came.
        place: where to go on once these are taken.
        more: whether something follows now.
    """

    objects: tuple[JsonValue, ...]
    place: Place
    more: bool


class TaxiiClient:
    """Reads one collection of another server. Close it when done.

    Args:
        url: of the collection, with a slash at its end.
        authorization: the value of that header, "" for none.
    """

    def __init__(self, url: str, *, authorization: str = "") -> None:
        if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
            raise PullError(f"{url[:200]!r} is no address of a collection")
        self._url = url.rstrip("/") + "/objects/"
        headers = {"accept": MEDIA_TYPE, "accept-encoding": "identity", "user-agent": "detente"}
        if authorization:
            headers["authorization"] = authorization
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(PULL_READ_WAIT_S, connect=CONNECT_WAIT_S),
            follow_redirects=False,
            trust_env=False,
            headers=headers,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def pages(self, place: Place) -> AsyncIterator[PulledPage]:
        """Yield what came since, oldest first.

        Raises:
            PullError: no answer in time, one that is too large or no envelope, a refusal, or
                a server that goes round in circles.
        """
        # Not the place alone: medallion writes the same `next` on every page.
        seen: set[tuple[Place, bytes]] = set()
        for _page in range(PULL_PAGES_MAX):
            page, digest = await self._page(place)
            if (page.place, digest) in seen:
                raise PullError(f"{self._url} gives the same page again and again")
            seen.add((page.place, digest))
            yield page
            if not page.more:
                return
            place = page.place
        raise PullError(f"{self._url} has more than {PULL_PAGES_MAX} pages")

    async def _page(self, place: Place) -> tuple[PulledPage, bytes]:
        status, headers, body = await self._get(_parameters(place))
        if status == HTTPStatus.BAD_REQUEST and place.following:
            # Some servers forget what they gave as `next`: begin where the last reading ended.
            place = place.to_keep
            status, headers, body = await self._get(_parameters(place))
        if status != HTTPStatus.OK:
            raise PullError(f"{self._url} answered {status}: {body[:200]!r}")
        return _read(place, headers, body, self._url), sha256(body).digest()

    async def _get(self, parameters: dict[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        try:
            async with (
                asyncio.timeout(PULL_S_MAX),
                self._client.stream("GET", self._url, params=parameters) as response,
            ):
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise PullError(f"{self._url} packs its answer though it was asked not to")
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > PULL_BYTES_MAX:
                        raise PullError(
                            f"{self._url} answers with more than {PULL_BYTES_MAX} bytes"
                        )
                return response.status_code, response.headers, bytes(body)
        except (httpx.HTTPError, TimeoutError, httpx.InvalidURL) as error:
            what = str(error) or type(error).__name__
            raise PullError(f"{self._url} does not answer: {what}") from None


def _parameters(place: Place) -> dict[str, str]:
    parameters = {"limit": str(PULL_PAGE_OBJECTS), "match[version]": "all"}
    if place.after:
        parameters["added_after"] = place.after
    if place.following:
        parameters["next"] = place.following
    return parameters


def _read(place: Place, headers: Mapping[str, str], body: bytes, url: str) -> PulledPage:
    try:
        envelope = parse_strict(body, _LIMITS) if body else {}
    except JsonError as error:
        raise PullError(f"{url} answers with no envelope: {error.message}") from None
    if not isinstance(envelope, dict):
        raise PullError(f"{url} answers with no envelope")
    objects = envelope.get("objects", [])
    if not isinstance(objects, list):
        raise PullError(f"{url} answers with objects that are no list")
    first, last = (_date(headers.get(f"x-taxii-date-added-{end}", "")) for end in _ENDS)
    newest = max(place.newest, last, key=_order)
    whole = max(place.whole, _whole(place.newest, first, last), key=_order)
    following = envelope.get("next")
    taken = tuple(_mended(each) for each in objects)
    if envelope.get("more") is True and (isinstance(following, str) or last):
        if isinstance(following, str) and 0 < len(following) <= _TOKEN_MAX:
            goes_on = Place(place.after, following, newest, whole)
        else:
            goes_on = Place(last or place.after)
        return PulledPage(taken, goes_on, more=True)
    return PulledPage(taken, Place(newest or place.after), more=False)


def _whole(before: str, first: str, last: str) -> str:
    """Return the date up to which everything came, once something later has come."""
    if _order(first) < _order(last):
        return first
    return before if _order(before) < _order(first) else ""


def _order(date: str) -> int:
    return read_moment(date) if date else -1


def _mended(brought: JsonValue) -> JsonValue:
    """Read what OpenTAXII 0.9.3 makes of an object: its type stands for its spec_version, too."""
    if isinstance(brought, dict) and brought.get("spec_version", "") == brought.get("type"):
        return {**brought, "spec_version": SPEC_VERSION}
    return brought


def _date(text: str) -> str:
    """Return a date_added that can be asked for again, "" for what is none."""
    try:
        read_moment(text)
    except TaxiiError:
        return ""
    return text

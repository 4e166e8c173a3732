"""Reading a collection of another TAXII 2.1 server, page by page, from where one stopped.

Nothing it says is believed: what comes is handed on as it came, cut off at its limits.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
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
from detente.exchange.taxii.query import read_moment
from detente.signing import JsonError, JsonLimits, parse_strict
from detente.signing.canonical import JsonValue

_LIMITS = JsonLimits(size_bytes=PULL_BYTES_MAX, depth=PULL_DEPTH_MAX, values=PULL_VALUES_MAX)
_TOKEN_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Place:
    """How far a collection was read.

    Attributes:
        after: the newest date_added that was seen to its end, "" before the first time.
        following: `next` within a reading that was not finished, or "".
        newest: the newest date_added of that reading, or "".
    """

    after: str = ""
    following: str = ""
    newest: str = ""


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
        """Yield what came since, oldest first; a reading that was not finished goes on.

        Raises:
            PullError: no answer in time, one that is too large or no envelope, a refusal, or
                a server that goes round in circles.
        """
        seen: set[Place] = set()
        for _page in range(PULL_PAGES_MAX):
            if place in seen:
                raise PullError(f"{self._url} gives the same page again and again")
            seen.add(place)
            page = await self._page(place)
            yield page
            if not page.more:
                return
            place = page.place
        raise PullError(f"{self._url} has more than {PULL_PAGES_MAX} pages")

    async def _page(self, place: Place) -> PulledPage:
        status, headers, body = await self._get(_parameters(place))
        if status == HTTPStatus.BAD_REQUEST and place.following:
            # Some servers forget what they gave as `next`: begin where the last reading ended.
            place = replace(place, following="", newest="")
            status, headers, body = await self._get(_parameters(place))
        if status != HTTPStatus.OK:
            raise PullError(f"{self._url} answered {status}: {body[:200]!r}")
        return _read(place, headers, body, self._url)

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
    last = _date(headers.get("x-taxii-date-added-last", ""))
    newest = max(place.newest, last)
    following = envelope.get("next")
    if envelope.get("more") is True and (isinstance(following, str) or last):
        if isinstance(following, str) and 0 < len(following) <= _TOKEN_MAX:
            goes_on = Place(place.after, following, newest)
        else:
            goes_on = Place(last or place.after)
        return PulledPage(tuple(objects), goes_on, more=True)
    return PulledPage(tuple(objects), Place(newest or place.after), more=False)


def _date(text: str) -> str:
    """Return a date_added that can be asked for again, "" for what is none."""
    try:
        read_moment(text)
    except TaxiiError:
        return ""
    return text

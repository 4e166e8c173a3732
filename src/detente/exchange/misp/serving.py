"""MISP feeds by URL: what a MISP subscribes to, for who holds a token.

Not imported with the room: formats are read without a web server. What is served was
cleared for the reader by the gate before it comes here.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Protocol

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, SkipValidation

from detente.errors import EnvironmentFault
from detente.exchange.taxii.accounts import CHALLENGE, Account, presented_token

PATH = "/misp/"
_THREADS = 2  # a feed is put together once and then handed out


class FeedDesk(Protocol):
    """What a node gives its feeds."""

    def account(self, token: str) -> Account | None:
        """Return the holder of a token that counts now.

        Raises:
            StorageFault: the database refused.
        """
        ...

    def views(self) -> frozenset[str]:
        """Return the names of the feeds there are."""
        ...

    def files(self, view: str, account: Account) -> Mapping[str, bytes]:
        """Return the files of one feed as this reader may see them.

        Raises:
            StorageFault: the disk or the database refused.
        """
        ...


class FeedFace:
    """Answers for feeds. Safe for threads.

    Args:
        desk: what stands behind it.
    """

    def __init__(self, desk: FeedDesk) -> None:
        self._desk = desk
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="feeds")

    def read(self, authorization: str, view: str, name: str) -> Response[bytes]:
        """Return one file of a feed, or the refusal."""
        try:
            account = self._desk.account(presented_token(authorization))
            if account is None:
                return _refusal(HTTPStatus.UNAUTHORIZED, {"www-authenticate": CHALLENGE})
            if view not in self._desk.views():
                return _refusal(HTTPStatus.NOT_FOUND)
            if not account.reads(view):
                return _refusal(HTTPStatus.FORBIDDEN)
            data = self._desk.files(view, account).get(name)
        except EnvironmentFault:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        if data is None:
            return _refusal(HTTPStatus.NOT_FOUND)
        kind = "application/json" if name.endswith(".json") else "text/csv"
        return Response(data, media_type=kind, headers={"cache-control": "no-store"})


def feed_routes(face: FeedFace) -> Router:
    """Return the routes of the feeds: `/misp/VIEW/manifest.json` and what stands beside it."""
    return Router(
        path=PATH,
        dependencies={"feeds": Provide(lambda: face, sync_to_thread=False)},
        tags=["MISP feeds"],
        security=[{"bearer": []}, {"basic": []}],
        route_handlers=[_file],
    )


@get("/{view:str}/{name:str}")
async def _file(
    request: Request[None, None, State],
    feeds: NamedDependency[SkipValidation[FeedFace]],
    view: FromPath[str],
    name: FromPath[str],
) -> Response[bytes]:
    """Return one file of a MISP feed: manifest.json, hashes.csv, or an event by its uuid."""
    loop = asyncio.get_running_loop()
    given = request.headers.get("authorization", "")
    return await loop.run_in_executor(feeds.threads, feeds.read, given, view, name)


def _refusal(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    words = status.phrase.encode()
    return Response(words, status_code=int(status), media_type="text/plain", headers=headers)

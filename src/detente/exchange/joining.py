"""The way in, over HTTP: a card to be offered something, an offer to be answered.

What is shown binds nobody: cards are public keys, and an offer carries no signature. What
is taken is signed by a governance key that stands in the offer, or refused.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from detente.errors import UnitError

BODY_BYTES_MAX = {"/offer/answers": 65_536}  # an acceptance has some 20,000
_PRIVATE = {"cache-control": "no-store"}


class WayIn(Protocol):
    """What a node shows to those who found a unit with it or enter its unit."""

    def card(self) -> bytes | None:
        """Return the card of a node that could be offered something; None for nothing."""
        ...

    def offer(self) -> bytes | None:
        """Return the offer that is open here; None where none is."""
        ...

    def chain(self) -> bytes | None:
        """Return the charter chain, once there is one; None before."""
        ...

    def take(self, answer: bytes) -> str:
        """Take an acceptance or withdrawal; say how the offer stands. Raises UnitError."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes stand on."""

    way_in: WayIn


Asked = Request[None, None, State]
_Door = NamedDependency[SkipValidation[Door]]


def joining_routes(way_in: WayIn, *, shows_chain: bool = False) -> Router:
    """Return the routes by which units are founded and entered.

    Args:
        way_in: what is shown and taken.
        shows_chain: the charter chain as well, where no other routes show it.
    """
    door = Door(way_in)
    return Router(
        path="/",
        dependencies={"door": Provide(lambda: door, sync_to_thread=False)},
        route_handlers=[_card, _offer, _answer, *([_chain] if shows_chain else [])],
    )


@get("/card")
async def _card(door: _Door) -> Response[bytes]:
    return _shown(await asyncio.to_thread(door.way_in.card))


@get("/offer")
async def _offer(door: _Door) -> Response[bytes]:
    return _shown(await asyncio.to_thread(door.way_in.offer))


@get("/chain")
async def _chain(door: _Door) -> Response[bytes]:
    return _shown(await asyncio.to_thread(door.way_in.chain))


@post("/offer/answers", status_code=HTTPStatus.OK)
async def _answer(request: Asked, door: _Door) -> Response[bytes]:
    body = await request.body()
    try:
        told = await asyncio.to_thread(door.way_in.take, body)
    except UnitError as error:
        return _said(error.message, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _said(told, HTTPStatus.OK)


def _shown(data: bytes | None) -> Response[bytes]:
    if data is None:
        return _said("nothing stands here", HTTPStatus.NOT_FOUND)
    headers = {**_PRIVATE, "content-type": "application/octet-stream"}
    return Response(data, headers=headers)


def _said(text: str, status: HTTPStatus) -> Response[bytes]:
    headers = {**_PRIVATE, "content-type": "text/plain; charset=utf-8"}
    return Response(f"{text}\n".encode(), headers=headers, status_code=status)

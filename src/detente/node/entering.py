"""The way in over the network: what this node shows of an open offer, and asking at another's."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from detente.charter import CHARTER_BYTES_MAX, Member, parse_charter
from detente.errors import InputError
from detente.exchange.client import HttpFace
from detente.exchange.errors import ExchangeError
from detente.exchange.protocol.limits import CHAIN_BYTES_MAX
from detente.exchange.protocol.paths import CHAIN
from detente.node.circle import has_left
from detente.node.founding import read_card, write_card
from detente.node.home import Home
from detente.node.offering import (
    OpenOffer,
    Outcome,
    answer,
    forget_offer,
    join,
    note_answered,
    read_offer,
    refuse,
    take_answer,
)
from detente.proofs.chain import CharterChain, parse_chain

CARD, OFFER, ANSWERS = "card", "offer", "offer/answers"
_CARD_BYTES_MAX = 65_536


class HomeWayIn:
    """What an open node shows to those who found a unit with it (`exchange.joining.WayIn`).

    Args:
        home: open.
        now: the clock.
        moved: called when an offer here was completed or withdrawn.
    """

    def __init__(
        self, home: Home, now: Callable[[], datetime], moved: Callable[[], None] = lambda: None
    ) -> None:
        self._home = home
        self._now = now
        self._moved = moved

    def card(self) -> bytes | None:
        """Return the card of a node that belongs to no unit."""
        return write_card(self._home) if self._home.charter is None else None

    def offer(self) -> bytes | None:
        """Return the offer that this node keeps open."""
        kept = read_offer(self._home)
        return None if kept is None or kept.at else kept.document

    def chain(self) -> bytes | None:
        """Return the charter chain, once there is one."""
        chain = self._home.chain
        return None if chain is None else chain.file.to_bytes()

    def take(self, data: bytes) -> str:
        """Take an answer to it."""
        outcome = take_answer(self._home, data, self._now)
        if outcome is not Outcome.OPEN:
            self._moved()
        return outcome.value


def fetch_card(url: str) -> Member:
    """Return the card that a node at an address shows.

    Raises:
        ExchangeError: no answer.
        InputError: it shows none.
        CharterFormatError, JsonError: another form.
    """
    data = asyncio.run(_read(url, CARD, _CARD_BYTES_MAX))
    if data is None:
        raise InputError(
            f"{url} shows no card",
            remedy="`detente run` beside a node without a unit shows its card",
        )
    return read_card(data)


def fetch_offer(url: str) -> bytes:
    """Return the offer that a node at an address keeps open; raises as `fetch_card`."""
    data = asyncio.run(_read(url, OFFER, CHARTER_BYTES_MAX))
    if data is None:
        raise InputError(f"no offer is open at {url}", remedy="Ask whoever offers")
    parse_charter(data)
    return data


def answer_at(home: Home, url: str, *, withdrawn: bool, now: datetime) -> str:
    """Answer the offer at an address, and say how it stands there.

    Raises:
        InputError: this node does not stand in it, or no offer is open there.
        ExchangeError: no answer in time, or a refusal; it is asked again by `detente run`.
    """
    kept = read_offer(home)
    known = kept is not None and kept.at == url
    document = kept.document if kept is not None and known else fetch_offer(url)
    said = refuse(home, document) if withdrawn else answer(home, document, now)
    if not withdrawn:
        note_answered(home, document, said, url)
    status, told = asyncio.run(_send(url, said))
    text = told.decode(errors="replace").strip()
    if status != HTTPStatus.OK:
        look_again(home, now)
        raise ExchangeError(f"{url} did not take the answer: {text[:200]}")
    if withdrawn:
        forget_offer(home)
    return text


def look_again(home: Home, now: datetime) -> Outcome:
    """Ask whoever keeps the answered offer open what came of it, and follow that.

    An address that does not answer leaves everything as it is.

    Raises:
        InputError, CharterError: what is shown there does not hold.
        StorageFault: the disk or the database refused.
    """
    kept = read_offer(home)
    if kept is None or not kept.at:
        return Outcome.OPEN
    if (bound := home.charter) is not None and has_left(home) is None:
        forget_offer(home)
        return Outcome.DONE if kept.charter.version <= bound.version else Outcome.WITHDRAWN
    try:
        # In this order: it is in the chain before it is open no more.
        still = asyncio.run(_read(kept.at, OFFER, CHARTER_BYTES_MAX))
        chain = asyncio.run(_read(kept.at, CHAIN, CHAIN_BYTES_MAX))
    except ExchangeError:
        return Outcome.OPEN
    return _followed(home, kept, still == kept.document, chain, now)


def _followed(
    home: Home, kept: OpenOffer, is_open: bool, data: bytes | None, now: datetime
) -> Outcome:
    charter = kept.charter
    chain = None if data is None else parse_chain(data)
    if chain is not None and chain.unit == charter.unit_id and chain.charter(charter.digest):
        join(home, kept.document, chain, now)
        forget_offer(home)
        return Outcome.DONE
    if is_open or (charter.version > 1 and _may_come(chain, charter.version)):
        return Outcome.OPEN
    forget_offer(home)
    return Outcome.WITHDRAWN


def _may_come(chain: CharterChain | None, version: int) -> bool:
    """Say whether the members may still be voting on an admission."""
    return chain is not None and chain.latest.version < version


async def _read(url: str, path: str, bytes_max: int) -> bytes | None:
    async with HttpFace(url, member="", signer=lambda: None) as face:
        return await face.read(path, bytes_max=bytes_max)


async def _send(url: str, data: bytes) -> tuple[int, bytes]:
    async with HttpFace(url, member="", signer=lambda: None) as face:
        return await face.send(ANSWERS, data)

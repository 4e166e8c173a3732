"""What is handed on between the steps of the sequencer, and how those who wait are told."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from detente.errors import UnitError
from detente.node.errors import SigningRefused
from detente.node.log import Acknowledged
from detente.tlog.checkpoint import Checkpoint

Draft = TypeVar("Draft")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Draft]):
    """A draft, who waits for it, and whether it is the last of those submitted together."""

    draft: Draft
    answer: asyncio.Future[Acknowledged]
    last: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries at consecutive positions from `start`, with who waits for each."""

    start: int
    entries: list[bytes]
    payload_hashes: list[str]
    answers: list[asyncio.Future[Acknowledged]]

    def joined(self, later: "Batch") -> "Batch":
        """Return both as one; `later` begins where this ends."""
        return Batch(
            self.start,
            self.entries + later.entries,
            self.payload_hashes + later.payload_hashes,
            self.answers + later.answers,
        )


def refusal(origin: str, fault: Exception) -> SigningRefused:
    """Return what is raised by a log that met a fault and signs nothing more."""
    match fault:
        case UnitError():
            why, remedy = fault.message, fault.remedy
        case _:
            why = f"a fault of this program, {type(fault).__name__}: {fault}"
            remedy = "Start the node again; if it happens twice, report it"
    return SigningRefused(f"log {origin} signs nothing more: {why}", remedy=remedy)


async def answered(answer: asyncio.Future[Acknowledged]) -> Acknowledged | UnitError:
    """Return what became of a draft, its refusal too."""
    try:
        return await answer
    except UnitError as error:
        return error


def fail(answers: Iterable[asyncio.Future[object]], fault: BaseException) -> None:
    """Raise a fault where these are awaited."""
    for answer in answers:
        if not answer.done():
            answer.set_exception(fault)


def give(answers: Iterable[asyncio.Future[Checkpoint]], checkpoint: Checkpoint) -> None:
    """Give a checkpoint to those who wait for it."""
    for answer in answers:
        if not answer.done():
            answer.set_result(checkpoint)

"""Handing over what this node says, for a node that nobody can call.

What is pushed is a bundle: the same pieces as on media, judged by the same steps. What a
peer says it holds of this log only decides what is sent.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from tempfile import TemporaryFile

from detente.errors import UnitError
from detente.exchange.bundle import Piece, write_bundle
from detente.exchange.client import HttpFace
from detente.exchange.protocol.paths import cosigned_path
from detente.node.bundling import push_parts
from detente.node.home import Home
from detente.node.outward import HomeOutward
from detente.tlog import Checkpoint, SignedNote
from detente.tlog.note import NOTE_BYTES_MAX

PUSH_EVERY_S = 50.0  # also where nothing was said: a fresh checkpoint is a sign of life
AGAIN_S_MOST = 300.0
_CHUNK_BYTES = 2**20


class Push:
    """Keeps one peer up to date with this node's log.

    Args:
        home: the node.
        outward: its face.
        member: hex id of the peer.
        face: of the peer.
        report: tells people what went wrong, once for each reason.
    """

    def __init__(
        self,
        home: Home,
        outward: HomeOutward,
        member: str,
        face: HttpFace,
        *,
        report: Callable[[str], None],
    ) -> None:
        self._home = home
        self._outward = outward
        self._member = member
        self._face = face
        self._report = report
        self._complaint = ""
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Push whenever the log grew, and now and then, until cancelled."""
        failures = 0
        while True:
            self.wake.clear()
            try:
                await self._push()
                failures, self._complaint = 0, ""
            except UnitError as error:
                failures += 1
                if error.message != self._complaint:
                    self._complaint = error.message
                    self._report(f"pushing to {self._face.url}: {error.message}")
            most = min(2.0**failures, AGAIN_S_MOST) if failures else PUSH_EVERY_S
            seconds = most * (1 + random.random() / 4)  # noqa: S311 - jitter
            if failures:  # then growth alone is no reason to try again at once
                await asyncio.sleep(seconds)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.wake.wait()

    async def _push(self) -> None:
        before: list[int] | None = None
        while True:
            since = await self._size_there()
            awaited = await self._awaited_there()
            if before is not None and awaited in ([], before):
                return
            parts = push_parts(
                self._home, self._outward, reader=self._member, since=since, awaited=awaited
            )
            while (part := await asyncio.to_thread(next, parts, None)) is not None:
                await self._hand_over(part)
            # It may have come by another way meanwhile, entries first and contents not at all.
            before = awaited

    async def _size_there(self) -> int:
        """Return how much of this log the peer says it cosigned."""
        path = cosigned_path(self._home.identity.origin)
        note = await self._face.read(path, bytes_max=NOTE_BYTES_MAX)
        return 0 if note is None else Checkpoint.parse(SignedNote.parse(note).text).size

    async def _awaited_there(self) -> list[int]:
        """Return the places of this log whose content the peer lacks."""
        own = self._home.identity.origin
        return sorted(seq for origin, seq in await self._face.awaits() if origin == own)

    async def _hand_over(self, part: list[Piece]) -> None:
        with TemporaryFile() as file:
            await asyncio.to_thread(write_bundle, file, self._home.identity.member, part)
            size, hasher = file.tell(), sha256()
            file.seek(0)
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                hasher.update(chunk)
            file.seek(0)
            await self._face.push(file, size, hasher.digest())

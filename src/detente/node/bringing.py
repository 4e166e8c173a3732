"""Bringing contents from a peer's face into the blob store.

A large one is streamed to the disk on its own. Small ones come in memory, and whatever came
while the store was busy is made durable together: the busier it is, the more share a commit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Protocol

from detente.exchange.errors import ExchangeError
from detente.exchange.limits import SPOOL_BYTES_MAX
from detente.exchange.ports import Face
from detente.exchange.protocol import Event
from detente.exchange.protocol.commands import FetchBlob
from detente.exchange.protocol.events import Failed, Kept
from detente.exchange.protocol.limits import SMALL_CONTENT_BYTES_MAX
from detente.storage.blobs import BlobStore
from detente.storage.errors import BlobRefused, ErasedBlob


class PeerFace(Face, Protocol):
    """A face that also gives content to whom it is addressed, and may tell when to look.

    UNTRUSTED, as every face.
    """

    def blob(
        self, digest: str, *, at: tuple[str, int], bytes_max: int
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes] | None]:
        """Lend a wrap or ciphertext as a stream; None where there is none."""
        ...

    def hints(self) -> AsyncIterator[str]:
        """Yield the origin of each log that is said to have grown."""
        ...


class Bringing:
    """Answers requests for contents of one peer, each with one event.

    Args:
        face: the peer's.
        blobs: where contents go.
        take: called with `Kept` or `Failed` for each request.
    """

    def __init__(self, face: PeerFace, blobs: BlobStore, take: Callable[[Event], None]) -> None:
        self._face = face
        self._blobs = blobs
        self._take = take
        self._came: list[tuple[FetchBlob, bytes]] = []
        self._is_keeping = False

    async def bring(self, commands: Sequence[FetchBlob]) -> None:
        """Bring what is not here yet.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        have = await asyncio.to_thread(self._blobs.held_among, {each.digest for each in commands})
        try:
            async with asyncio.TaskGroup() as bringing:
                for command in commands:
                    if command.digest in have:
                        self._take(Kept(command.request))
                    else:
                        bringing.create_task(self._answer(command))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _answer(self, command: FetchBlob) -> None:
        is_small = command.bytes_max <= SMALL_CONTENT_BYTES_MAX
        try:
            kept = await (self._hold(command) if is_small else self._stream(command))
        except (ExchangeError, BlobRefused, ErasedBlob) as error:
            self._take(Failed(command.request, error.message))
            return
        if not kept:
            self._take(Failed(command.request, "it has no such blob", missing=True))
        elif not is_small:
            self._take(Kept(command.request))
        elif not self._is_keeping:
            await self._keep()

    async def _hold(self, command: FetchBlob) -> bool:
        """Bring a small one into memory."""
        at = (command.origin, command.seq)
        asking = self._face.blob(command.digest, at=at, bytes_max=command.bytes_max)
        async with asking as pieces:
            if pieces is None:
                return False
            data = bytearray()
            async for piece in pieces:
                data += piece
                if len(data) > command.bytes_max:
                    raise BlobRefused(f"more than the {command.bytes_max} bytes allowed")
        self._came.append((command, bytes(data)))
        return True

    async def _keep(self) -> None:
        """Keep what came in memory, and what comes meanwhile."""
        self._is_keeping = True
        try:
            while self._came:
                await asyncio.sleep(0)  # whoever is as far comes along
                came, self._came = self._came, []
                blobs = {command.digest: data for command, data in came}
                refused = await asyncio.to_thread(self._blobs.put_promised, blobs)
                for command, _ in came:
                    error = refused.get(command.digest)
                    answer = Failed(command.request, error.message) if error else None
                    self._take(answer or Kept(command.request))
        finally:
            self._is_keeping = False

    async def _stream(self, command: FetchBlob) -> bool:
        at = (command.origin, command.seq)
        asking = self._face.blob(command.digest, at=at, bytes_max=command.bytes_max)
        with SpooledTemporaryFile(max_size=SPOOL_BYTES_MAX) as spool:
            async with asking as pieces:
                if pieces is None:
                    return False
                async for piece in pieces:
                    spool.write(piece)
            spool.seek(0)
            chunks = iter(partial(spool.read, SPOOL_BYTES_MAX), b"")
            await asyncio.to_thread(
                self._blobs.put_stream,
                chunks,
                digest=command.digest,
                bytes_max=command.bytes_max,
            )
        return True

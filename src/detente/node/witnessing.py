"""Asking outside witnesses for their cosignature (C2SP tlog-witness, the log's side).

Each witness has its own task: one that is slow or refuses keeps nobody waiting. What
comes back counts only once a key that the charter names has been held against it.
"""

import asyncio
import random
from collections.abc import Callable
from http import HTTPStatus

from detente.charter import OutsideWitness
from detente.errors import UnitError
from detente.exchange.client import HttpFace
from detente.exchange.errors import ExchangeError
from detente.exchange.protocol.commands import Merge
from detente.node.cosigning import growth_request
from detente.proofs.cosigners import outside_verifiers
from detente.tlog import Checkpoint, NoteError, SignatureLine, SignedNote, TileStore, open_signed
from detente.tlog.checkpoint import parse_size

ASK_EVERY_S = 30.0  # also where nothing grew: a witness says when it last saw the log
AGAIN_S_MOST = 300.0


class OutsideCosigner:
    """Gathers one outside witness's lines under this node's own checkpoints.

    Args:
        witness: as the charter has it.
        face: its submission prefix.
        newest: returns the newest own checkpoint note and its tiles, None before the first;
            called in threads.
        merge: takes cosignatures that were checked; called in threads.
        report: tells people what the witness refused, once for each reason.
    """

    def __init__(
        self,
        witness: OutsideWitness,
        face: HttpFace,
        *,
        newest: Callable[[], tuple[bytes, TileStore] | None],
        merge: Callable[[Merge], object],
        report: Callable[[str], None],
    ) -> None:
        self._witness = witness
        self._verifiers = outside_verifiers(witness)
        self._face = face
        self._newest = newest
        self._merge = merge
        self._report = report
        self._cosigned = 0
        self._complaint = ""
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Ask whenever the log grew, and now and then, until cancelled."""
        failures = 0
        while True:
            self.wake.clear()
            try:
                await self._ask()
                failures, self._complaint = 0, ""
            except UnitError as error:
                failures += 1
                if error.message != self._complaint:
                    self._complaint = error.message
                    self._report(f"witness {self._witness.name}: {error.message}")
            most = min(2.0**failures, AGAIN_S_MOST) if failures else ASK_EVERY_S
            # After a failure growth alone is no reason to ask again at once.
            await self._sleep(most * (1 + random.random() / 4), awake=not failures)  # noqa: S311

    async def _sleep(self, seconds: float, *, awake: bool) -> None:
        if not awake:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            pass

    async def _ask(self) -> None:
        """Ask once, and once more from the size the witness names.

        Raises:
            ExchangeError: no answer, or a refusal.
            NoteError: what came is no signature of this witness.
        """
        newest = await asyncio.to_thread(self._newest)
        if newest is None:
            return
        note, tiles = newest
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        for _ in range(2):
            old = min(self._cosigned, checkpoint.size)
            request = await asyncio.to_thread(growth_request, signed, checkpoint, tiles, old)
            status, body, is_size = await self._face.add_checkpoint(request)
            if status == HTTPStatus.OK:
                await asyncio.to_thread(self._take, signed, body)
                self._cosigned = checkpoint.size
                return
            if status != HTTPStatus.CONFLICT or not is_size:
                break
            self._cosigned = parse_size(body.decode("ascii", "replace").strip())
            if self._cosigned > checkpoint.size:
                raise ExchangeError(
                    f"it cosigned size {self._cosigned} of this log, which has {checkpoint.size}"
                )
        words = body[:200].decode("utf-8", "replace").strip()
        raise ExchangeError(f"refused size {checkpoint.size} with status {status}: {words}")

    def _take(self, signed: SignedNote, body: bytes) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise NoteError("an answer of signature lines is UTF-8") from None
        if not text.endswith("\n"):
            raise NoteError("an answer of signature lines ends in a line feed")
        lines = [SignatureLine.parse(line) for line in text[:-1].split("\n")]
        known = {(each.name, each.key_id) for each in self._verifiers}
        own = tuple(line for line in lines if (line.name, line.key_id) in known)
        if not own:
            raise NoteError(f"it answered with no line of a key of {self._witness.name!r}")
        opened = open_signed(SignedNote(signed.text, own), self._verifiers)
        if not all(each.timestamp for each in opened.verified):
            raise NoteError("it cosigned at time 0, which says nothing")
        self._merge(Merge(signed.text.partition("\n")[0], signed.with_lines(own).to_bytes()))

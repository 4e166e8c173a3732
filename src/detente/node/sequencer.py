"""The one writer of a member's log: drafts in, acknowledged statements out.

Three threads, each with one step, so that signing, the disk and the tree work
at the same time: *sign* gives each draft its position and signs it there;
*commit* makes a batch durable and only then answers; *integrate* follows with
tiles and checkpoints. Any fault stops all three: what was acknowledged is in
the journal, and starting again continues from there.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from time import monotonic
from types import TracebackType
from typing import Generic, Self, TypeVar

from detente.errors import UnitError
from detente.node.errors import SigningRefused
from detente.node.handing_on import Batch, Waiting, answered, fail, give, refusal
from detente.node.integration import Integrator
from detente.node.log import Acknowledged, Log, SequencerLimits, StopPoint, pass_by
from detente.signing import Envelope, SignatureError
from detente.tlog.checkpoint import Checkpoint

Draft = TypeVar("Draft")
Sign = Callable[[Draft, int, int], Envelope]


class Sequencer(Generic[Draft]):
    """Appends to one log; nobody else may.

    Args:
        log: the log; the caller holds its directory's lock.
        sign: builds and signs a draft at (epoch, seq). Called in another thread, one draft
            at a time. What travels beside the entry it stores durably itself, before it
            returns. May raise `UnitError`: that draft alone fails.
        now: the clock.
        limits: how much may wait.
        stop: called with the name of each place where a test may end the process.
    """

    def __init__(
        self,
        log: Log,
        *,
        sign: Sign[Draft],
        now: Callable[[], datetime],
        limits: SequencerLimits | None = None,
        stop: StopPoint = pass_by,
    ) -> None:
        self._log = log
        self._sign = sign
        self._limits = limits or SequencerLimits()
        self._stop = stop
        self._integrator = Integrator(
            log,
            now=now,
            may_sign=self._require_permission,
            journal_spare_entries=self._limits.journal_spare_entries,
            stop=stop,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Semaphore(self._limits.waiting_entries_max)
        self._waiting: SimpleQueue[Waiting[Draft] | None] = SimpleQueue()
        # What is signed and waits for the commit before it: the longer that takes, the more.
        self._handover = Condition()
        self._signed = Batch(0, [], [], [])
        self._signing = False
        # Guards everything below; told whenever any of it changes.
        self._state = Condition()
        self._fault: Exception | None = None
        self._next_seq = 0
        self._durable: list[bytes] = []
        self._lag = 0
        self._open = False
        self._committing = False
        self._published = self._integrator.checkpoint
        self._readers: list[tuple[int, asyncio.Future[Checkpoint]]] = []
        self._threads: list[Thread] = []

    async def start(self) -> Checkpoint:
        """Recover the log and begin to take drafts.

        Returns:
            The checkpoint just published.

        Raises:
            SigningRefused: TRUSTED state is missing or older than what was published, or the
                clock was set back.
            StorageFault: the disk or the database refused, or is damaged.
        """
        self._loop = asyncio.get_running_loop()
        self._next_seq = await asyncio.to_thread(self._integrator.recover)
        self._published = self._integrator.checkpoint
        self._open = self._signing = self._committing = True
        for name, steps in (
            ("sign", self._sign_loop),
            ("commit", self._commit_loop),
            ("integrate", self._integrate_loop),
        ):
            thread = Thread(target=steps, name=f"log-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self._published

    async def submit(self, draft: Draft) -> Acknowledged:
        """Sign a draft at the next position and return when it is durable.

        Raises:
            SigningRefused: the node refuses to sign, or was closed.
            StorageFault: the disk or the database refused. The statement was not acknowledged;
                after a restart the log tells whether it is in.
            UnitError: whatever `sign` refused this draft for.
        """
        (answer,) = await self.submit_each([draft])
        if isinstance(answer, UnitError):
            raise answer
        return answer

    async def submit_each(self, drafts: Sequence[Draft]) -> list[Acknowledged | UnitError]:
        """Sign drafts at the next positions, and return once each is durable or refused.

        They go through the log together: one commit, and one checkpoint over all of them.

        Raises:
            SigningRefused: the node refuses to sign, or was closed.
        """
        async with self._room:
            self._require_running()
            new = asyncio.get_running_loop().create_future
            answers: list[asyncio.Future[Acknowledged]] = [new() for _ in drafts]
            for place, (draft, answer) in enumerate(zip(drafts, answers, strict=True), start=1):
                self._waiting.put(Waiting(draft, answer, last=place == len(drafts)))
            return [await answered(each) for each in answers]

    async def covered(self, seq: int) -> Checkpoint:
        """Return a published checkpoint that covers position `seq`, waiting for it.

        Raises:
            SigningRefused: the node refuses to sign, met a fault, or was closed.
        """
        with self._state:
            if self._published.size > seq:
                return self._published
            self._require_running()
            future: asyncio.Future[Checkpoint] = asyncio.get_running_loop().create_future()
            self._readers.append((seq, future))
        return await future

    @property
    def published(self) -> Checkpoint:
        """The newest checkpoint that readers can see."""
        return self._published

    def refuse(self, fault: Exception) -> None:
        """Sign nothing more, and say why to everybody who asks; only a new start ends this.

        For a node that learns from peers or witnesses that its TRUSTED state is old.
        """
        with self._state:
            self._fault = self._fault or fault
            readers = [future for _, future in self._readers]
            self._readers.clear()
            self._state.notify_all()
        self._tell(fail, readers, refusal(self._log.origin, self._fault))

    async def close(self) -> None:
        """Take no more drafts, finish those taken, publish and stop."""
        if self._open:
            self._open = False
            self._waiting.put(None)
            for thread in self._threads:
                await asyncio.to_thread(thread.join)
        self.refuse(self._closed())

    async def __aenter__(self) -> Self:
        """Start the log."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, whatever happened."""
        await self.close()

    def _require_running(self) -> None:
        self._require_permission()
        if not self._open:
            raise self._closed()

    def _require_permission(self) -> None:
        if self._fault is not None:
            # A new one each time: one instance raised for ever would keep every traceback.
            raise refusal(self._log.origin, self._fault) from self._fault

    def _closed(self) -> SigningRefused:
        return SigningRefused(f"log {self._log.origin} is closed", remedy="Start the node first")

    def _tell(self, act: Callable[..., None], *what: object) -> None:
        # The loop is gone when its program ends without closing; then nobody waits either.
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *what)

    # --- sign -----------------------------------------------------------------------------

    def _sign_loop(self) -> None:
        more = True
        while more:
            waiting, more = self._take()
            self._wait_for_tree()
            batch = self._sign_all(waiting)
            if batch.entries:
                self._hand_over(batch)
            del waiting, batch  # what was said may be large, and the next may be long in coming
        with self._handover:
            self._signing = False
            self._handover.notify()

    def _take(self) -> tuple[list[Waiting[Draft]], bool]:
        """Return what waits, at least one unless it is the end, and whether more may come."""
        waiting: list[Waiting[Draft]] = []
        item = self._waiting.get()
        while item is not None:
            waiting.append(item)
            if len(waiting) == self._limits.batch_entries_max:
                return waiting, True
            try:
                # What was submitted together stays together, even where it is still coming.
                item = self._waiting.get(block=not item.last)
            except Empty:
                return waiting, True
        return waiting, False

    def _wait_for_tree(self) -> None:
        with self._state:
            self._state.wait_for(
                lambda: self._lag <= self._limits.lag_entries_max or self._fault is not None
            )

    def _sign_all(self, waiting: Iterable[Waiting[Draft]]) -> Batch:
        batch = Batch(self._next_seq, [], [], [])
        for item in waiting:
            try:
                envelope = self._sign_next(item.draft)
            except UnitError as error:
                self._tell(fail, [item.answer], error)
            except Exception as bug:  # ours: said to whoever asks, and nothing is signed after it
                self.refuse(bug)
                self._tell(fail, [item.answer], bug)
            else:
                batch.entries.append(envelope.to_bytes())
                batch.payload_hashes.append(envelope.payload_hash)
                batch.answers.append(item.answer)
                self._next_seq += 1
        return batch

    def _sign_next(self, draft: Draft) -> Envelope:
        self._require_permission()
        envelope = self._sign(draft, self._log.epoch, self._next_seq)
        # What leaves was verified here, by the verifier everyone uses.
        public_key = self._log.own_keys.get(envelope.keyid)
        if public_key is None:
            raise SignatureError(
                f"entry {self._next_seq} is signed by {envelope.keyid[:16]}…, no key of ours"
            )
        envelope.verify(public_key)
        self._stop("signed")
        return envelope

    def _hand_over(self, batch: Batch) -> None:
        room = self._limits.batch_entries_max - len(batch.entries)
        with self._handover:
            self._handover.wait_for(lambda: len(self._signed.entries) <= room)
            self._signed = batch if not self._signed.entries else self._signed.joined(batch)
            self._handover.notify()

    # --- commit ---------------------------------------------------------------------------

    def _next_batch(self) -> Batch | None:
        """Return everything that is signed, None at the end."""
        with self._handover:
            self._handover.wait_for(lambda: self._signed.entries or not self._signing)
            batch, self._signed = self._signed, Batch(0, [], [], [])
            self._handover.notify()
        return batch if batch.entries else None

    def _commit_loop(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                self._require_permission()
                self._log.stores.journal.append(self._log.origin, batch.start, batch.entries)
                self._stop("journal-durable")
            except Exception as fault:
                # Positions after this batch were signed upon it: none of them may be used.
                self.refuse(fault)
                self._tell(fail, batch.answers, fault)
                continue
            with self._state:
                self._durable += batch.entries
                self._lag += len(batch.entries)
                self._state.notify_all()
            self._tell(self._acknowledge, batch)
        with self._state:
            self._committing = False
            self._state.notify_all()

    def _acknowledge(self, batch: Batch) -> None:
        origin, epoch = self._log.origin, self._log.epoch
        waiting = zip(batch.payload_hashes, batch.answers, strict=True)
        for seq, (payload_hash, answer) in enumerate(waiting, batch.start):
            if not answer.done():
                answer.set_result(Acknowledged(origin, epoch, seq, payload_hash))

    # --- integrate ------------------------------------------------------------------------

    def _integrate_loop(self) -> None:
        started = 0.0
        while (entries := self._next_entries(started)) is not None:
            started = monotonic()
            try:
                if entries:
                    self._integrator.integrate(entries)
                else:
                    self._integrator.publish()
            except Exception as fault:
                self.refuse(fault)
            else:
                self._show(self._integrator.checkpoint, len(entries))

    def _next_entries(self, last_started: float) -> list[bytes] | None:
        """Return what to integrate next, nothing for a mere renewal, None at the end."""
        limits = self._limits
        with self._state:
            due = self._state.wait_for(
                lambda: self._durable or not self._committing or self._fault,
                timeout=limits.checkpoint_every_s,
            )
            if not due:
                return []
            rest_s = last_started + limits.integrate_every_s - monotonic()
            self._state.wait_for(
                lambda: not self._committing or self._fault or self._lag > limits.lag_entries_max,
                timeout=max(0.0, rest_s),
            )
            if self._fault or not self._durable:
                return None
            entries, self._durable = self._durable, []
            return entries

    def _show(self, checkpoint: Checkpoint, integrated: int) -> None:
        with self._state:
            self._published = checkpoint
            self._lag -= integrated
            reached = [future for seq, future in self._readers if seq < checkpoint.size]
            self._readers = [item for item in self._readers if item[0] >= checkpoint.size]
            self._state.notify_all()
        self._tell(give, reached, checkpoint)

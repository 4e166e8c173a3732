"""The log of a running node: one sequencer for as long as the node runs.

Whatever this process says, from whichever thread, goes through here: a log has a single
writer. Where the keys in force changed, the sequencer is closed and begun anew.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import TypeVar

from detente.errors import UnitError
from detente.node.author import Draft
from detente.node.catching_up import catch_up
from detente.node.erasing import discard_unsaid
from detente.node.errors import SigningRefused
from detente.node.home import Home
from detente.node.log import Acknowledged, Log
from detente.node.sequencer import Sequencer, Sign
from detente.node.speaking import append, limits_of, own_log
from detente.storage.restored import refuse_unconfirmed
from detente.tlog import Checkpoint

_Signed = tuple[Sign[Draft], Draft]
_Result = TypeVar("_Result")
_STARTED_AGAIN = "the log was started again meanwhile; whether it was said, the log tells"


class LiveLog:
    """Holds the sequencer of a running node.

    Args:
        home: open; nobody else appends to its log.
        now: the clock.
        grown: called in the loop's thread whenever readers see a larger tree.

    Attributes:
        doubt: says why nothing is said just now; "" where it is.
    """

    def __init__(
        self, home: Home, now: Callable[[], datetime], grown: Callable[[Checkpoint], None]
    ) -> None:
        self._home = home
        self._now = now
        self._grown = grown
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sequencer: Sequencer[_Signed] | None = None
        self._log: Log | None = None
        self._changing = asyncio.Lock()
        self.doubt: Callable[[], str] = lambda: ""

    async def start(self) -> Checkpoint:
        """Recover the log and begin to take drafts.

        Raises:
            SigningRefused, RestoredState: the node must not sign.
            StorageFault: the disk or the database refused, or is damaged.
        """
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(refuse_unconfirmed, self._home.database)
        await asyncio.to_thread(catch_up, self._home)
        await asyncio.to_thread(discard_unsaid, self._home)
        return await self._begin()

    async def close(self) -> None:
        """Finish what was taken, publish and stop."""
        if self._sequencer is not None:
            await self._sequencer.close()

    def refuse(self, fault: UnitError) -> None:
        """Sign nothing more; only a new start ends this."""
        if self._sequencer is not None:
            self._sequencer.refuse(fault)

    async def say(
        self, sign: Sign[Draft], drafts: Sequence[Draft], *, log: Log | None = None
    ) -> list[Acknowledged]:
        """Append drafts in order; return once a published checkpoint covers them all.

        May be called from any thread's event loop; raises as `speaking.say`.
        """
        return await self._in_loop(self._say(sign, drafts, log))

    async def say_each(
        self, sign: Sign[Draft], drafts: Sequence[Draft]
    ) -> list[Acknowledged | UnitError]:
        """Append drafts together; return once one published checkpoint covers all that are said.

        One that is refused stops no other. May be called from any thread's event loop; raises
        as `speaking.say` where none can be said.
        """
        return await self._in_loop(self._say_each(sign, drafts))

    async def _in_loop(self, saying: Coroutine[object, object, _Result]) -> _Result:
        assert self._loop is not None  # noqa: S101 - started before anybody is told of it
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(saying, self._loop))

    async def _say(
        self, sign: Sign[Draft], drafts: Sequence[Draft], log: Log | None
    ) -> list[Acknowledged]:
        self._require_sure(drafts)
        if log is not None or await self._keys_changed():
            async with self._changing:
                return await self._say_elsewhere(sign, drafts, log)
        sequencer = self._running()
        said = [await sequencer.submit((sign, draft)) for draft in drafts]
        self._grown(await sequencer.covered(said[-1].seq) if said else sequencer.published)
        return said

    async def _say_each(
        self, sign: Sign[Draft], drafts: Sequence[Draft]
    ) -> list[Acknowledged | UnitError]:
        self._require_sure(drafts)
        if await self._keys_changed():
            return list(await self._say(sign, drafts, None))
        sequencer = self._running()
        answers = await sequencer.submit_each([(sign, draft) for draft in drafts])
        places = [each.seq for each in answers if isinstance(each, Acknowledged)]
        if places:
            self._grown(await sequencer.covered(max(places)))
        return answers

    def _require_sure(self, drafts: Sequence[Draft]) -> None:
        if drafts and (why := self.doubt()):
            raise SigningRefused(why, remedy="Set the clock of this machine")

    def _running(self) -> Sequencer[_Signed]:
        if self._sequencer is None:
            raise SigningRefused("the log of this node is not running", remedy=_STARTED_AGAIN)
        return self._sequencer

    async def _say_elsewhere(
        self, sign: Sign[Draft], drafts: Sequence[Draft], log: Log | None
    ) -> list[Acknowledged]:
        """Say something with other keys than the sequencer's, which is begun anew afterwards."""
        await self.close()
        try:
            where = log or own_log(self._home)
            return await append(where, sign, drafts, self._now, limits=limits_of(self._home))
        finally:
            self._grown(await self._begin())

    async def _begin(self) -> Checkpoint:
        self._log = await asyncio.to_thread(own_log, self._home)
        self._sequencer = Sequencer[_Signed](
            log=self._log,
            sign=lambda signed, epoch, seq: signed[0](signed[1], epoch, seq),
            now=self._now,
            limits=limits_of(self._home),
        )
        return await self._sequencer.start()

    async def _keys_changed(self) -> bool:
        before = self._log
        if before is None:
            return True
        log = await asyncio.to_thread(own_log, self._home)
        return (log.origin, log.own_keys, [each.verifier for each in log.signers]) != (
            before.origin,
            before.own_keys,
            [each.verifier for each in before.signers],
        )

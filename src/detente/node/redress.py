"""What a running node does by itself about the faults of others, whenever something came in.

It complains of what does not open, answers the complaints of others, and makes proof files
of what contradicts itself; peers get them at once. What to think of it is for people.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.protocol import Event
from detente.exchange.protocol.commands import KeepProof
from detente.node.complaining import Complaints
from detente.node.home import Home
from detente.node.promising import Promises
from detente.node.proving import Contradictions
from detente.node.receiving import Receiver
from detente.node.taking_back import Retractions
from detente.proofs import CharterChain, ProofFile, check
from detente.storage.errors import StorageFault

_LOOK_EVERY_S = 20.0  # deadlines pass also while nothing comes in
_REST_S = 0.2  # between two looks, however much comes in
OWN_PROOFS_MAX = 16  # that this node makes of one kind against one accused


class Redress:
    """The answers of one running node to what others did wrong.

    Args:
        home: open.
        receiver: keeps proofs as if a peer had brought them.
        now: the clock.
        tell: hands events to all pulls; called in threads.
        report: tells people.

    Attributes:
        complaints: of this node, and to it.
    """

    def __init__(
        self,
        home: Home,
        receiver: Receiver,
        *,
        now: Callable[[], datetime],
        tell: Callable[[Sequence[Event]], None],
        report: Callable[[str], None],
    ) -> None:
        self._home = home
        self._receiver = receiver
        self._tell = tell
        self._report = report
        self._reported = ""
        self._made: dict[tuple[str, str], int] = {}
        self._contradictions = Contradictions(home)
        self._promises = Promises(home)
        self._retractions = Retractions(home, now=now, report=report)
        self.complaints = Complaints(home, now=now, report=report)
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Go on until cancelled.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self.wake.wait()
            except TimeoutError:
                pass
            self.wake.clear()
            await asyncio.to_thread(self.turn)
            await asyncio.sleep(_REST_S)

    def turn(self) -> None:
        """Do everything that is due; doing it again changes nothing.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        chain = self._home.chain
        if chain is None:
            return
        finders = (
            self._contradictions.find,
            self.complaints.turn,
            self._promises.turn,
            self._retractions.turn,
        )
        for find in finders:
            try:
                self._show(find(chain), chain)
            except StorageFault:
                raise
            except (EnvironmentFault, UnitError) as fault:  # as a key that is not at hand
                if fault.message != self._reported:
                    self._reported = fault.message
                    self._report(f"what others did wrong waits: {fault.message}")

    def _show(self, files: Iterator[ProofFile], chain: CharterChain) -> None:
        """Keep what verifies and let everybody know."""
        for proof in files:
            try:
                shown = check(proof, chain)
            except UnitError:
                continue
            of_kind = (proof.kind.value, shown.accused)
            self._made[of_kind] = self._made.get(of_kind, 0) + 1
            if self._made[of_kind] > OWN_PROOFS_MAX:
                continue
            self._tell(self._receiver.perform(KeepProof(proof, shown.accused)))
            self._report(f"{shown.reason}: by a key of {shown.accused[:16]}…")

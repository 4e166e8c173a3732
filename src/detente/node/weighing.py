"""What a running node does with what came: it weighs it, answers it, and lets its views follow.

One turn after the other, each begun by something new or after a second: what is shown of
logs, then what was said, then the view of what may be acted on, then answers. Whatever
a turn leaves undone is kept, and done by the next, also after a kill. While very much comes
in a turn waits for the end of it, but not for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from detente.errors import EnvironmentFault, UnitError
from detente.node.acting import Acting
from detente.node.actionable import ActionableView
from detente.node.answering import answer_since
from detente.node.home import Home
from detente.node.shelving import Shelving

WEIGH_EVERY_S = 1.0
WEIGH_LATE_S_MAX = 60.0  # a peer that sends without end delays what acts by no more
_NOTES_MAX = 4_096  # shown since the last turn; the newest of each log is read from its file


class Weighing:
    """Acting at a running node.

    Args:
        home: open; answers are said through `home.live`.
        shelving: brought up to date before the view of what acts follows.
        now: the clock.
        report: tells people what went wrong.
        acting: what decides.
    """

    def __init__(
        self,
        home: Home,
        shelving: Shelving,
        *,
        now: Callable[[], datetime],
        report: Callable[[str], None] = lambda _text: None,
        acting: Acting | None = None,
    ) -> None:
        self._home = home
        self._shelving = shelving
        self._now = now
        self._report = report
        self._complaint = ""
        self.acting = acting or Acting(home, now=now)
        self._view = ActionableView(home, self.acting, shelving)
        self._notes: deque[bytes] = deque(maxlen=_NOTES_MAX)

    def note_shown(self, note: bytes) -> None:
        """Take a cosigned checkpoint that was shown; from any thread."""
        self._notes.append(note)

    def forget(self, payload_hash: str) -> None:
        """Follow an erasure, here and in what outside tools see.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        self._shelving.forget(payload_hash)
        self.acting.forget(payload_hash)
        stored = self._home.index.statement(payload_hash)
        if stored is not None:
            self._view.look_again(stored.number)

    async def run(self) -> None:
        """Weigh until cancelled; a turn under way is finished as far as it goes first."""
        while True:
            gives_way = await self.may_begin()
            turn = asyncio.create_task(asyncio.to_thread(self._turn_safely, gives_way))
            try:
                await asyncio.shield(turn)
                await asyncio.sleep(WEIGH_EVERY_S)
            except asyncio.CancelledError:
                self.acting.stopping.set()
                await turn
                raise

    async def let_come(self) -> float:
        """Return when much has stopped coming in, or has come for too long; say after how long."""
        waited = 0.0
        while self._home.intake.is_much and waited < WEIGH_LATE_S_MAX:
            await asyncio.sleep(WEIGH_EVERY_S)
            waited += WEIGH_EVERY_S
        return waited

    async def may_begin(self) -> Callable[[], bool]:
        """Return when a turn may begin: what tells it to leave the rest to the next one."""
        waited = await self.let_come()
        # One that was late already goes through to its end, however much comes.
        return lambda: waited < WEIGH_LATE_S_MAX and self._home.intake.is_much

    def turn(self, gives_way: Callable[[], bool] = lambda: False) -> None:
        """Weigh what came, let the view follow, and answer.

        Args:
            gives_way: where it says True, what is left is for the next turn.

        Raises:
            UnitError: a store or a list cannot be read, or this node cannot speak.
        """
        if self._notes:
            self.acting.note_seen([self._notes.popleft() for _ in range(len(self._notes))])
        self.acting.bring_up(gives_way)
        self._shelving.bring_up(gives_way=gives_way)
        if gives_way():
            return
        self._view.follow()
        if self._home.settings.answer_others and not self.acting.stopping.is_set():
            answer_since(self._home, self.acting, now=self._now)

    def _turn_safely(self, gives_way: Callable[[], bool]) -> None:
        try:
            self.turn(gives_way)
            self._complaint = ""
        except (EnvironmentFault, UnitError) as fault:
            if fault.message != self._complaint:
                self._complaint = fault.message
                self._report(f"what acts: {fault}")

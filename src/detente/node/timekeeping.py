"""This node's clock, held against the times that others sign. (A26)

One honest clock is among f + 1, so that many must differ, and more than agree, before this node
doubts its own: neither f liars nor one broken clock of many make it fall silent. A time ahead of
ours was signed by a clock ahead of ours, whoever brings it; a time behind ours may only be old,
so it counts from a signer that is heard to sign on, at the pace of time: whoever is gone left
many old times behind, and they may all come at once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path
from threading import Lock

from detente.exchange.protocol import Command, Event
from detente.exchange.protocol.commands import NoteTime
from detente.exchange.protocol.events import Clocked
from detente.exchange.protocol.model import Clock
from detente.node.home import Home
from detente.node.layout import Layout
from detente.node.performing import Perform
from detente.statements.times import CLOCK_SKEW
from detente.storage.disk import Disk, write_whole

_FRESH_S = 600.0  # a running node signs every 60 s
_SIGNERS_MAX = 256
_STEP_S = 60.0  # more between two times than a slow clock makes
_PACE_S = 120.0  # a time may have been signed 60 s before it is heard, and be fetched late
_ROUND_S = 5.0  # longer than a peer that is gone takes to show all it left behind


@dataclass(frozen=True, slots=True)
class _Heard:
    """The newest time of one signer.

    Attributes:
        at: as signed, POSIX seconds.
        offset: how far ahead of this node's clock it was when it came, in seconds.
        heard: by a clock that is never set.
        since: the first of its times that came at the pace of time, and when that was heard.
        is_alive: it goes on signing.
    """

    at: int
    offset: float
    heard: float
    since: tuple[int, float]
    is_alive: bool


def _heard(before: _Heard | None, at: int, *, now: float, steady: float) -> _Heard:
    """Return what is known of a signer once a later time of it came."""
    first, began = (at, steady) if before is None else before.since
    passed = steady - began
    if abs(at - first - passed) > _PACE_S:
        first, began, passed = at, steady, 0.0
    return _Heard(at, at - now, steady, (first, began), passed >= _ROUND_S)


class Timekeeping:
    """What one running node thinks of its clock. Safe for threads."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}
        self._lock = Lock()
        self._apart: float | None = None  # of the two clocks, when a time was taken up last

    def note(self, who: str, at: int, *, now: float, steady: float) -> None:
        """Take up a signed time.

        Args:
            who: member id, or name of an outside witness.
            at: POSIX seconds, as signed.
            now: POSIX seconds by this node's clock.
            steady: seconds by a clock that is never set.
        """
        with self._lock:
            if self._apart is not None and abs(now - steady - self._apart) > _STEP_S:
                # The clock was set: what it was held against before says nothing any more.
                self._heard = {
                    name: replace(each, heard=-inf) for name, each in self._heard.items()
                }
            self._apart = now - steady
            before = self._heard.get(who)
            if before is not None and at <= before.at:
                return
            if before is None and len(self._heard) >= _SIGNERS_MAX:
                return
            self._heard[who] = _heard(before, at, now=now, steady=steady)

    def clock(self, *, f: int, steady: float) -> Clock:
        """Say what to think of the clock, where f of the others may lie."""
        near, ahead, behind = self._count(steady)
        if max(ahead, behind) > max(f, near):
            return Clock.WRONG
        return Clock.SURE if near >= max(1, f) else Clock.UNSURE

    def may_cosign(self, *, f: int, steady: float) -> bool:
        """Say whether this node may sign a time: not while it differs and too few agree."""
        match self.clock(f=f, steady=steady):
            case Clock.WRONG:
                return False
            case Clock.SURE:
                return True
            case Clock.UNSURE:
                return not any(abs(each.offset) > _SKEW_S for each in self._fresh(steady))

    def describe(self, *, steady: float) -> str:
        """Return in words what others sign."""
        offsets = sorted(each.offset for each in self._fresh(steady))
        middle = offsets[len(offsets) // 2] if offsets else 0.0
        side = "behind" if middle > 0 else "ahead of"
        return (
            f"the clock is about {abs(middle):.0f} s {side} what {len(offsets)} others sign; "
            "nothing is cosigned or said until it is set"
        )

    def _fresh(self, steady: float) -> list[_Heard]:
        with self._lock:
            return [each for each in self._heard.values() if steady - each.heard < _FRESH_S]

    def _count(self, steady: float) -> tuple[int, int, int]:
        fresh = self._fresh(steady)
        ahead = sum(each.offset > _SKEW_S for each in fresh)
        behind = sum(each.offset < -_SKEW_S and each.is_alive for each in fresh)
        return sum(abs(each.offset) <= _SKEW_S for each in fresh), ahead, behind


_SKEW_S = CLOCK_SKEW.total_seconds()


class ClockWatch:
    """Keeps the verdict on one running node's clock, and tells those that depend on it.

    Args:
        home: open.
        now: the clock.
        tell: hands events to all pulls; called in threads.
        report: tells people.
    """

    def __init__(
        self,
        home: Home,
        *,
        now: Callable[[], datetime],
        tell: Callable[[Sequence[Event]], None],
        report: Callable[[str], None],
    ) -> None:
        self._home = home
        self._now = now
        self._tell = tell
        self._report = report
        self._times = Timekeeping()
        self.clock = Clock.UNSURE

    def perform(self, then: Perform, command: Command) -> Sequence[Event]:
        """Take up a signed time that a live peer showed; leave anything else to `then`."""
        if not isinstance(command, NoteTime):
            return then(command)
        present = self._now().timestamp()
        self._times.note(command.who, command.at, now=present, steady=time.monotonic())
        clock = self._times.clock(f=self._f, steady=time.monotonic())
        if clock is not self.clock:
            was, self.clock = self.clock, clock
            self._tell([Clocked(clock)])
            if Clock.WRONG in (was, clock):
                self._say(clock)
        return []

    def may_cosign(self) -> bool:
        """Say whether this node may sign a time for others."""
        return self._times.may_cosign(f=self._f, steady=time.monotonic())

    def doubt(self) -> str:
        """Return why nothing is said just now; "" where it is."""
        is_wrong = self.clock is Clock.WRONG
        return self._times.describe(steady=time.monotonic()) if is_wrong else ""

    @property
    def _f(self) -> int:
        charter = self._home.charter
        return 0 if charter is None else charter.f

    def _say(self, clock: Clock) -> None:
        """Tell people now, and the doctor later."""
        file = clock_file(self._home.layout)
        if clock is Clock.WRONG:
            words = self.doubt()
            self._report(words)
            write_whole(file, words.encode(), disk=Disk())
        else:
            self._report("the clock agrees with what others sign again")
            file.unlink(missing_ok=True)


def clock_file(layout: Layout) -> Path:
    """Return where a running node leaves for the doctor what is wrong with its clock."""
    return layout.directory / "clock.wrong"

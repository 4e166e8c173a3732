"""How much content comes in just now: what can be done later gives way to much of it.

A processor that weighs a million objects while they come in takes them up half as fast, and
has weighed nothing of use before the last of them came: it may be a retraction.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

MUCH_BYTES = 2**20
JUST_NOW_S = 1.0


class Intake:
    """Counts content by the second. Safe for threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._came: deque[tuple[float, int]] = deque()
        self._lock = Lock()

    def note(self, size: int) -> None:
        """Take note of so many bytes, before they are read and after."""
        with self._lock:
            self._came.append((self._clock(), size))
            self._forget()

    @property
    def is_much(self) -> bool:
        """True where more came within the last second than is weighed beside it."""
        with self._lock:
            self._forget()
            return sum(size for _, size in self._came) >= MUCH_BYTES

    def _forget(self) -> None:
        while self._came and self._came[0][0] < self._clock() - JUST_NOW_S:
            self._came.popleft()

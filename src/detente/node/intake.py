"""How much content comes in just now: what can be done later gives way to much of it.

A processor that weighs a million objects while they come in takes them up half as fast, and
has weighed nothing of use before the last of them came: it may be a retraction.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

MUCH_BYTES = 2**20
JUST_NOW_S = 3.0  # the next content of a long row is fetched meanwhile


class Intake:
    """Counts content as it comes. Safe for threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._came: deque[tuple[float, int]] = deque()
        self._at_hand = 0
        self._lock = Lock()

    def note(self, size: int) -> None:
        """Take note of so many bytes that came just now."""
        with self._lock:
            self._came.append((self._clock(), size))
            self._forget()

    @contextmanager
    def taking(self, size: int) -> Iterator[None]:
        """Count so many bytes as coming for as long as they are being taken up, and as come then.

        Only what is here already: a peer that never ends an answer is not waited for.
        """
        with self._lock:
            self._at_hand += size
        try:
            yield
        finally:
            with self._lock:
                self._at_hand -= size
            self.note(size)

    @property
    def is_much(self) -> bool:
        """True where more came just now than is weighed beside it."""
        with self._lock:
            self._forget()
            return self._at_hand + sum(size for _, size in self._came) >= MUCH_BYTES

    def _forget(self) -> None:
        while self._came and self._came[0][0] < self._clock() - JUST_NOW_S:
            self._came.popleft()

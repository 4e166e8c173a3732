"""Lines that others push, held until the watch takes them: bounded, and what is lost is counted."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import orjson

from detente.node.watching_sources import Done, Portion, WatchSource

BUFFER_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class Pushed:
    """Lines that came together.

    Attributes:
        lines: without line ends.
        request: name of what brought them; empty for none.
        done: called once what was found in them is durable.
        place: what the source itself remembers with them; None for nothing.
    """

    lines: list[bytes]
    request: str = ""
    done: Done | None = None
    place: str | None = None


class Buffer:
    """What came of one source and was not taken. Implements `watching.Intake`.

    Put from the loop, taken from a thread.

    Args:
        source: what it is for.
        place: what was kept at last: how many lines there were so far.
        arrived: called when something is put in.
        bytes_max: of lines held.
    """

    def __init__(
        self,
        source: WatchSource,
        place: str,
        *,
        arrived: Callable[[], None],
        bytes_max: int = BUFFER_BYTES_MAX,
    ) -> None:
        self.source = source
        self.lost = 0
        self.own: str = orjson.loads(place).get("own", "") if place else ""
        self._lines = int(orjson.loads(place)["lines"]) if place else 0
        self._arrived = arrived
        self._bytes_max = bytes_max
        self._held: deque[Pushed] = deque()
        self._bytes = 0
        self._lock = Lock()

    @property
    def is_full(self) -> bool:
        """Whether who pushes should wait."""
        return self._bytes >= self._bytes_max

    def put(self, pushed: Pushed) -> bool:
        """Hold lines; False where there is no room, and they are counted as lost."""
        size = sum(map(len, pushed.lines)) + 64 * len(pushed.lines)
        with self._lock:
            if self._bytes >= self._bytes_max:
                self.lost += len(pushed.lines)
                return False
            self._held.append(pushed)
            self._bytes += size
        self._arrived()
        return True

    def close(self) -> None:
        """Forget what was not taken: its senders were not told that it is durable."""
        with self._lock:
            self._held.clear()
            self._bytes = 0

    def take(self, lines_max: int) -> list[Portion]:
        """Return what came, oldest first, whole pushes."""
        taken: list[Pushed] = []
        count = 0
        with self._lock:
            while self._held and (not taken or count + len(self._held[0].lines) <= lines_max):
                pushed = self._held.popleft()
                taken.append(pushed)
                count += len(pushed.lines)
                self._bytes -= sum(map(len, pushed.lines)) + 64 * len(pushed.lines)
        return [self._portion(taken)] if taken else []

    def _portion(self, taken: list[Pushed]) -> Portion:
        lines = [line for pushed in taken for line in pushed.lines]
        at = list(range(self._lines, self._lines + len(lines)))
        self._lines += len(lines)
        for pushed in taken:
            self.own = self.own if pushed.place is None else pushed.place
        waiting = [pushed.done for pushed in taken if pushed.done is not None]

        def done() -> None:
            for each in waiting:
                each()

        return Portion(
            self.source,
            self.source.form,
            "n",
            lines,
            at,
            orjson.dumps({"lines": self._lines, "own": self.own}).decode(),
            requests=tuple(pushed.request for pushed in taken if pushed.request),
            done=done if waiting else None,
        )

"""What a watch does beside matching: events into files, files merged, what is too old given up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from detente.node.watching_keeping import Here, merge_small, write_out
from detente.node.watching_writer import Beside
from detente.storage.detections import DetectionShelf
from detente.storage.events import EventShelf, Keeping

FLUSH_EVENTS = 20_000
FLUSH_AFTER_S = 900.0
LOOK_AFTER_EVERY_S = 60.0  # files merged, old days given up
QUIET_EVENTS = FLUSH_EVENTS // 10


class Terms(Protocol):
    """How long things are kept. TRUSTED: settings of this node."""

    @property
    def keeping(self) -> Keeping:
        """Of events."""
        ...

    @property
    def evidence_days(self) -> int:
        """Of raw events beside detections."""
        ...

    @property
    def detection_days(self) -> int:
        """Of detections."""
        ...


class House:
    """Keeps what a watch stored in order. For one thread at a time.

    Args:
        shelf: of detections.
        events: of events.
        terms: how long they are kept.
        now: the clock.
    """

    def __init__(
        self,
        shelf: DetectionShelf,
        events: EventShelf,
        terms: Terms,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._shelf = shelf
        self._events = events
        self._terms = terms
        self._now = now
        self._writer = Beside()
        self._looked = 0.0

    def flush(self, *, least: int) -> int:
        """Move fresh events into files here and now; raises StorageFault, DamagedStore."""
        return write_out(self._events, Here(), least=least)

    def keep(self) -> bool:
        """Do what is due; say whether little is going on.

        Raises:
            StorageFault, DamagedStore: the disk or the database refused, or is damaged.
        """
        now = self._now()
        count, since = self._events.waiting()
        if count >= FLUSH_EVENTS or (count and now.timestamp() - since > FLUSH_AFTER_S):
            write_out(self._events, self._writer)
        if now.timestamp() - self._looked >= LOOK_AFTER_EVERY_S:
            self._looked = now.timestamp()
            merge_small(self._events, self._writer, now=now)
            self._prune(now)
        is_quiet = count < QUIET_EVENTS
        if is_quiet:
            self._writer.rest()
        return is_quiet

    def close(self) -> None:
        """End the process that writes."""
        self._writer.rest()

    def _prune(self, now: datetime) -> None:
        terms = self._terms
        self._events.prune(terms.keeping, now=now)
        self._shelf.prune(
            evidence_before=(now - timedelta(days=terms.evidence_days)).timestamp(),
            detections_before=(now - timedelta(days=terms.detection_days)).timestamp(),
        )

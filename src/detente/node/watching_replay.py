"""Correlations that were open when a watch ended go on: what they held is taken from what was kept.

Every event that was read is kept in the transaction that kept what was found in it. So the
events of the last spans are asked again, in the order in which they came, by the same
rules; what correlations say of them was told then, and is passed over now.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from detente.node.hunting import Hunt, HuntSummary, Span, stored_events, wanted_of_rules
from detente.node.scanning import Engine
from detente.node.watching_keeping import event_of
from detente.storage.event_parts import StoredEvent
from detente.storage.events import EventShelf
from detente.watch.kernel import Program
from detente.watch.reading import Batch
from detente.watch.sigma.correlation import Correlation, Correlator

EVENTS_MAX = 200_000  # asked again: some seconds; of more the newest spans begin anew
_BATCH = 2_048


def reach_s(correlations: Sequence[Correlation], *, late_s: float) -> float:
    """Return how far back events may still count for a window that is open."""
    longest = max((each.seconds for each in correlations), default=0)
    return longest + max(longest, late_s)


def replay(
    events: EventShelf,
    engine: Engine,
    program: Program,
    correlator: Correlator,
    *,
    until: float,
) -> int:
    """Let a correlator hold what it held when the last event came.

    Args:
        events: of the node.
        engine: rules.
        program: of the same rules.
        correlator: new.
        until: seconds since 1970 at which the last event was read.

    Returns:
        How many events were asked.

    Raises:
        StorageFault, EnvironmentFault: the disk, the database or DuckDB refused.
    """
    feeding = {rule for each in engine.correlations for rule in each.of}
    if not feeding:
        return 0
    since = until - reach_s(engine.correlations, late_s=correlator.bounds.late_seconds)
    what = Hunt(engine, wanted_of_rules(program, feeding), Span(since, by_receipt=True))
    asked = 0
    for batch in _batches(stored_events(events, what, HuntSummary())):
        asked += len(batch)
        _take(batch, engine, correlator)
        if asked >= EVENTS_MAX:
            break
    return asked


def _batches(stored: Iterator[StoredEvent]) -> Iterator[list[StoredEvent]]:
    """Yield events in the order in which they were read: by turn, source, stream and place."""
    held: list[StoredEvent] = []
    for _, turn in groupby(stored, lambda each: (each.received, each.source)):
        held += sorted(turn, key=_place)
        if len(held) >= _BATCH:
            yield held
            held = []
    if held:
        yield held


def _place(stored: StoredEvent) -> tuple[str, int]:
    stream, _, line = stored.position.rpartition(":")
    return stream, int(line) if line.isdecimal() else 0


def _take(stored: Sequence[StoredEvent], engine: Engine, correlator: Correlator) -> None:
    batch: list[dict[str, Any]] = [event_of(each) for each in stored]
    numbered = Batch(
        positions=list(range(len(stored))), events=batch, raws=[each.raw for each in stored]
    )
    for feed in engine.look("", numbered).feeds:
        each = stored[feed.line]
        stream, line = _place(each)
        correlator.take((f"{each.source}\n{stream}", line), feed.time, feed.fields, feed.rules)

"""Kept alarms and detections, as every output takes them."""

from collections.abc import Iterator

from detente.node.detection_outputs import Told, told_of
from detente.storage.detections import DetectionShelf

ALARMS_MAX = 10_000


def told_since(shelf: DetectionShelf, since: float, *, each_alarm: bool) -> Iterator[Told]:
    """Yield what was found since, the newest alarm first.

    Args:
        shelf: of detections.
        since: seconds since 1970.
        each_alarm: one for each alarm, the newest that is kept; else every one that is kept.

    Raises:
        StorageFault: the database refused.
    """
    for row in shelf.alarms(since=since, limit=ALARMS_MAX):
        kept = [each for _, each in shelf.detections(alarm=row.alarm.id)]
        for each in kept[-1:] if each_alarm else kept:
            yield told_of(each, row)

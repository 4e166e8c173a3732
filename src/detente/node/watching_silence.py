"""Sources that gave events and fell silent: what a watch does not see it must say.

Works on facts that the watch notes as it goes (`watching_matching.Facts`); whoever knows
which fields rules need tells of fields that disappeared in the same way.
"""

from collections.abc import Iterator

from detente.node.scanning_in_parts import Detection
from detente.node.watching_matching import Facts, Found
from detente.node.watching_sources import WatchSource

SILENT = "detente-source-silent"
SILENT_AFTER_S = 6 * 3_600.0


def silences(
    facts: Facts, sources: dict[str, WatchSource], *, now: float, after_s: float = SILENT_AFTER_S
) -> Iterator[Found]:
    """Yield a detection for each source that gave events once and none for so long.

    The same silence gives the same detection, however often it is asked about.
    """
    for name, seen in facts.seen.items():
        source = sources.get(name)
        if source is None or now - seen < after_s:
            continue
        last = int(seen)
        detection = Detection(
            input=name,
            line=last,
            rule=SILENT,
            title=f"The source {name} fell silent: no rule can fire on what does not come",
            level="medium",
            tags=(),
            fields={"last_event_at": last},
        )
        yield Found(detection, source, f"silent since {last}", None, b"")

"""Indicators as a watcher: what they name in a batch, told beside what rules find there."""

from collections.abc import Iterable

from detente.node.scanning_in_parts import Detection
from detente.node.watchlists import Watchlists
from detente.watch.indicators import (
    CompoundMatcher,
    IndicatorHit,
    IndicatorMatcher,
    LiveIndicators,
)
from detente.watch.reading import Batch
from detente.watch.values import WHOLE_PATTERN

LEVEL = "medium"  # somebody named a value; what it means is for a person to say


class IndicatorWatcher:
    """Implements `scanning.Watcher`.

    Args:
        lists: what to look for.
        now: seconds since 1970; the time of events that say none. Who runs on sets it anew.
        live: what comes and goes meanwhile.
        looks_back: events from before an indicator's time count too, where it holds now: who
            warns dates a warning from when it is said, not from when the harm began.

    Attributes:
        patterns: what asks for more than one value; those that come and go are added to it.
    """

    def __init__(
        self,
        lists: Watchlists,
        *,
        now: float,
        live: LiveIndicators | None = None,
        looks_back: bool = False,
    ) -> None:
        beside = LiveIndicators() if live is None else live
        beside.revoke(lists.revoked)
        self._values = IndicatorMatcher(lists.sealed, beside, looks_back=looks_back)
        self.patterns = CompoundMatcher(
            [(each.indicator, each.pattern, each.term) for each in lists.patterns],
            beside,
            looks_back=looks_back,
        )
        self.now = now

    @property
    def dropped(self) -> dict[str, str]:
        """Patterns that asked for too much work, by id, with the reason."""
        return self.patterns.dropped

    @property
    def needs_order(self) -> bool:
        """Whether all events must pass one process, in order: some pattern joins several."""
        return self.patterns.needs_order

    def look(self, name: str, batch: Batch) -> list[Detection]:
        """Return what is named in a batch of an input, each indicator once a line."""
        hits = self._values.matches(batch.events, now=self.now)
        hits += self.patterns.matches(batch.events, now=self.now)
        together: dict[tuple[int, str], list[IndicatorHit]] = {}
        for hit in hits:
            together.setdefault((hit.line, hit.indicator), []).append(hit)
        told = (_told(name, batch.positions[line], each) for (line, _), each in together.items())
        return sorted(told, key=lambda each: each.line)


def _told(name: str, line: int, hits: Iterable[IndicatorHit]) -> Detection:
    first, *_ = several = list(hits)
    item, source = first.found.item, first.found.term.source
    what = "a pattern" if item.path == WHOLE_PATTERN else f"{item.path} {item.value}"
    return Detection(
        input=name,
        line=line,
        rule=first.indicator,
        title=f"Named in {source}: {what}",
        level=LEVEL,
        tags=(),
        fields={hit.field: hit.value for hit in several if hit.field},
    )

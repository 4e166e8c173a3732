"""Which variants look at an event: by Windows channel and number, or by its log source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from detente.watch.kernel.program import SOURCE, Event, Variant, text_of

Key = tuple[Any, ...]
_ENTRIES_MAX = 64  # log sources that one event may say it comes from


def texts_of(value: object) -> tuple[str, ...]:
    """Return the texts of a scalar or of a list's elements, in lower case, without nulls."""
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple(text_of(item).lower() for item in items if item is not None)


class Router:
    """Keeps variants by where they look.

    Args:
        variants: with their numbers, in any order.
    """

    def __init__(self, variants: Iterable[tuple[int, Variant]]) -> None:
        self._by_channel: dict[str, list[tuple[int, Variant]]] = {}
        self._any_channel: list[tuple[int, Variant]] = []
        self._by_source: dict[tuple[str, str, str], list[int]] = {}
        for number, variant in variants:
            route = variant.route
            if route.source is not None:
                self._by_source.setdefault(route.source, []).append(number)
            for channel in route.channels:
                self._by_channel.setdefault(channel, []).append((number, variant))
            if route.source is None and not route.channels:
                self._any_channel.append((number, variant))

    def of_any_channel(self) -> list[int]:
        """Return the numbers of the variants that look at every Windows event."""
        return [number for number, variant in self._any_channel if not variant.route.event_ids]

    def windows(self, channel: object, event_id: object) -> tuple[int, ...]:
        """Return the numbers of the variants that look at a Windows event."""
        ids = texts_of(event_id)
        numbers = {
            number
            for name in texts_of(channel)
            for number, variant in (*self._by_channel.get(name, ()), *self._any_channel)
            if not variant.route.event_ids or not set(ids).isdisjoint(variant.route.event_ids)
        }
        return tuple(sorted(numbers))

    def tagged(self, sources: Sequence[tuple[frozenset[str], ...]]) -> tuple[int, ...]:
        """Return the numbers of the variants that look at events of these log sources."""
        numbers = {
            number
            for category, product, service in sources
            for wanted, those in self._by_source.items()
            if (not wanted[0] or wanted[0] in category)
            and (not wanted[1] or wanted[1] in product)
            and (not wanted[2] or wanted[2] in service)
            for number in those
        }
        return tuple(sorted(numbers))


def sources_of(event: Event) -> tuple[tuple[frozenset[str], ...], ...] | None:
    """Return the log sources an event says it comes from; None where it says nothing."""
    said = event.get(SOURCE)
    if said is None:
        return None
    entries = said if isinstance(said, list) else [said]
    return tuple(_entries(entries[:_ENTRIES_MAX]))


def _entries(entries: Sequence[object]) -> Iterator[tuple[frozenset[str], ...]]:
    for entry in entries:
        if isinstance(entry, Mapping):
            names = ("category", "product", "service")
            yield tuple(frozenset(texts_of(entry.get(name))) for name in names)

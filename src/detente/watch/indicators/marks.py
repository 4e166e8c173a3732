"""Marks of an event: short numbers by which a hunt finds the events that may hold a value.

A mark is eight bytes of a hash of a key. Two values may share one, so what a mark finds
is a candidate and is judged by the same matcher as a live event. Networks are found by the
marks of a few prefix lengths; a network of another length by the next shorter of them.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Any

from detente.watch.indicators.columns import IndicatorSet
from detente.watch.indicators.fields import FIELDS
from detente.watch.indicators.keys import Key, network_key
from detente.watch.indicators.observables import asked_by

PREFIXES: Mapping[int, tuple[int, ...]] = {4: (8, 16, 24), 6: (32, 48, 64)}
_NETWORK = "-addr:value/"
_MEMO_MAX = 100_000


def mark_of(key: Key) -> int:
    """Return the mark of a key that events are found by."""
    head = f"{key.path}\0{key.width}\0".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(head + key.data, digest_size=8).digest(), "big")


def wanted_marks(keys: Iterable[Key]) -> frozenset[int] | None:
    """Return the marks of all events that may hold one of some keys.

    None where a key is a network shorter than every prefix kept: any event may.
    """
    marks = set()
    for key in keys:
        known = _findable(key)
        if known is None:
            return None
        marks.add(mark_of(known))
    return frozenset(marks)


def sealed_keys(sealed: IndicatorSet, *, most: int) -> list[Key] | None:
    """Return the keys of a set; None where it holds more than so many."""
    return None if len(sealed) > most else list(sealed.keys())


def _findable(key: Key) -> Key | None:
    head, slash, length = key.path.partition(_NETWORK)
    if not slash:
        return key
    version = int(head.removeprefix("ipv"))
    shorter = [each for each in PREFIXES[version] if each <= int(length)]
    if not shorter:
        return None
    address = ip_address(key.data)
    return network_key(ip_network((address, shorter[-1]), strict=False))


class Marker:
    """Makes the marks of events; remembers those of values, up to a bound."""

    def __init__(self) -> None:
        self._memo: dict[tuple[str, object], tuple[int, ...]] = {}

    def marks(self, event: Mapping[str, Any]) -> list[int]:
        """Return the marks of a flat event, each once, ascending."""
        found: set[int] = set()
        for name, value in event.items():
            lowered = name.lower()
            if lowered in FIELDS:
                found.update(self._of_value(lowered, value))
        return sorted(found)

    def _of_value(self, name: str, value: object) -> tuple[int, ...]:
        asked = name, tuple(map(str, value)) if isinstance(value, list) else value
        marks = self._memo.get(asked)
        if marks is None:
            keys = asked_by(FIELDS[name], value, PREFIXES)
            marks = tuple({mark_of(key) for key, _ in keys})
            if len(self._memo) >= _MEMO_MAX:
                self._memo.clear()
            self._memo[asked] = marks
        return marks

"""Numbers, times and networks in the text of a field."""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq, "ne": ne, "lt": lt, "lte": le, "gt": gt, "gte": ge
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{0,300})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138
_PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda time: time.minute,
    "hour": lambda time: time.hour,
    "day": lambda time: time.day,
    "week": lambda time: time.isocalendar().week,
    "month": lambda time: time.month,
    "year": lambda time: time.year,
}
PARTS = frozenset(_PARTS)


def number_in(text: str) -> int | float | None:
    """Return the number that a text is; None where it is none."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if set(text) & set(".eE") else int(text)


def time_in(text: str) -> datetime | None:
    """Return the time that a text is, in UTC: ISO 8601, or seconds or milliseconds since 1970.

    A time without a zone is taken as UTC.
    """
    number = number_in(text)
    try:
        if number is not None and abs(number) >= 10**8:
            seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
            return datetime.fromtimestamp(seconds, UTC)
        time = datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def compares(text: str, comparison: str, number: int | float) -> bool:
    """Say whether the text is a number that compares so; text that is none never does."""
    seen = number_in(text)
    return seen is not None and COMPARISONS[comparison](seen, number)


def time_compares(text: str, unit: str, comparison: str, number: int | float) -> bool:
    """Say whether the text is a time whose part (in UTC) compares so."""
    seen = time_in(text)
    return seen is not None and COMPARISONS[comparison](_PARTS[unit](seen), number)


class Networks:
    """Networks by length of prefix: an address asks once per length, not once per network."""

    def __init__(self) -> None:
        self._by_version: dict[int, dict[int, dict[int, list[int]]]] = {4: {}, 6: {}}

    def __bool__(self) -> bool:
        return any(self._by_version.values())

    def add(self, network: str, atom: int) -> None:
        """Let every address of the network satisfy the atom."""
        parsed = ipaddress.ip_network(network)
        shift = parsed.max_prefixlen - parsed.prefixlen
        lengths = self._by_version[parsed.version]
        prefix = int(parsed.network_address) >> shift
        lengths.setdefault(shift, {}).setdefault(prefix, []).append(atom)

    def find(self, text: str, found: set[int]) -> None:
        """Add to `found` every atom that the text, if it is an address, satisfies."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return
        number = int(address)
        for shift, prefixes in self._by_version[address.version].items():
            found.update(prefixes.get(number >> shift, ()))

"""Common-benign lists: values so many use in good faith that no one report may turn on them.

Millions of names and prefixes in two sorted arrays: a keyed hash of each name,
and the segments into which all prefixes cut the address space. The key is the
node's own, so nobody can look for a name that collides with a listed one.

Being on a list of shared infrastructure (VPN exits, clouds) is a hint: it keeps
a value from acting. Being on any other list is a verdict: it does not even alert.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, Protocol

from detente.watch.assets import names_above
from detente.watch.errors import WatchError
from detente.watch.model import Item, Sort
from detente.watch.values import host_of, network_of, sort_of

Matching = Literal["string", "hostname", "cidr", "substring", "regex"]
_DIGEST_BYTES = 7
LISTS_MAX = 256
_V6_BITS, _V4_BITS = 128, 32


@dataclass(frozen=True, slots=True)
class Listed:
    """A list in which a value stands.

    Attributes:
        name: of the list.
        is_hint: shared infrastructure; otherwise a verdict.
    """

    name: str
    is_hint: bool


@dataclass(frozen=True, slots=True)
class BenignList:
    """One list, as read.

    Attributes:
        name: of the list.
        version: as its maker counts.
        matching: how a value is compared with the entries.
        sorts: the classes of values it speaks about.
        algorithms: hash algorithms it speaks about, where FILE is among the sorts.
        is_hint: see `Listed`.
        entries: as written.
    """

    name: str
    version: int
    matching: Matching
    sorts: frozenset[Sort]
    algorithms: frozenset[str]
    is_hint: bool
    entries: tuple[str, ...]


class BenignLookup(Protocol):
    """Where acting asks.

    TRUSTED to be the lists its maker published: without them more may act, once
    enough origins stand behind it; nothing alerts less.
    """

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return the lists in which a value stands, by name."""
        ...


class NoLists:
    """No list at hand."""

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return nothing."""
        return ()


class BenignIndex:
    """All lists, ready to be asked.

    Args:
        lists: as read.
        key: up to 64 secret bytes of this node.

    Raises:
        WatchError: more than 256 lists.
    """

    def __init__(self, lists: Sequence[BenignList], *, key: bytes) -> None:
        if len(lists) > LISTS_MAX:
            raise WatchError(f"at most {LISTS_MAX} lists are kept, not {len(lists)}")
        self._lists = [_Terms.of(each) for each in lists]
        self._hasher = blake2b(digest_size=_DIGEST_BYTES, key=key)
        self._names = self._index_names(lists)
        self._spaces = {bits: _Space(lists, bits) for bits in (_V4_BITS, _V6_BITS)}
        self._slow = [
            (number, each) for number, each in enumerate(lists) if each.matching == "substring"
        ]
        self._expressions = [
            (number, [re.compile(entry) for entry in each.entries])
            for number, each in enumerate(lists)
            if each.matching == "regex"
        ]

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return the lists in which a value stands, by name."""
        sort = sort_of(item)
        if sort is Sort.OTHER:
            return ()
        found = {
            number
            for number in self._candidates(item)
            if sort in (terms := self._lists[number]).sorts
            and (sort is not Sort.FILE or item.path[12:] in terms.algorithms)
        }
        return tuple(sorted((self._lists[n].listed for n in found), key=lambda each: each.name))

    def _candidates(self, item: Item) -> Iterator[int]:
        host = host_of(item)
        net = network_of(host) if host else None
        if net is not None:
            first = int(net.network_address)
            space = self._spaces[net.max_prefixlen]
            yield from space.between(first, first + net.num_addresses - 1)
        yield from self._named(item.value, exact=True)
        for name in names_above(host) if net is None else ():
            yield from self._named(name, exact=False)
        for number, each in self._slow:
            if any(entry in item.value for entry in each.entries):
                yield number
        for number, expressions in self._expressions:
            if any(each.search(item.value) for each in expressions):
                yield number

    def _named(self, text: str, *, exact: bool) -> Iterator[int]:
        low = self._digest(text, exact=exact) << 8
        at = bisect_left(self._names, low)
        while at < len(self._names) and self._names[at] <= low | 0xFF:
            yield self._names[at] & 0xFF
            at += 1

    def _digest(self, text: str, *, exact: bool) -> int:
        hasher = self._hasher.copy()
        hasher.update((b"=" if exact else b".") + text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(hasher.digest())

    def _index_names(self, lists: Sequence[BenignList]) -> "array[int]":
        """Return 56 bits of hash and 8 of the list's number for each name, ascending."""
        names = [
            self._digest(entry.strip().lower().lstrip("."), exact=each.matching == "string") << 8
            | number
            for number, each in enumerate(lists)
            if each.matching in ("string", "hostname")
            for entry in each.entries
        ]
        names.sort()
        return array("Q", names)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is kept of a list besides its entries."""

    listed: Listed
    sorts: frozenset[Sort]
    algorithms: frozenset[str]

    @classmethod
    def of(cls, each: BenignList) -> "_Terms":
        return cls(Listed(each.name, each.is_hint), each.sorts, each.algorithms)


class _Space:
    """One address space, cut into segments; each knows the lists that cover it."""

    def __init__(self, lists: Sequence[BenignList], bits: int) -> None:
        spans = sorted(_spans(lists, bits))
        starts = sorted({start for start, _, _ in spans} | {end + 1 for _, end, _ in spans})
        self._starts = [-1, *starts]
        covering: list[set[int]] = [set() for _ in self._starts]
        for start, end, number in spans:
            for at in range(bisect_left(self._starts, start), bisect_right(self._starts, end)):
                covering[at].add(number)
        known: dict[frozenset[int], int] = {}
        self._sets = [known.setdefault(frozenset(each), len(known)) for each in covering]
        self._members = list(known)

    def between(self, first: int, last: int) -> Iterator[int]:
        """Yield the lists that cover any address from `first` to `last`."""
        low = bisect_right(self._starts, first) - 1
        for at in range(low, bisect_right(self._starts, last)):
            yield from self._members[self._sets[at]]


def _spans(lists: Sequence[BenignList], bits: int) -> Iterator[tuple[int, int, int]]:
    for number, each in enumerate(lists):
        if each.matching != "cidr":
            continue
        for entry in each.entries:
            net = network_of(entry.strip())
            if net is not None and net.max_prefixlen == bits:
                first = int(net.network_address)
                yield first, first + net.num_addresses - 1, number

"""Common-benign lists: values so many use in good faith that no one report may turn on them.

Millions of names and prefixes in sorted arrays: a keyed hash of each name, and the
segments into which all prefixes cut the address space. They are asked where they lie, so
an index in a mapped file costs no memory but what is looked at. The key is a secret of
this machine, so nobody can look for a name that collides with a listed one.

Being on a list of shared infrastructure (VPN exits, clouds) is a hint: it keeps
a value from acting. Being on any other list is a verdict: it does not even alert.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b, sha256
from heapq import merge
from typing import Literal, Protocol, Self, cast

from detente.signing import JsonLimits, canonical, parse_canonical
from detente.signing.canonical import JsonValue
from detente.watch.assets import names_above
from detente.watch.errors import WatchError
from detente.watch.model import Item, Sort
from detente.watch.values import host_of, network_of, sort_of

Matching = Literal["string", "hostname", "cidr", "substring", "regex"]
_DIGEST_BYTES = 7
LISTS_MAX = 256
_V6_BITS, _V4_BITS = 128, 32
_INDEX_HEAD_BYTES = 40
_WORD_BYTES = 8  # arrays begin at whole words
_LOW = 2**64 - 1
_INDEX_LIMITS = JsonLimits(size_bytes=64 * 2**20, depth=8, values=4_000_000)


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
    """All lists, ready to be asked. Made by `build`, or by `parse` from what was built.

    Args:
        lists: without the entries that stand in `names` and `spaces`.
        names: 56 bits of keyed hash and 8 of the list's number for each name, ascending.
        spaces: by bits of an address.
        key: up to 64 secret bytes of this machine.
    """

    def __init__(
        self,
        lists: tuple[BenignList, ...],
        names: Sequence[int],
        spaces: "Mapping[int, _Space]",
        *,
        key: bytes,
    ) -> None:
        self._lists = lists
        self._names = names
        self._spaces = spaces
        self._hasher = blake2b(digest_size=_DIGEST_BYTES, key=key)
        # A decision and its marks ask the same one after the other.
        self._remembered = lru_cache(maxsize=16)(self._look_up)
        self._listed = [Listed(each.name, each.is_hint) for each in lists]
        self._slow = [number for number, each in enumerate(lists) if each.entries]
        self._expressions = {
            number: [re.compile(entry) for entry in each.entries]
            for number, each in enumerate(lists)
            if each.matching == "regex"
        }

    @classmethod
    def build(cls, lists: Iterable[BenignList], *, key: bytes) -> Self:
        """Read lists one by one; none needs to stay in memory.

        Raises:
            WatchError: more than 256 lists.
        """
        kept: list[BenignList] = []
        names: list[array[int]] = []
        spans: list[tuple[int, int, int, int]] = []
        hasher = blake2b(digest_size=_DIGEST_BYTES, key=key)
        for number, each in enumerate(lists):
            if number == LISTS_MAX:
                raise WatchError(f"at most {LISTS_MAX} lists are kept")
            match each.matching:
                case "string" | "hostname":
                    names.append(_hashed(each, number, hasher))
                case "cidr":
                    spans += _spans(each, number)
            is_short = each.matching in ("substring", "regex")
            kept.append(each if is_short else replace(each, entries=()))
        spaces = {bits: _Space.of(spans, bits) for bits in (_V4_BITS, _V6_BITS)}
        return cls(tuple(kept), array("Q", merge(*names)), spaces, key=key)

    def to_bytes(self) -> bytes:
        """Return what `parse` reads."""
        parts = [_words(self._names)]
        for bits in (_V4_BITS, _V6_BITS):
            parts += self._spaces[bits].to_parts()
        head = canonical(
            {
                "lists": [_list_json(each) for each in self._lists],
                "members": {
                    str(bits): [[*each] for each in space.members]
                    for bits, space in self._spaces.items()
                },
                "parts": [len(each) for each in parts],
            }
        )
        head += b" " * (-len(head) % _WORD_BYTES)
        body = b"".join((len(head).to_bytes(8), head, *parts))
        return sha256(body).digest() + body

    @classmethod
    def parse(cls, data: bytes | memoryview, *, key: bytes) -> Self:
        """Read what `to_bytes` wrote under the same key on the same machine.

        The arrays are not copied: `data` stays in use for as long as the index.

        Raises:
            WatchError: damaged, or something else.
        """
        view = memoryview(data)
        if len(view) < _INDEX_HEAD_BYTES or sha256(view[32:]).digest() != view[:32]:
            raise WatchError("the index of the common-benign lists is damaged")
        end = _INDEX_HEAD_BYTES + int.from_bytes(view[32:_INDEX_HEAD_BYTES])
        head = cast(
            "dict[str, dict[str, list[JsonValue]]]",
            parse_canonical(bytes(view[_INDEX_HEAD_BYTES:end]).rstrip(b" "), _INDEX_LIMITS),
        )
        parts: list[memoryview] = []
        for size in cast("list[int]", head["parts"]):
            parts.append(view[end : end + size])
            end += size
        lists = tuple(_read_list(each) for each in cast("list[JsonValue]", head["lists"]))
        spaces = {
            bits: _Space.parse(parts[at : at + 3], head["members"][str(bits)])
            for bits, at in ((_V4_BITS, 1), (_V6_BITS, 4))
        }
        return cls(lists, parts[0].cast("Q"), spaces, key=key)

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return the lists in which a value stands, by name."""
        return self._remembered(item)

    def _look_up(self, item: Item) -> tuple[Listed, ...]:
        sort = sort_of(item)
        if sort is Sort.OTHER:
            return ()
        found = {
            number for number in self._candidates(item, sort) if self._fits(number, item, sort)
        }
        return tuple(sorted((self._listed[n] for n in found), key=lambda each: each.name))

    def _fits(self, number: int, item: Item, sort: Sort) -> bool:
        about = self._lists[number]
        if sort is Sort.FILE:
            return item.path[12:] in about.algorithms
        return sort in about.sorts

    def _candidates(self, item: Item, sort: Sort) -> Iterator[int]:
        host = host_of(item)
        net = network_of(host) if host else None
        if net is not None:
            first = int(net.network_address)
            yield from self._spaces[net.max_prefixlen].between(first, first + net.num_addresses - 1)
        yield from self._named(item.value, exact=True)
        for name in names_above(host) if net is None else ():
            yield from self._named(name, exact=False)
        for number in self._slow:
            if self._fits(number, item, sort) and self._reads(number, item.value):
                yield number

    def _reads(self, number: int, value: str) -> bool:
        """Say whether a list that is read entry by entry has a value."""
        if number in self._expressions:
            return any(each.search(value) for each in self._expressions[number])
        return any(entry in value for entry in self._lists[number].entries)

    def _named(self, text: str, *, exact: bool) -> Iterator[int]:
        hasher = self._hasher.copy()
        hasher.update(_form(text, exact=exact))
        low = int.from_bytes(hasher.digest()) << 8
        at = bisect_left(self._names, low)
        while at < len(self._names) and self._names[at] <= low | 0xFF:
            yield self._names[at] & 0xFF
            at += 1


@dataclass(frozen=True, slots=True)
class _Space:
    """One address space, cut into segments; each knows the lists that cover it.

    Attributes:
        highs: upper 64 bits of the first address of each segment, ascending.
        lows: the lower 64 bits.
        sets: for each segment the number of its set.
        members: for each set the numbers of its lists, ascending.
    """

    highs: Sequence[int]
    lows: Sequence[int]
    sets: Sequence[int]
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int, int, int]], bits: int) -> "_Space":
        """Cut a space by (bits, first, last, list)."""
        here = [(first, last, number) for width, first, last, number in spans if width == bits]
        starts = [0, *sorted({0, *(f for f, _, _ in here), *(e + 1 for _, e, _ in here)} - {0})]
        if starts[-1] >> bits:
            starts.pop()
        covering: list[set[int]] = [set() for _ in starts]
        for first, last, number in here:
            for at in range(bisect_left(starts, first), bisect_right(starts, last)):
                covering[at].add(number)
        known: dict[tuple[int, ...], int] = {}
        sets = [known.setdefault(tuple(sorted(each)), len(known)) for each in covering]
        return cls(
            array("Q", (each >> 64 for each in starts)),
            array("Q", (each & _LOW for each in starts)),
            array("Q", sets),
            tuple(known),
        )

    def between(self, first: int, last: int) -> Iterator[int]:
        """Yield the lists that cover any address from `first` to `last`."""
        for at in range(self._upto(first) - 1, self._upto(last)):
            yield from self.members[self.sets[at]]

    def _upto(self, address: int) -> int:
        """Return how many segments start no later than an address."""
        high = address >> 64
        least, most = bisect_left(self.highs, high), bisect_right(self.highs, high)
        return bisect_right(self.lows, address & _LOW, least, most)

    def to_parts(self) -> list[bytes]:
        """Return the arrays as bytes."""
        return [_words(each) for each in (self.highs, self.lows, self.sets)]

    @classmethod
    def parse(cls, parts: Sequence[memoryview], members: object) -> "_Space":
        """Read what `to_parts` gave."""
        highs, lows, sets = (each.cast("Q") for each in parts)
        read = cast("list[list[int]]", members)
        return cls(highs, lows, sets, tuple(tuple(each) for each in read))


def _words(numbers: Sequence[int]) -> bytes:
    return array("Q", numbers).tobytes()


def _form(text: str, *, exact: bool) -> bytes:
    return (b"=" if exact else b".") + text.encode("utf-8", "surrogatepass")


def _hashed(each: BenignList, number: int, hasher: "blake2b") -> "array[int]":
    exact = each.matching == "string"
    hashed: list[int] = []
    for entry in each.entries:
        fresh = hasher.copy()
        fresh.update(_form(entry.strip().lower().lstrip("."), exact=exact))
        hashed.append(int.from_bytes(fresh.digest()) << 8 | number)
    hashed.sort()
    return array("Q", hashed)


def _spans(each: BenignList, number: int) -> Iterator[tuple[int, int, int, int]]:
    for entry in each.entries:
        net = network_of(entry.strip())
        if net is not None:
            first = int(net.network_address)
            yield net.max_prefixlen, first, first + net.num_addresses - 1, number


def _list_json(each: BenignList) -> JsonValue:
    return {
        "algorithms": [*sorted(each.algorithms)],
        "entries": [*each.entries],
        "hint": each.is_hint,
        "matching": each.matching,
        "name": each.name,
        "sorts": [*sorted(sort.value for sort in each.sorts)],
        "version": each.version,
    }


def _read_list(value: JsonValue) -> BenignList:
    read = cast("dict[str, list[str]]", value)
    return BenignList(
        name=str(read["name"]),
        version=int(str(read["version"])),
        matching=cast("Matching", read["matching"]),
        sorts=frozenset(map(Sort, read["sorts"])),
        algorithms=frozenset(read["algorithms"]),
        is_hint=bool(read["hint"]),
        entries=tuple(read["entries"]),
    )

"""Threads: entries of several members in one order, the same at everybody who holds the same.

The order is a function of the set of entries: an entry stands after those it names, by
the length of the longest way back to the opening, then by its hash. No clock takes part,
so entries may come in any order and over any partition. Of one author's one turn at most
two entries are kept (the two of least hash): enough to show that it said two things, and
no room for a flood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detente.response.entries import Entry

ALTERNATIVES_MAX = 2  # of one author's one turn


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry at its place.

    Attributes:
        entry: what was said.
        digest: its name.
        depth: longest way back to the opening, in entries.
        missing: parents that are not here: not come yet, or never shown to this member.
        doubled: its author said something else at the same turn.
        private: it never left this node.
    """

    entry: Entry
    digest: str
    depth: int
    missing: int = 0
    doubled: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread in its order.

    Attributes:
        opening: its first entry.
        placed: every entry that belongs to it, the opening first.
        strangers: entries left out because their author takes no part.
        surplus: entries left out because their author said more than two at one turn.
    """

    opening: Entry
    placed: tuple[Placed, ...]
    strangers: int = 0
    surplus: int = 0

    @property
    def id(self) -> str:
        """The digest of the opening."""
        return self.placed[0].digest

    @property
    def heads(self) -> tuple[str, ...]:
        """Digests that no shared entry names as a parent, in order."""
        shared = [each for each in self.placed if not each.private]
        named = {parent for each in shared for parent in each.entry.parents}
        return tuple(each.digest for each in shared if each.digest not in named)

    def of_author(self, member: str) -> tuple[Placed, ...]:
        """Return what one member said openly, by turn."""
        said = [each for each in self.placed if each.entry.author == member and not each.private]
        return tuple(sorted(said, key=lambda each: (each.entry.turn, each.digest)))


def arrange(opening: Entry, entries: Iterable[Entry], *, private: Iterable[Entry] = ()) -> Thread:
    """Put a set of entries in their order.

    Args:
        opening: of the thread.
        entries: that name it, in any order, as often as they came; others are left out.
        private: entries of this node alone; no shared entry's place depends on them.
    """
    root = opening.digest
    found = {each.digest: each for each in entries if each.thread == root and not each.opens}
    speaking = {
        digest: each
        for digest, each in found.items()
        if each.sort is opening.sort and each.unit == opening.unit
        if opening.takes_part(each.author)
    }
    kept = _least_of_each_turn(speaking)
    shared = {root: opening, **kept}
    own = {each.digest: each for each in private}
    doubled = _doubled(kept)
    everything = {**shared, **own}
    depths = depths_of({digest: each.parents for digest, each in everything.items()})
    placed = [
        Placed(
            entry=each,
            digest=digest,
            depth=depths[digest],
            missing=sum(parent not in everything for parent in each.parents),
            doubled=digest in doubled,
            private=digest in own,
        )
        for digest, each in everything.items()
    ]
    placed.sort(key=lambda each: (each.digest != root, each.depth, each.digest))
    return Thread(
        opening=opening,
        placed=tuple(placed),
        strangers=len(found) - len(speaking),
        surplus=len(speaking) - len(kept),
    )


def depths_of(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the longest way back from each entry, over the entries that are here.

    A hash cannot name what names it, so there is no circle; one that a fault of the disk
    made counts its members as they were met.
    """
    depths: dict[str, int] = {}
    for start in parents:
        waiting = [start]
        under_way: set[str] = set()
        while waiting:
            here = waiting[-1]
            if here in depths:
                waiting.pop()
                continue
            known = [each for each in parents[here] if each in parents]
            unknown = [each for each in known if each not in depths and each not in under_way]
            if unknown and here not in under_way:
                under_way.add(here)
                waiting += unknown
                continue
            # What names only entries that are not here stands right after the opening.
            above = max((depths.get(each, 0) for each in known), default=0)
            depths[here] = 1 + above if parents[here] else 0
            waiting.pop()
    return depths


def _least_of_each_turn(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    seen: dict[tuple[str, int], int] = {}
    kept: dict[str, Entry] = {}
    for digest in sorted(entries):
        each = entries[digest]
        turn = (each.author, each.turn)
        if seen.get(turn, 0) < ALTERNATIVES_MAX:
            seen[turn] = seen.get(turn, 0) + 1
            kept[digest] = each
    return kept


def _doubled(entries: Mapping[str, Entry]) -> set[str]:
    by_turn: dict[tuple[str, int], list[str]] = {}
    for digest, each in entries.items():
        by_turn.setdefault((each.author, each.turn), []).append(digest)
    return {digest for same in by_turn.values() if len(same) > 1 for digest in same}

"""Reading a view: what one reader gets of it, in the order of entry, page by page."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from detente.exchange.taxii.clearing import Clearances, Passage
from detente.exchange.taxii.limits import (
    PAGE_BYTES_MAX,
    WALK_LEAST,
    WALK_OBJECTS,
    WALK_STEPS_MAX,
)
from detente.exchange.taxii.ports import Shelf, Span, Walk
from detente.exchange.taxii.query import Query, time_key
from detente.exchange.taxii.versions import owned_versions, pick_versions
from detente.release import Reader

_SHARES_ID = 1
_GONE = 2


@dataclass(frozen=True, slots=True)
class Found:
    """What an asker gets.

    Attributes:
        passages: in the order of entry.
        more: whether something follows.
        after: where it follows.
    """

    passages: tuple[Passage, ...] = ()
    more: bool = False
    after: int = -1


@dataclass(slots=True)
class _Gathering:
    limit: int
    passages: list[Passage] = field(default_factory=list)
    count: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.count >= self.limit or self.size >= PAGE_BYTES_MAX

    def take(self, passage: Passage) -> None:
        self.passages.append(passage)
        self.count += passage.count
        self.size += passage.page.size(passage.start, passage.end)


class ViewReader:
    """Reads views for readers. Safe for threads.

    Args:
        shelf: the objects.
        clearances: the gate.
    """

    def __init__(self, shelf: Shelf, clearances: Clearances) -> None:
        self._shelf = shelf
        self._clearances = clearances

    def read(self, view: str, query: Query, reader: Reader) -> Found:
        """Return what of a view a reader gets.

        Raises:
            StorageFault: the store refused.
        """
        if query.is_other_spec:
            return Found()
        if query.ids:
            return self._by_id(view, query, reader)
        gathered, after = _Gathering(query.limit), query.after
        for _step in range(WALK_STEPS_MAX):
            objects = max(WALK_LEAST, min(WALK_OBJECTS, query.limit - gathered.count))
            walk = self._shelf.walk(view, after=after, objects=objects, types=query.types)
            if self._gather(view, walk, query, reader, gathered):
                return self._cut(gathered)
            after = walk.upto
            if walk.ended:
                return Found(tuple(gathered.passages))
            if gathered.is_full:
                break
        return Found(tuple(gathered.passages), more=True, after=after)

    def _gather(
        self, view: str, walk: Walk, query: Query, reader: Reader, gathered: _Gathering
    ) -> bool:
        """Take what a reader gets of one step; say whether there was more than had room."""
        for span in walk.spans:
            for passage in self._of_span(view, span, query, reader):
                if gathered.is_full:
                    return True
                if passage.count > (room := query.limit - gathered.count):
                    gathered.take(replace(passage, end=passage.start + room))
                    return True
                gathered.take(passage)
        return False

    def versions(self, view: str, identifier: str, query: Query, reader: Reader) -> Found:
        """Return every version of one object that a reader gets, by entry."""
        query = Query(after=query.after, limit=query.limit, versions=frozenset(("all",)))
        return self._of_ids(view, (identifier,), query, reader)

    def one(self, view: str, identifier: str, query: Query, reader: Reader) -> Found:
        """Return the versions of one object that are asked for."""
        return self._of_ids(view, (identifier,), query, reader)

    def holds(self, view: str, identifier: str, reader: Reader) -> bool:
        """Say whether a reader gets any version of an object, whatever else was asked."""
        every = Query(limit=1, versions=frozenset(("all",)))
        return bool(self._of_ids(view, (identifier,), every, reader).passages)

    @staticmethod
    def _cut(gathered: _Gathering) -> Found:
        after = gathered.passages[-1].last_added
        return Found(tuple(gathered.passages), more=True, after=after)

    def _by_id(self, view: str, query: Query, reader: Reader) -> Found:
        ids = [each for each in query.ids if not query.types or _type(each) in query.types]
        return self._of_ids(view, ids, query, reader)

    def _of_ids(self, view: str, ids: Collection[str], query: Query, reader: Reader) -> Found:
        chosen = self._chosen(view, ids, query, reader)
        places = self._shelf.places(chosen.keys())
        gathered = _Gathering(query.limit)
        for number, added in sorted(chosen.items(), key=lambda item: item[1]):
            if added <= query.after or number not in places:
                continue
            if gathered.is_full:
                return self._cut(gathered)
            page, place = places[number]
            run = next(run for run in page.runs if run.start <= place < run.end)
            answer = self._clearances.of(run.statement, reader)
            cleared = None if answer is None else answer.permits(run.grade)
            if cleared is not None:
                gathered.take(Passage(cleared, page, place, place + 1, added))
        return Found(tuple(gathered.passages))

    def _chosen(
        self, view: str, ids: Collection[str], query: Query, reader: Reader
    ) -> dict[int, int]:
        """Return object number -> moment of entry for what a version filter means of these ids."""
        shared = self._shelf.siblings(ids)
        dates = self._shelf.dates(view, [one.number for each in shared.values() for one in each])
        chosen: dict[int, int] = {}
        for each in shared.values():
            versions = owned_versions(each, reader, self._clearances, dates)
            chosen.update((n, dates[n]) for n in pick_versions(versions, query))
        return chosen

    def _of_span(self, view: str, span: Span, query: Query, reader: Reader) -> Iterator[Passage]:
        page = span.page
        plain = page.is_plain and not query.types and bool(query.keywords)
        places = None if plain else self._places(view, span, query, reader)
        for run in page.runs:
            start, end = max(run.start, span.start), min(run.end, span.end)
            if start >= end:
                continue
            answer = self._clearances.of(run.statement, reader)
            cleared = None if answer is None else answer.permits(run.grade)
            if cleared is None:
                continue
            pieces = [(start, end)] if places is None else _pieces(places, start, end)
            for low, high in pieces:
                yield Passage(cleared, page, low, high, span.added + low - span.start)

    def _places(self, view: str, span: Span, query: Query, reader: Reader) -> list[int]:
        """Return the places of a span that pass the filters, looked at one by one."""
        page, names = span.page, span.page.names
        wanted = [
            place
            for place in range(span.start, span.end)
            if page.marks[place] != _GONE
            and (not query.types or _type(names[place][0]) in query.types)
        ]
        shared = {names[place][0] for place in wanted if page.marks[place] == _SHARES_ID}
        chosen = self._chosen(view, shared, query, reader) if shared else {}
        return [
            place
            for place in wanted
            if (
                page.number_of(place) in chosen
                if page.marks[place] == _SHARES_ID
                else _fits(names[place][1], query)
            )
        ]


def _fits(version: str, query: Query) -> bool:
    """Say whether the only version of an object is asked for."""
    return bool(query.keywords) or (bool(version) and time_key(version) in query.versions)


def _pieces(places: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    low = high = -1
    for place in places:
        if not start <= place < end:
            continue
        if place != high:
            if low >= 0:
                yield low, high
            low = place
        high = place + 1
    if low >= 0:
        yield low, high


def _type(identifier: str) -> str:
    return identifier.partition("--")[0]

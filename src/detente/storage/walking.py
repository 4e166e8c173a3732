"""Walking through a view of the shelf, a bounded step at a time, in the order of entry."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from detente.storage.shelf import Shelf, Sibling
from detente.storage.shelf_pages import PAGE_OBJECTS, Page, by_page, number_at, place_of
from detente.storage.views import Stretch, Stretches

_STRETCHES = 64
_PAGES_SEARCHED = 1_024  # looked at for a type in one step, without their bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive objects of one page that entered a view one after the other.

    Attributes:
        page: where they stand.
        start: place of the first.
        end: place after the last.
        added: microseconds since 1970 at which the first entered; each next one 1 later.
    """

    page: Page
    start: int
    end: int
    added: int


@dataclass(frozen=True, slots=True)
class Walk:
    """One step.

    Attributes:
        spans: in order of entry.
        upto: everything that entered until this moment was looked at.
        ended: whether nothing follows.
    """

    spans: tuple[Span, ...]
    upto: int
    ended: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """A part of a stretch that lies in one page."""

    page: int
    start: int
    end: int
    added: int

    @property
    def last_added(self) -> int:
        return self.added + self.end - self.start - 1


class Walker:
    """Reads the shelf view by view. Safe for threads.

    Args:
        shelf: the objects.
        stretches: the views.
    """

    def __init__(self, shelf: Shelf, stretches: Stretches) -> None:
        self._shelf = shelf
        self._stretches = stretches

    def walk(self, view: str, *, after: int, objects: int, types: Collection[str] = ()) -> Walk:
        """Return about so many objects that entered a view after a moment, in order of entry.

        Args:
            view: its name.
            after: microseconds since 1970.
            objects: look at no more than this, and what rounds it up.
            types: pages without an object of one of these are left out.

        Raises:
            StorageFault: the database refused.
        """
        found = self._stretches.after(view, after, limit=_STRETCHES)
        cuts = list(_cuts(found, _PAGES_SEARCHED * PAGE_OBJECTS if types else objects))
        if not cuts:
            return Walk((), after, ended=True)
        last = found[-1]
        looked_at_all = cuts[-1].last_added == last.added + last.length - 1
        ended = looked_at_all and len(found) < _STRETCHES
        upto = cuts[-1].last_added
        if types:
            cuts, whole = self._holding(cuts, types, objects)
            if not whole:
                ended, upto = False, cuts[-1].last_added
        pages = {page.number: page for page in self._shelf.pages({cut.page for cut in cuts})}
        spans = (Span(pages[c.page], c.start, c.end, c.added) for c in cuts if c.page in pages)
        return Walk(tuple(spans), upto, ended)

    def siblings(self, ids: Collection[str]) -> Mapping[str, list[Sibling]]:
        """Return, for each id that stands here, all its objects in the order they came."""
        return self._shelf.siblings(ids)

    def dates(self, view: str, numbers: Collection[int]) -> Mapping[int, int]:
        """Return when each of these objects entered a view; who is not in it is left out."""
        return self._stretches.dates(view, numbers)

    def places(self, numbers: Collection[int]) -> Mapping[int, tuple[Page, int]]:
        """Return the page and place of each object."""
        wanted = by_page(numbers)
        return {
            number_at(page.number, place): (page, place)
            for page in self._shelf.pages(wanted.keys())
            for place in wanted[page.number]
        }

    def _holding(
        self, cuts: list[_Cut], types: Collection[str], objects: int
    ) -> tuple[list[_Cut], bool]:
        """Return the cuts of pages that hold a type, and whether that is all of them."""
        pages = [cut.page for cut in cuts]
        holding = set(self._shelf.holding(types, min(pages), max(pages)))
        kept = [cut for cut in cuts if cut.page in holding]
        most = max(1, objects // PAGE_OBJECTS)
        return kept[:most], len(kept) <= most


def _cuts(found: list[Stretch], objects: int) -> Iterator[_Cut]:
    """Yield the stretches page by page, until so many objects are in them."""
    seen = 0
    for stretch in found:
        done = 0
        while done < stretch.length and seen < objects:
            page, place = place_of(stretch.first + done)
            count = min(PAGE_OBJECTS - place, stretch.length - done)
            yield _Cut(page, place, place + count, stretch.added + done)
            done += count
            seen += count
        if seen >= objects:
            return

"""Pages of the shelf: objects as they are sent, one behind the other, and what stands beside.

A page is PAGE_OBJECTS objects, so the number of an object says where it stands.
The bytes of a page are the objects joined by commas: what goes into an envelope
is a slice of it, and nothing is parsed or printed on the way out.
"""

import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import RowMapping

PAGE_OBJECTS = 128
SINGLE, SIBLINGS, GONE = 0, 1, 2
_RUN = struct.Struct("<IQI")


class ShelvedObject(NamedTuple):
    """One object on its way to the shelf.

    Attributes:
        raw: RFC 8785 bytes.
        id: STIX id.
        version: its `modified`, or `created`, as written; "" where it has neither.
        grade: index into the grades of its statement.
    """

    raw: bytes
    id: str
    version: str
    grade: int


class Run(NamedTuple):
    """Objects of a page, from one place up to another, that share statement and grade."""

    start: int
    end: int
    statement: int
    grade: int


def place_of(number: int) -> tuple[int, int]:
    """Return the page of an object and its place there; objects are numbered from 1."""
    return divmod(number - 1, PAGE_OBJECTS)


def number_at(page: int, place: int) -> int:
    """Return the number of the object at a place of a page."""
    return page * PAGE_OBJECTS + place + 1


class Page:
    """A page that is full, or the last one. Not changed once made.

    Attributes:
        number: of the page.
        runs: by ascending place, without gaps.
        types: the STIX types that stand in it.
        marks: one byte for each object: SINGLE, SIBLINGS (its id stands elsewhere too) or GONE.
        data: the objects joined by commas.
    """

    def __init__(self, row: RowMapping) -> None:
        self.number: int = row["number"]
        self.types: frozenset[str] = frozenset(row["types"].split())
        self.marks: bytes = row["marks"]
        self.data: bytes = row["data"]
        self._runs: bytes = row["runs"]
        self._ends: bytes = row["ends"]
        self._names: bytes = row["names"]

    @property
    def count(self) -> int:
        """How many objects stand here."""
        return len(self.marks)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Who said what, by ascending place."""
        read = list(_RUN.iter_unpack(self._runs))
        ends = [start for start, _, _ in read[1:]] + [self.count]
        return tuple(
            Run(start, end, statement, grade)
            for (start, statement, grade), end in zip(read, ends, strict=True)
        )

    @cached_property
    def is_plain(self) -> bool:
        """True where no object has siblings or is gone: then no object needs a second look."""
        return not any(self.marks)

    @cached_property
    def ends(self) -> "array[int]":
        """Where each object ends in `data`."""
        return array("I", self._ends)

    @cached_property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Id and version of each object."""
        lines = self._names.decode().split("\n")
        return tuple((line[: (cut := line.index(" "))], line[cut + 1 :]) for line in lines)

    def number_of(self, place: int) -> int:
        """Return the number of the object at a place."""
        return number_at(self.number, place)

    def slice(self, start: int, end: int) -> bytes:
        """Return the objects from `start` up to `end`, joined by commas."""
        return self.data[self._begin(start) : self.ends[end - 1]]

    def size(self, start: int, end: int) -> int:
        """Return how many bytes `slice` would return."""
        return self.ends[end - 1] - self._begin(start)

    def _begin(self, place: int) -> int:
        return self.ends[place - 1] + 1 if place else 0

    def sized(self) -> int:
        """Return about how much memory it takes, in bytes."""
        return len(self.data) + len(self._names) + len(self._runs) + 4_096


@dataclass(slots=True)
class Draft:
    """A page that is being written."""

    number: int
    types: set[str]
    marks: bytearray
    runs: list[tuple[int, int, int]]
    ends: "array[int]"
    names: list[str]
    parts: list[bytes]

    @classmethod
    def empty(cls, number: int) -> "Draft":
        """Begin a page."""
        return cls(number, set(), bytearray(), [], array("I"), [], [])

    @classmethod
    def of(cls, page: Page) -> "Draft":
        """Go on with a page."""
        return cls(
            number=page.number,
            types=set(page.types),
            marks=bytearray(page.marks),
            runs=[(run.start, run.statement, run.grade) for run in page.runs],
            ends=array("I", page.ends),
            names=[f"{name} {version}" for name, version in page.names],
            parts=[page.data],
        )

    @property
    def room(self) -> int:
        """How many more objects fit."""
        return PAGE_OBJECTS - len(self.marks)

    def take(self, statement: int, objects: Iterable[ShelvedObject]) -> None:
        """Append objects of one statement; the caller minds the room."""
        end = self.ends[-1] if self.ends else -1
        for each in objects:
            if not self.runs or self.runs[-1][1:] != (statement, each.grade):
                self.runs.append((len(self.marks), statement, each.grade))
            end += 1 + len(each.raw)
            self.ends.append(end)
            self.marks.append(SINGLE)
            self.types.add(each.id.partition("--")[0])
            self.names.append(f"{each.id} {each.version}")
            self.parts.append(each.raw)

    def forget(self, places: Iterable[int]) -> None:
        """Leave nothing of these objects but their places."""
        data, start = b",".join(self.parts), 0
        gone, kept = set(places), list[bytes]()
        for place, end in enumerate(self.ends):
            kept.append(b"" if place in gone else data[start:end])
            start = end + 1
            if place in gone:
                self.marks[place], self.names[place] = GONE, "- "
        self.parts, end = kept, -1
        for place, part in enumerate(kept):
            end += 1 + len(part)
            self.ends[place] = end

    def head(self) -> dict[str, object]:
        """Return the row of what stands beside the bytes."""
        return {
            "number": self.number,
            "types": " ".join(sorted(self.types)),
            "marks": bytes(self.marks),
            "runs": b"".join(_RUN.pack(*run) for run in self.runs),
            "ends": self.ends.tobytes(),
            "names": "\n".join(self.names).encode(),
        }

    def body(self) -> dict[str, object]:
        """Return the row of the bytes."""
        return {"number": self.number, "data": b",".join(self.parts)}


def split(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each unbroken stretch of ascending places."""
    start = previous = None
    for place in places:
        if previous is None or place != previous + 1:
            if start is not None and previous is not None:
                yield start, previous + 1
            start = place
        previous = place
    if start is not None and previous is not None:
        yield start, previous + 1


def by_page(numbers: Iterable[int]) -> Mapping[int, list[int]]:
    """Return page -> places for the numbers of objects."""
    pages: dict[int, list[int]] = {}
    for number in numbers:
        page, place = place_of(number)
        pages.setdefault(page, []).append(place)
    return pages

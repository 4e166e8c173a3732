"""Clarity's `detail.xml`: counties or precincts, and the sums the feed itself gives."""

from collections.abc import Callable
from typing import Never
from xml.parsers import expat

from detente.elections.errors import ElectionsError
from detente.elections.hardened_xml import broken, refuse_doctype
from detente.elections.results.gathering import Gatherer, as_votes, folded
from detente.elections.results.model import Contest, Level, Place, Report

DEPTH_MAX = 30
TEXT_CHARS_MAX = 10_000


def read_clarity(data: bytes, source: str) -> list[Report]:
    """Read a feed: the figures by county or precinct, and the sums the feed itself gives.

    Raises:
        ElectionsError: not such a feed, broken XML, or XML that defines entities.
    """
    reader = _Reader(source)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.EntityDeclHandler = reader.refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    reader.line = lambda: parser.CurrentLineNumber
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise broken(error) from None
    return reader.reports()


class _Reader:
    def __init__(self, source: str) -> None:
        self.parts = Gatherer(source, Level.COUNTY)
        self.sums = Gatherer(f"{source} (its own sums)", Level.STATE)
        self.line: Callable[[], int] = lambda: 0
        self._path: list[str] = []
        self._region = ""
        self._contest: Contest | None = None
        self._choice = ""
        self._sum = 0
        self._votes: dict[Place, int] = {}
        self._kinds: set[str] = set()
        self._kind = ""
        self._counted: set[tuple[str, Place]] = set()
        self._level = Level.COUNTY

    def refuse_doctype(self, *_: object) -> Never:
        refuse_doctype(self.line())

    def start(self, tag: str, given: dict[str, str]) -> None:
        self._path.append(tag)
        if len(self._path) > DEPTH_MAX:
            raise ElectionsError(f"line {self.line()}: XML nests deeper than {DEPTH_MAX}")
        match tag:
            case "Contest":
                seats = as_votes(given.get("voteFor", "1")) or 1
                self._contest = Contest(folded(given.get("text", "")), seats=max(1, seats))
            case "Choice":
                self._choice = folded(given.get("text", ""))
                self._sum = self._count(given.get("totalVotes", ""))
                self._votes, self._kinds, self._counted = {}, set(), set()
            case "VoteType" if "Choice" in self._path:
                self._begin_kind(folded(given.get("name", "")))
            case "County" | "Precinct" if "VoteType" in self._path and "Choice" in self._path:
                self._add(tag, given)
            case "VoteType":
                self.parts.leave_out(f"{given.get('name', 'a vote type')!r:.40} of a contest")

    def _begin_kind(self, kind: str) -> None:
        self._kind = kind
        if kind in self._kinds:
            self._refuse_second(f"the votes by {kind!r:.40}")
        self._kinds.add(kind)

    def _refuse_second(self, what: str) -> None:
        self.parts.refuse(
            self.line(), f"{self._contest}: {self._choice!r:.60}: {what} stand there a second time"
        )

    def _add(self, tag: str, given: dict[str, str]) -> None:
        name = folded(given.get("name", ""))
        place = Place(name) if tag == "County" else Place(self._region, name)
        self._level = Level.COUNTY if tag == "County" else Level.PRECINCT
        if (self._kind, place) in self._counted:
            self._refuse_second(f"the votes of {place}")
        self._counted.add((self._kind, place))
        self._votes[place] = self._votes.get(place, 0) + self._count(given.get("votes", ""))

    def _count(self, text: str) -> int:
        count = as_votes(text)
        if count is None or count < 0:
            self.parts.refuse(self.line(), f"{text!r:.40} is no count")
            return 0
        return count

    def text(self, data: str) -> None:
        if self._path[-1:] == ["Region"] and len(self._region) < TEXT_CHARS_MAX:
            self._region = folded(self._region + data)

    def end(self, tag: str) -> None:
        self._path.pop()
        if tag == "Choice" and self._contest is not None:
            for place, votes in self._votes.items():
                self.parts.add(self.line(), place, self._contest, self._choice, votes)
            whole = Place(self._region) if self._level is Level.PRECINCT else Place()
            self.sums.add(self.line(), whole, self._contest, self._choice, self._sum)
        if tag == "Contest":
            self._contest = None

    def reports(self) -> list[Report]:
        self.parts.level = self._level
        self.sums.level = Level.COUNTY if self._level is Level.PRECINCT else Level.STATE
        return [self.parts.report(), self.sums.report()]

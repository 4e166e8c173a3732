"""The figures of one contest along the chain, and as they add up: state, county, precinct."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detente.elections.results import Contest, Level, Place, Report, series, totals, whole
from detente.elections.results.model import Votes
from detente.elections.results.rollup import summed_to

PUBLIC_MAX = 6
"""So many vantage points on the public page are shown beside each other."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: what one level says of a contest.

    Attributes:
        level: where in the chain.
        source: the files.
        signed_by: who signed all of it; empty: unsigned.
        votes: of each choice, over all its places.
    """

    level: Level
    source: str
    signed_by: str
    votes: Votes


@dataclass(frozen=True, slots=True)
class Branch:
    """One place of the tree.

    Attributes:
        place: which.
        said: what its own level says; None: nothing.
        summed: what is further in adds up to; None: nothing lies further in.
    """

    place: Place
    said: Votes | None
    summed: Votes | None

    @property
    def differences(self) -> Mapping[str, int]:
        """What is said less what it adds up to, where both are known and differ."""
        if self.said is None or self.summed is None:
            return {}
        apart = {
            choice: self.said.get(choice, 0) - self.summed.get(choice, 0)
            for choice in (*self.said, *self.summed)
        }
        return {choice: votes for choice, votes in apart.items() if votes}

    @property
    def shown(self) -> Votes:
        """What to show: what is said, and otherwise what it adds up to."""
        return self.said if self.said is not None else self.summed or {}


@dataclass(frozen=True, slots=True)
class ContestTree:
    """One contest.

    Attributes:
        contest: which.
        choices: in the order in which the outermost file names them.
        links: of the chain, from the polling place outward.
        state: the whole.
        counties: each.
        county: the one that is opened; "" where places name none.
        precincts: its precincts.
    """

    contest: Contest
    choices: tuple[str, ...]
    links: tuple[Link, ...]
    state: Branch
    counties: tuple[Branch, ...]
    county: str
    precincts: tuple[Branch, ...]


def contests_of(reports: Sequence[Report]) -> list[Contest]:
    """Return every contest that any file names, in order."""
    return sorted({contest for report in reports for _, contest in report.votes})


def tree_of(reports: Sequence[Report], contest: Contest, county: str | None = None) -> ContestTree:
    """Return the figures of one contest.

    Args:
        reports: of one night, none or all of a rehearsal.
        contest: which.
        county: to open; None: the first that does not add up, or else the first.
    """
    latest = _latest(reports)
    links = tuple(_links(latest, reports, contest))
    figures = {level: _of(report, contest) for level, report in latest.items()}
    by_level = {
        level: {place: votes for (place, _), votes in each.items()}
        for level, each in figures.items()
    }
    within = [level for level in (Level.COUNTY, Level.PRECINCT, Level.TAPE) if level in latest]
    sums = {
        outer: [_summed(latest[each], figures[each], outer) for each in within if each < outer]
        for outer in (Level.STATE, Level.COUNTY)
    }

    def branch(place: Place, level: Level) -> Branch:
        summed = (each[place, contest] for each in sums[level] if (place, contest) in each)
        return Branch(place, by_level.get(level, {}).get(place), next(summed, None))

    names = sorted({place.county for each in within for place in by_level[each] if place.county})
    counties = tuple(branch(Place(name), Level.COUNTY) for name in names)
    opened = county if county in names else _first(counties)
    choices = dict.fromkeys(name for link in reversed(links) for name in link.votes)
    return ContestTree(
        contest=contest,
        choices=tuple(choices),
        links=links,
        state=branch(Place(), Level.STATE),
        counties=counties,
        county=opened,
        precincts=tuple(_precincts(by_level, opened)),
    )


def _latest(reports: Sequence[Report]) -> dict[Level, Report]:
    levels = {level: [each for each in reports if each.level is level] for level in Level}
    return {
        level: whole([each[-1] for each in series(found)])
        for level, found in levels.items()
        if found
    }


def _links(
    latest: Mapping[Level, Report], reports: Sequence[Report], contest: Contest
) -> Iterator[Link]:
    inside = [report for level, report in latest.items() if level is not Level.PUBLIC]
    pages = [report for report in reports if report.level is Level.PUBLIC][:PUBLIC_MAX]
    for report in (*inside, *pages):
        votes = totals([report]).get(contest)
        if votes is not None:
            yield Link(report.level, report.source, report.signed_by, votes)


def _of(report: Report, contest: Contest) -> dict[tuple[Place, Contest], Votes]:
    return {key: votes for key, votes in report.votes.items() if key[1] == contest}


def _summed(
    report: Report, votes: Mapping[tuple[Place, Contest], Votes], level: Level
) -> Mapping[tuple[Place, Contest], Votes]:
    return summed_to(Report(report.source, report.level, votes), level)


def _precincts(by_level: Mapping[Level, Mapping[Place, Votes]], county: str) -> Iterator[Branch]:
    said = by_level.get(Level.PRECINCT, {})
    tapes = by_level.get(Level.TAPE, {})
    places = {place for place in (*said, *tapes) if place.county == county and place.precinct}
    for place in sorted(places):
        yield Branch(place, said.get(place), tapes.get(place))


def _first(counties: Sequence[Branch]) -> str:
    odd = next((each for each in counties if each.differences), None)
    first = odd or next(iter(counties), None)
    return "" if first is None else first.place.county

"""The other checks of a feed: rehearsals, pages altered on their way, falling counts, bounds."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from detente.elections.results.model import (
    Check,
    Contest,
    Difference,
    Place,
    Report,
    Turnout,
    Votes,
    Weight,
    margin,
    totals,
    unlike,
)


def rehearsals(reports: Iterable[Report]) -> list[Difference]:
    """Reports that say they are a rehearsal; they take no part in any other check."""
    return [
        Difference(
            Check.TEST_FLAG,
            report.source,
            0,
            False,
            f"{report.source} says that its figures are a rehearsal; they are used for nothing. "
            "Innocent: a file of the last test left in place (Kent County, 2020). Settled by: "
            "publishing the real file, or taking this one away.",
        )
        for report in reports
        if report.is_test
    ]


def echoes(reports: Sequence[Report]) -> list[Difference]:
    """Files that are told as real and hold, figure for figure, what a rehearsal holds."""
    tests = [report for report in reports if report.is_test]
    return [
        Difference(
            Check.TEST_FLAG,
            report.source,
            0,
            True,
            f"{report.source} does not say that it is a rehearsal, and every figure in it is that "
            f"of {test.source}, which does. Innocent: the rehearsal's file was sent again. Settled "
            "by: the tapes of two places.",
            Weight.NOW,
        )
        for report in reports
        if not report.is_test
        for test in tests
        if report.votes == test.votes
    ]


def transit(signed: Report, public: Sequence[Report]) -> list[Difference]:
    """The public page, as seen from each vantage point, against what its office gave out."""
    meant = totals([signed])
    agree = [page.source for page in public if _agrees(totals([page]), meant)]
    return [
        _altered(signed, page, contest, choice, difference, meant[contest], agree)
        for page in public
        for contest, votes in totals([page]).items()
        if contest in meant
        for choice, difference in unlike(votes, meant[contest])
    ]


def unlike_pages(public: Sequence[Report]) -> list[str]:
    """Vantage points that do not see the same page, in words."""
    if len(public) == 1:
        return [f"{public[0].source}: the public page was looked at from one place only"]
    return [
        f"{one.source} and {other.source} do not see the same figures: something stands between"
        for one, other in combinations(public, 2)
        if not _agrees(totals([one]), totals([other]))
    ]


def _agrees(seen: Mapping[Contest, Votes], meant: Mapping[Contest, Votes]) -> bool:
    return not any(
        True
        for contest, votes in seen.items()
        if contest in meant
        for _ in unlike(votes, meant[contest])
    )


def _altered(
    signed: Report,
    page: Report,
    contest: Contest,
    choice: str,
    difference: int,
    votes: Votes,
    agree: Sequence[str],
) -> Difference:
    between = margin(votes, contest.seats)
    seal = f"signed by {signed.signed_by}" if signed.signed_by else "unsigned"
    elsewhere = f" {', '.join(agree)} shows the office's own figures." if agree else ""
    return Difference(
        Check.TRANSIT,
        f"{page.source}: {contest}: {choice}",
        difference,
        between is not None and abs(difference) >= between,
        f"the public sees {abs(difference)} votes {'more' if difference > 0 else 'fewer'} than the "
        f"office's own figure ({seal}).{elsewhere} Innocent: a cache, an update under way. Settled "
        "by: the same page from a second place in five minutes; until then show the last agreed "
        "page.",
        Weight.NOW,
    )


def monotone(earlier: Report, later: Report) -> list[Difference]:
    """Unofficial counts that fall, and places that vanish, from one report to the next."""
    found = [
        Difference(
            Check.MONOTONE,
            f"{place}: {contest}: {choice}",
            later.votes[place, contest][choice] - count,
            _leads(votes, contest) is not None,
            f"{count} votes in {earlier.source}, {later.votes[place, contest][choice]} in "
            f"{later.source}: counts do not fall. Innocent: a correction, a test file that was "
            "replaced. Settled by: the change record of this place.",
        )
        for (place, contest), votes in earlier.votes.items()
        if (place, contest) in later.votes
        for choice, count in votes.items()
        if later.votes[place, contest].get(choice, count) < count
    ]
    gone = sorted({place for place, _ in earlier.votes} - {place for place, _ in later.votes})
    found += [_vanished(place, earlier, later) for place in gone]
    return found


def _leads(votes: Votes, contest: Contest) -> int | None:
    return margin(votes, contest.seats)


def _vanished(place: Place, earlier: Report, later: Report) -> Difference:
    lost = sum(sum(votes.values()) for (at, _), votes in earlier.votes.items() if at == place)
    return Difference(
        Check.MONOTONE,
        str(place),
        -lost,
        lost > 0,
        f"{place} was in {earlier.source} and is not in {later.source}. Innocent: it was taken "
        "back to be counted again. Settled by: asking that place.",
    )


def bounds(report: Report) -> list[Difference]:
    """More votes than ballots allow, more ballots than voters, parts that do not add up."""
    found: list[Difference] = []
    for (place, contest), said in report.turnout.items():
        votes = report.votes.get((place, contest))
        if votes is not None:
            found += _bounds_of(report.source, place, contest, votes, said)
    return found


def _bounds_of(
    source: str, place: Place, contest: Contest, votes: Votes, said: Turnout
) -> list[Difference]:
    counted, where = sum(votes.values()), f"{place}: {contest}"
    found: list[Difference] = []

    def add(difference: int, what: str) -> None:
        lead = margin(votes, contest.seats)
        turns = lead is not None and abs(difference) >= lead
        text = (
            f"{source}: {what}. Innocent: a count of another moment, voters registered on the day, "
            "cards counted twice. Settled by: the poll book and the cards of this place."
        )
        found.append(Difference(Check.BOUNDS, where, difference, turns, text))

    if said.ballots is not None:
        most = said.ballots * contest.seats
        if counted > most:
            add(counted - most, f"{counted} votes on {said.ballots} ballots")
        if said.blanks is not None and said.spoiled is not None:
            whole = counted + said.blanks + said.spoiled
            if whole != most and counted <= most:
                add(whole - most, f"votes, blanks and spoiled are {whole}, not {most}")
        if said.registered is not None and said.ballots > said.registered:
            add(
                said.ballots - said.registered,
                f"{said.ballots} ballots of {said.registered} registered",
            )
    return found


def completeness(reports: Iterable[Report], expected: Mapping[Place, str]) -> list[Difference]:
    """Places that have not reported, by name and telephone.

    Args:
        reports: what came.
        expected: each place's telephone, or an empty text.
    """
    came = {place for report in reports for place in report.places()}
    late = sorted(expected.keys() - came)
    return [
        Difference(
            Check.COMPLETENESS,
            str(place),
            0,
            True,
            f"{place} has not reported"
            + (f"; call {expected[place]}" if expected[place] else "")
            + ". Innocent: still counting, a line that is down. Settled by: the call.",
        )
        for place in late
    ]

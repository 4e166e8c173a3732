"""Figures written as NIST SP 1500-100 version 2 JSON, and as a plain table."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from detente.elections.errors import ElectionsError
from detente.elections.results.model import Contest, Level, Place, Report, Turnout
from detente.elections.results.nist import DISTRICT, REPORT_TYPE
from detente.signing import format_time

_SPACE = "ElectionResults."
COLUMNS = ("county", "precinct", "office", "district", "candidate", "votes", "seats",
           "ballots", "registered", "blanks", "spoiled", "is_test")  # fmt: skip
_FORMATS = {Level.PRECINCT: "precinct-level", Level.COUNTY: "summary-contest"}
_Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Heading:
    """What a report says of itself.

    Attributes:
        issuer: whose figures they are.
        election: its name.
        day: its day, YYYY-MM-DD.
        generated: when the report was made.
        status: the standard's word: unofficial-partial, unofficial-complete, certified, ...
    """

    issuer: str
    election: str
    day: str
    generated: datetime
    status: str = "unofficial-partial"


def as_standard_report(reports: Sequence[Report], heading: Heading) -> _Row:
    """Write reports of one election as a 1500-100 document.

    The flag of a rehearsal is kept: figures of which one is a rehearsal are all one.

    Raises:
        ElectionsError: there are none, or real figures and a rehearsal's are mixed.
    """
    if len({report.is_test for report in reports}) != 1:
        raise ElectionsError(
            "real figures and those of a rehearsal are not written into one report"
            if reports
            else "no figures to write",
            remedy="Write them one by one",
        )
    units = _Units()
    contests = _Contests(units)
    for report in reports:
        for (place, contest), votes in report.votes.items():
            unit = units.of(place, report.level)
            for choice, count in votes.items():
                contests.count(contest, choice, unit, count)
            contests.say(contest, unit, report.turnout.get((place, contest)))
    rows = contests.rows()  # before the units: a district is one of them
    level = min(report.level for report in reports)
    return {
        "@type": REPORT_TYPE,
        "Format": _FORMATS.get(level, "summary-contest"),
        "GeneratedDate": format_time(heading.generated),
        "Issuer": heading.issuer,
        "IssuerAbbreviation": heading.issuer[:20],
        "SequenceStart": 1,
        "SequenceEnd": 1,
        "Status": heading.status,
        "VendorApplicationId": "detente",
        "IsTest": reports[0].is_test,
        "GpUnit": units.rows(),
        "Election": [
            {
                "@type": f"{_SPACE}Election",
                "Name": _text(heading.election),
                "Type": "general",
                "StartDate": heading.day,
                "EndDate": heading.day,
                "ElectionScopeId": units.scope,
                "Candidate": contests.people,
                "Contest": rows,
                "BallotCounts": contests.ballots(),
            }
        ],
    }


def _text(content: str) -> _Row:
    said = {"@type": f"{_SPACE}LanguageString", "Content": content, "Language": "en"}
    return {"@type": f"{_SPACE}InternationalizedText", "Text": [said]}


class _Units:
    """The units that figures are counted by, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], str] = {}
        self._rows: dict[str, _Row] = {}
        self._children: dict[str, list[str]] = {}
        self.scope = self._unit("state", "", "the whole")

    def of(self, place: Place, level: Level) -> str:
        if place.precinct or level in (Level.TAPE, Level.PRECINCT):
            known = ("precinct", place.county, place.precinct)
            if known in self._known:
                return self._known[known]
            unit = self._unit("precinct", place.county, place.precinct)
            if place.county:
                self._children.setdefault(self._county(place.county), []).append(unit)
            return unit
        return self._county(place.county) if place.county else self.scope

    def _county(self, name: str) -> str:
        return self._known.get(("county", name, "")) or self._unit("county", name, "")

    def district(self, name: str) -> str:
        if not name:
            return self.scope
        return self._known.get(("other", "", name)) or self._unit("other", "", name)

    def _unit(self, kind: str, county: str, name: str) -> str:
        key = f"unit-{len(self._known) + 1}"
        self._known[kind, county, name] = key
        row: _Row = {"@type": f"{_SPACE}ReportingUnit", "@id": key, "Type": kind}
        row["Name"] = _text(name or county)
        if kind == "other":
            row["OtherType"] = DISTRICT
        self._rows[key] = row
        return key

    def rows(self) -> list[_Row]:
        for key, children in self._children.items():
            self._rows[key]["ComposingGpUnitIds"] = children
        return list(self._rows.values())


class _Contests:
    """Contests and their selections, each once."""

    def __init__(self, units: _Units) -> None:
        self._units = units
        self.people: list[_Row] = []
        self._contests: dict[Contest, dict[str, list[_Row]]] = {}
        self._others: dict[Contest, list[_Row]] = {}
        self._ballots: dict[str, int] = {}

    def count(self, contest: Contest, choice: str, unit: str, votes: int) -> None:
        into = self._contests.setdefault(contest, {}).setdefault(choice, [])
        into.append(
            {"@type": f"{_SPACE}VoteCounts", "Type": "total", "GpUnitId": unit, "Count": votes}
        )

    def say(self, contest: Contest, unit: str, turnout: Turnout | None) -> None:
        if turnout is None:
            return
        row: _Row = {"@type": f"{_SPACE}OtherCounts", "GpUnitId": unit}
        if turnout.blanks is not None:
            row["Undervotes"] = turnout.blanks
        if turnout.spoiled is not None:
            row["Overvotes"] = turnout.spoiled
        self._others.setdefault(contest, []).append(row)
        if turnout.ballots is not None:
            self._ballots[unit] = turnout.ballots

    def ballots(self) -> list[_Row]:
        kind = f"{_SPACE}BallotCounts"
        return [
            {"@type": kind, "Type": "total", "GpUnitId": unit, "BallotsCast": count}
            for unit, count in self._ballots.items()
        ]

    def rows(self) -> list[_Row]:
        return [
            self._row(number, contest, choices)
            for number, (contest, choices) in enumerate(self._contests.items(), 1)
        ]

    def _row(self, number: int, contest: Contest, choices: dict[str, list[_Row]]) -> _Row:
        selections: list[_Row] = []
        for place, (choice, counts) in enumerate(choices.items(), 1):
            person = f"candidate-{number}-{place}"
            self.people.append(
                {"@type": f"{_SPACE}Candidate", "@id": person, "BallotName": _text(choice)}
            )
            selections.append(
                {
                    "@type": f"{_SPACE}CandidateSelection",
                    "@id": f"selection-{number}-{place}",
                    "CandidateIds": [person],
                    "VoteCounts": counts,
                }
            )
        return {
            "@type": f"{_SPACE}CandidateContest",
            "@id": f"contest-{number}",
            "Name": contest.name,
            "ElectionDistrictId": self._units.district(contest.district),
            "VotesAllowed": contest.seats,
            "ContestSelection": selections,
            "OtherCounts": self._others.get(contest, []),
        }


class _Lines:
    """Takes what a writer writes."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.written.append(text)


def as_table(reports: Iterable[Report]) -> Iterator[str]:
    """Write reports as a table, in pieces; a rehearsal is marked in every row."""
    yield ",".join(COLUMNS) + "\n"
    for report in reports:
        for (place, contest), votes in report.votes.items():
            said = report.turnout.get((place, contest), Turnout())
            beside = ["" if n is None else n for n in (said.ballots, said.registered,
                                                       said.blanks, said.spoiled)]  # fmt: skip
            out = _Lines()
            csv.writer(out, lineterminator="\n").writerows(
                [place.county, place.precinct, contest.name, contest.district, choice, count,
                 contest.seats, *beside, "yes" if report.is_test else ""]
                for choice, count in votes.items()
            )  # fmt: skip
            yield "".join(out.written)

"""NIST SP 1500-100 version 2, JSON and XML: election results as the standard writes them."""

from collections.abc import Iterable, Iterator, Mapping

from detente.elections.errors import ElectionsError
from detente.elections.hardened_xml import LINE, children
from detente.elections.results.gathering import Gatherer, as_moment, folded
from detente.elections.results.model import Contest, Level, Place, Report, Turnout

REPORT_TYPE = "ElectionResults.ElectionReport"
ROOT = "ElectionReport"
DISTRICT = "contest-district"
"""What a unit of type `other` calls itself that is only the district of a contest."""
_LISTS = frozenset((
    "GpUnit", "Election", "Candidate", "Contest", "ContestSelection", "VoteCounts", "OtherCounts",
    "BallotCounts", "Text", "Party", "Person", "Office", "ExternalIdentifier", "CountStatus",
))  # fmt: skip
_LEVELS = {"precinct": Level.PRECINCT, "county": Level.COUNTY, "state": Level.STATE}


def read_report(document: object, source: str) -> list[Report]:
    """Read a 1500-100 election report: one report for each kind of unit it counts by.

    Args:
        document: parsed JSON.
        source: the file.

    Raises:
        ElectionsError: it is no such report.
    """
    if not isinstance(document, dict) or document.get("@type") != REPORT_TYPE:
        raise ElectionsError(f'no SP 1500-100 report: "@type" is not {REPORT_TYPE}')
    units = _units(document)
    districts = {
        _text(row, "@id"): _label(row.get("Name"))
        for row in _rows(document, "GpUnit")
        if row.get("OtherType") == DISTRICT
    }
    people = {
        _text(row, "@id"): _label(row.get("BallotName"))
        for election in _rows(document, "Election")
        for row in _rows(election, "Candidate")
    }
    gatherers = {level: Gatherer(source, level) for level in _LEVELS.values()}
    for election in _rows(document, "Election"):
        for contest in _rows(election, "Contest"):
            named = _contest(contest, districts)
            _take(contest, named, units, people, gatherers)
            _say_turnout(contest, named, election, units, gatherers)
    for gatherer in gatherers.values():
        gatherer.is_test = document.get("IsTest") is True
        gatherer.generated = as_moment(document.get("GeneratedDate"))
    found = [gatherer.report() for level, gatherer in gatherers.items() if gatherer.has_figures]
    if not found:
        raise ElectionsError("no figures of a precinct, a county or a state in it")
    return found


def read_report_xml(pieces: Iterable[bytes], source: str) -> list[Report]:
    """Read a 1500-100 election report written as XML.

    Raises:
        ElectionsError: it is no such report, broken XML, or XML that defines entities.
    """
    document: dict[str, object] = {"@type": REPORT_TYPE}
    for name, value in children(pieces, ROOT, _LISTS):
        if name in _LISTS:
            known = document.setdefault(name, [])
            if isinstance(known, list):
                known.append(value)
        else:
            document[name] = value
    return read_report(document, source)


def _contest(row: Mapping[str, object], districts: Mapping[str, str]) -> Contest:
    seats = row.get("VotesAllowed", 1)
    return Contest(
        folded(_text(row, "Name")),
        districts.get(_text(row, "ElectionDistrictId"), ""),
        seats if isinstance(seats, int) and seats > 0 else 1,
    )


def _units(document: Mapping[str, object]) -> dict[str, tuple[Level, Place]]:
    rows = list(_rows(document, "GpUnit"))
    parents = {
        str(child): _label(row.get("Name"))
        for row in rows
        if row.get("Type") == "county"
        for child in _list(row, "ComposingGpUnitIds")
    }
    units: dict[str, tuple[Level, Place]] = {}
    for row in rows:
        level = _LEVELS.get(str(row.get("Type")))
        key, name = _text(row, "@id"), _label(row.get("Name"))
        if level is None:
            continue
        place = Place(parents.get(key, ""), name) if level is Level.PRECINCT else Place(name)
        units[key] = (level, Place() if level is Level.STATE else place)
    return units


def _take(
    row: Mapping[str, object],
    contest: Contest,
    units: Mapping[str, tuple[Level, Place]],
    people: Mapping[str, str],
    gatherers: Mapping[Level, Gatherer],
) -> None:
    for number, selection in enumerate(_rows(row, "ContestSelection"), 1):
        line = _line(selection, number)
        ids = _list(selection, "CandidateIds")
        named = " / ".join(people.get(str(each), str(each)) for each in ids)
        choice = named or _label(selection.get("Selection")) or _text(selection, "@id")
        for unit, count in _counts(selection).items():
            level, place = units.get(unit, (None, Place()))
            into = gatherers[level or Level.STATE]
            if count is None:
                into.refuse(
                    line, f"{contest}: {choice!r:.60}: no count of the unit {unit!r:.40}, or two"
                )
            elif level is None:
                into.leave_out("votes of a unit that is no precinct, county or state")
            else:
                into.add(line, place, contest, choice, count)


def _line(row: Mapping[str, object], number: int) -> int:
    """The line of an element; in JSON the number of the row instead."""
    line = row.get(LINE)
    return line if isinstance(line, int) else number


def _counts(selection: Mapping[str, object]) -> dict[str, int | None]:
    """Votes by unit: the total where one is given, else the sum of its kinds; None: no count."""
    totals: dict[str, int | None] = {}
    kinds: dict[str, int | None] = {}
    seen: set[tuple[str, ...]] = set()
    for row in _rows(selection, "VoteCounts"):
        unit, count = _text(row, "GpUnitId"), _whole(row.get("Count"))
        what = (unit, *(_text(row, name) for name in ("Type", "OtherType", "DeviceClass")))
        if what in seen:
            count = None
        seen.add(what)
        if row.get("Type") == "total":
            totals[unit] = count
        else:
            before = kinds.get(unit, 0)
            kinds[unit] = None if count is None or before is None else before + count
    return kinds | totals


def _whole(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _say_turnout(
    row: Mapping[str, object],
    contest: Contest,
    election: Mapping[str, object],
    units: Mapping[str, tuple[Level, Place]],
    gatherers: Mapping[Level, Gatherer],
) -> None:
    """What the report says beside the votes of one contest, and of its units."""
    ballots = {
        _text(each, "GpUnitId"): _whole(each.get("BallotsCast"))
        for each in _rows(election, "BallotCounts")
        if each.get("Type") == "total"
    }
    for each in _rows(row, "OtherCounts"):
        unit = _text(each, "GpUnitId")
        level, place = units.get(unit, (None, Place()))
        if level is None:
            continue
        said = Turnout(
            ballots=ballots.get(unit),
            blanks=_whole(each.get("Undervotes")),
            spoiled=_whole(each.get("Overvotes")),
        )
        gatherers[level].say(place, contest, said)


def _rows(row: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    for each in _list(row, name):
        if not isinstance(each, dict):
            raise ElectionsError(f'"{name}" is a list of objects')
        yield each


def _list(row: Mapping[str, object], name: str) -> list[object]:
    value = row.get(name, [])
    if not isinstance(value, list):
        raise ElectionsError(f'"{name}" is a list')
    return value


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else str(value)


def _label(value: object) -> str:
    """The first text of an internationalised one."""
    if isinstance(value, str):
        return folded(value)
    if isinstance(value, dict):
        for each in value.get("Text", ()) if isinstance(value.get("Text"), list) else ():
            if isinstance(each, dict) and isinstance(each.get("Content"), str):
                return folded(each["Content"])
    return ""

"""NIST SP 1500-100 version 2, JSON: election results as the standard writes them."""

from collections.abc import Iterator, Mapping

from detente.elections.errors import ElectionsError
from detente.elections.results.gathering import Gatherer, folded
from detente.elections.results.model import Contest, Level, Place, Report

REPORT_TYPE = "ElectionResults.ElectionReport"
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
    people = {
        _text(row, "@id"): _label(row.get("BallotName"))
        for election in _rows(document, "Election")
        for row in _rows(election, "Candidate")
    }
    gatherers = {level: Gatherer(source, level) for level in _LEVELS.values()}
    for election in _rows(document, "Election"):
        for contest in _rows(election, "Contest"):
            _take(contest, units, people, gatherers)
    for gatherer in gatherers.values():
        gatherer.is_test = document.get("IsTest") is True
    found = [gatherer.report() for level, gatherer in gatherers.items() if gatherer.has_figures]
    if not found:
        raise ElectionsError("no figures of a precinct, a county or a state in it")
    return found


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
    units: Mapping[str, tuple[Level, Place]],
    people: Mapping[str, str],
    gatherers: Mapping[Level, Gatherer],
) -> None:
    seats = row.get("VotesAllowed", 1)
    contest = Contest(
        folded(_text(row, "Name")), seats=seats if isinstance(seats, int) and seats > 0 else 1
    )
    for number, selection in enumerate(_rows(row, "ContestSelection")):
        ids = _list(selection, "CandidateIds")
        named = " / ".join(people.get(str(each), str(each)) for each in ids)
        choice = named or _label(selection.get("Selection")) or _text(selection, "@id")
        for unit, count in _counts(selection).items():
            level, place = units.get(unit, (None, Place()))
            if level is not None:
                gatherers[level].add(number + 1, place, contest, choice, count)


def _counts(selection: Mapping[str, object]) -> dict[str, int]:
    """Votes by unit: the total where one is given, else the sum of its kinds."""
    totals: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for row in _rows(selection, "VoteCounts"):
        unit, count = _text(row, "GpUnitId"), row.get("Count")
        if isinstance(count, float) and count.is_integer():
            count = int(count)
        if isinstance(count, bool) or not isinstance(count, int):
            raise ElectionsError(f"{count!r:.40} is no count (unit {unit!r:.40})")
        if row.get("Type") == "total":
            totals[unit] = count
        else:
            kinds[unit] = kinds.get(unit, 0) + count
    return kinds | totals


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

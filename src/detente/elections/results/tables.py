"""Figures from tables: OpenElections' columns, or any with a map of column names."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detente.elections.errors import ElectionsError
from detente.elections.results.gathering import Gatherer, as_votes, folded
from detente.elections.results.model import Contest, Level, Place, Report, Turnout

if TYPE_CHECKING:
    from _csv import Reader

FIELD_CHARS_MAX = 10_000
_NAMES: Mapping[str, tuple[str, ...]] = {
    "county": ("county", "county_name", "jurisdiction"),
    "precinct": ("precinct", "precinct_name", "polling_place", "batch"),
    "contest": ("office", "contest", "race", "contest_name"),
    "district": ("district",),
    "choice": ("candidate", "choice", "selection", "choice_name"),
    "party": ("party",),
    "votes": ("total_votes", "votes", "total"),
    "seats": ("seats", "vote_for", "votes_allowed"),
    "ballots": ("ballots", "ballots_cast"),
    "registered": ("registered", "registered_voters"),
    "blanks": ("blanks", "undervotes", "under_votes"),
    "spoiled": ("spoiled", "overvotes", "over_votes"),
    "is_test": ("is_test", "test"),
}
_NOT_A_PRECINCT = frozenset(("", "not available", "all", "total"))
_TRUE = frozenset(("1", "true", "yes", "y", "test"))


@dataclass(frozen=True, slots=True)
class _Columns:
    at: Mapping[str, int]
    parts: Sequence[int]
    width: int


def read_table(
    data: bytes, source: str, *, level: Level | None, names: Mapping[str, str] | None = None
) -> Report:
    """Read figures from a table with a header.

    Args:
        data: the file.
        source: its name.
        level: where its figures stand; None: precinct if precincts are named, else county,
            else state.
        names: which column is what, where it is not named as usual.

    Raises:
        ElectionsError: no such columns, or rows that cannot be read: all are told.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ElectionsError(
            f"line {line}: not UTF-8", remedy="Export the file again as UTF-8"
        ) from None
    separator = "\t" if "\t" in text[: text.find("\n") + 1] else ","
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    columns = _columns(next(rows, []), names or {})
    return _gathered(rows, columns, source, level)


def _columns(header: Sequence[str], names: Mapping[str, str]) -> _Columns:
    seen = {name.strip().lower(): at for at, name in enumerate(header)}
    at: dict[str, int] = {}
    for field, usual in _NAMES.items():
        wanted = (names[field].lower(),) if field in names else usual
        found = next((seen[name] for name in wanted if name in seen), None)
        if found is not None:
            at[field] = found
    parts = [n for name, n in seen.items() if name.endswith("_votes") and n not in at.values()]
    missing = [field for field in ("contest", "choice") if field not in at]
    if "votes" not in at and not parts:
        missing.append("votes")
    if missing:
        raise ElectionsError(
            f"no column for {', '.join(missing)} among: {', '.join(header)[:200]}",
            remedy='Say which is which with a column map: {"contest": "Race", "choice": "Name"}',
        )
    return _Columns(at, [] if "votes" in at else parts, len(header))


def _gathered(rows: "Reader", columns: _Columns, source: str, level: Level | None) -> Report:
    gatherer = Gatherer(source, level if level is not None else Level.STATE)
    found = Level.STATE
    try:
        for row in rows:
            if not row:
                continue
            taken = _take(row, columns, gatherer, rows.line_num)
            if taken is not None:
                found = min(found, taken)
    except csv.Error as error:
        raise ElectionsError(f"line {rows.line_num}: {error}") from None
    if level is None:
        gatherer.level = found
    return gatherer.report()


def _take(row: Sequence[str], columns: _Columns, into: Gatherer, line: int) -> Level | None:
    if len(row) != columns.width:
        into.refuse(line, f"{len(row)} columns instead of {columns.width}")
        return None
    said = {field: folded(row[at][:FIELD_CHARS_MAX]) for field, at in columns.at.items()}
    counts = [as_votes(row[at]) for at in columns.parts or [columns.at["votes"]]]
    known = [count for count in counts if count is not None]
    if len(known) != len(counts):
        into.refuse(line, f"{row[columns.at.get('votes', columns.width - 1)]!r:.40} is no count")
        return None
    precinct = said.get("precinct", "")
    place = Place(said.get("county", ""), "" if precinct.lower() in _NOT_A_PRECINCT else precinct)
    seats = as_votes(said.get("seats", "")) or 1
    contest = Contest(said["contest"], said.get("district", ""), seats)
    if not contest.name or not said["choice"]:
        into.refuse(line, "no contest or no choice is named")
        return None
    if any(count < 0 for count in known):
        into.refuse(line, f"{min(known)} votes for {said['choice']!r:.60}")
        return None
    if said.get("is_test", "").lower() in _TRUE:
        into.is_test = True
    into.add(line, place, contest, said["choice"], sum(known), said.get("party", ""))
    _say_turnout(said, place, contest, into)
    return Level.PRECINCT if place.precinct else Level.COUNTY if place.county else Level.STATE


def _say_turnout(said: Mapping[str, str], place: Place, contest: Contest, into: Gatherer) -> None:
    fields = ("ballots", "registered", "blanks", "spoiled")
    values = [as_votes(said[field]) if said.get(field) else None for field in fields]
    if any(value is not None for value in values):
        into.say(place, contest, Turnout(*values))

"""Figures from tables: OpenElections' columns, or any with a map of column names."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detente.elections.errors import ElectionsError
from detente.elections.results.gathering import ROWS_MAX, Gatherer, as_votes, folded
from detente.elections.results.model import Contest, Level, Place, Report, Turnout
from detente.elections.rows import near

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
_BESIDE = ("ballots", "registered", "blanks", "spoiled")
_PIECE_BYTES = 1 << 20
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
    if data.count(b"\n") > ROWS_MAX + 1:
        # Before the first row is taken: reading millions only to refuse them helps nobody.
        raise ElectionsError(
            f"line {ROWS_MAX + 2}: more than {ROWS_MAX} rows", remedy="Split the file by county"
        )
    first = data[: data.find(b"\n") + 1]
    rows = csv.reader(_lines(data), delimiter="\t" if b"\t" in first else ",")
    columns = _columns(next(rows, []), names or {})
    return _gathered(rows, columns, source, level)


def _lines(data: bytes) -> Iterator[str]:
    """Lines with their ends, decoded some at a time: a long file is not held twice."""
    start, number = 3 if data.startswith(b"\xef\xbb\xbf") else 0, 1
    while start < len(data):
        end = data.find(b"\n", start + _PIECE_BYTES) + 1 or len(data)
        piece = data[start:end]
        try:
            text = piece.decode()
        except UnicodeDecodeError as error:
            line = number + piece.count(b"\n", 0, error.start)
            raise ElectionsError(
                f"line {line}: not UTF-8", remedy="Export the file again as UTF-8"
            ) from None
        number += piece.count(b"\n")
        lines = text.split("\n")
        last = lines.pop()
        yield from (line + "\n" for line in lines)
        if last:
            yield last
        start = end


def _columns(header: Sequence[str], names: Mapping[str, str]) -> _Columns:
    seen = {name.strip().lower(): at for at, name in enumerate(header)}
    at: dict[str, int] = {}
    for field, usual in _NAMES.items():
        wanted = (names[field].lower(),) if field in names else usual
        found = next((seen[name] for name in wanted if name in seen), None)
        if found is not None:
            at[field] = found
    names_seen = [name.strip().lower() for name in header]
    for column in at.values():
        if names_seen.count(names_seen[column]) > 1:
            raise ElectionsError(
                f"line 1: two columns are called {header[column].strip()!r:.60}",
                remedy="Name the columns apart, or take one of them out",
            )
    parts = [n for name, n in seen.items() if name.endswith("_votes") and n not in at.values()]
    missing = [field for field in ("contest", "choice") if field not in at]
    if "votes" not in at and not parts:
        missing.append("votes")
    if missing:
        raise ElectionsError(
            f"line 1: no column for {', '.join(missing)} among: {', '.join(header)[:200]}"
            + "".join(near(each, seen) for each in (*missing, *names.values()) if each not in seen),
            remedy='Say which is which with a column map: {"contest": "Race", "choice": "Name"}',
        )
    return _Columns(at, [] if "votes" in at else parts, len(header))


def _gathered(rows: "Reader", columns: _Columns, source: str, level: Level | None) -> Report:
    reader = _Rows(columns, Gatherer(source, level if level is not None else Level.STATE))
    try:
        for row in rows:
            if row:
                reader.take(row, rows.line_num)
    except csv.Error as error:
        raise ElectionsError(f"line {rows.line_num}: {error}") from None
    if level is None:
        reader.into.level = reader.level
    return reader.into.report()


class _Rows:
    """Takes rows; places and contests that stand in many of them are made once."""

    def __init__(self, columns: _Columns, into: Gatherer) -> None:
        self.into = into
        self.level = Level.STATE
        self._width = columns.width
        self._at = dict(columns.at)
        self._counts = list(columns.parts) or [columns.at["votes"]]
        self._beside = [columns.at.get(name, -1) for name in _BESIDE]
        self._has_beside = any(at >= 0 for at in self._beside)
        self._places: dict[tuple[str, str], Place] = {}
        self._contests: dict[tuple[str, str, str], Contest] = {}

    def take(self, row: Sequence[str], line: int) -> None:
        if len(row) != self._width:
            self.into.refuse(line, f"{len(row)} columns instead of {self._width}")
            return
        votes = 0
        for at in self._counts:
            count = as_votes(row[at])
            if count is None or count < 0:
                self._refuse_count(line, row, at, count)
                return
            votes += count
        place, contest = self._place(row), self._contest(row)
        choice = folded(row[self._at["choice"]][:FIELD_CHARS_MAX])
        if not contest.name or not choice:
            self.into.refuse(line, "no contest or no choice is named")
            return
        if self._said(row, "is_test").lower() in _TRUE:
            self.into.is_test = True
        self.into.add(line, place, contest, choice, votes, folded(self._said(row, "party")))
        if self._has_beside:
            self._say_turnout(row, place, contest)

    def _refuse_count(self, line: int, row: Sequence[str], at: int, count: int | None) -> None:
        choice = folded(row[self._at["choice"]])
        said = f"{row[at]!r:.40} is no count" if count is None else f"{count} votes"
        self.into.refuse(line, f"{said} for {choice!r:.60}")

    def _said(self, row: Sequence[str], field: str) -> str:
        at = self._at.get(field)
        return "" if at is None else row[at][:FIELD_CHARS_MAX]

    def _place(self, row: Sequence[str]) -> Place:
        said = self._said(row, "county"), self._said(row, "precinct")
        place = self._places.get(said)
        if place is None:
            precinct = folded(said[1])
            known = "" if precinct.lower() in _NOT_A_PRECINCT else precinct
            place = self._places[said] = Place(folded(said[0]), known)
            level = Level.COUNTY if place.county else Level.STATE
            self.level = min(self.level, Level.PRECINCT if place.precinct else level)
        return place

    def _contest(self, row: Sequence[str]) -> Contest:
        said = (row[self._at["contest"]], self._said(row, "district"), self._said(row, "seats"))
        contest = self._contests.get(said)
        if contest is None:
            name, district, seats = (folded(each[:FIELD_CHARS_MAX]) for each in said)
            contest = self._contests[said] = Contest(name, district, max(as_votes(seats) or 1, 1))
        return contest

    def _say_turnout(self, row: Sequence[str], place: Place, contest: Contest) -> None:
        values = [as_votes(row[at]) if at >= 0 and row[at].strip() else None for at in self._beside]
        if any(value is not None for value in values):
            self.into.say(place, contest, Turnout(*values))

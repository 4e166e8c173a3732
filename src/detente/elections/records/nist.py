"""NIST SP 1500-103: cast vote records, as JSON and as XML.

The current snapshot of each record counts; a selection is a vote where a position has
an indication that is allocable. Names come from the report's own definitions, which
may stand behind the records.
"""

from collections.abc import Iterable, Iterator, Mapping

from detente.elections.audit.cards import Marks
from detente.elections.errors import ElectionsError
from detente.elections.hardened_xml import LINE, children
from detente.elections.records.columns import Contests, Records
from detente.elections.records.feed import Feed, as_ids, ranked
from detente.elections.rows import TOLD_MAX

REPORT_TYPE = "CVR.CastVoteRecordReport"
ROOT = "CastVoteRecordReport"
_LISTS = ("CVR", "CVRSnapshot", "CVRContest", "CVRContestSelection", "SelectionPosition",
          "Candidate", "Contest", "ContestSelection", "Code", "Party", "Status")  # fmt: skip
_WRITE_IN = "write-in"
_SEATS_ANY = 1_000
"""Until the definitions are read, every number of marks is taken."""

Row = Mapping[str, object]


def is_report(document: object) -> bool:
    """Whether it says that it is one."""
    return isinstance(document, dict) and document.get("@type") == REPORT_TYPE


def read_cvr_json(document: object) -> Records:
    """Read a report, parsed from JSON.

    Raises:
        ElectionsError: it is none; records that cannot be read are all told.
    """
    if not isinstance(document, dict) or document.get("@type") != REPORT_TYPE:
        raise ElectionsError(f'no SP 1500-103 report: "@type" is not {REPORT_TYPE}')
    reader = _Reader()
    for election in _rows(document, "Election"):
        reader.define(election)
    for number, row in enumerate(_rows(document, "CVR"), 1):
        reader.take(number, row)
    return reader.closed()


def read_cvr_xml(pieces: Iterable[bytes]) -> Records:
    """Read a report as XML, one record at a time.

    Raises:
        ElectionsError: it is none; records that cannot be read are all told.
    """
    reader = _Reader()
    for name, row in children(pieces, ROOT, _LISTS):
        if not isinstance(row, dict):
            continue
        if name == "CVR":
            line = row[LINE]
            reader.take(line if isinstance(line, int) else 0, row)
        elif name == "Election":
            reader.define(row)
    return reader.closed()


class _Reader:
    def __init__(self) -> None:
        self._into = Contests()
        self._feed = Feed(self._into)
        self._open: set[str] = set()
        self._ranked: set[str] = set()
        self._contests: dict[str, tuple[str, int]] = {}
        self._selections: dict[str, dict[str, str]] = {}

    def define(self, election: Row) -> None:
        """Take the names of contests, selections and candidates."""
        people = {_text(row, "@id"): _text(row, "Name") for row in _rows(election, "Candidate")}
        for contest in _rows(election, "Contest"):
            key, seats = _text(contest, "@id"), contest.get("VotesAllowed", 1)
            self._contests[key] = (
                _text(contest, "Name") or key,
                seats if isinstance(seats, int) and seats > 0 else 1,
            )
            self._selections[key] = {
                _text(each, "@id"): _selection_name(each, people)
                for each in _rows(contest, "ContestSelection")
            }

    def take(self, number: int, row: Row) -> None:
        """Take one record."""
        try:
            card = _text(row, "BallotAuditId") or _text(row, "UniqueId")
            if not card:
                card = _text(row, "CurrentSnapshotId")
                self._into.leave_out("a record without UniqueId: its snapshot's id stands for it")
            for contest in _rows(_snapshot(row), "CVRContest"):
                self._take(number, card, contest)
        except ElectionsError as error:
            self._into.refused.add(number, error.message)

    def _take(self, number: int, card: str, row: Row) -> None:
        key = _text(row, "ContestId")
        if key not in self._open:
            self._into.open(key, (), as_ids)
            self._open.add(key)
        votes = list(_votes(row))
        is_ranked = any(rank is not None for rank, _ in votes)
        if is_ranked:
            self._ranked.add(key)
        marks = [(rank or 1, name) for rank, name in votes]
        self._feed.add(key, number, card, ranked(marks, _SEATS_ANY, is_ranked))

    def closed(self) -> Records:
        """Every contest's cards, under its own names."""
        self._feed.close()
        read = self._into.closed()
        unknown = sorted(read.contests.keys() - self._contests.keys())
        if unknown:
            told = ", ".join(unknown[:TOLD_MAX])
            raise ElectionsError(f"contests that the report does not define: {told:.400}")
        found = Records({}, {}, read.left_out)
        for key, cards in read.contests.items():
            name, seats = self._contests[key]
            most = _SEATS_ANY if key in self._ranked else seats
            name = f"{name} ({key})" if name in found.contests else name
            names = self._selections[key] | {_WRITE_IN: _WRITE_IN}
            marks = [_named(each, names, most) for each in cards.marks]
            listed = list(dict.fromkeys(self._selections[key].values()))
            found.contests[name] = cards.renamed(listed, marks, name)
            found.seats[name] = seats
        return found


def _named(marks: Marks, names: Mapping[str, str], most: int) -> Marks:
    unknown = [each for each in marks if each not in names]
    if unknown:
        raise ElectionsError(f"a record selects {unknown[0]!r:.60}, which no contest defines")
    named = tuple(dict.fromkeys(names[each] for each in marks))
    return named if len(named) <= most else ()


def _selection_name(row: Row, people: Mapping[str, str]) -> str:
    key = _text(row, "@id")
    ids = row.get("CandidateIds")
    if isinstance(ids, list) and ids:
        return " / ".join(people.get(str(each)) or str(each) for each in ids)
    return _text(row, "Selection") or ("write-in" if row.get("IsWriteIn") is True else "") or key


def _snapshot(row: Row) -> Row:
    current = _text(row, "CurrentSnapshotId")
    for each in _rows(row, "CVRSnapshot"):
        if _text(each, "@id") == current:
            return each
    raise ElectionsError(f"no snapshot {current!r:.60} in the record")


def _votes(contest: Row) -> Iterator[tuple[int | None, str]]:
    """The rank and the id of each selection that is a vote."""
    for selection in _rows(contest, "CVRContestSelection"):
        positions = [each for each in _rows(selection, "SelectionPosition") if _counts(each)]
        if positions:
            ranks = [selection.get("Rank"), *(each.get("Rank") for each in positions)]
            known = [rank for rank in ranks if isinstance(rank, int) and rank > 0]
            name = _text(selection, "ContestSelectionId") or _WRITE_IN
            yield min(known, default=None), name


def _counts(position: Row) -> bool:
    allocable = position.get("IsAllocable", "yes")
    return position.get("HasIndication") == "yes" and allocable != "no"


def _rows(row: Row, name: str) -> Iterator[Row]:
    value = row.get(name, [])
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ElectionsError(f'"{name}" is a list of objects')
    yield from value


def _text(row: Row, name: str) -> str:
    value = row.get(name, "")
    return " ".join(value.split()) if isinstance(value, str) else str(value)

"""Dominion's export of records as JSON, with the manifests of contests and candidates beside it.

`Modified` is used where it is there and current, else `Original`. A mark counts if
it is a vote and was not set aside as ambiguous.
"""

from collections.abc import Iterator, Mapping, Sequence

from detente.elections.errors import ElectionsError
from detente.elections.records.columns import Contests, Records
from detente.elections.records.feed import Feed, names_of, ranked
from detente.elections.rows import near

_REDACTED = "X"
_SEATS_ANY = 1_000
"""Where no manifest says how many may be marked, every number is taken."""


def is_dominion(document: object) -> bool:
    """Whether it looks like such an export."""
    return isinstance(document, dict) and isinstance(document.get("Sessions"), list)


def read_dominion(document: object, contests: object = None, candidates: object = None) -> Records:
    """Read such an export.

    Args:
        document: the export, parsed.
        contests: ContestManifest.json, parsed; None: contests keep their numbers.
        candidates: CandidateManifest.json, parsed; None: candidates keep their numbers.

    Raises:
        ElectionsError: it is none; sessions that cannot be read are all told.
    """
    sessions = document.get("Sessions") if isinstance(document, dict) else None
    if not isinstance(sessions, list):
        raise ElectionsError('no "Sessions" in it: not Dominion\'s export of records')
    into = Contests()
    reader = _Reader(into, _manifest(contests, "contests"), _manifest(candidates, "candidates"))
    for number, session in enumerate(sessions, 1):
        try:
            reader.take(number, session)
        except (KeyError, TypeError, ValueError) as error:
            into.refused.add(number, f"no session: {error!s:.80} (counted from 1)")
    return reader.closed()


def _manifest(document: object, what: str) -> dict[str, Mapping[str, object]]:
    if document is None:
        return {}
    rows = document.get("List") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "Id" in row for row in rows):
        raise ElectionsError(f'the manifest of {what} has no "List" of rows with an "Id"')
    return {str(row["Id"]): row for row in rows}


class _Reader:
    def __init__(
        self,
        into: Contests,
        contests: Mapping[str, Mapping[str, object]],
        candidates: Mapping[str, Mapping[str, object]],
    ) -> None:
        self._into = into
        self._feed = Feed(into)
        self._contests = contests
        self._names = _names(candidates)
        self._by_contest: dict[str, dict[str, str]] = {}
        for each, row in candidates.items():
            of = str(row.get("ContestId"))
            self._by_contest.setdefault(of, {})[each] = self._names[each]
        self._open: dict[str, tuple[str, int, bool]] = {}

    def take(self, number: int, session: object) -> None:
        if not isinstance(session, dict):
            raise TypeError("a session is an object")
        content = session.get("Modified")
        if not isinstance(content, dict) or content.get("IsCurrent") is not True:
            content = session["Original"]
        record = str(session["RecordId"])
        if record == _REDACTED:
            self._into.leave_out("a record number that was blackened; the place stands for it")
            record = f"{_REDACTED}{number}"
        card = f"{session['TabulatorId']}-{session['BatchId']}-{record}"
        for at, each in enumerate(content.get("Cards", [content])):
            for contest in each["Contests"]:
                self._contest(number, card if at == 0 else f"{card}-{at + 1}", contest)

    def _contest(self, number: int, card: str, row: Mapping[str, object]) -> None:
        key = str(row["Id"])
        if key not in self._open:
            self._begin(key)
        name, seats, is_ranked = self._open[key]
        marks = row["Marks"]
        if not isinstance(marks, Sequence) or isinstance(marks, str):
            raise TypeError('"Marks" is a list')
        seen = list(_votes(marks))
        known = self._by_contest[key]
        for _, candidate in seen:
            if not self._names:
                known.setdefault(candidate, candidate)
        if not self._contests:
            seats, is_ranked = _SEATS_ANY, any(rank > 1 for rank, _ in seen)
        self._feed.add(name, number, card, ranked(seen, seats, is_ranked))

    def _begin(self, key: str) -> None:
        row = self._contests.get(key)
        if self._contests and row is None:
            raise ValueError(f"no contest {key!r:.40} in the manifest{near(key, self._contests)}")
        row = row or {}
        name = str(row.get("Description", key))
        if name in self._into.names():
            name = f"{name} ({key})"
        known = self._by_contest.setdefault(key, {})
        seats, ranks = row.get("VoteFor", 1), row.get("NumOfRanks", 0)
        if not isinstance(seats, int) or not isinstance(ranks, int):
            raise TypeError(f'"VoteFor" of contest {key!r:.40} is no number')
        self._into.open(name, (), names_of(known), max(1, seats))
        self._open[key] = (name, max(1, seats), ranks > 1)

    def closed(self) -> Records:
        self._feed.close()
        read = self._into.closed()
        for key, (name, _, _) in self._open.items():
            listed = tuple(dict.fromkeys(self._by_contest[key].values()))
            read.contests[name] = read.contests[name].renamed(listed, read.contests[name].marks)
        return read


def _names(candidates: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Names by number; two of one contest with the same name keep their numbers beside it."""
    seen: set[tuple[str, str]] = set()
    names: dict[str, str] = {}
    for key, row in candidates.items():
        name, of = str(row.get("Description", key)), str(row.get("ContestId"))
        names[key] = f"{name} ({key})" if (of, name) in seen else name
        seen.add((of, name))
    return names


def _votes(marks: Sequence[object]) -> Iterator[tuple[int, str]]:
    for mark in marks:
        if not isinstance(mark, dict):
            raise TypeError("a mark is an object")
        if mark.get("IsVote") is True:
            rank = mark.get("Rank", 1)
            if isinstance(rank, bool) or not isinstance(rank, int) or not 0 <= rank <= 1_000:  # noqa: PLR2004
                raise TypeError(f"the rank {rank!r:.20} is none")
            yield max(rank, 1), str(mark["CandidateId"])

"""Rows of a file gathered into a report: every bad row is told, nothing is half imported."""

from datetime import datetime

from detente.elections.errors import ElectionsError
from detente.elections.results.model import Contest, Level, Place, Report, Turnout
from detente.elections.rows import Refused

ROWS_MAX = 5_000_000
"""Rows of one file."""
VOTES_MAX = 10**9
_DIGITS_MAX = 12
_MOMENT_CHARS_MAX = 40


class Gatherer:
    """Collects figures of one file at one level.

    Args:
        source: the file.
        level: where in the chain its figures stand.
    """

    def __init__(self, source: str, level: Level) -> None:
        self.source = source
        self.level = level
        self.is_test = False
        self._votes: dict[tuple[Place, Contest], dict[str, int]] = {}
        self._turnout: dict[tuple[Place, Contest], Turnout] = {}
        self._parties: dict[tuple[Place, Contest, str], set[str]] = {}
        self.generated: datetime | None = None
        self._refused = Refused()
        self._left_out: dict[str, int] = {}
        self._count = 0

    @property
    def has_figures(self) -> bool:
        """Whether any row came, good or bad."""
        return bool(self._votes) or len(self._refused) > 0

    def refuse(self, line: int, reason: str) -> None:
        """Keep a row that cannot be read."""
        self._refused.add(line, reason)

    def leave_out(self, what: str) -> None:
        """Count something that is read and not used."""
        self._left_out[what] = self._left_out.get(what, 0) + 1

    def add(
        self, line: int, place: Place, contest: Contest, choice: str, votes: int, party: str = ""
    ) -> None:
        """Take one row's votes; a row that repeats another is refused, another party's is added."""
        self._count += 1
        if self._count > ROWS_MAX:
            raise ElectionsError(f"more than {ROWS_MAX} rows", remedy="Split the file by county")
        if not 0 <= votes <= VOTES_MAX:
            self.refuse(line, f"{votes} votes for {choice!r:.60}")
            return
        into = self._votes.setdefault((place, contest), {})
        if party or choice in into:
            parties = self._parties.setdefault((place, contest, choice), set())
            if choice in into and (not parties or not party or party in parties):
                self.refuse(line, f"{place}: {contest}: {choice!r:.60} stands there a second time")
                return
            parties.add(party)
        into[choice] = into.get(choice, 0) + votes

    def say(self, place: Place, contest: Contest, turnout: Turnout) -> None:
        """Take what a place says beside the votes."""
        self._turnout[place, contest] = turnout

    def report(self) -> Report:
        """Everything gathered.

        Raises:
            ElectionsError: rows were refused (all of them are told), or there are no figures.
        """
        self._refused.raise_if_any()
        if not self._votes:
            raise ElectionsError("no figures in it")
        left = tuple(f"{what} ({count} times)" for what, count in self._left_out.items())
        return Report(
            source=self.source,
            level=self.level,
            votes=self._votes,
            turnout=self._turnout,
            is_test=self.is_test,
            generated=self.generated,
            left_out=left,
        )


def as_moment(text: object) -> datetime | None:
    """A moment with its zone, as feeds write it; None where it is none."""
    if not isinstance(text, str) or len(text) > _MOMENT_CHARS_MAX:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def as_votes(text: str) -> int | None:
    """A count as files write it, thousands with or without a comma; None if it is none."""
    bare = text.strip().replace(",", "")
    if not bare:
        return 0
    sign, digits = (-1, bare[1:]) if bare[:1] == "-" else (1, bare)
    if digits.endswith(".0"):
        digits = digits[:-2]
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS_MAX:
        return None
    return sign * int(digits)


def folded(text: str) -> str:
    """A name with its inner white space folded: exports differ in nothing else more often."""
    return " ".join(text.split())

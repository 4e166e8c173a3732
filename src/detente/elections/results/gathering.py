"""Rows of a file gathered into a report: every bad row is told, nothing is half imported."""

from collections.abc import Iterable
from difflib import get_close_matches

from detente.elections.errors import ElectionsError
from detente.elections.results.model import Contest, Level, Place, Report, Turnout

ROWS_MAX = 20_000_000
"""Rows of one file."""
TOLD_MAX = 20
"""Bad rows that a message names; the rest are counted."""
VOTES_MAX = 10**9
_DIGITS_MAX = 12


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
        self._seen: set[tuple[Place, Contest, str, str]] = set()
        self._refused: list[str] = []
        self._left_out: dict[str, int] = {}
        self._count = 0

    @property
    def has_figures(self) -> bool:
        """Whether any row came, good or bad."""
        return bool(self._votes or self._refused)

    def refuse(self, line: int, reason: str) -> None:
        """Keep a row that cannot be read."""
        self._refused.append(f"line {line}: {reason}")

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
        key = (place, contest, choice, party)
        if key in self._seen:
            self.refuse(line, f"{place}: {contest}: {choice!r:.60} stands there a second time")
            return
        self._seen.add(key)
        into = self._votes.setdefault((place, contest), {})
        into[choice] = into.get(choice, 0) + votes

    def say(self, place: Place, contest: Contest, turnout: Turnout) -> None:
        """Take what a place says beside the votes."""
        self._turnout[place, contest] = turnout

    def report(self) -> Report:
        """Everything gathered.

        Raises:
            ElectionsError: rows were refused (all of them are told), or there are no figures.
        """
        if self._refused:
            told = "; ".join(self._refused[:TOLD_MAX])
            more = len(self._refused) - TOLD_MAX
            rest = f"; and {more} more" if more > 0 else ""
            raise ElectionsError(
                f"{len(self._refused)} rows cannot be read, nothing was taken: {told}{rest}",
                remedy="Mend these rows, or ask for the export again",
            )
        if not self._votes:
            raise ElectionsError("no figures in it")
        left = tuple(f"{what} ({count} times)" for what, count in self._left_out.items())
        return Report(
            source=self.source,
            level=self.level,
            votes=self._votes,
            turnout=self._turnout,
            is_test=self.is_test,
            left_out=left,
        )


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


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the names that `name` may have been meant to be."""
    found = get_close_matches(name, list(known), n=2, cutoff=0.7)
    return f" (near: {', '.join(found)})" if found else ""

"""The records of contests as columns, gathered part by part: one small number a card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.elections.audit.cards import DISTINCT_MAX, Cards, Marks
from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import CardIds, SharedIds
from detente.elections.records.scanning import Indices, Words, distinct
from detente.elections.rows import TOLD_MAX, Refused, near

CONTESTS_MAX = 10_000
CARDS_MAX = 50_000_000

Understood = Callable[[bytes], Marks]
"""From the bytes of a card's marks to whom they name; raises ElectionsError with the reason."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one file.

    Attributes:
        contests: the cards of each contest, by its name or number.
        seats: how many choices each contest allows; not given: one.
        left_out: what was read and is not used, in words.
    """

    contests: dict[str, Cards]
    seats: dict[str, int]
    left_out: tuple[str, ...] = ()

    def of(self, contest: str | None) -> Cards:
        """One contest's cards; None: the first.

        Raises:
            ElectionsError: there is no such contest.
        """
        name = next(iter(self.contests), "") if contest is None else contest
        if name not in self.contests:
            named = ", ".join(list(self.contests)[:TOLD_MAX])
            raise ElectionsError(
                f"no contest {name!r:.80} in it{near(name, self.contests)}",
                remedy=f"There are: {named[:400]}",
            )
        return self.contests[name]


class Contests:
    """Gathers the columns of the contests of one file."""

    def __init__(self) -> None:
        self.refused = Refused()
        self._gathered: dict[str, _Contest] = {}
        self._seats: dict[str, int] = {}
        self._left_out: dict[str, int] = {}
        self._ids = SharedIds()
        self._cards = 0

    def open(
        self, name: str, candidates: Sequence[str], understood: Understood, seats: int = 1
    ) -> None:
        """Begin a contest.

        Raises:
            ElectionsError: it stands there twice, or there are too many.
        """
        if name in self._gathered:
            raise ElectionsError(f"the contest {name!r:.80} stands there twice")
        if len(self._gathered) >= CONTESTS_MAX:
            raise ElectionsError(f"more than {CONTESTS_MAX} contests")
        self._gathered[name] = _Contest(name, list(candidates), understood)
        self._seats[name] = seats

    def names(self) -> list[str]:
        """The contests begun."""
        return list(self._gathered)

    def leave_out(self, what: str, count: int = 1) -> None:
        """Count something that is read and not used."""
        if count:
            self._left_out[what] = self._left_out.get(what, 0) + count

    def add(self, name: str, *, lines: Indices, ids: Words, marks: Words) -> None:
        """Take a part of a contest's cards.

        Args:
            name: the contest.
            lines: the line of each card, for messages.
            ids: words of each card's id.
            marks: words of each card's marks.
        """
        self._cards += len(lines)
        if self._cards > CARDS_MAX:
            raise ElectionsError(f"more than {CARDS_MAX} records", remedy="Split the file")
        _check_ids(ids, lines, self.refused)
        self._gathered[name].add(lines, marks, self.refused)
        self._ids.add(name, ids)

    def closed(self) -> Records:
        """Every contest's cards.

        Raises:
            ElectionsError: rows were refused (all of them are told), or an id stands twice.
        """
        self.refused.raise_if_any()
        ids = self._ids.closed()
        cards = {
            name: gathered.cards(ids.get(name, CardIds.of(())))
            for name, gathered in self._gathered.items()
        }
        left = tuple(f"{what} ({count} times)" for what, count in self._left_out.items())
        return Records(cards, self._seats, left)


def _check_ids(ids: Words, lines: Indices, refused: Refused) -> None:
    for line in lines[ids[:, 0] == 0].tolist():
        refused.add(line, "a card without an id")


class _Contest:
    def __init__(self, name: str, candidates: list[str], understood: Understood) -> None:
        self.name = name
        self.candidates = candidates
        self._understood = understood
        self._known: dict[bytes, int] = {}
        self._marks: list[Marks] = []
        self._wrong: dict[int, str] = {}
        self._which: list[NDArray[np.unsignedinteger[Any]]] = []

    def add(self, lines: Indices, marks: Words, refused: Refused) -> None:
        classes, samples = distinct(marks)
        numbers = np.empty(samples.size, dtype=np.uint32)
        for at in np.argsort(samples).tolist():
            raw = marks[samples[at]].tobytes().rstrip(b"\0")
            numbers[at] = self._number(raw)
        which = numbers[classes]
        if self._wrong:
            for at in np.flatnonzero(np.isin(which, list(self._wrong))).tolist():
                refused.add(int(lines[at]), self._wrong[int(which[at])])
        self._which.append(which.astype(_narrow(len(self._marks))))

    def _number(self, raw: bytes) -> int:
        known = self._known.get(raw)
        if known is not None:
            return known
        number = self._known[raw] = len(self._marks)
        if number >= DISTINCT_MAX:
            raise ElectionsError(f"more than {DISTINCT_MAX} different ways to mark {self.name}")
        try:
            self._marks.append(self._understood(raw))
        except ElectionsError as error:
            self._marks.append(())
            self._wrong[number] = error.message
        return number

    def cards(self, ids: CardIds) -> Cards:
        dtype = _narrow(len(self._marks))
        which = np.concatenate([each.astype(dtype, copy=False) for each in self._which] or [
            np.zeros(0, dtype=dtype)
        ])  # fmt: skip
        self._which.clear()
        return Cards(self.name, tuple(self.candidates), ids, tuple(self._marks), which)


def _narrow(count: int) -> np.dtype[np.unsignedinteger[Any]]:
    """The smallest number that tells so many apart."""
    size = 1 if count <= 1 << 8 else 2 if count <= 1 << 16 else 4
    return np.dtype(f"u{size}")


def ranking_of(candidates: Sequence[str]) -> Understood:
    """Reads marks written as names with commas, best first."""
    standing = set(candidates)

    def understood(raw: bytes) -> Marks:
        names = tuple(part.strip() for part in raw.decode("utf-8", "replace").split(","))
        named = tuple(name for name in names if name)
        for name in named:
            if name not in standing:
                hint = near(name, candidates)
                raise ElectionsError(f"a card names {name!r:.60}, who does not stand{hint}")
        if len(set(named)) != len(named):
            raise ElectionsError(f"a card ranks somebody twice: {', '.join(named)[:80]}")
        return named

    return understood

"""Ids of cards as one block of bytes; a text is made only of the id that is asked for."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from detente.elections.errors import ElectionsError
from detente.elections.records.scanning import WORD, Words, mixed
from detente.elections.rows import TOLD_MAX

ID_BYTES_MAX = 128


class CardIds(Sequence[str]):
    """The ids of a contest's cards, in the order of the file.

    Args:
        rows: words of each id, zeros behind its last byte.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Words) -> None:
        self._rows: NDArray[np.bytes_] = rows.view(f"S{WORD * rows.shape[1]}").reshape(len(rows))

    @classmethod
    def of(cls, names: Sequence[str]) -> "CardIds":
        """The same from texts."""
        data = np.asarray([name.encode() for name in names] or [b""], dtype=np.bytes_)
        width = max(1, -(-data.dtype.itemsize // WORD))
        whole = np.ascontiguousarray(data.astype(f"S{WORD * width}"))[: len(names)]
        return cls(whole.view(np.uint64).reshape(len(names), width))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [_text(each) for each in self._rows[at].tolist()]
        return _text(self._rows[at])

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), 65_536):
            yield from self[start : start + 65_536]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CardIds):
            return bool(np.array_equal(self._rows, other._rows))
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as of every sequence that is compared by value

    def places(self, wanted: set[str]) -> dict[str, int]:
        """Where the cards with these ids stand."""
        short = [each for each in wanted if len(each.encode()) <= self._rows.dtype.itemsize]
        sought = np.asarray([each.encode() for each in short] or [b""], dtype=self._rows.dtype)
        rows = np.flatnonzero(np.isin(self._words()[:, 0], _first_words(sought)))
        found = {_text(self._rows[at]): int(at) for at in rows}
        return {each: found[each] for each in short if each in found}

    def _words(self) -> Words:
        return self._rows.view(np.uint64).reshape(len(self), self._rows.dtype.itemsize // WORD)

    def check_unique(self) -> None:
        """Every id stands once.

        Raises:
            ElectionsError: some stand twice; they are told.
        """
        keys = mixed(self._words()) if len(self) else np.zeros(0, dtype=np.uint64)
        ordered = np.sort(keys)
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not again.size:
            return
        rows, counts = np.unique(self._rows[np.isin(keys, again)], return_counts=True)
        twice = [_text(each) for each in rows[counts > 1].tolist()]
        if twice:
            told = ", ".join(repr(each)[:60] for each in twice[:TOLD_MAX])
            more = len(twice) - TOLD_MAX
            raise ElectionsError(
                f"the id of a card stands twice in the records: {told}"
                + (f" and {more} more" if more > 0 else ""),
                remedy="Ask for the export again; a card is counted once",
            )


def _first_words(ids: NDArray[np.bytes_]) -> Words:
    width = ids.dtype.itemsize // WORD
    return np.ascontiguousarray(ids).view(np.uint64).reshape(len(ids), width)[:, 0]


def _text(raw: bytes) -> str:
    return bytes(raw).decode("utf-8", "replace")


class _Growing:
    """Rows of words that grow in place."""

    def __init__(self) -> None:
        self.rows: Words = np.empty((0, 1), dtype=np.uint64)
        self.count = 0

    def extend(self, more: Words) -> None:
        width = max(self.rows.shape[1], more.shape[1])
        if width > self.rows.shape[1]:
            self.rows = widened(self.rows, width)
        needed = self.count + len(more)
        if needed > len(self.rows):
            # In place where the system can: a copy would hold everything twice.
            self.rows.resize((needed + needed // 4, width), refcheck=False)
        self.rows[self.count : needed] = widened(more, width)
        self.count = needed

    def closed(self) -> Words:
        self.rows.resize((self.count, self.rows.shape[1]), refcheck=False)
        return self.rows


class SharedIds:
    """Ids of several contests' cards: contests that are on the same cards share one block."""

    def __init__(self) -> None:
        self._common = _Growing()
        self._prefix: dict[str, int] = {}
        self._own: dict[str, _Growing] = {}

    def add(self, contest: str, rows: Words) -> None:
        """Append the ids of some more cards of a contest."""
        if contest in self._own:
            self._own[contest].extend(rows)
            return
        at, common = self._prefix.get(contest, 0), self._common
        overlap = min(common.count - at, len(rows))
        width = max(common.rows.shape[1], rows.shape[1])
        known = widened(common.rows[at : at + overlap], width)
        if not np.array_equal(known, widened(rows[:overlap], width)):
            own = self._own[contest] = _Growing()
            own.extend(common.rows[:at])
            own.extend(rows)
            return
        if overlap < len(rows):
            common.extend(rows[overlap:])
        self._prefix[contest] = at + len(rows)

    def closed(self) -> dict[str, CardIds]:
        """Every contest's ids, each checked to stand once.

        Raises:
            ElectionsError: an id stands twice in a contest.
        """
        common = self._common.closed()
        whole = CardIds(common)
        shared = {
            contest: whole if count == len(common) else CardIds(common[:count])
            for contest, count in self._prefix.items()
            if contest not in self._own
        }
        own = {contest: CardIds(each.closed()) for contest, each in self._own.items()}
        for ids in {id(each): each for each in (shared | own).values()}.values():
            ids.check_unique()
        return shared | own


def widened(rows: Words, width: int) -> Words:
    """The same rows with more words, zeros."""
    if rows.shape[1] == width:
        return rows
    wide = np.zeros((len(rows), width), dtype=np.uint64)
    wide[:, : rows.shape[1]] = rows
    return wide

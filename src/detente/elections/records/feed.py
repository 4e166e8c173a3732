"""Records that come one by one, from formats that are trees: gathered into columns in parts."""

from collections.abc import Mapping, Sequence

import numpy as np

from detente.elections.audit.cards import Marks
from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import ID_BYTES_MAX
from detente.elections.records.columns import Contests, Understood
from detente.elections.records.parts import MARKS_BYTES_MAX
from detente.elections.records.scanning import as_words

_PART = 8_192
_BETWEEN = "\x1f"


class Feed:
    """Takes one card's marks at a time.

    Args:
        into: where whole columns go.
    """

    def __init__(self, into: Contests) -> None:
        self._into = into
        self._waiting: dict[str, tuple[list[int], list[bytes], list[bytes]]] = {}

    def add(self, contest: str, number: int, card: str, marks: Sequence[str]) -> None:
        """Take one card's marks in one contest; `number` says where it stands."""
        identity, said = card.encode(), _BETWEEN.join(marks).encode()
        if len(identity) > ID_BYTES_MAX or len(said) > MARKS_BYTES_MAX or b"\0" in identity + said:
            self._into.refused.add(number, f"the id or the marks of a card are none: {card!r:.60}")
            return
        numbers, ids, every = self._waiting.setdefault(contest, ([], [], []))
        numbers.append(number)
        ids.append(identity)
        every.append(said)
        if len(ids) >= _PART:
            self._flush(contest)

    def close(self) -> None:
        """Hand over what waits."""
        for contest in list(self._waiting):
            self._flush(contest)

    def _flush(self, contest: str) -> None:
        numbers, ids, marks = self._waiting.pop(contest)
        self._into.add(contest, lines=np.asarray(numbers), ids=as_words(ids), marks=as_words(marks))


def names_of(known: Mapping[str, str]) -> Understood:
    """Reads marks written as ids, from a map of ids to names."""

    def understood(raw: bytes) -> Marks:
        ids = raw.decode("utf-8", "replace").split(_BETWEEN) if raw else []
        unknown = [each for each in ids if each not in known]
        if unknown:
            raise ElectionsError(f"a card names {unknown[0]!r:.60}, who does not stand")
        return tuple(known[each] for each in ids)

    return understood


def ranked(marks: Sequence[tuple[int, str]], seats: int, is_ranked: bool) -> list[str]:
    """One card's marks in order: a ranking ends at a rank with two names; too many are no vote.

    Args:
        marks: rank and name of each mark.
        seats: how many may be marked where nothing is ranked.
        is_ranked: whether marks have ranks.
    """
    if not is_ranked:
        names = list(dict.fromkeys(name for _, name in marks))
        return names if len(names) <= seats else []
    by_rank: dict[int, list[str]] = {}
    for rank, name in marks:
        by_rank.setdefault(rank, []).append(name)
    ranking: dict[str, None] = {}
    for rank in sorted(by_rank):
        if len(set(by_rank[rank])) > 1:
            break
        ranking[by_rank[rank][0]] = None
    return list(ranking)


def as_ids(raw: bytes) -> Marks:
    """Marks as they stand; names come later."""
    return tuple(raw.decode("utf-8", "replace").split(_BETWEEN)) if raw else ()

"""Dominion's export of records as a table: a column for each choice, 1 where it is marked."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from detente.elections.audit.cards import Marks
from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import ID_BYTES_MAX
from detente.elections.records.columns import Contests, Records, Understood
from detente.elections.records.grid import Grid, grids, head_of, named
from detente.elections.records.parts import whole_lines
from detente.elections.records.scanning import Words, as_words

HEADER_LINES = 4
_SEATS = re.compile(r"\(Vote For=(\d{1,3})\)\s*$", re.IGNORECASE)
_RANKED = re.compile(r"\(Number of positions=\d+, Number of ranks=(\d{1,3})\)\s*$", re.IGNORECASE)
_RANK = re.compile(r"^(.*)\((\d{1,3})\)\s*$", re.DOTALL)
_ID_PARTS = ("tabulatornum", "batchid", "recordid")
_MARKED, _BLANK = ord("1"), ord("0")


@dataclass(slots=True)
class _Columns:
    """The columns of one contest: who stands, and which column is whose mark of which rank."""

    name: str
    seats: int
    is_ranked: bool
    at: list[int] = field(default_factory=list)
    choices: list[tuple[str, int]] = field(default_factory=list)

    def candidates(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.choices))


def read_dominion_table(stream: Iterable[bytes]) -> Records:
    """Read such an export; a contest that a card leaves blank in every column is not on it.

    Raises:
        ElectionsError: not such an export, or lines that cannot be read: all are told.
    """
    pieces = whole_lines(stream)
    (_, contests, choices, header), rest = head_of(pieces, HEADER_LINES)
    columns = _columns(contests, choices, len(header))
    id_columns = _id_columns(header)
    into = Contests()
    for each in columns:
        understood = _ranked(each) if each.is_ranked else _marked(each)
        into.open(each.name, each.candidates(), understood, each.seats)
    for grid in grids(chain((rest,), pieces), HEADER_LINES + 1, len(header), into.refused):
        ids = _ids(grid, id_columns, into)
        for each in columns:
            _take(grid, ids, each, into)
    return into.closed()


def _columns(contests: Sequence[str], choices: Sequence[str], width: int) -> list[_Columns]:
    found: dict[str, _Columns] = {}
    for at, (contest, choice) in enumerate(zip(contests, choices, strict=False)):
        name = contest.strip()
        if not name or at >= width:
            continue
        if name not in found:
            seats, ranked = _SEATS.search(name), _RANKED.search(name)
            bare = _RANKED.sub("", _SEATS.sub("", name)).strip()
            found[name] = _Columns(bare or name, int(seats[1]) if seats else 1, bool(ranked))
        into = found[name]
        rank = _RANK.match(choice) if into.is_ranked else None
        into.at.append(at)
        into.choices.append((rank[1].strip(), int(rank[2])) if rank else (choice.strip(), 1))
    if not found:
        raise ElectionsError(
            "line 2: no contest is named",
            remedy="Give Dominion's own export: version, contests, choices, columns, then cards",
        )
    for each in found.values():
        if len(set(each.choices)) != len(each.choices):
            raise ElectionsError(f"line 3: a choice of {each.name!r:.60} stands there twice")
    return list(found.values())


def _id_columns(header: Sequence[str]) -> list[int]:
    """The columns whose values, joined by a hyphen, name a card."""
    imprinted = named(header, ("imprintedid",))
    if imprinted is not None:
        return [imprinted]
    parts = [named(header, (name,)) for name in _ID_PARTS]
    known = [at for at in parts if at is not None]
    if len(known) != len(parts):
        raise ElectionsError(
            f"line 4: no column ImprintedId, nor {', '.join(_ID_PARTS)}, "
            f"among: {', '.join(header)[:200]}"
        )
    return known


def _ids(grid: Grid, columns: Sequence[int], into: Contests) -> Words:
    if len(columns) == 1:
        return grid.words(columns[0], ID_BYTES_MAX, into.refused)
    parts = [grid.column(at) for at in columns]
    data = grid.part.lines.data
    joined = [
        b"-".join(data[starts[row] : ends[row]].tobytes() for starts, ends in parts)
        for row in range(grid.rows.size)
    ]
    return as_words(joined)


def _take(grid: Grid, ids: Words, columns: _Columns, into: Contests) -> None:
    signs = np.empty((grid.rows.size, len(columns.at)), dtype=np.uint8)
    for place, at in enumerate(columns.at):
        signs[:, place], long = grid.signs(at)
        for row in long.tolist():
            into.refused.add(
                int(grid.numbers()[row]), f"column {at + 1}: neither 0 nor 1 nor empty"
            )
    wrong = (signs != _MARKED) & (signs != _BLANK) & (signs != 0)
    for row in np.flatnonzero(wrong.any(axis=1)).tolist():
        place = int(np.argmax(wrong[row]))
        into.refused.add(
            int(grid.numbers()[row]),
            f"column {columns.at[place] + 1}: {chr(signs[row, place])!r} is neither 0 nor 1",
        )
    on_card = np.flatnonzero((signs != 0).any(axis=1))
    marked = (signs[on_card] == _MARKED).astype(np.uint8)
    bits = np.packbits(marked, axis=1, bitorder="little")
    rows = np.zeros((on_card.size, 8 * -(-bits.shape[1] // 8)), dtype=np.uint8)
    rows[:, : bits.shape[1]] = bits
    marks = rows.view(np.uint64)
    whole = on_card.size == grid.rows.size
    into.add(
        columns.name,
        lines=grid.numbers()[on_card],
        ids=ids if whole else ids[on_card],
        marks=marks,
    )


def _bits(raw: bytes) -> list[int]:
    return [8 * at + bit for at, byte in enumerate(raw) for bit in range(8) if byte >> bit & 1]


def _marked(columns: _Columns) -> Understood:
    """Marks in ballot order; more than are allowed are no vote."""

    def understood(raw: bytes) -> Marks:
        names = tuple(columns.choices[bit][0] for bit in _bits(raw))
        return names if len(names) <= columns.seats else ()

    return understood


def _ranked(columns: _Columns) -> Understood:
    """A ranking, gaps closed; it ends at a rank with two names, and a name counts once."""

    def understood(raw: bytes) -> Marks:
        by_rank: dict[int, list[str]] = {}
        for bit in _bits(raw):
            name, rank = columns.choices[bit]
            by_rank.setdefault(rank, []).append(name)
        ranking: dict[str, None] = {}
        for rank in sorted(by_rank):
            if len(by_rank[rank]) > 1:
                break
            ranking[by_rank[rank][0]] = None
        return tuple(ranking)

    return understood

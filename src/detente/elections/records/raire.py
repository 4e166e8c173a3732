"""RAIRE's format of rankings: how many contests, a line for each, a line for each card."""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from detente.elections.audit.cards import Cards
from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import ID_BYTES_MAX
from detente.elections.records.columns import CONTESTS_MAX, Contests, Records, ranking_of
from detente.elections.records.parts import MARKS_BYTES_MAX, Part, not_longer, parts_of, whole_lines
from detente.elections.records.scanning import Indices, Offsets, Words, distinct, words
from detente.elections.rows import near

_CONTEST_FIELDS_MIN = 4
_NAME_BYTES_MAX = 200


def read_raire(stream: Iterable[bytes]) -> Records:
    """Read the records of a file.

    Args:
        stream: its bytes, in pieces of some hundred kilobytes.

    Raises:
        ElectionsError: lines that are no records: all are told.
    """
    pieces = whole_lines(stream)
    head, rest = _head(pieces)
    into = Contests()
    for number, line in enumerate(head, 2):
        _open(line, number, into)
    for part in parts_of(rest, len(head) + 2):
        _take(part, into)
    return into.closed()


def _head(pieces: Iterator[bytes]) -> tuple[list[bytes], Iterator[bytes]]:
    """The lines that name contests, and the pieces behind them."""
    piece = next(pieces, b"")
    first, _, piece = piece.partition(b"\n")
    bare = first.strip().removeprefix(b"\xef\xbb\xbf")
    if not bare.isdigit() or len(bare) > 6 or not 0 < int(bare) <= CONTESTS_MAX:  # noqa: PLR2004
        raise ElectionsError(
            f"line 1: expected how many contests there are, not {first[:40]!r}",
            remedy="A file of RAIRE begins with that number",
        )
    count = int(bare)
    while piece.count(b"\n") < count and (more := next(pieces, b"")):
        piece += more
    lines = piece.split(b"\n", count)
    if len(lines) <= count:
        raise ElectionsError(f"{count} contests are announced, {len(lines) - 1} named")
    return lines[:count], chain((lines[count],), pieces)


def _open(line: bytes, number: int, into: Contests) -> None:
    parts = [part.strip().decode("utf-8", "replace") for part in line.strip().split(b",")]
    if len(parts) < _CONTEST_FIELDS_MIN or parts[0] != "Contest" or not parts[2].isdecimal():
        raise ElectionsError(f"line {number}: expected Contest,NUMBER,COUNT,CANDIDATE,...")
    count = int(parts[2][:6])
    candidates = parts[3 : 3 + count]
    if len(candidates) != count or len(set(candidates)) != count:
        raise ElectionsError(
            f"line {number}: {count} candidates are announced, {len(set(candidates))} named"
        )
    if len(parts) > 3 + count:
        into.leave_out("what a contest's line says behind its candidates")
    into.open(parts[1], candidates, ranking_of(candidates))


def _take(part: Part, into: Contests) -> None:
    lines = part.lines
    rows = np.flatnonzero(lines.ends > lines.starts)
    good = rows[lines.commas[rows] > 0]
    if good.size < rows.size:
        for row in rows[lines.commas[rows] == 0].tolist():
            into.refused.add(part.number + row, f"no record: {lines.text(row)[:60]!r}")
    first = lines.comma(good, 0)
    names = words(
        lines.data, lines.starts[good], np.minimum(first, lines.starts[good] + _NAME_BYTES_MAX)
    )
    for name, at in _by_contest(names):
        if name in into.names():
            _take_of(name, part, good[at] if at.size < good.size else good, into)
            continue
        hint = near(name, into.names())
        for row in good[at].tolist():
            into.refused.add(part.number + row, f"no record of a contest named above{hint}: {lines.text(row)[:60]!r}")  # fmt: skip  # noqa: E501


def _by_contest(names: Words) -> Iterator[tuple[str, Indices]]:
    classes, samples = distinct(names)
    for number, sample in enumerate(samples.tolist()):
        name = names[sample].tobytes().rstrip(b"\0").strip().decode("utf-8", "replace")
        yield name, np.flatnonzero(classes == number)


def _take_of(name: str, part: Part, rows: Indices, into: Contests) -> None:
    lines = part.lines
    starts = lines.comma(rows, 0) + 1
    has_marks = lines.commas[rows] > 1
    ends: Offsets = np.where(has_marks, lines.comma(rows, 1), lines.ends[rows])
    begins = np.where(has_marks, ends + 1, ends)
    not_longer(part, rows, starts, ends, ID_BYTES_MAX, into.refused)
    not_longer(part, rows, begins, lines.ends[rows], MARKS_BYTES_MAX, into.refused)
    into.add(
        name,
        lines=part.numbers(rows),
        ids=part.ids(rows, starts, ends),
        marks=part.marks(rows, begins, lines.ends[rows]),
    )


def print_raire(contests: Iterable[Cards]) -> Iterator[bytes]:
    """Write records in RAIRE's format, in pieces.

    Raises:
        ElectionsError: a name that this format cannot hold.
    """
    every = list(contests)
    yield b"%d\n" % len(every)
    for cards in every:
        names = (cards.contest, *cards.candidates)
        for name in names:
            _plain(name)
        line = ("Contest", cards.contest, str(len(cards.candidates)), *cards.candidates)
        yield (",".join(line) + "\n").encode()
    for cards in every:
        marks = ["".join(f",{_plain(name)}" for name in each) for each in cards.marks]
        for start in range(0, cards.count, 65_536):
            which = cards.which[start : start + 65_536].tolist()
            rows = zip(cards.ids[start : start + 65_536], which, strict=True)
            yield "".join(
                f"{cards.contest},{_plain(card)}{marks[number]}\n" for card, number in rows
            ).encode()


def _plain(name: str) -> str:
    if not name or name != name.strip() or any(sign in name for sign in ",\r\n\0"):
        raise ElectionsError(
            f"RAIRE's format cannot hold the name {name!r:.80}: a comma, a line end or a blank",
            remedy="Number the candidates, or write another format",
        )
    return name

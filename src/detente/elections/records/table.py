"""A plain table: a column `card`, and a column for each contest with the choice marked."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from detente.elections.audit.cards import Cards, Marks
from detente.elections.errors import ElectionsError
from detente.elections.records.card_ids import ID_BYTES_MAX
from detente.elections.records.columns import Contests, Records, Understood
from detente.elections.records.grid import grids, head_of, plain
from detente.elections.records.parts import MARKS_BYTES_MAX, whole_lines
from detente.elections.rows import near

CARD = "card"
CHOICE = "choice"
"""The column of a file of one contest, which is then named as the file."""


def read_choices(
    stream: Iterable[bytes], source: str, names: Mapping[str, str] | None = None
) -> Records:
    """Read a table of cards and choices; an empty choice is a blank one.

    Args:
        stream: its bytes, in pieces.
        source: the file's name, for a contest whose column is called `choice`.
        names: which columns are what, where they are named otherwise:
            {"card": COLUMN, CONTEST: COLUMN}.

    Raises:
        ElectionsError: no such columns, or lines that cannot be read: all are told.
    """
    pieces = whole_lines(stream)
    (header,), rest = head_of(pieces, 1)
    card, contests = _columns([each.strip() for each in header], source, names or {})
    into = Contests()
    candidates: dict[int, list[str]] = {}
    for at, contest in contests.items():
        candidates[at] = []
        into.open(contest, candidates[at], _choice_of(candidates[at]))
    for grid in grids(chain((rest,), pieces), 2, len(header), into.refused):
        ids = grid.words(card, ID_BYTES_MAX, into.refused)
        for at, contest in contests.items():
            marks = grid.words(at, MARKS_BYTES_MAX, into.refused)
            into.add(contest, lines=grid.numbers(), ids=ids, marks=marks)
    read = into.closed()
    cards = {
        contest: read.contests[contest].renamed(candidates[at], read.contests[contest].marks)
        for at, contest in contests.items()
    }
    return Records(cards, read.seats, read.left_out)


def _columns(
    header: list[str], source: str, names: Mapping[str, str]
) -> tuple[int, dict[int, str]]:
    folded = [each.lower() for each in header]
    wanted = names.get(CARD, CARD)
    if wanted.lower() not in folded or len(header) < 2:  # noqa: PLR2004
        raise ElectionsError(
            f"line 1: no column {wanted!r:.60}{near(wanted, header)} and a contest beside it "
            f"among: {', '.join(header)[:200]}",
            remedy="Write a first line card,choice and one card a line",
        )
    card = folded.index(wanted.lower())
    chosen = {contest: column for contest, column in names.items() if contest != CARD}
    if not chosen:
        return card, {
            at: source if name.lower() == CHOICE else name
            for at, name in enumerate(header)
            if at != card
        }
    missing = [column for column in chosen.values() if column.lower() not in folded]
    if missing:
        told = ", ".join(f"{each!r:.60}{near(each, header)}" for each in missing)
        raise ElectionsError(f"line 1: no column {told}", remedy="Mend the map of columns")
    return card, {folded.index(column.lower()): contest for contest, column in chosen.items()}


def _choice_of(candidates: list[str]) -> Understood:
    known: set[str] = set()

    def understood(raw: bytes) -> Marks:
        name = plain(raw)
        if name and name not in known:
            known.add(name)
            candidates.append(name)
        return (name,) if name else ()

    return understood


def print_choices(contests: Iterable[Cards]) -> Iterator[bytes]:
    """Write records as a table, in pieces.

    Raises:
        ElectionsError: contests on other cards, or a card with several choices.
    """
    every = list(contests)
    ids = every[0].ids if every else []
    for cards in every:
        if cards.ids != ids:
            raise ElectionsError(
                f"the contest {cards.contest!r:.60} is not on the same cards as the first",
                remedy="Write one contest into a file, or RAIRE's format",
            )
        if any(len(marks) > 1 for marks in cards.marks):
            raise ElectionsError(
                f"a card ranks several choices in {cards.contest!r:.60}",
                remedy="Write RAIRE's format",
            )
    yield _line([CARD, *(cards.contest for cards in every)])
    for start in range(0, len(ids), 65_536):
        chosen = [
            [cards.marks[n][0] if cards.marks[n] else "" for n in part]
            for cards in every
            for part in (cards.which[start : start + 65_536].tolist(),)
        ]
        rows = zip(ids[start : start + 65_536], *chosen, strict=True)
        yield b"".join(_line(row) for row in rows)


def _line(fields: Iterable[str]) -> bytes:
    return (",".join(_quoted(field) for field in fields) + "\n").encode()


def _quoted(field: str) -> str:
    if any(sign in field for sign in "\r\n\0\x1f"):
        raise ElectionsError(f"a table cannot hold the name {field!r:.80}: a line end in it")
    return '"' + field.replace('"', '""') + '"' if "," in field or '"' in field else field

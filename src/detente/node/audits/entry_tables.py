"""The table that people fill in: one row for each contest of each card to pull.

Columns card, contest, marks: candidates separated by `;`, the most preferred first; or one of the
words below. A row left empty is not entered yet.
"""

import csv
import io
from collections.abc import Iterable

from detente.errors import InputError
from detente.node.audits.definition import Audit

HEADER = ["card", "contest", "marks"]
BLANK = "BLANK"
NOT_FOUND = "NOT FOUND"
NO_CONTEST = "NO CONTEST"


def shown_contests(audit: Audit, cards: Iterable[str]) -> dict[str, list[str]]:
    """For each card the contests to look at: those its record shows, else all."""
    wanted = list(dict.fromkeys(cards))
    held = {
        name: each.electorate.cards.places(set(wanted)).keys()
        if each.electorate.has_style
        else set(wanted)
        for name, each in audit.contests.items()
    }
    return {card: [name for name in held if card in held[name]] for card in wanted}


def blank_table(audit: Audit, cards: Iterable[str]) -> bytes:
    """The table with nothing in its last column."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for card, contests in shown_contests(audit, cards).items():
        table.writerows((card, name, "") for name in contests)
    return out.getvalue().encode()


def read_table(data: bytes, file: str) -> dict[str, object]:
    """A filled-in table as a document of ballots; rows left empty are not among them.

    Raises:
        InputError: rows that cannot be used, all of them by their lines.
    """
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")))
    except csv.Error as error:
        raise InputError(f"not a table: {error}", file=file) from None
    if not rows or [name.strip().lower() for name in rows[0]] != HEADER:
        raise InputError(f"expected the columns {','.join(HEADER)}", file=file, line=1)
    votes: dict[str, dict[str, list[str]] | None] = {}
    wrong: list[str] = []
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(HEADER):
            wrong += [f"line {line}: {len(row)} columns, expected {len(HEADER)}"] if row else []
            continue
        card, contest, marks = (part.strip() for part in row)
        if marks and not _take(votes, card, contest, marks):
            wrong.append(f"line {line}: card {card[:60]!r} is said to be found and not to be")
    if wrong:
        raise InputError("; ".join(wrong[:20]), file=file, remedy="Nothing of it was taken")
    return {"ballots": [{"id": card, "votes": said} for card, said in votes.items()]}


def _take(
    votes: dict[str, dict[str, list[str]] | None], card: str, contest: str, marks: str
) -> bool:
    if marks == NOT_FOUND:
        return votes.setdefault(card, None) is None
    said = votes.setdefault(card, {})
    if said is None:
        return False
    if marks != NO_CONTEST:
        named = [] if marks == BLANK else [mark.strip() for mark in marks.split(";")]
        said[contest] = [mark for mark in named if mark]
    return True

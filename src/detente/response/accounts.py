"""The ledger: what was given and got, per partner and month, from statements alone.

Counts, never a score: what a partner gave is worth what its readers made of it. A
confirmation is a sighting that names a statement; time ahead is how long a warning stood
before it. What was sealed for others is counted and nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

WARNINGS = frozenset(("indicator", "rule", "observed-data", "incident", "report"))
SEALED = "sealed"
COLUMNS = (
    "warnings given",
    "warnings got",
    "confirmations given",
    "confirmations got",
    "seconds ahead got",
    "questions they left unanswered",
    "questions we left unanswered",
    "withheld from us",
    "harmless of theirs",
    "confirmed of theirs",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One statement, as the ledger counts it.

    Attributes:
        id: payload hash.
        issuer: member id.
        kind: of it; `sealed` where this member may not read it.
        said: as claimed.
        readers: whom it was addressed to.
        about: statements it names.
        harmless: a sighting of zero.
    """

    id: str
    issuer: str
    kind: str
    said: datetime
    readers: frozenset[str]
    about: tuple[str, ...] = ()
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the period.

    Attributes:
        asker: member id.
        unanswered: who was asked, was to answer by now and did not.
    """

    asker: str
    unanswered: frozenset[str]


def account(
    lines: Sequence[Line], asked: Iterable[Asked], *, me: str, period: str
) -> dict[str, dict[str, int]]:
    """Return the ledger of one month: partner -> column -> count.

    Args:
        lines: every statement known, of any time: a confirmation names an older one.
        asked: questions that ran in the period.
        me: whose ledger it is.
        period: as 2026-11, in UTC.
    """
    known = {line.id: line for line in lines}
    ledger: dict[str, dict[str, int]] = {}
    ahead: dict[str, list[int]] = {}
    for line in lines:
        if line.said.strftime("%Y-%m") != period:
            continue
        for partner, column in _columns(line, me, known):
            row = ledger.setdefault(partner, dict.fromkeys(COLUMNS, 0))
            row[column] += 1
        if line.issuer == me and line.kind == "sighting" and not line.harmless:
            for warned in _warnings(line, known, me):
                stood = int((line.said - warned.said).total_seconds())
                ahead.setdefault(warned.issuer, []).append(max(stood, 0))
    for partner, times in ahead.items():
        ledger[partner]["seconds ahead got"] = median_low(times)
    for question in asked:
        _count_silence(question, me, ledger)
    return dict(sorted(ledger.items()))


def precision(row: Mapping[str, int]) -> str:
    """Return confirmed of judged, as `3 of 4`; `none judged` where nobody judged."""
    judged = row["confirmed of theirs"] + row["harmless of theirs"]
    return f"{row['confirmed of theirs']} of {judged}" if judged else "none judged"


def flat(ledger: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return a ledger as the figures of a monthly statement; what is zero is left out."""
    return {
        f"{partner} {column}": count
        for partner, row in ledger.items()
        for column, count in row.items()
        if count
    }


def _columns(line: Line, me: str, known: Mapping[str, Line]) -> Iterable[tuple[str, str]]:
    return _ours(line, me, known) if line.issuer == me else _theirs(line, me, known)


def _ours(line: Line, me: str, known: Mapping[str, Line]) -> Iterable[tuple[str, str]]:
    if line.kind in WARNINGS:
        yield from ((partner, "warnings given") for partner in line.readers - {me})
    if line.kind == "sighting":
        column = "harmless of theirs" if line.harmless else "confirmed of theirs"
        for warned in _warnings(line, known, me):
            yield warned.issuer, column
            yield warned.issuer, "confirmations given"


def _theirs(line: Line, me: str, known: Mapping[str, Line]) -> Iterable[tuple[str, str]]:
    if line.kind in WARNINGS:
        yield line.issuer, "warnings got"
    if line.kind == SEALED:
        yield line.issuer, "withheld from us"
    if line.kind == "sighting":
        for each in line.about:
            if each in known and known[each].issuer == me:
                yield line.issuer, "confirmations got"


def _warnings(line: Line, known: Mapping[str, Line], me: str) -> list[Line]:
    found = [known[each] for each in line.about if each in known]
    return [each for each in found if each.issuer != me]


def _count_silence(question: Asked, me: str, ledger: dict[str, dict[str, int]]) -> None:
    if question.asker == me:
        for partner in question.unanswered:
            row = ledger.setdefault(partner, dict.fromkeys(COLUMNS, 0))
            row["questions they left unanswered"] += 1
    elif me in question.unanswered:
        row = ledger.setdefault(question.asker, dict.fromkeys(COLUMNS, 0))
        row["questions we left unanswered"] += 1

"""Audits from files: rows of statistics in, values out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from detente.elections import ElectionsError
from detente.elections.audit import check_seed, compute, draw, ticket
from detente.elections.audit.cards import Cards
from detente.elections.audit.comparing import Absent, Judged, Need, Rates, judge, plan
from detente.elections.audit.contests import Assorter, MoreVotes
from detente.elections.audit.electorate import Electorate
from detente.elections.audit.irv import sufficiency
from detente.errors import EnvironmentFault, InputError
from detente.node.cvr_files import (
    digest,
    matched,
    read_assertions,
    read_cards,
    read_ids,
    read_pulled,
)

ROWS_MAX = 100_000
"""Rows of one file."""
ASSERTIONS_BYTES_MAX = 8 * 1024 * 1024
"""A file of RAIRE assertions; the largest published are below one megabyte."""


class Form(StrEnum):
    """How rows stand in a file; the answer takes the same form."""

    LINES = "one object a line"
    LIST = "one list"
    TABLE = "one object with rows"


@dataclass(frozen=True, slots=True)
class Computed:
    """One row's answer."""

    id: str
    value: object


@dataclass(frozen=True, slots=True)
class Answer:
    """Every row's answer, in the form of the question."""

    form: Form
    rows: tuple[Computed, ...]

    def documents(self) -> Iterator[object]:
        """What to print, one JSON document after the other."""
        plain = [{"id": row.id, "value": row.value} for row in self.rows]
        match self.form:
            case Form.LINES:
                yield from plain
            case Form.LIST:
                yield plain
            case Form.TABLE:
                yield {"rows": plain}


def compute_rows(data: bytes, file: Path) -> Answer:
    """Compute every row of a file; files of assertions are looked for beside it.

    Raises:
        InputError: a row that is none, or cannot be computed: with its file and line.
    """
    form, rows = _read_rows(data, file)
    finder = _Beside(file.absolute().parent)
    answers = [_compute_row(row, place, file, finder) for place, row in rows]
    return Answer(form, tuple(answers))


def _read_rows(data: bytes, file: Path) -> tuple[Form, list[tuple[int, object]]]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Form.LINES, _read_lines(data, file)
    if isinstance(document, list):
        return Form.LIST, _counted(document, file)
    if isinstance(document, dict) and isinstance(document.get("rows"), list):
        return Form.TABLE, _counted(document["rows"], file)
    return Form.LINES, [(1, document)]


def _counted(rows: list[object], file: Path) -> list[tuple[int, object]]:
    if len(rows) > ROWS_MAX:
        raise InputError(f"more than {ROWS_MAX} rows", file=str(file), remedy="Split the file")
    return list(enumerate(rows, 1))


def _read_lines(data: bytes, file: Path) -> list[tuple[int, object]]:
    rows: list[tuple[int, object]] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append((number, orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            raise InputError(
                f"not JSON: {error.msg}",
                file=str(file),
                line=number,
                remedy='Each line is an object such as {"id": "a", "method": "bravo_p", ...}',
            ) from None
        if len(rows) > ROWS_MAX:
            raise InputError(f"more than {ROWS_MAX} rows", file=str(file), remedy="Split the file")
    return rows


def _compute_row(row: object, place: int, file: Path, finder: "_Beside") -> Computed:
    if not isinstance(row, dict):
        raise InputError("a row is an object", file=str(file), line=place)
    name, method, inputs = row.get("id"), row.get("method"), row.get("inputs")
    if not isinstance(name, str | int) or not isinstance(method, str):
        raise InputError('a row has an "id" and a "method"', file=str(file), line=place)
    if not isinstance(inputs, dict):
        raise InputError(f'row {name}: "inputs" is an object', file=str(file), line=place)
    try:
        return Computed(str(name), compute(method, inputs, assertions=finder))
    except ElectionsError as error:
        raise InputError(
            f"row {name}: {error.message}", file=str(file), line=place, remedy=error.remedy
        ) from None


class _Beside:
    """Finds assertion files in the folder of the file that names them, and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: dict[str, Mapping[str, object]] = {}

    def __call__(self, name: str) -> Mapping[str, object]:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Mapping[str, object]:
        path = (self._folder / name.replace("\0", "")).resolve()
        if not path.is_relative_to(self._folder):
            raise ElectionsError(
                f"the assertions {name!r} lie outside the folder of the file that names them",
                remedy="Put them beside it",
            )
        try:
            with path.open("rb") as stream:
                data = stream.read(ASSERTIONS_BYTES_MAX + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ElectionsError(
                f"the assertions {name!r} are not there", remedy=f"Put them into {self._folder}"
            ) from None
        except OSError as error:
            raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
        return _as_contest(data, name)


def _as_contest(data: bytes, name: str) -> Mapping[str, object]:
    if len(data) > ASSERTIONS_BYTES_MAX:
        raise ElectionsError(f"the assertions {name!r} have more than {ASSERTIONS_BYTES_MAX} bytes")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ElectionsError(f"the assertions {name!r} are not JSON: {error.msg}") from None
    if not isinstance(document, dict):
        raise ElectionsError(f"the assertions {name!r} are one JSON object")
    return document


@dataclass(frozen=True, slots=True)
class Contest:
    """What an audit is of.

    Attributes:
        cards: the records.
        name: the contest, as the records name it.
        assertions: what is tested.
        proves: whether they prove the winner, once each of them holds.
    """

    cards: Cards
    name: str
    assertions: list[Assorter]
    proves: bool

    def electorate(self, pending: int) -> Electorate:
        """All its cards, so many ballots not counted yet."""
        return Electorate(self.cards, self.cards.count, pending=pending)


def _contest(records: Path, assertions: Path | None) -> Contest:
    if assertions is None:
        cards = read_cards(records)
        return Contest(cards, cards.contest, _plurality(cards), proves=True)
    name, winner, listed = read_assertions(assertions)
    cards = read_cards(records, contest=name or None)
    named = {each for one in listed for each in (one.winner, one.loser, *(one.eliminated or ()))}
    candidates = [*cards.candidates, *sorted(named - set(cards.candidates))]
    try:
        proves = bool(winner) and sufficiency(listed, candidates, winner).sufficient
    except ElectionsError as error:
        raise InputError(error.message, file=str(assertions), remedy=error.remedy) from None
    return Contest(cards, name, list(listed), proves=proves)


def _plurality(cards: Cards) -> list[Assorter]:
    """The one with most first marks against each other, from the records themselves."""
    winner, *losers = sorted(cards.first_marks().items(), key=lambda row: -row[1])
    return [MoreVotes(winner[0], loser) for loser, _ in losers]


def describe_plan(
    records: Path, assertions: Path | None, numbers: Mapping[str, float]
) -> dict[str, Any]:
    """Margins and cards to pull, as rows.

    Raises:
        InputError: files that cannot be read, or numbers out of range.
    """
    contest = _contest(records, assertions)
    try:
        needs = plan(
            contest.electorate(int(numbers["pending"])),
            contest.assertions,
            risk_limit=numbers["risk_limit"],
            rates=Rates(numbers["one_vote_rate"], numbers["two_vote_rate"]),
        )
    except ElectionsError as error:
        raise InputError(error.message, remedy=error.remedy) from None
    return {
        "contest": contest.name,
        "cards": contest.cards.count,
        "proves_winner": contest.proves,
        "records_sha256": digest(records),
        "assertions": [_need(each) for each in needs],
        "table": [_need_shown(each) for each in needs],
        "line": _plan_line(needs, contest),
    }


def _need(need: Need) -> dict[str, object]:
    quantiles = {f"{probability:.0%}": size for probability, size in need.quantiles.items()}
    return {
        "assertion": str(need.assertion),
        "margin": need.margin,
        "clean": need.clean,
        "quantiles": quantiles,
    }


def _need_shown(need: Need) -> dict[str, str]:
    sizes = {"clean": need.clean, "80%": need.quantiles.get(0.8), "90%": need.quantiles.get(0.9)}
    shown = {name: "all" if size is None else str(size) for name, size in sizes.items()}
    return {"assertion": str(need.assertion), "margin": f"{need.margin:.4%}", **shown}


def _plan_line(needs: list[Need], contest: Contest) -> str:
    count = contest.cards.count
    if not contest.proves:
        return "These assertions do not prove the winner: ask RAIRE for the whole set."
    if any(need.margin <= 0 for need in needs):
        return "The records contradict an assertion: count every card."
    sizes = [need.quantiles.get(0.8) for need in needs]
    known = [size for size in sizes if size is not None]
    if len(known) != len(sizes):
        return f"An assertion needs a full count of {count} cards."
    return f"Pull {max(known, default=0)} of {count} cards: four times in five they suffice."


def draw_sample(manifest: Path, seed: str, count: int, *, committed: str | None) -> dict[str, Any]:
    """Cards drawn from a manifest with a public seed.

    Raises:
        InputError: a seed that is none, a manifest that is not the one committed.
    """
    seen = digest(manifest)
    if committed is not None and committed.lower() != seen:
        raise InputError(
            f"its SHA-256 is {seen}, not the one committed",
            file=str(manifest),
            remedy="Draw from the manifest that was committed before the seed was thrown",
        )
    try:
        cards = draw(check_seed(seed), read_ids(manifest), count)
    except ElectionsError as error:
        raise InputError(error.message, file=str(manifest), remedy=error.remedy) from None
    return {
        "seed": seed,
        "manifest_sha256": seen,
        "cards": cards,
        "tickets": [ticket(seed, card) for card in cards],
    }


def describe_risk(
    records: Path,
    assertions: Path | None,
    pulled: Path,
    *,
    seed: str | None,
    numbers: Mapping[str, float],
) -> dict[str, Any]:
    """The risk of each assertion after the cards pulled, as rows.

    Raises:
        InputError: files that cannot be read, or a seed that is none.
    """
    contest = _contest(records, assertions)
    hand = matched(read_pulled(pulled, contest.name), contest.cards.ids)
    order = list(hand)
    try:
        if seed is not None:
            order.sort(key=lambda card: ticket(check_seed(seed), card))
        judged = judge(
            contest.electorate(int(numbers["pending"])),
            contest.assertions,
            {card: Absent.CARD if marks is None else marks for card, marks in hand.items()},
            order=order,
        )
    except ElectionsError as error:
        raise InputError(error.message, file=str(pulled), remedy=error.remedy) from None
    limit = numbers["risk_limit"]
    open_ones = [each for each in judged if each.p_value > limit]
    return {
        "contest": contest.name,
        "proves_winner": contest.proves,
        "cards_pulled": len(order),
        "risk_limit": limit,
        "met": contest.proves and not open_ones,
        "assertions": [_judged(each) for each in judged],
        "table": [_judged_shown(each) for each in judged],
        "line": _risk_line(len(order), limit, contest, len(open_ones)),
    }


def _risk_line(pulled: int, limit: float, contest: Contest, open_count: int) -> str:
    if not contest.proves:
        return "These assertions do not prove the winner: ask RAIRE for the whole set."
    if not open_count:
        return f"{pulled} cards pulled: every assertion meets {limit:.1%}."
    return (
        f"{pulled} cards pulled: {open_count} of {len(contest.assertions)} assertions are above "
        f"{limit:.1%}; pull more cards, or count them all."
    )


def _judged(each: Judged) -> dict[str, object]:
    return {
        "assertion": str(each.assertion),
        "margin": each.margin,
        "p_value": each.p_value,
        "discrepancies": {str(votes): count for votes, count in each.discrepancies.items()},
    }


def _judged_shown(each: Judged) -> dict[str, str]:
    seen = each.discrepancies
    return {
        "assertion": str(each.assertion),
        "risk": f"{each.p_value:.4%}",
        "over 2": str(seen[2]),
        "over 1": str(seen[1]),
        "under 1": str(seen[-1]),
        "under 2": str(seen[-2]),
    }

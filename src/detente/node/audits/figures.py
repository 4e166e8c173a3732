"""The figures of an audit, computed from its folder alone: what is published, what is verified."""

from collections.abc import Mapping
from dataclasses import dataclass

from detente.elections.audit import (
    Absent,
    Confirmed,
    Contest,
    Counted,
    FullCount,
    Hand,
    Judged,
    MoreCards,
    Outcome,
    decide,
    judge,
    winners_by_rankings,
    winners_by_tally,
)
from detente.elections.audit.electorate import PHANTOM
from detente.elections.audit.inputs import Inputs, as_name
from detente.elections.errors import ElectionsError
from detente.node.audits.ballots import BallotReader
from detente.node.audits.definition import Audit, Audited
from detente.node.audits.folder import COMMITMENT, SEED, digest_of, naming_file
from detente.node.audits.rounds import Round, read_rounds, read_seed
from detente.signing import canonical

REHEARSAL = "REHEARSAL, nothing of this is real. "
SIGNIFICANT = 12
"""Digits of a published figure; a rival's machine may differ in the fifteenth."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one contest.

    Attributes:
        audited: the contest.
        drawn: cards drawn.
        entered: of these, in their order, entered without a gap.
        judged: each assertion after those entered.
        outcome: what follows.
    """

    audited: Audited
    drawn: int
    entered: int
    judged: list[Judged]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class State:
    """An audit at some moment.

    Attributes:
        audit: what is audited.
        found: by contest.
        inputs: the files it follows from.
        missing: drawn cards that are not entered yet.
    """

    audit: Audit
    found: Mapping[str, Found]
    inputs: list[str]
    missing: list[str]

    @property
    def line(self) -> str:
        """One plain sentence."""
        outcomes = [each.outcome for each in self.found.values()]
        confirmed = sum(isinstance(each, Confirmed) for each in outcomes)
        counted = sum(isinstance(each, Counted) for each in outcomes)
        full = sum(isinstance(each, FullCount) for each in outcomes)
        said = [f"{confirmed} of {len(outcomes)} contests confirmed"]
        said += [f"{full} to be counted in full"] if full else []
        said += [f"{counted} counted in full"] if counted else []
        more = len(outcomes) - confirmed - full - counted
        said += [f"{more} need more cards"] if more else []
        said += [f"{len(self.missing)} drawn cards not entered yet"] if self.missing else []
        return (REHEARSAL if self.audit.rehearsal else "") + ", ".join(said) + "."


@dataclass(frozen=True, slots=True)
class Upto:
    """How far the folder is read; None: to its end."""

    rounds: int | None = None
    ballots: int | None = None
    counts: int | None = None


def state_of(audit: Audit, upto: Upto = Upto()) -> State:
    """Compute everything that is known.

    Raises:
        InputError: a file of the folder that cannot be used.
    """
    rounds = read_rounds(audit, upto.rounds)
    reader = read_ballots(audit, rounds, upto.ballots)
    counts = _read_counts(audit, upto.counts)
    digits = read_seed(audit.folder).digits
    drawn = rounds[-1].drawn if rounds else {}
    with naming_file(audit.folder.path):
        orders = audit.drawn(digits, drawn)
        found = {
            name: _found(each, orders.get(name, []), reader, counts.get(name))
            for name, each in audit.contests.items()
        }
    missing = [c for c in dict.fromkeys(_flat(orders)) if not _is_known(c, reader)]
    return State(audit, found, _inputs(audit, upto), missing)


def _inputs(audit: Audit, upto: Upto) -> list[str]:
    folder = audit.folder
    return [
        COMMITMENT,
        SEED,
        *folder.numbered("round")[: upto.rounds],
        *folder.numbered("ballots")[: upto.ballots],
        *folder.numbered("count")[: upto.counts],
    ]


def _flat(orders: Mapping[str, list[str]]) -> list[str]:
    return [card for order in orders.values() for card in order]


def _is_known(card: str, reader: BallotReader) -> bool:
    return card.startswith(PHANTOM) or card in reader.entered


def read_ballots(audit: Audit, rounds: list[Round], count: int | None = None) -> BallotReader:
    """Every ballot entered, in the first `count` files.

    Raises:
        InputError: a file that cannot be used.
    """
    contests = {name: each.contest for name, each in audit.contests.items()}
    reader = BallotReader(contests, {card for each in rounds for card in each.cards})
    for name in audit.folder.numbered("ballots")[:count]:
        with naming_file(audit.folder.file(name)):
            reader.take(audit.folder.document(name))
    return reader


def _found(each: Audited, order: list[str], reader: BallotReader, counted: Counted | None) -> Found:
    entered: list[str] = []
    for card in order:
        if not _is_known(card, reader):
            break
        entered.append(card)
    hands = {card: _hand(card, each.contest.name, reader) for card in entered}
    judged = judge(each.electorate, each.assertions, hands, order=entered)
    outcome = counted or _outcome(each, judged, len(order), len(entered))
    return Found(each, len(order), len(entered), judged, outcome)


def _hand(card: str, contest: str, reader: BallotReader) -> Hand:
    return Absent.CARD if card.startswith(PHANTOM) else reader.entered[card].hand(contest)


def _outcome(each: Audited, judged: list[Judged], drawn: int, entered: int) -> Outcome:
    decided = decide(judged, each.rule, pulled=entered, is_proven=each.is_proven)
    if isinstance(decided, Confirmed) or (entered == drawn and drawn):
        return decided
    hopeless = not each.is_proven or any(one.margin <= 0 for one in judged)
    if hopeless or not drawn:
        return decided
    return MoreCards(drawn)  # those drawn come first


def _read_counts(audit: Audit, count: int | None) -> dict[str, Counted]:
    counted: dict[str, Counted] = {}
    for name in audit.folder.numbered("count")[:count]:
        with naming_file(audit.folder.file(name)):
            contest, outcome = read_count(audit, audit.folder.document(name), counted)
            counted[contest] = outcome
    return counted


def read_count(audit: Audit, document: Inputs, known: Mapping[str, Counted]) -> tuple[str, Counted]:
    """A full count of one contest: votes by candidate, or rankings.

    Raises:
        ElectionsError: it is none, or the contest was counted before and no reason is said.
    """
    name = document.text("contest")
    if name not in audit.contests:
        raise ElectionsError(f"{name!r:.60} is not audited")
    if name in known and not document.has("reason"):
        raise ElectionsError(f"contest {name} was counted before; say a reason")
    contest = audit.contests[name].contest
    winners = _winners(contest, document)
    return name, Counted(winners, set(winners) == set(contest.winners))


def _winners(contest: Contest, document: Inputs) -> tuple[str, ...]:
    if document.has("rankings"):
        return winners_by_rankings(contest, [_ranking(row) for row in document.listed("rankings")])
    tally = Inputs(document.mapping("tally"))
    return winners_by_tally(contest, {name: tally.whole(name) for name in tally.names()})


def _ranking(row: object) -> tuple[tuple[str, ...], int]:
    if not isinstance(row, dict):
        raise ElectionsError(f"a ranking is an object, not {row!r:.60}")
    inputs = Inputs(row)
    return tuple(as_name(each) for each in inputs.listed("marks")), inputs.whole("count")


def report_document(state: State) -> dict[str, object]:
    """Every figure of an audit as it is published, and the files they follow from."""
    audit = state.audit
    return {
        "audit": audit.name,
        "rehearsal": audit.rehearsal,
        "inputs": audit.folder.digests(state.inputs),
        "contests": [_shown(name, each) for name, each in state.found.items()],
        "cards_missing": len(state.missing),
        "line": state.line,
    }


def _shown(name: str, found: Found) -> dict[str, object]:
    each = found.audited
    return {
        "contest": name,
        "title": each.title,
        "winners": list(each.contest.winners),
        "risk_limit": each.rule.risk_limit,
        "cards": each.electorate.total,
        "pending": each.electorate.pending,
        "drawn": found.drawn,
        "entered": found.entered,
        "proves_winner": each.is_proven,
        "risk": rounded(max((one.p_value for one in found.judged), default=1.0)),
        "assertions": [
            {
                "assertion": str(one.assertion),
                "margin": rounded(one.margin),
                "p_value": rounded(one.p_value),
                "discrepancies": {str(votes): n for votes, n in one.discrepancies.items()},
            }
            for one in found.judged
        ],
        "outcome": _WORDS[type(found.outcome)],
        "line": str(found.outcome),
    }


_WORDS: dict[type[Outcome], str] = {
    Confirmed: "confirmed",
    MoreCards: "more cards",
    FullCount: "full count",
    Counted: "counted in full",
}


def rounded(figure: float) -> float:
    """A figure to the digits that are published."""
    return float(f"{figure:.{SIGNIFICANT}g}")


def report_text(document: dict[str, object], name: str, data: bytes) -> str:
    """What is said to the log of a report: its hash, and its one plain sentence."""
    return canonical(
        {
            "audit": document["audit"],
            "detente-audit": "report v1",
            "file": name,
            "line": document["line"],
            "rehearsal": document["rehearsal"],
            "sha256": digest_of(data),
        }
    ).decode()

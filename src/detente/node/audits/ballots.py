"""What people found on the cards, as they entered it; corrections stand beside what they correct.

A file of ballots is `{"ballots": [{"id": ..., "votes": {CONTEST: {CANDIDATE: RANK}}}]}`;
votes may be a list of marks instead of ranks, and null for a card that was not found. A contest
that is not named was not on the card. `other` stands for anybody who has no name in the records.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from detente.elections.audit import Absent, Choice, Contest, Hand
from detente.elections.audit.cards import Marks
from detente.elections.audit.inputs import Inputs, as_name
from detente.elections.audit.irv import clean_ranking
from detente.elections.errors import ElectionsError

OTHER = "other"
SHOWN_MAX = 20
"""Bad rows that one refusal names."""

Votes = Mapping[str, Marks] | None
"""What one card shows: the marks of each contest on it; None: not found."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One card in hand.

    Attributes:
        card: its id.
        votes: what it shows.
        reason: why it is entered again; empty for the first time.
    """

    card: str
    votes: Votes
    reason: str = ""

    def hand(self, contest: str) -> Hand:
        """What it shows of one contest."""
        if self.votes is None:
            return Absent.CARD
        return self.votes.get(contest, Absent.CONTEST)


@dataclass(slots=True)
class BallotReader:
    """Reads files of ballots one after the other, and says all that is wrong with one.

    Attributes:
        contests: by name.
        drawn: the cards that were drawn.
        entered: what was read so far, corrections in place of what they correct.
    """

    contests: Mapping[str, Contest]
    drawn: Collection[str]
    entered: dict[str, Ballot] = field(default_factory=dict)

    def take(self, document: Inputs) -> list[Ballot]:
        """Take up one file, or nothing of it.

        Raises:
            ElectionsError: every row that cannot be used, the first twenty by name.
        """
        spelt = {_folded(card): card for card in self.drawn}
        taken: dict[str, Ballot] = {}
        wrong: list[str] = []
        for number, row in enumerate(document.listed("ballots"), 1):
            try:
                ballot = self._ballot(row, spelt)
                if ballot.card in taken:
                    raise ElectionsError(f"the card {ballot.card!r:.60} stands twice")
                taken[ballot.card] = ballot
            except ElectionsError as error:
                wrong.append(f"ballot {number}: {error.message}")
        if wrong:
            more = "" if len(wrong) <= SHOWN_MAX else f"; and {len(wrong) - SHOWN_MAX} more"
            raise ElectionsError(
                "; ".join(wrong[:SHOWN_MAX]) + more, remedy="Nothing of this file was taken"
            )
        self.entered |= taken
        return list(taken.values())

    def _ballot(self, row: object, spelt: Mapping[str, str]) -> Ballot:
        if not isinstance(row, dict):
            raise ElectionsError(f"a ballot is an object, not {row!r:.60}")
        inputs = Inputs(row)
        card = spelt.get(_folded(inputs.text("id")))
        if card is None:
            raise ElectionsError(f"the card {inputs.text('id')!r:.60} was not drawn")
        reason = inputs.text("reason") if inputs.has("reason") else ""
        if card in self.entered and not reason:
            raise ElectionsError(f"the card {card!r:.60} was entered before; say a reason")
        if inputs.get("votes") is None:
            return Ballot(card, None, reason)
        votes = inputs.mapping("votes")
        unknown = sorted(set(votes) - set(self.contests))
        # Other contests stand on the same card and are not audited.
        marks = {name: self._marks(name, votes[name]) for name in votes if name not in unknown}
        return Ballot(card, marks, reason)

    def _marks(self, name: str, said: object) -> Marks:
        contest = self.contests[name]
        if isinstance(said, list):
            marks = tuple(as_name(each) for each in said)
        elif isinstance(said, dict):
            marks = _ranked(contest, Inputs(said))
        else:
            raise ElectionsError(f"the votes of contest {name} are marks or ranks")
        unknown = sorted(set(marks) - {*contest.candidates, OTHER})
        if unknown:
            raise ElectionsError(
                f"{unknown[0]!r:.60} does not stand in contest {name}; write {OTHER!r} for "
                "anybody else"
            )
        if len(set(marks)) != len(marks):
            raise ElectionsError(f"a card marks somebody twice in contest {name}")
        return marks


def _ranked(contest: Contest, ranks: Inputs) -> Marks:
    named = {name: ranks.whole(name) for name in ranks.names()}
    if contest.choice is Choice.IRV:
        return tuple(clean_ranking(named))
    return tuple(name for name, rank in named.items() if rank)


def _folded(card: str) -> str:
    """Ids as exports spell them: `-` and `_` are one."""
    return card.replace("-", "_")

"""What becomes of a contest: confirmed, more cards, or a full count by hand.

The rule is fixed before the seed exists: so many cards at most, then every
card is counted. A full count decides by itself, whatever was reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, log

from detente.elections.audit.comparing import Judged


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Every assertion meets the risk limit: the audit of this contest may end."""

    cards: int

    def __str__(self) -> str:
        return f"confirmed by {self.cards} cards"


@dataclass(frozen=True, slots=True)
class MoreCards:
    """Not yet: pull `cards` in all, which suffice if those to come agree with their records."""

    cards: int

    def __str__(self) -> str:
        return f"not confirmed yet: pull {self.cards} cards in all"


@dataclass(frozen=True, slots=True)
class FullCount:
    """Count every card by hand."""

    reason: str

    def __str__(self) -> str:
        return f"full hand count: {self.reason}"


@dataclass(frozen=True, slots=True)
class Counted:
    """Every card was counted by hand.

    Attributes:
        winners: by the count.
        is_as_reported: nobody else won.
    """

    winners: tuple[str, ...]
    is_as_reported: bool

    def __str__(self) -> str:
        won = ", ".join(self.winners) or "nobody"
        as_reported = "as reported" if self.is_as_reported else "NOT as reported"
        return f"counted in full: {won} won, {as_reported}"


Outcome = Confirmed | MoreCards | FullCount | Counted


@dataclass(frozen=True, slots=True)
class Rule:
    """When an audit ends.

    Attributes:
        risk_limit: the chance that a wrong outcome passes.
        cards_max: where more cards than this would be needed, all are counted.
    """

    risk_limit: float
    cards_max: int


def decide(judged: Sequence[Judged], rule: Rule, *, pulled: int, is_proven: bool) -> Outcome:
    """What follows from the cards pulled so far.

    Args:
        judged: each assertion after them.
        rule: as committed to.
        pulled: how many cards.
        is_proven: the assertions together prove the winner.
    """
    if not is_proven:
        return FullCount("the assertions do not prove the winner")
    against = [each for each in judged if each.margin <= 0]
    if against:
        return FullCount(f"the records themselves contradict {against[0].assertion}")
    waiting = [each for each in judged if each.p_value > rule.risk_limit]
    if not waiting:
        return Confirmed(pulled)
    needed = [_needed(each, rule.risk_limit, pulled) for each in waiting]
    known = [cards for cards in needed if cards is not None]
    if len(known) < len(needed) or max(known) > rule.cards_max:
        worst = max(waiting, key=lambda each: each.p_value)
        return FullCount(
            f"{worst.assertion} stands at a risk of {worst.p_value:.2%} after {pulled} cards, and "
            f"would need more than {rule.cards_max}"
        )
    return MoreCards(max(known))


def _needed(judged: Judged, risk_limit: float, pulled: int) -> int | None:
    """Cards in all if those to come agree with their records; None where none would do."""
    wealth = float(judged.trajectory.log_wealth[-1]) if pulled else 0.0
    if not (judged.gain > 0 and isfinite(wealth)):
        return None
    return pulled + max(1, ceil((log(1 / risk_limit) - wealth) / judged.gain))

"""Super-simple comparison: what Colorado computes, so that officials can compare.

Stark, "Super-simple simultaneous single-ballot risk-limiting audits" (2010);
size in decimal arithmetic with Colorado's roundings, so that it comes out the
same on every machine.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal
from math import exp, log, log1p

from detente.elections.errors import ElectionsError

GAMMA = 1.03905
_DECIMAL = Context(prec=34)


@dataclass(frozen=True, slots=True)
class Discrepancies:
    """How many cards differed from their record, by the votes the margin lost or gained."""

    one_over: int = 0
    two_over: int = 0
    one_under: int = 0
    two_under: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """Discrepancies expected per card, each kind."""

    one_over: float = 0.001
    two_over: float = 0.0001
    one_under: float = 0.001
    two_under: float = 0.0001


@dataclass(frozen=True, slots=True)
class Margin:
    """A contest's diluted margin.

    Attributes:
        cards: N, all cards that could hold the contest.
        votes: V, the smallest difference between a winner and a loser.
        gamma: the error inflation factor.
    """

    cards: int
    votes: int
    gamma: float = GAMMA

    def __post_init__(self) -> None:
        if not 0 < self.votes <= self.cards:
            raise ElectionsError(f"a margin of {self.votes} votes on {self.cards} cards")
        if self.gamma <= 1:
            raise ElectionsError(f"the error inflation factor is above 1, not {self.gamma}")


def p_value(margin: Margin, *, sampled: int, seen: Discrepancies = Discrepancies()) -> float:
    """The risk after `sampled` cards; understatements earn credit only where they are given."""
    twice = 2 * margin.gamma
    exponent = sampled * log1p(-margin.votes / margin.cards / twice)
    exponent -= seen.one_over * log(1 - 1 / twice)
    exponent -= seen.two_over * log(1 - 1 / margin.gamma)
    exponent -= seen.one_under * log1p(1 / twice)
    exponent -= seen.two_under * log1p(1 / margin.gamma)
    return exp(min(exponent, 0.0))


def sample_size(margin: Margin, *, risk_limit: float, rates: Rates = Rates()) -> int:
    """Cards to draw so that the risk limit is met at the expected rates; never above N."""
    gamma = Decimal(repr(margin.gamma))
    diluted = _DECIMAL.divide(Decimal(margin.votes), Decimal(margin.cards))
    logs = _Logs.of(gamma, diluted)
    limit = Decimal(repr(risk_limit)).ln(_DECIMAL)
    slope = logs.slope(rates)
    if slope >= 0:
        return margin.cards
    first = (limit / slope).to_integral_value(ROUND_CEILING)
    expected = _Expected.of(first, rates)
    drawn = -2 * gamma * (limit + expected.weigh(logs)) / diluted
    needed = max(int(drawn.to_integral_value(ROUND_CEILING)), expected.total)
    return min(margin.cards, needed)


@dataclass(frozen=True, slots=True)
class _Logs:
    clean: Decimal
    one_over: Decimal
    two_over: Decimal
    one_under: Decimal
    two_under: Decimal

    @classmethod
    def of(cls, gamma: Decimal, diluted: Decimal) -> "_Logs":
        one = Decimal(1)
        return cls(
            clean=(one - diluted / (2 * gamma)).ln(_DECIMAL),
            one_over=(one - one / (2 * gamma)).ln(_DECIMAL),
            two_over=(one - one / gamma).ln(_DECIMAL),
            one_under=(one + one / (2 * gamma)).ln(_DECIMAL),
            two_under=(one + one / gamma).ln(_DECIMAL),
        )

    def slope(self, rates: Rates) -> Decimal:
        return (
            self.clean
            - Decimal(repr(rates.one_over)) * self.one_over
            - Decimal(repr(rates.two_over)) * self.two_over
            - Decimal(repr(rates.one_under)) * self.one_under
            - Decimal(repr(rates.two_under)) * self.two_under
        )


@dataclass(frozen=True, slots=True)
class _Expected:
    one_over: Decimal
    two_over: Decimal
    one_under: Decimal
    two_under: Decimal

    @classmethod
    def of(cls, drawn: Decimal, rates: Rates) -> "_Expected":
        def rounded(rate: float, how: str) -> Decimal:
            return (Decimal(repr(rate)) * drawn).to_integral_value(how)

        return cls(
            one_over=rounded(rates.one_over, ROUND_CEILING),
            two_over=rounded(rates.two_over, ROUND_HALF_UP),
            one_under=rounded(rates.one_under, ROUND_CEILING),
            two_under=rounded(rates.two_under, ROUND_HALF_UP),
        )

    @property
    def total(self) -> int:
        return int(self.one_over + self.two_over + self.one_under + self.two_under)

    def weigh(self, logs: _Logs) -> Decimal:
        return (
            self.one_over * logs.one_over
            + self.two_over * logs.two_over
            + self.one_under * logs.one_under
            + self.two_under * logs.two_under
        )

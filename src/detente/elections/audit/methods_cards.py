"""Methods on cards: assorters, overstatements, pools, rankings, the sampler."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Protocol

from detente.elections.audit import assorters, overstatement, sampler
from detente.elections.audit.inputs import Inputs, as_name
from detente.elections.audit.irv import Assertion, clean_ranking, sufficiency
from detente.elections.errors import ElectionsError

_OVER = re.compile(r"(.+) over (.+)")
_RANGE = re.compile(r"(\w+) in (\d{1,7})\.\.(\d{1,7})")
_CARDS_MAX = 10_000_000


class Assertions(Protocol):
    """Finds the RAIRE assertions that a row names by a file."""

    def __call__(self, name: str) -> Mapping[str, object]:
        """The file's JSON object."""
        ...


def _marks(card: object) -> set[str]:
    return set() if card is None else {as_name(card)}


def _over(inputs: Inputs) -> tuple[str, str]:
    text = inputs.text("assertion")
    found = _OVER.fullmatch(text)
    if found is None:
        raise ElectionsError(f"an assertion reads 'A over B', not {text[:60]!r}")
    return found[1], found[2]


def _values(inputs: Inputs, name: str) -> list[float]:
    winner, loser = _over(inputs)
    cards = inputs.listed(name)
    return [assorters.plurality(_marks(card), winner=winner, loser=loser) for card in cards]


def _plurality(inputs: Inputs) -> float:
    return assorters.plurality(
        _marks(inputs.get("vote_for")), winner=inputs.name("winner"), loser=inputs.name("loser")
    )


def _supermajority(inputs: Inputs) -> float:
    card = inputs.text("card")
    marked = {card} if card in ("winner", "loser") else set[str]()
    return assorters.supermajority(marked, winner="winner", share=inputs.real("share"))


def _overstatement_mean(inputs: Inputs) -> float:
    return overstatement.expected_mean(
        inputs.real("v"),
        inputs.real("u", 1.0),
        one_vote_rate=inputs.real("one_vote_rate", 0.0),
        two_vote_rate=inputs.real("two_vote_rate", 0.0),
    )


def _pool_mean(inputs: Inputs) -> float:
    return (assorters.margin(_values(inputs, "pool")) + 1) / 2


def _ranking(inputs: Inputs) -> list[str]:
    return [as_name(each) for each in inputs.listed("ranking")]


def _winner_only(inputs: Inputs) -> float:
    return Assertion(inputs.name("winner"), inputs.name("loser")).value(_ranking(inputs))


def _elimination(inputs: Inputs) -> float:
    gone = frozenset(as_name(each) for each in inputs.listed("already_eliminated"))
    return Assertion(inputs.name("winner"), inputs.name("loser"), gone).value(_ranking(inputs))


def _clean_ranking(inputs: Inputs) -> list[str]:
    ranks = Inputs(inputs.mapping("ranks"))
    return clean_ranking({name: ranks.whole(name) for name in inputs.mapping("ranks")})


def parse_assertions(contest: Mapping[str, object]) -> list[Assertion]:
    """The assertions of one contest as RAIRE writes them.

    Raises:
        ElectionsError: a row that is none, or of an unknown type.
    """
    return [_parse_assertion(row) for row in Inputs(contest).listed("assertions")]


def _parse_assertion(row: object) -> Assertion:
    if not isinstance(row, dict):
        raise ElectionsError(f"an assertion is an object, not {row!r:.60}")
    inputs = Inputs(row)
    kind = inputs.text("assertion_type")
    winner, loser = inputs.name("winner"), inputs.name("loser")
    if kind == "WINNER_ONLY":
        return Assertion(winner, loser)
    if kind != "IRV_ELIMINATION":
        raise ElectionsError(f"an assertion is WINNER_ONLY or IRV_ELIMINATION, not {kind[:40]!r}")
    gone = frozenset(as_name(each) for each in inputs.listed("already_eliminated"))
    return Assertion(winner, loser, gone)


def raire_sufficiency(inputs: Inputs, find: Assertions) -> dict[str, object]:
    """Whether the assertions of a file, one left out if wanted, prove their winner."""
    contest = Inputs(find(inputs.text("assertions")))
    listed = parse_assertions({"assertions": contest.listed("assertions")})
    if inputs.has("without"):
        listed = _without(listed, inputs.text("without"))
    winner = as_name(contest.listed("winner")[0])
    names = [as_name(each) for each in contest.listed("candidates")]
    found = sufficiency(listed, names, winner)
    return {"sufficient": found.sufficient, "open_elimination_orders": found.open_orders}


def _without(listed: Sequence[Assertion], name: str) -> list[Assertion]:
    kept = [each for each in listed if str(each) != name]
    if len(kept) == len(listed):
        names = "; ".join(str(each) for each in listed)
        raise ElectionsError(f"no assertion is {name!r}", remedy=f"There are: {names}"[:1000])
    return kept


def _cards(inputs: Inputs) -> list[str]:
    """Card ids: a list, or "B-C for B in 1..5, C in 1..8"."""
    given = inputs.get("cards")
    if isinstance(given, list):
        return [as_name(each) for each in given]
    pattern, _, rest = inputs.text("cards").partition(" for ")
    ranges = [_RANGE.fullmatch(part.strip()) for part in rest.split(",")]
    named = [(found[1], int(found[2]), int(found[3])) for found in ranges if found]
    if not named or len(named) != len(ranges):
        raise ElectionsError("'cards' is a list, or such as 'B-C for B in 1..5, C in 1..8'")
    count = 1
    for _, first, last in named:
        count *= max(last - first + 1, 0)
    if count > _CARDS_MAX:
        raise ElectionsError(f"{count} cards; at most {_CARDS_MAX} are drawn from here")
    signs = re.split(r"(\w+)", pattern)
    return ["".join(ids.get(sign, sign) for sign in signs) for ids in _numbered(named)]


def _numbered(named: list[tuple[str, int, int]]) -> list[dict[str, str]]:
    names = [name for name, _, _ in named]
    spans = [range(first, last + 1) for _, first, last in named]
    return [dict(zip(names, map(str, ids), strict=True)) for ids in product(*spans)]


def _ticket(inputs: Inputs) -> str:
    draw = inputs.whole("draw") if inputs.has("draw") else None
    return sampler.ticket(inputs.text("seed"), inputs.name("card"), draw=draw)


METHODS: Mapping[str, Callable[[Inputs], object]] = {
    "plurality_assorter": _plurality,
    "supermajority_assorter": _supermajority,
    "overstatement_assorter_mean": _overstatement_mean,
    "overstatement_assorter_margin": lambda inputs: 2 * _overstatement_mean(inputs) - 1,
    "overstatement_assorter_bound": lambda inputs: overstatement.bound(
        inputs.real("v"), inputs.real("u", 1.0)
    ),
    "assorter_margin": lambda inputs: assorters.margin(_values(inputs, "cards")),
    "oneaudit_pool_mean": _pool_mean,
    "raire_winner_only_assorter": _winner_only,
    "raire_elimination_assorter": _elimination,
    "ranking_cleanup": _clean_ranking,
    "consistent_sampler_first_k": lambda inputs: sampler.draw(
        inputs.text("seed"), _cards(inputs), inputs.whole("k")
    ),
    "consistent_sampler_ticket_hex": _ticket,
}

"""Which cards to pull: anyone can draw again, nobody can choose.

The ticket of a card is SHA-256(seed || "," || card id) as a number; the sample
is the smallest tickets (consistent sampling, Rivest 2018), so that one
contest's sample nests in another's. With replacement the k-th draw of a card
appends "," || k. The manifest is committed to the log before the seed exists.
"""

from collections.abc import Iterable
from hashlib import sha256
from heapq import nsmallest
from itertools import pairwise

from detente.elections.errors import ElectionsError

SEED_DIGITS_MIN = 20


def check_seed(seed: str) -> str:
    """A public seed: at least twenty decimal digits, as dice give them.

    Raises:
        ElectionsError: fewer, or anything else.
    """
    if len(seed) < SEED_DIGITS_MIN or not (seed.isascii() and seed.isdigit()):
        raise ElectionsError(
            f"a seed is at least {SEED_DIGITS_MIN} decimal digits, such as twenty throws of a die",
            remedy="write the digits thrown in public, in their order, without spaces",
        )
    return seed


def ticket(seed: str, card: str, *, draw: int | None = None) -> str:
    """A card's ticket, 64 lower-case hex digits: they sort as the numbers they are."""
    text = f"{seed},{card}" if draw is None else f"{seed},{card},{draw}"
    return sha256(text.encode()).hexdigest()


def draw(seed: str, cards: Iterable[str], count: int) -> list[str]:
    """The `count` cards with the smallest tickets, in the order of their tickets.

    Raises:
        ElectionsError: fewer cards than wanted, or the same card id twice.
    """
    begun = sha256(f"{seed},".encode())
    tickets: list[tuple[bytes, str]] = []
    for card in cards:
        digest = begun.copy()
        digest.update(card.encode())
        tickets.append((digest.digest(), card))
    if count > len(tickets):
        raise ElectionsError(f"{count} cards were asked for of {len(tickets)}")
    drawn = nsmallest(count + 1, tickets)
    if any(one[0] == two[0] for one, two in pairwise(drawn)):
        raise ElectionsError("a card id stands twice in the manifest")
    return [card for _, card in drawn[:count]]

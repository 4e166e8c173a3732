"""What one card says about one assertion: a number whose mean decides.

The assertion is true if the mean over all cards exceeds one half. Stark,
"Sets of half-average nulls generate risk-limiting audits: SHANGRLA" (2020),
section 2. Instant run-off has its own module.
"""

from collections.abc import Collection, Iterable

from detente.elections.errors import ElectionsError


def plurality(marked: Collection[str], *, winner: str, loser: str) -> float:
    """1 for the winner alone, 0 for the loser alone, one half for both or neither.

    Serves plurality, several seats, and approval: one assertion for each pair of a winner and
    a loser. An over-voted card is given without its marks.
    """
    return ((winner in marked) - (loser in marked) + 1) / 2


def supermajority(marked: Collection[str], *, winner: str, share: float) -> float:
    """1/(2f) for a card with the winner's mark alone, 0 for another's, one half if not valid.

    Raises:
        ElectionsError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ElectionsError(f"a share lies between 0 and 1, not at {share}")
    if len(marked) != 1:
        return 0.5
    return 1 / (2 * share) if winner in marked else 0.0


def supermajority_bound(share: float) -> float:
    """The largest value of `supermajority`."""
    return 1 / (2 * share)


def margin(values: Iterable[float]) -> float:
    """v = 2 mean(A) - 1 over the records.

    Raises:
        ElectionsError: there are no records.
    """
    listed = list(values)
    if not listed:
        raise ElectionsError("a margin needs at least one record")
    return 2 * sum(listed) / len(listed) - 1


def margin_from_tally(*, winner: int, loser: int, cards: int) -> float:
    """The same from a tally: (V_w - V_l) / N."""
    if cards < 1:
        raise ElectionsError("a margin needs at least one card")
    return (winner - loser) / cards

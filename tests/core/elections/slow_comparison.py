"""A comparison audit in exact fractions, card by card: written again from the papers.

Nothing here is shared with the product but the marks on the cards. SHANGRLA (2020), section 3.2;
ONEAudit (2023); pending ballots are cards that all say the loser.
"""

from fractions import Fraction

HALF = Fraction(1, 2)


def means(values, pools):
    """What each record says: its own value, or the mean of its pool's."""
    said = list(values)
    for pool in {each for each in pools if each is not None}:
        inside = [v for v, p in zip(values, pools, strict=True) if p == pool]
        for at, each in enumerate(pools):
            if each == pool:
                said[at] = Fraction(sum(inside)) / len(inside)
    return said


def margin_of(said, total, pending):
    """How far the mean of all cards exceeds one half, twice; pending ballots are for the loser."""
    counted = total + pending
    assumed = Fraction(sum(said)) + HALF * (total - len(said))
    # Per card that can be drawn, so that the cards drawn have to make up for those pending.
    return 2 * (assumed - HALF * counted) / total


def overstatement_values(said, audited, *, margin, bound):
    """B for each card drawn."""
    return [
        (1 - (record - paper) / bound) / (2 - margin / bound)
        for record, paper in zip(said, audited, strict=True)
    ]


def true_mean_exceeds_half(papers, total, pending):
    """Whether the assertion is true of the paper, every pending ballot against it.

    `papers` are the values of all `total` cards.
    """
    assert len(papers) == total
    return Fraction(sum(papers)) > HALF * (total + pending)

"""The definitions of the audit papers in exact fractions: slow, independent, easy to check by eye.

Nothing here is shared with the product: formulas are written again from the papers, in the order
of evaluation they fix (null mean, then the bet, then the value).
"""

from fractions import Fraction
from itertools import permutations

INFINITE = "infinite"


def alpha_wealth(values, eta_of, *, mean, bound, cards):
    """Return T_1, T_2, ... of ALPHA; `eta_of(j, sum before)` names the alternative for card j."""
    wealth, before, seen = Fraction(1), Fraction(0), []
    for drawn, value in enumerate(values):
        null = mean if cards is None else (cards * mean - before) / (cards - drawn)
        eta = min(bound, max(eta_of(drawn + 1, before), null + (bound - null) / 2**30))
        if null < 0:
            wealth = INFINITE
        elif null > bound:
            wealth = Fraction(0)
        elif null == 0:
            wealth = INFINITE if value > 0 else wealth
        elif null < bound and wealth not in (INFINITE, 0):
            down = (bound - value) * (bound - eta) / (bound - null)
            wealth *= (value * eta / null + down) / bound
        before += value
        seen.append(wealth)
    if cards is not None and len(values) == cards and before > cards * mean:
        seen[-1] = INFINITE
    return seen


def p_of(wealth):
    """Return min(1, 1/T)."""
    if wealth == INFINITE:
        return 0.0
    return 1.0 if wealth <= 1 else float(1 / wealth)


def open_orders(assertions, candidates, winner):
    """Count every order of elimination, one after the other, that no assertion forbids."""
    count = 0
    for order in permutations(candidates):
        if order[-1] != winner and not any(forbids(each, order) for each in assertions):
            count += 1
    return count


def forbids(assertion, order):
    at = order.index(assertion.winner)
    if assertion.eliminated is None:
        return at < order.index(assertion.loser)
    return at < len(order) - 1 and frozenset(order[:at]) == assertion.eliminated

"""What is withheld matches nothing, whoever names it, and comes back whole. (issue 4, section 3)"""

from detente.watch import Item
from detente.watch.indicators import IndicatorMatcher, LiveIndicators, SetBuilder, Term
from detente.watch.indicators.keys import key_of

ADDRESS, NETWORK = Item("ipv4-addr:value", "192.0.2.7"), Item("ipv4-addr:value", "192.0.2.0/24")
EVENT = {"src_ip": "192.0.2.7"}


def hits(matcher: IndicatorMatcher) -> int:
    return len(matcher.matches([EVENT], now=0.0))


def test_a_withheld_value_is_not_looked_for_until_it_is_allowed() -> None:
    live = LiveIndicators()
    matcher = IndicatorMatcher(SetBuilder().seal(), live)
    key = key_of(ADDRESS)
    assert key is not None
    live.replace("a", [(ADDRESS, Term("a"))])
    assert hits(matcher) == 1
    live.withhold([key])
    live.replace("b", [(ADDRESS, Term("b")), (NETWORK, Term("b"))])
    assert hits(matcher) == 1  # the network alone
    live.allow([key])
    assert hits(matcher) == 2


def test_a_value_that_nobody_names_any_more_is_withheld_no_longer() -> None:
    live = LiveIndicators()
    matcher = IndicatorMatcher(SetBuilder().seal(), live)
    key = key_of(ADDRESS)
    assert key is not None
    live.withhold([key])  # nobody names it: nothing to withhold
    live.replace("a", [(ADDRESS, Term("a"))])
    assert hits(matcher) == 1
    live.withhold([key])
    assert live.knows(key)
    live.replace("a", [])
    assert not live.knows(key)
    live.replace("a", [(ADDRESS, Term("a"))])
    assert hits(matcher) == 1

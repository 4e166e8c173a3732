"""Indicators that name one value: millions of them, asked about every field of every event.

For: finding a named value in a log, exactly, at the price of a dictionary look-up.
Trusts: that what is loaded was meant to be looked for; nothing in the events. Follows:
STIX 2.1 patterns of a single comparison; trust.md, section 6, for validity and revocation.
"""

from detente.watch.indicators.columns import IndicatorSet, SetBuilder
from detente.watch.indicators.compounds import CompoundMatcher, values_it_needs, whole_item
from detente.watch.indicators.fields import FIELDS, Observable
from detente.watch.indicators.lists import ListReader
from detente.watch.indicators.live import LiveIndicators
from detente.watch.indicators.matching import IndicatorHit, IndicatorMatcher
from detente.watch.indicators.model import Found, Term
from detente.watch.indicators.wanted import keys_of_pattern

__all__ = [
    "FIELDS",
    "CompoundMatcher",
    "Found",
    "IndicatorHit",
    "IndicatorMatcher",
    "IndicatorSet",
    "ListReader",
    "LiveIndicators",
    "Observable",
    "SetBuilder",
    "Term",
    "keys_of_pattern",
    "values_it_needs",
    "whole_item",
]

"""What a STIX pattern asks of a set: the keys of its values, each enough by itself.

A pattern that is one comparison by equality or IN, one network by ISSUBSET, or several of
these joined by OR. Any other is for `watch.patterns`.
"""

from collections.abc import Iterator

from detente.statements.expressions import (
    Combined,
    Comparison,
    Compound,
    Expression,
    Joint,
    Observation,
    Operator,
    Qualified,
    Test,
)
from detente.statements.pattern import parse_pattern, single_equality
from detente.watch.indicators.keys import Key, key_of, spelled
from detente.watch.model import Item
from detente.watch.values import network_of

Wanted = tuple[Key, Item]
_ADDRESSES = ("ipv4-addr:value", "ipv6-addr:value")


def keys_of_pattern(text: str) -> tuple[Wanted, ...]:
    """Return the keys a pattern asks for, each of them enough; none where it asks for more.

    Raises:
        PatternError: not a pattern.
    """
    single = single_equality(text)
    if single is not None:
        found = _wanted(*single)
        return () if found is None else (found,)
    keys = tuple(_alternatives(parse_pattern(text).expression))
    return () if None in keys else tuple(dict.fromkeys(key for key in keys if key is not None))


def _wanted(path: str, value: str) -> Wanted | None:
    item = spelled(path, value)
    key = None if item is None else key_of(item)
    return None if item is None or key is None else (key, item)


def _alternatives(expression: Expression | Test) -> Iterator[Wanted | None]:
    match expression:
        case Observation(test=inner):
            yield from _alternatives(inner)
        case Combined(joint=Joint.OR, parts=parts) | Compound(joint=Joint.OR, parts=parts):
            for part in parts:
                yield from _alternatives(part)
        case Comparison(negated=False, operator=Operator.EQ | Operator.IN):
            yield from (
                _wanted(expression.path.key, each.value) if isinstance(each.value, str) else None
                for each in expression.constants
            )
        case Comparison(negated=False, operator=Operator.ISSUBSET):
            yield _network(expression)
        case Comparison() | Compound() | Combined() | Qualified():
            yield None


def _network(comparison: Comparison) -> Wanted | None:
    text = str(comparison.constants[0].value)
    if comparison.path.key not in _ADDRESSES or network_of(text) is None:
        return None
    return _wanted(comparison.path.key, text)

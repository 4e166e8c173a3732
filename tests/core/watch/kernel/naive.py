"""The slow way: pySigma's own condition tree, asked of one event at a time, nothing remembered.

Written from the specification and shares no code with the kernel: wildcards are Python's
expressions, networks Python's, lists loops.
"""

import re
from datetime import UTC, datetime
from ipaddress import ip_address

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)


def fires(rule, event):
    """Say whether any condition of a pySigma rule is true for a flat event."""
    return any(holds(each.parsed, event) for each in rule.detection.parsed_condition)


def holds(condition, event):
    match condition:
        case ConditionAND():
            return all(holds(each, event) for each in condition.args)
        case ConditionOR():
            return any(holds(each, event) for each in condition.args)
        case ConditionNOT():
            return not holds(condition.args[0], event)
        case ConditionFieldEqualsValueExpression():
            return asked(condition.value, texts(event, condition.field), event)
        case _:
            everything = [text for name in event for text in texts(event, name)]
            return keyword(condition.value, [] if event is None else everything)


def plain(name):
    return name.replace(" ", "").lower()


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(event, field):
    """Return every text that the field has, under any spelling of its name."""
    found = []
    for name, value in event.items():
        if name.startswith("_") or plain(name) != plain(field):
            continue
        items = value if isinstance(value, list) else [value]
        found += [text(item) for item in items if item is not None]
    return found


def asked(value, values, event):
    match value:
        case SigmaExpansion():
            return any(asked(each, values, event) for each in value.values)
        case SigmaNull():
            return not values
        case SigmaExists():
            return bool(values) == value.exists
        case SigmaFieldReference():
            return any(
                referenced(value, one.lower(), other.lower())
                for one in values
                for other in texts(event, value.field)
            )
        case _:
            return any(one_asked(value, each) for each in values)


def referenced(value, one, other):
    match value.starts_with, value.ends_with:
        case True, True:
            return other in one
        case True, False:
            return one.startswith(other)
        case False, True:
            return one.endswith(other)
    return one == other


def keyword(value, values):
    match value:
        case SigmaExpansion():
            return any(keyword(each, values) for each in value.values)
        case SigmaString():
            return any(wildcard(value, each, inside=True) for each in values)
        case SigmaNumber() | SigmaBool():
            return any(str(value).lower() in each.lower() for each in values)
        case _:
            return any(one_asked(value, each) for each in values)


def one_asked(value, one):
    match value:
        case SigmaString():
            return wildcard(value, one, inside=False)
        case SigmaTimestampPart():
            return part(value, one) == value.number
        case SigmaNumber() | SigmaBool():
            return one.lower() == str(value).lower()
        case SigmaCompareExpression():
            return compared(value, one)
        case SigmaRegularExpression():
            return searched(value, one)
    assert isinstance(value, SigmaCIDRExpression)
    return inside(value, one)


def searched(value, one):
    flags = re.ASCII
    for flag in value.flags:
        flags |= getattr(re, flag.name)
    return re.search(str(value.regexp), one, flags) is not None


def inside(value, one):
    try:
        return ip_address(one) in value.network
    except ValueError:
        return False


def wildcard(value, one, *, inside):
    cased = isinstance(value, SigmaCasedString)
    said = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    written = "".join(
        re.escape(each if cased else each.lower()) if isinstance(each, str) else said[each]
        for each in value.s
    )
    find = re.search if inside else re.fullmatch
    return find(written, one if cased else one.lower(), re.DOTALL) is not None


def compared(value, one):
    if isinstance(value.number, SigmaTimestampPart):
        seen = part(value.number, one)
    else:
        seen = float(one) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", one.strip(), re.A) else None
    if seen is None:
        return False
    number = value.number.number
    match value.op.name:
        case "LT":
            return seen < number
        case "LTE":
            return seen <= number
        case "GT":
            return seen > number
        case "GTE":
            return seen >= number
    return seen != number


def part(value, one):
    try:
        time = datetime.fromisoformat(one)
    except ValueError:
        return None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    name = value.timestamp_part.name.lower()
    return time.isocalendar().week if name == "week" else getattr(time, name)

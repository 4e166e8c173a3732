"""What a pattern asks of its observations, as drawing different ones from sets of them.

A set of observations is an integer: bit i stands for observation i, by the time it was
first observed. Every qualifier of time is, once a moment is chosen, a set that all
drawn must lie in; so choosing moments and alternatives leaves a matching
problem, and `drawing` solves that with numbers, however often a thing was observed.
"""

from dataclasses import dataclass
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Draw:
    """So many different observations of a set."""

    mask: int
    count: int


@dataclass(frozen=True, slots=True)
class Each:
    """All parts, with nothing drawn twice."""

    parts: "tuple[Plan, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts."""

    parts: "tuple[Plan, ...]"


@dataclass(frozen=True, slots=True)
class Chain:
    """All parts, each no earlier than all those before it."""

    parts: "tuple[Plan, ...]"


@dataclass(frozen=True, slots=True)
class Window:
    """The part, all of it within a length of time."""

    part: "Plan"
    span: int


@dataclass(frozen=True, slots=True)
class Times:
    """The part so many times, with nothing drawn twice."""

    part: "Plan"
    count: int


Plan = Draw | Each | Either | Chain | Window | Times
NEVER = Draw(0, 1)


def each_of(parts: tuple[Plan, ...]) -> Plan:
    """Return the simplest plan for all of the parts."""
    flat: list[Plan] = []
    for part in parts:
        flat += part.parts if isinstance(part, Each) else (part,)
    if NEVER in flat:
        return NEVER
    return flat[0] if len(flat) == 1 else Each(tuple(flat))


def one_of(parts: tuple[Plan, ...]) -> Plan:
    """Return the simplest plan for one of the parts."""
    mask = 0
    others: dict[Plan, None] = {}
    for part in parts:
        for one in part.parts if isinstance(part, Either) else (part,):
            if isinstance(one, Draw) and one.count == 1:
                mask |= one.mask  # one of two sets is one of both together
            else:
                others[one] = None
    kept = (*((Draw(mask, 1),) if mask else ()), *others)
    if not kept:
        return NEVER
    return kept[0] if len(kept) == 1 else Either(kept)


def chain_of(parts: tuple[Plan, ...]) -> Plan:
    """Return the simplest plan for the parts one after the other."""
    if NEVER in parts:
        return NEVER
    return parts[0] if len(parts) == 1 else Chain(parts)


def window_of(part: Plan, span: int) -> Plan:
    """Return the simplest plan for a part within a length of time; one observation always is."""
    if isinstance(part, Draw) and part.count == 1:
        return part
    return Window(part, span)


def times_of(part: Plan, count: int) -> Plan:
    """Return the simplest plan for a part so many times."""
    match part:
        case _ if part == NEVER or count == 1:
            return part
        case Draw():
            return Draw(part.mask, part.count * count)
        case Each():
            return Each(tuple(times_of(each, count) for each in part.parts))
        case Times():
            return Times(part.part, part.count * count)
        case Either() | Chain() | Window():
            return Times(part, count)
        case _:
            assert_never(part)


def narrowed(plan: Plan, keep: int) -> Plan:
    """Return the plan with nothing drawn outside a set."""
    match plan:
        case Draw():
            mask = plan.mask & keep
            return Draw(mask, plan.count) if mask else NEVER
        case Each():
            return each_of(tuple(narrowed(each, keep) for each in plan.parts))
        case Either():
            return one_of(tuple(narrowed(each, keep) for each in plan.parts))
        case Chain():
            return chain_of(tuple(narrowed(each, keep) for each in plan.parts))
        case Window():
            return window_of(narrowed(plan.part, keep), plan.span)
        case Times():
            return times_of(narrowed(plan.part, keep), plan.count)
        case _:
            assert_never(plan)


def least(plan: Plan) -> tuple[Draw, ...]:
    """Return draws that any way to meet the plan contains."""
    match plan:
        case Draw():
            return (plan,)
        case Each() | Chain():
            return tuple(draw for part in plan.parts for draw in least(part))
        case Either():
            return (Draw(mask_of(plan), size_of(plan)),)
        case Window():
            return least(plan.part)
        case Times():
            return tuple(Draw(one.mask, one.count * plan.count) for one in least(plan.part))
        case _:
            assert_never(plan)


def mask_of(plan: Plan) -> int:
    """Return everything that may be drawn."""
    match plan:
        case Draw():
            return plan.mask
        case Each() | Either() | Chain():
            mask = 0
            for part in plan.parts:
                mask |= mask_of(part)
            return mask
        case Window() | Times():
            return mask_of(plan.part)
        case _:
            assert_never(plan)


def size_of(plan: Plan) -> int:
    """Return how many observations are drawn at least."""
    match plan:
        case Draw():
            return plan.count
        case Each() | Chain():
            return sum(map(size_of, plan.parts))
        case Either():
            return min(map(size_of, plan.parts))
        case Window():
            return size_of(plan.part)
        case Times():
            return size_of(plan.part) * plan.count
        case _:
            assert_never(plan)

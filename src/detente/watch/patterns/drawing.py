"""Whether a plan can be met: moments and alternatives are tried, the rest is a matching.

Each state is first asked for less than it wants (draws any solution contains, and
the earliest that order in time allows); what fails that is never looked into.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import assert_never

from detente.watch.patterns.plan import (
    Chain,
    Draw,
    Each,
    Either,
    Plan,
    Times,
    Window,
    chain_of,
    each_of,
    least,
    mask_of,
    narrowed,
    size_of,
)
from detente.watch.patterns.timeline import Timeline

State = tuple[Plan, ...]


def can_be_met(plan: Plan, timeline: Timeline) -> bool:
    """Say whether different observations can be drawn as the plan asks.

    Raises:
        PatternError: that takes more work than is allowed.
    """
    waiting: list[Iterator[State]] = [iter(((plan,),))]
    while waiting:
        state = next(waiting[-1], None)
        if state is None:
            waiting.pop()
        elif _may_be_met(state, timeline):
            open_part = next((n for n, p in enumerate(state) if not isinstance(p, Draw)), None)
            if open_part is None:
                return True
            waiting.append(_following(state, open_part, timeline))
    return False


def _may_be_met(state: State, timeline: Timeline) -> bool:
    draws: dict[int, int] = {}
    for part in state:
        if _earliest(part, timeline) is None:
            return False
        for draw in least(part):
            draws[draw.mask] = draws.get(draw.mask, 0) + draw.count
    timeline.spend(len(draws) + 1)
    return can_be_drawn(draws, timeline)


def _following(state: State, at: int, timeline: Timeline) -> Iterator[State]:
    others = state[:at] + state[at + 1 :]
    for parts in _ways(state[at], timeline):
        yield others + parts


def _ways(plan: Plan, timeline: Timeline) -> Iterator[State]:
    """Yield plans that are one choice nearer to draws alone; any of them will do."""
    match plan:
        case Draw():
            yield (plan,)
        case Each():
            yield plan.parts
        case Either():
            yield from ((part,) for part in plan.parts)
        case Times():
            yield plan.part, (Times(plan.part, plan.count - 1) if plan.count > 2 else plan.part)  # noqa: PLR2004
        case Window():
            for start in timeline.ends(mask_of(plan.part)):
                keep = timeline.from_on(start) & timeline.until(start + plan.span)
                yield (narrowed(plan.part, keep),)
        case Chain():
            yield from _cuts(plan, timeline)
        case _:
            assert_never(plan)


def _cuts(chain: Chain, timeline: Timeline) -> Iterator[State]:
    """Yield the chain cut before its last part, at each moment that may lie between."""
    before, last = each_of(chain.parts[:-1]), chain.parts[-1]
    soonest = _earliest(chain_of(chain.parts[:-1]), timeline)
    if soonest is None:
        return
    for moment in timeline.moments(mask_of(before), earliest=soonest):
        after = narrowed(last, timeline.from_on(moment))
        until = timeline.until(moment)
        parts = tuple(narrowed(part, until) for part in chain.parts[:-1])
        yield chain_of(parts), after


def _earliest(plan: Plan, timeline: Timeline) -> int | None:
    """Return a time before which nothing can have met the plan, None where nothing ever can."""
    match plan:
        case Draw():
            timeline.spend(1 if plan.count == 1 else 8)
            return timeline.first_after(plan.mask, plan.count)
        case Each():
            times = [_earliest(part, timeline) for part in plan.parts]
            return _latest([*times, _earliest_all(plan, timeline)])
        case Either():
            some = [time for part in plan.parts if (time := _earliest(part, timeline)) is not None]
            return min(some, default=None)
        case Window() | Times():
            return _earliest(plan.part, timeline)
        case Chain():
            return _earliest_chain(plan, timeline)
        case _:
            assert_never(plan)


def _earliest_chain(chain: Chain, timeline: Timeline) -> int | None:
    moment = _earliest(chain.parts[0], timeline)
    for part in chain.parts[1:]:
        if moment is None:
            return None
        timeline.spend(1)
        later = _earliest(narrowed(part, timeline.from_on(moment)), timeline)
        moment = _latest([moment, later])
    return _latest([moment, _earliest_all(chain, timeline)])


def _earliest_all(plan: Each | Chain, timeline: Timeline) -> int | None:
    """Return when enough different observations for all parts have been made, of whichever part."""
    timeline.spend(len(plan.parts))
    return timeline.first_after(mask_of(plan), size_of(plan))


def _latest(times: list[int | None]) -> int | None:
    latest = 0
    for time in times:
        if time is None:
            return None
        latest = max(latest, time)
    return latest


def can_be_drawn(draws: dict[int, int], timeline: Timeline) -> bool:
    """Say whether each set (a mask) can give its count, with nothing given twice."""
    total = sum(draws.values())
    weights = {mask: timeline.weight(mask) for mask in draws}
    if any(weights[mask] < count for mask, count in draws.items()):
        return False
    if all(weight >= total for weight in weights.values()):
        return True
    union = 0
    for mask in draws:
        union |= mask
    if timeline.weight(union) < total:
        return False
    return _flows(list(draws.items()), timeline)


def _flows(draws: list[tuple[int, int]], timeline: Timeline) -> bool:
    """Ford and Fulkerson between the draws and the classes of observations they share."""
    classes = _classes([mask for mask, _ in draws], timeline)
    free = [timeline.weight(mask) for mask, _ in classes]
    taken: list[dict[int, int]] = [{} for _ in draws]  # draw -> class -> how many
    for draw, (_, count) in enumerate(draws):
        missing = count
        while missing:
            timeline.spend(len(draws))
            way = _way(draw, classes, free, taken)
            if way is None:
                return False
            missing -= _push(way, missing, free, taken)
    return True


def _classes(masks: list[int], timeline: Timeline) -> list[tuple[int, int]]:
    """Return disjoint sets and, as bits, the draws that may take from each."""
    union = 0
    for mask in masks:
        union |= mask
    classes = [(union, 0)]
    for number, mask in enumerate(masks):
        timeline.spend(len(classes))
        split = []
        for members, draws in classes:
            inside, outside = members & mask, members & ~mask
            split += [(inside, draws | 1 << number)] if inside else []
            split += [(outside, draws)] if outside else []
        classes = split
    return classes


# (draw, class) steps from the draw that wants to the class that has.
Way = list[tuple[int, int]]


def _way(
    start: int, classes: list[tuple[int, int]], free: list[int], taken: list[dict[int, int]]
) -> Way | None:
    came: dict[int, tuple[int, int]] = {}  # class -> the draw it was reached by, its class before
    waiting, seen = [(start, -1)], {start}
    for draw, before in waiting:
        for number, (_, draws) in enumerate(classes):
            if number in came or not draws >> draw & 1:
                continue
            came[number] = (draw, before)
            if free[number]:
                return _traced(number, came)
            for other, holds in enumerate(taken):
                if other not in seen and holds.get(number):
                    seen.add(other)
                    waiting.append((other, number))
    return None


def _traced(number: int, came: dict[int, tuple[int, int]]) -> Way:
    way: Way = []
    while number >= 0:
        draw, before = came[number]
        way.append((draw, number))
        number = before
    return way[::-1]


def _push(way: Way, missing: int, free: list[int], taken: list[dict[int, int]]) -> int:
    amount = min(missing, free[way[-1][1]])
    for (_, number), (holder, _) in pairwise(way):
        amount = min(amount, taken[holder][number])
    free[way[-1][1]] -= amount
    for place, (draw, number) in enumerate(way):
        taken[draw][number] = taken[draw].get(number, 0) + amount
        if place:
            taken[draw][way[place - 1][1]] -= amount
    return amount

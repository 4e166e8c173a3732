"""The kernel: batches of events in, the rules that fire out. No input, no output, no clock."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from orjson import loads

from detente.watch.kernel.memo import Atoms, Budget, forget_half, stay_within
from detente.watch.kernel.plan import (
    Plan,
)
from detente.watch.kernel.planning import Planner
from detente.watch.kernel.program import (
    CHANNEL,
    EVENT_ID,
    SOURCE,
    Event,
    Program,
)
from detente.watch.kernel.routing import Router, sources_of

PROVIDER = "Provider_Name"
_PLAIN = frozenset({str, int, float, bool, type(None)})
_KEYS = frozenset({int, str, type(None)})  # 1, 1.0 and True would be one key
_SLICE = 8_192  # events between two looks at what the memos hold
_NAMES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Match:
    """An event of a batch for which rules fire.

    Attributes:
        event: its place in the batch.
        rules: numbers of rules in the program, ascending, each once.
    """

    event: int
    rules: tuple[int, ...]


class Kernel:
    """Runs a program over events.

    What it learnt of values and kinds of events stays from batch to batch, in bounded
    memos: the answer for an event never depends on what came before, only its cost.

    Args:
        program: compiled rules.
        rules: numbers of the rules to run; all where None.
        budget: what the memos may hold.
    """

    def __init__(
        self,
        program: Program,
        rules: Iterable[int] | None = None,
        *,
        budget: Budget | None = None,
    ) -> None:
        self.program = program
        self._budget = budget or Budget()
        wanted = range(len(program.rules)) if rules is None else frozenset(rules)
        chosen = [each for each in enumerate(program.variants) if each[1].rule in wanted]
        self._router = Router(chosen)
        self._variants_of: dict[int, list[int]] = {}
        for number, variant in chosen:
            self._variants_of.setdefault(variant.rule, []).append(number)
        self._planner = Planner(program, self._router.of_any_channel())
        self._plans: dict[tuple[tuple[int, ...], Atoms | None], Plan] = {}
        self._windows: dict[tuple[Any, Any], Plan] = {}
        self._tagged: dict[Any, Plan] = {}

    @property
    def scans(self) -> int:
        """How many values were read in full so far; all others were known."""
        return sum(memo.scans for memo in self._planner.memos.values())

    @property
    def remembered(self) -> int:
        """How many values, answers and kinds of events the memos hold."""
        values = sum(map(len, self._planner.memos.values()))
        answers = sum(len(plan.answers) + len(plan.looks) for plan in self._plans.values())
        routes = len(self._windows) + len(self._tagged) + len(self._plans)
        return values + answers + routes + len(self._planner.interned.sets)

    def match(
        self, events: Sequence[Event], raws: Sequence[bytes | None] | None = None
    ) -> list[Match]:
        """Return the events of a batch for which rules fire, in order.

        Args:
            events: flat ones.
            raws: of each event the JSON whose scalars are the event's values, every one;
                None where it was made in another way. Only quicker: the answer is the same.
        """
        found = []
        for start in range(0, len(events), _SLICE):
            for at in range(start, min(start + _SLICE, len(events))):
                fired = self.fire(events[at], None if raws is None else raws[at])
                if fired:
                    found.append(Match(at, fired))
            self.stay_within()
        return found

    def fire(self, event: Event, raw: bytes | None = None) -> tuple[int, ...]:
        """Return the rules that fire for one event, ascending.

        For whoever reads, asks and lets go event by event, while it is in the processor's
        cache; such a caller calls `stay_within` now and then. Arguments as for `match`.
        """
        plan = self._plan_for(event)
        if not plan.good_names.issuperset(event):
            event, plan = self._respelled(event, plan)
        return plan.fire(event, raw)

    def fire_lines(
        self, lines: Sequence[bytes]
    ) -> Iterator[tuple[int, dict[str, Any] | None, tuple[int, ...] | None]]:
        """Decode lines of JSON, and yield those for which rules fire or that are not plain.

        A line is plain if it is a flat Windows event of a kind and with names met before;
        such a one for which nothing fires costs no more than its look-ups.

        Args:
            lines: each one JSON value, or what its reader has yet to judge.

        Yields:
            Place in `lines`, the event, the rules that fire. None for the rules where the
            line is not plain: a reader then makes events of it for `fire`, which learns
            the kind.
        """
        free = self.free_of_keywords(lines)
        windows, plain = self._windows, _PLAIN.issuperset
        for at, line in enumerate(lines):
            try:
                event = loads(line)
                event_id = event["EventID"]
                plan = windows[event["Channel"], event_id]
            except (ValueError, KeyError, TypeError):  # no JSON, no event, or a new kind
                yield at, None, None
                continue
            if (
                event_id.__class__ is not int  # 1, 1.0 and True are one key
                or PROVIDER not in event
                or not plan.good_names.issuperset(event)
                or not plain(map(type, event.values()))
            ):
                yield at, event, None
                continue
            fired = plan.fire(event, line, is_free=free is None or free[at])
            if fired:
                yield at, event, fired

    def free_of_keywords(self, raws: Sequence[bytes]) -> list[bool] | None:
        """Say of each JSON value whether none of the keywords is in it that all Windows events
        are asked for; false where it may be. None where that is so of all.
        """
        if self._planner.everywhere is None:
            return [False] * len(raws)
        found = self._planner.everywhere.places(b"\n".join(raws))
        if not found:
            return None
        starts = [0, *accumulate(len(raw) + 1 for raw in raws)]
        free = [True] * len(raws)
        for _, start, end in found:
            first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
            free[first : last + 1] = [False] * (last + 1 - first)
        return free

    def matched_fields(self, event: Event, rule: int) -> dict[str, Any]:
        """Return the fields of an event that hold what a rule looks for, with their values.

        Args:
            event: one for which the rule fires.
            rule: its number in the program.
        """
        event, plan = self._respelled(event, self._plan_for(event))
        shown: dict[str, Any] = {}
        for number in self._variants_of[rule]:
            if number not in plan.variants:
                continue
            candidate = self._planner.candidate(number)
            present = plan.present(self._planner.key(plan, event, candidate))
            if not candidate.holds(present):
                continue
            for atom in candidate.asked() & present:
                name = plan.shown_name(self._planner.place(atom))
                if event.get(name) is not None:
                    shown[name] = event[name]
        return dict(sorted(shown.items()))

    def _plan_for(self, event: Event) -> Plan:
        if SOURCE in event:
            return self._plan_for_tagged(event)
        event_id = event.get(EVENT_ID)
        if type(event_id) in _KEYS:
            try:
                return self._windows[event.get(CHANNEL), event_id]
            except (KeyError, TypeError):
                pass
        return self._plan_for_windows(event)

    def _plan_for_windows(self, event: Event) -> Plan:
        channel, event_id = event.get(CHANNEL), event.get(EVENT_ID)
        variants = self._router.windows(channel, event_id)
        read = ((CHANNEL, channel), (EVENT_ID, event_id))
        plan = self._plan(variants, self._planner.settled(variants, read))
        if isinstance(channel, str | None) and type(event_id) in _KEYS:
            self._windows[channel, event_id] = plan
        return plan

    def _plan_for_tagged(self, event: Event) -> Plan:
        sources = sources_of(event) or ()
        plan = self._tagged.get(sources)
        if plan is None:
            plan = self._tagged[sources] = self._plan(self._router.tagged(sources), None)
        return plan

    def _plan(self, variants: tuple[int, ...], fixed: Atoms | None) -> Plan:
        key = (variants, fixed)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._planner.plan(variants, fixed)
        return plan

    def _respelled(self, event: Event, plan: Plan) -> tuple[Event, Plan]:
        """Return an event with the names that rules use where its plan asks for them.

        Names that are equal but for case and spaces are one field with several values.
        """
        good = plan.good_names
        if len(good) > _NAMES_MAX:
            good.clear()
        odd: dict[str, str] = {}
        for name in [name for name in event if name not in good]:
            if name == SOURCE:
                continue  # asks for care each time
            own = None if name[:1] == "_" else plan.own_name(name)
            if own is None or own == name:
                good.add(name)
            else:
                odd[name] = own
        if not odd:
            return event, plan
        spelled: Event = {name: value for name, value in event.items() if name not in odd}
        for name, own in odd.items():
            spelled[own] = _together(spelled.get(own), event[name])
        again = self._plan_for(spelled)
        # Another plan may ask for names that this one did not.
        return (spelled, plan) if again is plan else self._respelled(spelled, again)

    def stay_within(self) -> None:
        """Let the older half of the memos go where they hold more than the budget."""
        answers = [memo for plan in self._plans.values() for memo in (plan.answers, plan.looks)]
        stay_within(self._budget, self._planner.memos.values(), answers, self._planner.interned)
        for routes in (self._windows, self._tagged):
            if len(routes) > self._budget.routes:
                forget_half(routes)
        if len(self._plans) > self._budget.routes:
            forget_half(self._plans)


def _together(first: object, second: object) -> object:
    if first is None or second is None:
        return second if first is None else first
    held = first if isinstance(first, list) else [first]
    return held + (second if isinstance(second, list) else [second])

"""The kernel: batches of events in, the rules that fire out. No input, no output, no clock."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from detente.watch.kernel.memo import Atoms, Budget, Interned, ValueMemo, forget_half, stay_within
from detente.watch.kernel.plan import (
    ROUTING_NAMES,
    Asking,
    Candidate,
    Chosen,
    Keywords,
    Plan,
    Reference,
    choose,
)
from detente.watch.kernel.program import (
    CHANNEL,
    EVENT_ID,
    KEYWORDS,
    SOURCE,
    Event,
    Op,
    Program,
    plain_name,
)
from detente.watch.kernel.routing import Router, sources_of
from detente.watch.kernel.screen import Screen, screen_for
from detente.watch.kernel.trees import Fields, atoms_of

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
        self._spelled = {plain_name(each.name): each.name for each in program.fields}
        for name in ROUTING_NAMES:
            self._spelled[plain_name(name)] = name
        self._fields = Fields(program.fields)
        self._places: dict[str, list[int]] = {}
        for place, each in enumerate(program.fields):
            self._places.setdefault(plain_name(each.name), []).append(place)
        self._comparing = {
            place
            for place, each in enumerate(program.fields)
            if any(op == Op.FIELD for op, _ in each.atoms)
        }
        self._interned = Interned()
        self._memos: dict[tuple[int, Atoms | None], ValueMemo] = {}
        self._candidates: dict[int, Candidate] = {}
        self._plans: dict[tuple[tuple[int, ...], Atoms | None], Plan] = {}
        self._windows: dict[tuple[Any, Any], Plan] = {}
        self._everywhere_atoms, self._everywhere = self._asked_everywhere()
        self._tagged: dict[Any, Plan] = {}

    @property
    def scans(self) -> int:
        """How many values were read in full so far; all others were known."""
        return sum(memo.scans for memo in self._memos.values())

    @property
    def remembered(self) -> int:
        """How many values, answers and kinds of events the memos hold."""
        values = sum(map(len, self._memos.values()))
        answers = sum(len(plan.answers) + len(plan.looks) for plan in self._plans.values())
        routes = len(self._windows) + len(self._tagged) + len(self._plans)
        return values + answers + routes + len(self._interned.sets)

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

    def fire_plain(self, event: object, raw: bytes, *, is_free: bool) -> tuple[int, ...] | None:
        """Return the rules that fire for a value as JSON gave it, if it is a plain Windows event.

        Args:
            event: what `raw` decodes to.
            raw: one JSON value.
            is_free: what `free_of_keywords` says of it.

        Returns:
            None where it is not known for plain: no event, nested, of a new kind or with a
            new field. A reader then makes an event of it for `fire`, which learns the kind.
        """
        try:
            event_id = event["EventID"]  # type: ignore[index] # anything but a mapping raises
            plan = self._windows[event["Channel"], event_id]  # type: ignore[index]
        except (KeyError, TypeError):
            return None
        if type(event_id) is not int or not isinstance(event, dict):
            return None  # 1, 1.0 and True are one key
        if PROVIDER not in event or not plan.good_names.issuperset(event):
            return None
        # Without another bracket there is nothing nested; brackets also stand in text.
        if (raw.find(b"{", 1) >= 0 or b"[" in raw) and not _PLAIN.issuperset(
            map(type, event.values())
        ):
            return None
        return plan.fire(event, raw, is_free=is_free)

    def free_of_keywords(self, raws: Sequence[bytes]) -> list[bool]:
        """Say of each JSON value whether none of the keywords is in it that all Windows events
        are asked for; false where it may be.
        """
        if self._everywhere is None:
            return [False] * len(raws)
        starts = [0]
        for raw in raws:
            starts.append(starts[-1] + len(raw) + 1)
        free = [True] * len(raws)
        for _, start, end in self._everywhere.places(b"\n".join(raws)):
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
            variant = self.program.variants[number]
            if number not in plan.variants:
                continue
            present = plan.present(plan.key(event, variant.fields))
            candidate = self._candidate(number)
            if not candidate.holds(present):
                continue
            for atom in candidate.asked() & present:
                name = plan.shown_name(self._fields.place(atom))
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
        # What routing has read is the same for every event of the plan.
        fixed = [
            self._memo(place).of_any(value)
            for name, value in ((CHANNEL, channel), (EVENT_ID, event_id))
            for place in self._places.get(plain_name(name), ())
            if any(place in self.program.variants[n].fields for n in variants)
        ]
        plan = self._plan(variants, frozenset().union(*fixed))
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
            plan = self._plans[key] = self._new_plan(variants, fixed)
        return plan

    def _new_plan(self, variants: tuple[int, ...], fixed: Atoms | None) -> Plan:
        settled: set[int] = set()
        if fixed is not None:
            settled.update(
                place for name in ROUTING_NAMES for place in self._places.get(plain_name(name), ())
            )
        candidates = {number: self._candidate(number) for number in variants}
        chosen = choose(candidates.values(), fixed or frozenset(), settled, self._fields.place)
        living = {*chosen.always, *(c for each in chosen.by_witness.values() for c in each)}
        variants = tuple(number for number in variants if candidates[number] in living)
        places = {place for each in living for place in each.variant.fields} - settled
        names = {place: self.program.fields[place].name for place in sorted(places)}
        keywords = None
        for place in [place for place, name in names.items() if name == KEYWORDS]:
            del names[place]
            keywords = self._keywords(place, variants, is_windows=fixed is not None)
        references = self._references(variants, places)
        asking = self._asking(names, chosen, references, keywords)
        return Plan(variants, chosen, fixed or frozenset(), asking, references, keywords)

    def _keywords(self, place: int, variants: Iterable[int], *, is_windows: bool) -> Keywords:
        atoms = self._keyword_atoms(variants)
        is_usual = is_windows and atoms <= self._everywhere_atoms
        return Keywords(place, self._memo(place), self._screen(atoms), atoms, is_usual=is_usual)

    def _asking(
        self,
        names: dict[int, str],
        chosen: Chosen,
        references: Iterable[Reference],
        keywords: Keywords | None,
    ) -> Asking:
        """Return how fields are asked: first only for the atoms without which nothing fires."""
        atoms: dict[int, set[int]] = {}
        for atom in chosen.atoms():
            atoms.setdefault(self._fields.place(atom), set()).add(atom)
        first: dict[int, Atoms] = {}
        for place in names:
            if place in atoms:
                field = self.program.fields[place]
                # Where most is asked anyway, all is: one memo then does for both.
                is_most = 2 * len(atoms[place]) >= len(field.atoms)
                every = range(field.first, field.first + len(field.atoms))
                first[place] = frozenset(every if is_most else atoms[place])
        answered = frozenset().union(*first.values(), (each.atom for each in references))
        return Asking(
            names,
            {place: self._memo(place, asked) for place, asked in first.items()},
            {name: self._memo(place) for place, name in names.items()},
            answered if keywords is None else answered | keywords.asked,
            self._fields.place,
        )

    def _atoms(self, variants: Iterable[int], places: AbstractSet[int]) -> Iterator[int]:
        """Return the atoms of some fields that these variants ask."""
        for number in variants:
            variant = self.program.variants[number]
            if not places.isdisjoint(variant.fields):
                yield from (a for a in atoms_of(variant.tree) if self._fields.place(a) in places)

    def _references(self, variants: tuple[int, ...], places: AbstractSet[int]) -> list[Reference]:
        found = {}
        for atom in self._atoms(variants, self._comparing & places):
            field, op, value = self._fields.question(atom)
            if op is Op.FIELD:
                other = self._spelled.get(plain_name(value[0]), value[0])
                found[atom] = Reference(self._fields.place(atom), field.name, other, value[1], atom)
        return list(found.values())

    def _keyword_atoms(self, variants: Iterable[int]) -> frozenset[int]:
        return frozenset(self._atoms(variants, set(self._places.get(KEYWORDS, ()))))

    def _screen(self, atoms: Iterable[int]) -> Screen | None:
        asked = (self._fields.question(atom) for atom in atoms)
        return screen_for((op, value) for _, op, value in asked)

    def _asked_everywhere(self) -> tuple[frozenset[int], Screen | None]:
        """Return the keywords that every Windows event is asked for, and the look for them."""
        atoms = self._keyword_atoms(self._router.of_any_channel())
        return atoms, self._screen(atoms) if atoms else None

    def _memo(self, place: int, asked: Atoms | None = None) -> ValueMemo:
        """Return what is known of the values of a field: all that is asked, or only some."""
        memo = self._memos.get((place, asked))
        if memo is None:
            field = self.program.fields[place]
            if asked is not None and len(asked) == len(field.atoms):
                return self._memo(place)
            start = field.first
            atoms = range(start, start + len(field.atoms)) if asked is None else sorted(asked)
            numbered = [(atom, *field.atoms[atom - start]) for atom in atoms]
            memo = self._memos[place, asked] = ValueMemo(numbered, self._interned)
        return memo

    def _candidate(self, number: int) -> Candidate:
        candidate = self._candidates.get(number)
        if candidate is None:
            candidate = self._candidates[number] = Candidate(self.program.variants[number])
        return candidate

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
        stay_within(self._budget, self._memos.values(), answers, self._interned)
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

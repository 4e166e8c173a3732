"""How a kind of event is asked: which fields, for which atoms first, by which memos."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from detente.watch.kernel.memo import Atoms, Interned, ValueMemo
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
from detente.watch.kernel.program import KEYWORDS, Event, Op, Program, plain_name
from detente.watch.kernel.screen import Screen, screen_for
from detente.watch.kernel.trees import Fields, atoms_of
from detente.watch.kernel.values import is_dear


class Planner:
    """Makes plans for the events of one kernel, and keeps the memos that they share.

    Args:
        program: compiled rules.
        everywhere: numbers of the variants that look at every Windows event.

    Attributes:
        memos: by the place of a field and what is asked of it; None for all that is.
        interned: the sets of atoms in them.
        everywhere: the look for the keywords that every Windows event is asked for; None
            where there are none, or nothing to look for.
    """

    def __init__(self, program: Program, everywhere: Iterable[int]) -> None:
        self.memos: dict[tuple[int, Atoms | None], ValueMemo] = {}
        self.interned = Interned()
        self._program = program
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
        self._cheap_of: dict[int, Atoms] = {}
        self._candidates: dict[int, Candidate] = {}
        self._everywhere_atoms = self._keyword_atoms(everywhere)
        usual = self._everywhere_atoms
        self.everywhere: Screen | None = self._screen(usual) if usual else None

    def settled(self, variants: Iterable[int], read: Iterable[tuple[str, object]]) -> Atoms:
        """Return the atoms that hold for every event with these values, which routing has read."""
        variants = tuple(variants)
        fixed = [
            self._memo(place).of_any(value)
            for name, value in read
            for place in self._places.get(plain_name(name), ())
            if any(place in self._program.variants[n].fields for n in variants)
        ]
        return frozenset().union(*fixed)

    def place(self, atom: int) -> int:
        """Return the place of an atom's field in the program."""
        return self._fields.place(atom)

    def plan(self, variants: tuple[int, ...], fixed: Atoms | None) -> Plan:
        """Return how events are asked that these variants look at.

        Args:
            variants: their numbers.
            fixed: what `settled` says of Windows events; None for those of other logs.
        """
        settled: set[int] = set()
        if fixed is not None:
            settled.update(
                place for name in ROUTING_NAMES for place in self._places.get(plain_name(name), ())
            )
        candidates = {number: self.candidate(number) for number in variants}
        chosen = choose(candidates.values(), fixed or frozenset(), settled, self._fields.place)
        living = {*chosen.always, *(c for each in chosen.by_witness.values() for c in each)}
        variants = tuple(number for number in variants if candidates[number] in living)
        places = {place for each in living for place in each.variant.fields} - settled
        names = {place: self._program.fields[place].name for place in sorted(places)}
        keywords = None
        for place in [place for place, name in names.items() if name == KEYWORDS]:
            del names[place]
            keywords = self._keywords(place, variants, is_windows=fixed is not None)
        references = self._references(variants, places)
        asking = self._asking(names, chosen, references, keywords)
        return Plan(variants, chosen, fixed or frozenset(), asking, references, keywords)

    def key(self, plan: Plan, event: Event, candidate: Candidate) -> tuple[Atoms, ...]:
        """Return which of a candidate's own atoms an event satisfies, whatever else is asked."""
        atoms: dict[int, set[int]] = {}
        for atom in candidate.atoms():
            atoms.setdefault(self._fields.place(atom), set()).add(atom)
        memos = {place: self._memo(place, frozenset(own)) for place, own in atoms.items()}
        return plan.key(event, memos)

    def candidate(self, number: int) -> Candidate:
        """Return a variant as plans evaluate it."""
        candidate = self._candidates.get(number)
        if candidate is None:
            candidate = self._candidates[number] = Candidate(self._program.variants[number])
        return candidate

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
        first = {
            place: self._asked_first(place, frozenset(atoms[place]))
            for place in names
            if place in atoms
        }
        answered = frozenset().union(*first.values(), (each.atom for each in references))
        return Asking(
            names,
            {place: self._memo(place, asked) for place, asked in first.items()},
            {name: self._rest_memo(place, first.get(place)) for place, name in names.items()},
            answered if keywords is None else answered | keywords.asked,
            self._fields.place,
        )

    def _asked_first(self, place: int, wanted: Atoms) -> Atoms:
        """Return what to ask first of a field: where most is wanted anyway, all that is cheap.

        One memo then does for this and, but for what is dear, for what comes after.
        """
        field = self._program.fields[place]
        if 2 * len(wanted) < len(field.atoms):
            return wanted
        return wanted | self._cheap(place)

    def _rest_memo(self, place: int, first: Atoms | None) -> ValueMemo:
        if first is None or not first >= self._cheap(place):
            return self._memo(place)
        return self._memo(place, self._every(place) - first)

    def _every(self, place: int) -> Atoms:
        field = self._program.fields[place]
        return frozenset(range(field.first, field.first + len(field.atoms)))

    def _cheap(self, place: int) -> Atoms:
        """Return the questions about a field that one pass over a value answers."""
        cheap = self._cheap_of.get(place)
        if cheap is None:
            field = self._program.fields[place]
            dear = (at for at, each in enumerate(field.atoms, field.first) if is_dear(*each))
            cheap = self._cheap_of[place] = self._every(place).difference(dear)
        return cheap

    def _atoms(self, variants: Iterable[int], places: AbstractSet[int]) -> Iterator[int]:
        """Return the atoms of some fields that these variants ask."""
        for number in variants:
            variant = self._program.variants[number]
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

    def _memo(self, place: int, asked: Atoms | None = None) -> ValueMemo:
        """Return what is known of the values of a field: all that is asked, or only some."""
        memo = self.memos.get((place, asked))
        if memo is None:
            field = self._program.fields[place]
            if asked is not None and len(asked) == len(field.atoms):
                return self._memo(place)
            atoms = sorted(self._every(place) if asked is None else asked)
            numbered = [(atom, *field.atoms[atom - field.first]) for atom in atoms]
            memo = self.memos[place, asked] = ValueMemo(numbered, self.interned)
        return memo

"""What one route asks of an event: its fields, and the rules that fire for what they satisfy."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import getitem

from detente.watch.kernel.memo import Atoms, Memo, ValueMemo
from detente.watch.kernel.program import CHANNEL, EVENT_ID, Event, Variant, plain_name
from detente.watch.kernel.routing import texts_of
from detente.watch.kernel.screen import Screen
from detente.watch.kernel.trees import Test, asked_atoms, atoms_of, compile_tree

Fired = tuple[int, ...]
Key = tuple[Atoms, ...]
ROUTING_NAMES = (CHANNEL, EVENT_ID)

Place = Callable[[int], int]
"""Of an atom, the place of its field among those of the program."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One field, at its place in the program, compared with another of the same event."""

    place: int
    name: str
    other: str
    kind: str
    atom: int

    def holds(self, event: Event) -> bool:
        """Say whether any value of the field is, starts, ends with or contains one of the other."""
        first, second = event.get(self.name), event.get(self.other)
        if first is None or second is None:
            return False
        values, others = texts_of(first), texts_of(second)
        return any(self._compares(value, other) for value in values for other in others)

    def _compares(self, value: str, other: str) -> bool:
        match self.kind:
            case "starts":
                return value.startswith(other)
            case "ends":
                return value.endswith(other)
            case "contains":
                return other in value
            case _:
                return value == other


class Candidate:
    """A variant as plans evaluate it; its test is made when it is first asked for.

    Attributes:
        variant: what it is.
    """

    __slots__ = ("_asked", "_atoms", "_test", "variant")

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self._asked: Atoms | None = None
        self._atoms: Atoms | None = None
        self._test: Test | None = None

    def holds(self, present: AbstractSet[int]) -> bool:
        """Say whether the variant's tree is true where these atoms hold."""
        if self._test is None:
            self._test = compile_tree(self.variant.tree)
        return self._test(present)

    def atoms(self) -> Atoms:
        """Return every atom that the variant names."""
        if self._atoms is None:
            self._atoms = frozenset(atoms_of(self.variant.tree))
        return self._atoms

    def asked(self) -> Atoms:
        """Return the atoms that the variant wants to hold."""
        if self._asked is None:
            self._asked = frozenset(asked_atoms(self.variant.tree))
        return self._asked


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a plan looks at first.

    Attributes:
        by_witness: atom -> candidates that can fire where it holds.
        always: candidates that can fire where no atom holds.
    """

    by_witness: dict[int, list[Candidate]]
    always: list[Candidate]

    def atoms(self) -> Atoms:
        """Return every atom that is looked at."""
        return frozenset(self.by_witness).union(*(each.atoms() for each in self.always))


def choose(
    candidates: Iterable[Candidate], fixed: Atoms, settled: AbstractSet[int], place: Place
) -> Chosen:
    """Choose a witness for each candidate, so that all together ask few fields.

    Args:
        candidates: those that could look at such an event.
        fixed: atoms that hold for every such event.
        settled: places of the fields that `fixed` has answered; all else there is false.
        place: of an atom, that of its field.

    Returns:
        Without the candidates that cannot fire for such an event.
    """
    always: list[Candidate] = []
    waiting: list[tuple[Candidate, list[Atoms]]] = []
    for candidate in candidates:
        found = [frozenset(each) for each in candidate.variant.witnesses if fixed.isdisjoint(each)]
        left = [frozenset(a for a in each if place(a) not in settled) for each in found]
        if not all(left):
            continue  # one of these must hold, and routing has seen that none does
        if left:
            waiting.append((candidate, left))
        else:
            always.append(candidate)
    asked = {field for each in always for field in each.variant.fields} - settled
    by_witness: dict[int, list[Candidate]] = {}
    for candidate, atoms in _with_few_fields(waiting, asked, place):
        for atom in atoms:
            by_witness.setdefault(atom, []).append(candidate)
    return Chosen(by_witness, always)


def _with_few_fields(
    waiting: list[tuple[Candidate, list[Atoms]]], asked: set[int], place: Place
) -> Iterator[tuple[Candidate, Atoms]]:
    """Yield each candidate with a witness, adding to `asked` the field that serves most first."""
    while waiting:
        rest = []
        wanted: Counter[frozenset[int]] = Counter()
        for candidate, found in waiting:
            ready = next((each for each in found if asked.issuperset(map(place, each))), None)
            if ready is not None:
                yield candidate, ready
                continue
            rest.append((candidate, found))
            wanted.update({frozenset(map(place, each)) - asked for each in found})
        if wanted:
            # Of those that serve as many, fewer fields, then the first: always the same plan.
            best = min(wanted.items(), key=lambda each: (-each[1], len(each[0]), sorted(each[0])))
            asked.update(best[0])
        waiting = rest


@dataclass(frozen=True, slots=True)
class Keywords:
    """Questions about every field of an event.

    Attributes:
        place: of the field that stands for all, in the program.
        memo: value -> atoms.
        screen: a look at an event's JSON that rules most events out; None where there is none.
        is_usual: whether all Windows events are asked the same, so that one look at many
            events (`Kernel.free_of_keywords`) has answered.
        asked: every atom of these questions.
    """

    place: int
    memo: ValueMemo
    screen: Screen | None
    asked: Atoms
    is_usual: bool

    def atoms(self, event: Event, raw: bytes | None = None) -> Key:
        """Return what any value satisfies, or nothing where the JSON shows that none does."""
        if raw and self.screen is not None and not self.screen.places(raw):
            return ()
        memo = self.memo
        found = {memo.of_any(value) for name, value in event.items() if name[:1] != "_"}
        return (memo.one(frozenset().union(*found)),)


@dataclass(frozen=True, slots=True)
class Rest:
    """The fields that decide once the first have said what may fire."""

    names: tuple[str, ...]
    memos: tuple[ValueMemo, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the fields of a plan are asked.

    Attributes:
        names: of each field, by its place in the program, the name events use.
        first: by the places of some of them, what is asked of every event: only what tells
            whether anything can fire.
        rest: by all these names, everything else that is asked of the field.
        answered: atoms that need not be asked once the first have been.
        place: of an atom, the place of its field.
    """

    names: Mapping[int, str]
    first: Mapping[int, ValueMemo]
    rest: Mapping[str, ValueMemo]
    answered: Atoms
    place: Place


class Plan:
    """The variants that look at one kind of event, and what they need of it.

    An event is asked first for the few atoms without which nothing can fire; only if
    something can, for all atoms of the fields that this needs.

    Args:
        variants: numbers of those that may fire.
        chosen: what is looked at first.
        fixed: atoms that hold for every event of this plan: what routing has read already.
        asking: its fields.
        references: comparisons of two fields.
        keywords: what is asked of every field, where something is.
    """

    def __init__(
        self,
        variants: tuple[int, ...],
        chosen: Chosen,
        fixed: Atoms,
        asking: Asking,
        references: Sequence[Reference],
        keywords: Keywords | None,
    ) -> None:
        self.variants = frozenset(variants)
        self.good_names: set[str] = set()
        compared = [name for each in references for name in (each.name, each.other)]
        named = (*asking.rest, *compared, *ROUTING_NAMES)
        self._spelled = {plain_name(name): name for name in named}
        self._met = set(map(plain_name, (*compared, *ROUTING_NAMES)))
        self._chosen = chosen
        self._fixed = fixed
        self._names = dict(asking.names)
        self._memos = dict(asking.rest)
        self._firsts = asking.first
        self._answered = asking.answered
        self._place = asking.place
        self._left: dict[Candidate, frozenset[int]] = {}
        self._references = tuple(references)
        self._keywords = keywords
        self.looks: Memo[Fired | Rest] = Memo(self._look)
        self.answers: dict[tuple[Key, Key], Fired] = {}
        self._arrange()

    def _arrange(self) -> None:
        self._first_names = tuple(self._names[place] for place in self._firsts)
        self._first_memos = tuple(self._firsts.values())
        self.looks.clear()  # it holds names

    def own_name(self, name: str) -> str | None:
        """Return the name by which a field is asked here; None where nothing is asked of it.

        The first spelling that events have is the one asked for from then on.
        """
        plain = plain_name(name)
        own = self._spelled.get(plain)
        if own is None or own == name or plain in self._met:
            self._met.add(plain)
            return own
        self._met.add(plain)
        self._spelled[plain] = name
        self._names = {at: name if each == own else each for at, each in self._names.items()}
        self._memos[name] = self._memos.pop(own)
        self._arrange()
        return name

    def shown_name(self, place: int) -> str:
        """Return the name by which the field at a place of the program is asked here."""
        return self._names.get(place, "")

    def fire(self, event: Event, raw: bytes | None = None, *, is_free: bool = False) -> Fired:
        """Return the rules that fire for an event.

        Args:
            event: one of this plan, under names met before.
            raw: the JSON it is.
            is_free: whether `Kernel.free_of_keywords` has ruled out every keyword.
        """
        try:
            first = tuple(map(getitem, self._first_memos, map(event.get, self._first_names)))
        except TypeError:  # a list is no key
            first = _of_lists(self._first_memos, self._first_names, event)
        keywords = self._keywords
        if keywords is not None and not (is_free and keywords.is_usual):
            first += keywords.atoms(event, raw)
        if self._references:
            first += (self._held_references(event),)
        look = self.looks[first]
        if not isinstance(look, Rest):
            return look
        names, memos = look.names, look.memos
        try:
            rest = tuple(map(getitem, memos, map(event.get, names)))
        except TypeError:
            rest = _of_lists(memos, names, event)
        fired = self.answers.get((first, rest))
        if fired is None:
            fired = self.answers[first, rest] = self._fired(self.present(first + rest))
        return fired

    def key(self, event: Event, memos: Mapping[int, ValueMemo]) -> Key:
        """Return what the fields at some places of the program satisfy, by these memos."""
        places = [place for place in memos if place in self._names]
        names = [self._names[place] for place in places]
        key = _of_lists([memos[place] for place in places], names, event)
        if any(each.place in memos for each in self._references):
            key += (self._held_references(event),)
        if self._keywords is not None and self._keywords.place in memos:
            key += self._keywords.atoms(event)
        return key

    def _held_references(self, event: Event) -> Atoms:
        return frozenset(each.atom for each in self._references if each.holds(event))

    def present(self, key: Key) -> set[int]:
        """Return every atom that holds for an event with this key."""
        return set(self._fixed).union(*key)

    def _look(self, first: Key) -> Fired | Rest:
        """Return the rules that fire, or what must be known besides to say which."""
        present = self.present(first)
        asked = self._asked(present)
        left = frozenset().union(*map(self._left_of, asked))
        names = tuple(name for place, name in self._names.items() if place in left)
        if not names:
            return self._fired(present)
        return Rest(names, tuple(self._memos[name] for name in names))

    def _left_of(self, candidate: Candidate) -> frozenset[int]:
        """Return the places of the fields that must be asked in whole to decide on a candidate."""
        left = self._left.get(candidate)
        if left is None:
            atoms = candidate.atoms() - self._answered
            left = self._left[candidate] = frozenset(map(self._place, atoms))
        return left

    def _asked(self, present: AbstractSet[int]) -> set[Candidate]:
        """Return the candidates that may fire where these atoms hold."""
        by_witness = self._chosen.by_witness
        asked = {each for atom in present if atom in by_witness for each in by_witness[atom]}
        asked.update(self._chosen.always)
        return asked

    def _fired(self, present: AbstractSet[int]) -> Fired:
        holding = (each for each in self._asked(present) if each.holds(present))
        return tuple(sorted({each.variant.rule for each in holding}))


def _of_lists(memos: Iterable[ValueMemo], names: Iterable[str], event: Event) -> Key:
    values = map(event.get, names)
    return tuple(memo.of_any(value) for memo, value in zip(memos, values, strict=True))

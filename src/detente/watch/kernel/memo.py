"""Two memos, both bounded: value -> atoms, and the atoms of a route's fields -> rules.

They are dictionaries that fill themselves, so that what was seen before costs one
look-up and no Python. Where together they hold more than a budget, the older half of
each goes: an adversary who makes every value unique pays the price of a scan for each,
and nobody's memory.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from detente.watch.kernel.program import Op, text_of
from detente.watch.kernel.values import Asked, FieldMatcher

Atoms = frozenset[int]
Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

VALUE_CHARACTERS_MAX = 4_096  # a longer one seldom comes twice, and is scanned each time


@dataclass(frozen=True, slots=True)
class Budget:
    """What all memos of one kernel may hold together, looked at between batches.

    Attributes:
        values: of all fields.
        characters: in those values.
        answers: of all routes.
        sets: distinct sets of atoms.
        routes: distinct pairs of channel and number, and distinct log sources.
    """

    values: int = 600_000
    characters: int = 96_000_000
    answers: int = 400_000
    sets: int = 400_000
    routes: int = 20_000


def forget_half(memo: dict[Key, Any]) -> list[Key]:
    """Take the older half out of a memo, and return its keys."""
    old = list(islice(memo, (len(memo) + 1) // 2))
    for key in old:
        del memo[key]
    return old


class Interned:
    """Each set of atoms once, so that equal ones are mostly the same object."""

    def __init__(self) -> None:
        self.sets: dict[Atoms, Atoms] = {}

    def one(self, atoms: Atoms) -> Atoms:
        """Return an equal set; if one is known, the known one."""
        return self.sets.setdefault(atoms, atoms)


class ValueMemo(dict[Any, Atoms]):
    """Value of one field -> the atoms it satisfies.

    Only text and None are kept: 1, 1.0 and True are one key to Python and three texts.

    Args:
        asked: the questions; they are arranged when the first value comes.
        interned: where sets are kept once.

    Attributes:
        scans: how many values were read in full so far.
        characters: in the values kept.
    """

    def __init__(self, asked: Sequence[Asked], interned: Interned) -> None:
        super().__init__()
        self._asked = asked
        self._matcher: FieldMatcher | None = None
        self.one = interned.one
        self.scans = 0
        self.characters = 0
        self[None] = self.one(frozenset(atom for atom, op, _ in asked if op == Op.MISSING))

    def __missing__(self, value: object) -> Atoms:
        if type(value) is not str:
            return self[text_of(value)]
        if self._matcher is None:
            self._matcher = FieldMatcher(self._asked)
        self.scans += 1
        atoms = self.one(self._matcher.match(value))
        if len(value) <= VALUE_CHARACTERS_MAX:
            self.characters += len(value)
            self[value] = atoms
        return atoms

    def of_any(self, value: object) -> Atoms:
        """Return the atoms for any value of an event: of a list, what any element satisfies.

        A list without a value that is not null is as a field that is missing.
        """
        if not isinstance(value, list | tuple):
            return self[value if value is None else text_of(value)]
        known = [self[text_of(item)] for item in value if item is not None]
        return self.one(frozenset().union(*known)) if known else self[None]

    def forget(self) -> None:
        """Let the older half go."""
        missing = self.pop(None)
        self.characters -= sum(len(value) for value in forget_half(self))
        self[None] = missing


class Memo(dict[tuple[Atoms, ...], Answer], Generic[Answer]):
    """What the fields of an event satisfy -> what follows from it."""

    def __init__(self, answer: Callable[[tuple[Atoms, ...]], Answer]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, key: tuple[Atoms, ...]) -> Answer:
        answer = self[key] = self._answer(key)
        return answer


def stay_within(
    budget: Budget,
    memos: Iterable[ValueMemo],
    answers: Iterable[dict[Any, Any]],
    interned: Interned,
) -> None:
    """Let the older half of the memos go where together they hold more than the budget."""
    memos, answers = list(memos), list(answers)
    if sum(map(len, memos)) > budget.values:
        for memo in memos:
            memo.forget()
    held = sum(memo.characters for memo in memos)
    # Long values stand in few fields: the others need not suffer for them.
    for memo in sorted(memos, key=lambda memo: -memo.characters):
        if held <= budget.characters:
            break
        held -= memo.characters
        memo.forget()
        held += memo.characters
    if sum(map(len, answers)) > budget.answers:
        for answer in answers:
            forget_half(answer)
    if len(interned.sets) > budget.sets:
        forget_half(interned.sets)

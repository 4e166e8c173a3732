"""What one route asks of an event: its fields, and the rules that fire for what they satisfy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import getitem
from typing import Any

from detente.watch.kernel.memo import AnswerMemo, Atoms, ValueMemo
from detente.watch.kernel.program import CHANNEL, EVENT_ID, Event, Variant, plain_name
from detente.watch.kernel.routing import texts_of
from detente.watch.kernel.screen import Screen
from detente.watch.kernel.trees import Test, compile_tree

Fired = tuple[int, ...]
ROUTING_NAMES = (CHANNEL, EVENT_ID)
_NONE: Atoms = frozenset()


@dataclass(frozen=True, slots=True)
class Reference:
    """One field compared with another of the same event; `kind` says how."""

    name: str
    other: str
    kind: str
    atom: int

    def holds(self, event: Event) -> bool:
        """Say whether any value of the field is, starts, ends with or contains one of the other."""
        values, others = texts_of(event.get(self.name)), texts_of(event.get(self.other))
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
        rule: its rule's number.
        witnesses: atoms of which one must hold; None where it must always be evaluated.
    """

    __slots__ = ("_test", "_tree", "rule", "witnesses")

    def __init__(self, variant: Variant) -> None:
        self.rule = variant.rule
        self.witnesses = variant.witnesses
        self._tree = variant.tree
        self._test: Test | None = None

    def holds(self, present: set[int]) -> bool:
        """Say whether the variant's tree is true where these atoms hold."""
        if self._test is None:
            self._test = compile_tree(self._tree)
        return self._test(present)


class Plan:
    """The variants that look at one kind of event, and what they need of it.

    Args:
        variants: their numbers.
        fixed: atoms that hold for every event of this plan: what routing has read already.
        candidates: the same, as they are evaluated.
        memos: of each field asked, by the name events use.
        references: comparisons of two fields.
        keywords: where something is asked of every field, the memo of it, and a test that
            tells from an event's JSON whether a keyword can be in it, where that can be told.
    """

    def __init__(
        self,
        variants: tuple[int, ...],
        fixed: Atoms,
        candidates: Iterable[Candidate],
        memos: Mapping[str, ValueMemo],
        references: Sequence[Reference],
        keywords: tuple[ValueMemo, Screen | None] | None,
    ) -> None:
        self.variants = variants
        self._fixed = fixed
        self.good_names: set[str] = set()
        compared = [name for each in references for name in (each.name, each.other)]
        asked = (*memos, *compared, *ROUTING_NAMES)
        self._asked_names = frozenset(map(plain_name, asked))
        self.names = tuple(memos)
        self.memos = tuple(memos.values())
        self._references = tuple(references)
        self._keywords = None if keywords is None else keywords[0]
        self._screen = None if keywords is None else keywords[1]
        self.is_plain = not references and keywords is None
        self._always: list[Candidate] = []
        self._by_witness: dict[int, list[Candidate]] = {}
        for candidate in candidates:
            if candidate.witnesses is None:
                self._always.append(candidate)
            for atom in candidate.witnesses or ():
                self._by_witness.setdefault(atom, []).append(candidate)
        self.answers = AnswerMemo(self._answer)

    def asks(self, plain: str) -> bool:
        """Say whether anything here is asked of a field, by its name in plain form."""
        return plain in self._asked_names

    def key(self, event: Event, raw: bytes | None = None) -> tuple[Atoms, ...]:
        """Return what the fields of the event satisfy; `raw` as `Kernel.match` takes it."""
        try:
            key = tuple(map(getitem, self.memos, map(event.get, self.names)))
        except TypeError:  # a list is no key
            values = map(event.get, self.names)
            key = tuple(memo.of_any(value) for memo, value in zip(self.memos, values, strict=True))
        if self.is_plain:
            return key
        if self._references:
            key += (frozenset(each.atom for each in self._references if each.holds(event)),)
        if self._keywords is None:
            return key
        if raw and self._screen is not None and not self._screen(raw):
            return (*key, _NONE)
        return (*key, self._keyword_atoms(event, self._keywords))

    def _keyword_atoms(self, event: Event, memo: ValueMemo) -> Atoms:
        found = {memo.of_any(value) for name, value in event.items() if name[:1] != "_"}
        return memo.one(frozenset().union(*found))

    def present(self, key: tuple[Atoms, ...]) -> set[int]:
        """Return every atom that holds for an event with this key."""
        return set(self._fixed).union(*key)

    def _answer(self, key: tuple[Any, ...]) -> Fired:
        present = self.present(key)
        by_witness = self._by_witness
        asked = {each for atom in present if atom in by_witness for each in by_witness[atom]}
        asked.update(self._always)
        fired = {each.rule for each in asked if each.holds(present)}
        return tuple(sorted(fired))

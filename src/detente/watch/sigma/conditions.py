"""Conditions of Sigma to trees of atoms, each atom numbered once for all rules."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaExpansion, SigmaType

from detente.watch.errors import WatchError
from detente.watch.kernel import KEYWORDS, FieldAtoms, Op, Operand, Tree, plain_name
from detente.watch.sigma.values import Atom, field_atom, keyword_atom

ATOMS_MAX = 20_000  # of one rule

Question = tuple[str, Op, Operand]


class Questions:
    """Numbers questions about fields, each once, in the order of asking."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._asked: list[Question] = []
        self._spellings: dict[str, Counter[str]] = {}

    def ask(self, field: str, atom: Atom) -> int:
        """Return the number of a question."""
        op, value = atom
        plain = plain_name(field)
        self._spellings.setdefault(plain, Counter())[field.replace(" ", "")] += 1
        if op is Op.FIELD:
            self._spellings.setdefault(plain_name(value[0]), Counter())[value[0]] += 1
        key = (plain, op, tuple(value) if isinstance(value, list) else value)
        number = self._numbers.setdefault(key, len(self._asked))
        if number == len(self._asked):
            self._asked.append((plain, op, value))
        return number

    def question(self, number: int) -> Question:
        """Return field (in plain form), operation and value of a question."""
        return self._asked[number]

    def fields(self) -> tuple[list[FieldAtoms], dict[int, int]]:
        """Return all questions by field, and old number -> number there."""
        by_field: dict[str, list[int]] = {plain: [] for plain in self._spellings}
        for number, (plain, _, _) in enumerate(self._asked):
            by_field[plain].append(number)
        fields: list[FieldAtoms] = []
        renumbered: dict[int, int] = {}
        for plain, numbers in by_field.items():
            first = len(renumbered)
            renumbered.update((old, first + at) for at, old in enumerate(numbers))
            atoms = [(str(op), value) for _, op, value in (self._asked[old] for old in numbers)]
            fields.append(FieldAtoms(self._spelled(plain), first, atoms))
        return fields, renumbered

    def _spelled(self, plain: str) -> str:
        if plain == KEYWORDS:
            return KEYWORDS
        # Of spellings that are as common, the first by name: the same rules, the same program.
        return min(self._spellings[plain].items(), key=lambda item: (-item[1], item[0]))[0]


def renumber(tree: Tree, numbers: Mapping[int, int]) -> Tree:
    """Return the same tree over other numbers of atoms."""
    if isinstance(tree, list):
        return [tree[0], *(renumber(item, numbers) for item in tree[1:])]
    return numbers[tree] if type(tree) is int else tree


def tree_of(condition: object, questions: Questions) -> Tree:
    """Return the tree of a parsed condition.

    Raises:
        WatchError: some part of it is not carried.
    """
    match condition:
        case ConditionAND():
            return both("and", [tree_of(each, questions) for each in condition.args])
        case ConditionOR():
            return both("or", [tree_of(each, questions) for each in condition.args])
        case ConditionNOT():
            return denied(tree_of(condition.args[0], questions))
        case ConditionFieldEqualsValueExpression():
            return _value_tree(condition.field, condition.value, questions)
        case ConditionValueExpression():
            return _value_tree(None, condition.value, questions)
        case None:
            raise WatchError("a condition that names no detection of this rule")
        case _:
            raise WatchError(f"a condition of kind {type(condition).__name__} is not carried")


def _value_tree(field: str | None, value: SigmaType, questions: Questions) -> Tree:
    if isinstance(value, SigmaExpansion):
        return both("or", [_value_tree(field, each, questions) for each in value.values])
    if field is None:
        return questions.ask(KEYWORDS, keyword_atom(value))
    return questions.ask(field, field_atom(value))


def both(word: str, items: list[Tree]) -> Tree:
    """Join trees by `and` or `or`, flat, without repetition."""
    flat: list[Tree] = []
    for item in items:
        inner = item[1:] if isinstance(item, list) and item[0] == word else [item]
        flat.extend(each for each in inner if each not in flat or len(flat) > _MANY)
    return flat[0] if len(flat) == 1 else [word, *flat]


_MANY = 200  # beyond it a repetition costs less than looking for it


def denied(tree: Tree) -> Tree:
    """Return the opposite of a tree."""
    if isinstance(tree, list) and tree[0] == "not":
        inner: Tree = tree[1]
        return inner
    return ["not", tree]

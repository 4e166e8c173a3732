"""One field: the text of a value -> the atoms it satisfies."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import re2

from detente.watch.kernel.literals import Literals
from detente.watch.kernel.numbers import Networks, compares, time_compares
from detente.watch.kernel.patterns import glob_expression, longest_literal, quiet_options
from detente.watch.kernel.program import Op, Operand
from detente.watch.kernel.required import has_run, required_text, run_length

Asked = tuple[int, str, Operand]
"""A question about one field: the number of its atom, the operation, what that takes."""


def is_dear(op: str, value: Operand) -> bool:
    """Say whether a question costs a run of its own over every value."""
    return op == Op.REGEX and not run_length(value) and not required_text(value)


class FieldMatcher:
    """Questions about one field, arranged so that a value is read once.

    Args:
        asked: all of them; those that are asked of the event, not of a value, are passed over.
    """

    def __init__(self, asked: Iterable[Asked]) -> None:
        self._equal: dict[str, list[int]] = {}
        self._cased_equal: dict[str, list[int]] = {}
        self._literals = Literals()
        self._cased_literals = Literals()
        self._hints = Literals()
        self._hinted: list[tuple[_Expression, int]] = []
        self._expressions: list[tuple[str, int]] = []
        self._filter: Any = None
        self._networks = Networks()
        self._checks: list[tuple[Callable[[str], object], int]] = []
        self._always: list[int] = []
        for atom, op, value in asked:
            self._add(Op(op), value, atom)
        self._literals.build()
        self._cased_literals.build()
        self._hints.build()
        self._build_filter()
        self._has_networks = bool(self._networks)

    def match(self, text: str) -> frozenset[int]:
        """Return the atoms that a value with this text satisfies."""
        try:
            return self._match(text)
        except UnicodeEncodeError:
            # Half of a surrogate pair is no text: no automaton takes it.
            return self._match(text.encode("utf-8", "replace").decode())

    def _match(self, text: str) -> frozenset[int]:
        lowered = text.lower()
        found = set(self._always)
        found.update(self._equal.get(lowered, ()))
        if self._literals:
            self._literals.find(lowered, found)
        if self._cased_equal:
            found.update(self._cased_equal.get(text, ()))
        if self._cased_literals:
            self._cased_literals.find(text, found)
        if self._hinted:
            self._find_hinted(text, lowered, found)
        if self._filter is not None:
            found.update(self._expressions[n][1] for n in self._filter.Match(text) or ())
        if self._has_networks:
            self._networks.find(text, found)
        if self._checks:
            found.update(atom for check, atom in self._checks if check(text))
        return frozenset(found)

    def _find_hinted(self, text: str, lowered: str, found: set[int]) -> None:
        hints: set[int] = set()
        self._hints.find(lowered, hints)
        for hint in hints:
            expression, atom = self._hinted[hint]
            if expression.is_in(text):
                found.add(atom)

    def _add(self, op: Op, value: Operand, atom: int) -> None:
        match op:
            case Op.IS:
                self._equal.setdefault(value, []).append(atom)
            case Op.CASED_IS:
                self._cased_equal.setdefault(value, []).append(atom)
            case Op.REGEX:
                self._add_expression(value, atom)
            case Op.NETWORK:
                self._networks.add(value, atom)
            case Op.NUMBER:
                check = partial(compares, comparison=value[0], number=value[1])
                self._checks.append((check, atom))
            case Op.EXISTS:
                self._always.append(atom)
            case Op.FIELD | Op.MISSING:
                pass  # asked of the event, not of one value
            case _:
                self._add_text(op, value, atom)

    def _add_text(self, op: Op, value: Operand, atom: int) -> None:
        match op:
            case Op.TIME:
                unit, comparison, number = value
                check = partial(time_compares, unit=unit, comparison=comparison, number=number)
                self._checks.append((check, atom))
            case Op.CONTAINS:
                self._literals.add_inside(value, atom)
            case Op.STARTS:
                self._literals.add_first(value, atom)
            case Op.ENDS:
                self._literals.add_last(value, atom)
            case Op.CASED_CONTAINS:
                self._cased_literals.add_inside(value, atom)
            case Op.CASED_STARTS:
                self._cased_literals.add_first(value, atom)
            case Op.CASED_ENDS:
                self._cased_literals.add_last(value, atom)
            case _:
                self._add_glob(value, atom, cased=op == Op.CASED_GLOB)

    def _add_expression(self, pattern: str, atom: int) -> None:
        """Let RE2 run only where the text is that every match must hold, if there is such text."""
        hint, length = required_text(pattern), run_length(pattern)
        if length:
            self._checks.append((partial(has_run, length=length), atom))
        elif hint:
            self._hints.add_inside(hint, len(self._hinted))
            self._hinted.append((_Expression(pattern), atom))
        else:
            self._expressions.append((pattern, atom))

    def _add_glob(self, parts: list[str | int], atom: int, *, cased: bool) -> None:
        check = _Expression(glob_expression(parts)).is_in
        literals = self._cased_literals if cased else self._literals
        literal = longest_literal(parts)
        if literal:
            literals.add_check(literal, check, atom)
        elif cased:
            self._checks.append((check, atom))
        else:
            self._checks.append((lambda text: check(text.lower()), atom))

    def _build_filter(self) -> None:
        if not self._expressions:
            return
        options = quiet_options()
        self._filter = re2.Filter()
        for expression, _ in self._expressions:
            self._filter.Add(expression, options)
        self._filter.Compile()


class _Expression:
    """An expression of RE2, compiled when it is first needed."""

    __slots__ = ("_compiled", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._compiled: Any = None

    def is_in(self, text: str) -> bool:
        """Say whether the expression matches anywhere in a text."""
        if self._compiled is None:
            self._compiled = re2.compile(self._pattern, quiet_options())
        return self._compiled.search(text) is not None

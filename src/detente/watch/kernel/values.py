"""One field: the text of a value -> the atoms it satisfies."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import re2

from detente.watch.kernel.literals import Literals
from detente.watch.kernel.numbers import Networks, compares, time_compares
from detente.watch.kernel.patterns import glob_expression, longest_literal, quiet_options
from detente.watch.kernel.program import Op, Operand


class FieldMatcher:
    """Everything that rules ask of one field, arranged so that a value is read once.

    Args:
        first: the number of the first atom; the others follow it.
        atoms: operation and value, as `Program` carries them.
    """

    def __init__(self, first: int, atoms: Iterable[tuple[str, Operand]]) -> None:
        self._equal: dict[str, list[int]] = {}
        self._cased_equal: dict[str, list[int]] = {}
        self._literals = Literals()
        self._cased_literals = Literals()
        self._expressions: list[tuple[str, int]] = []
        self._filter: Any = None
        self._networks = Networks()
        self._checks: list[tuple[Callable[[str], object], int]] = []
        self._always: list[int] = []
        missing = []
        for atom, (op, value) in enumerate(atoms, first):
            if op == Op.MISSING:
                missing.append(atom)
            else:
                self._add(Op(op), value, atom)
        self.when_missing = frozenset(missing)
        self._literals.build()
        self._cased_literals.build()
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
        if self._filter is not None:
            found.update(self._expressions[n][1] for n in self._filter.Match(text) or ())
        if self._has_networks:
            self._networks.find(text, found)
        if self._checks:
            found.update(atom for check, atom in self._checks if check(text))
        return frozenset(found)

    def _add(self, op: Op, value: Operand, atom: int) -> None:
        match op:
            case Op.IS:
                self._equal.setdefault(value, []).append(atom)
            case Op.CASED_IS:
                self._cased_equal.setdefault(value, []).append(atom)
            case Op.REGEX:
                self._expressions.append((value, atom))
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

    def _add_glob(self, parts: list[str | int], atom: int, *, cased: bool) -> None:
        check = _Glob(parts)
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


class _Glob:
    """A whole value with wildcards; compiled when its literal is first seen."""

    def __init__(self, parts: list[str | int]) -> None:
        self._parts = parts
        self._expression: Any = None

    def __call__(self, text: str) -> bool:
        if self._expression is None:
            self._expression = re2.compile(glob_expression(self._parts), quiet_options())
        return self._expression.search(text) is not None

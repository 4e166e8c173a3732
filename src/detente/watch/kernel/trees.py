"""Conditions: is a tree true where these atoms hold, and which atom must hold for it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from detente.watch.kernel.program import FieldAtoms, Op, Operand, Route, Tree, Variant

Test = Callable[[set[int]], bool]

_COSTS = {  # how often an atom holds, roughly
    Op.EXISTS: 1.0, Op.MISSING: 1.0, Op.REGEX: 0.2, Op.NETWORK: 0.05, Op.NUMBER: 0.3,
    Op.TIME: 0.3, Op.FIELD: 0.1,
}  # fmt: skip
_LITERAL_CHARACTERS = 12  # a longer literal is not rarer by much


def compile_tree(tree: Tree) -> Test:
    """Return the test of a tree: given the atoms that hold, is it true?

    Raises:
        ValueError: it is no tree.
    """
    match tree:
        case bool():
            return (lambda _present: True) if tree else (lambda _present: False)
        case int():
            return lambda present: tree in present
        case ["not", inner]:
            test = compile_tree(inner)
            return lambda present: not test(present)
        case ["and", *inner]:
            return _all_of(inner)
        case ["or", *inner]:
            return _any_of(inner)
        case _:
            raise ValueError(f"no tree: {str(tree)[:80]}")


def _all_of(inner: Sequence[Tree]) -> Test:
    atoms = frozenset(item for item in inner if type(item) is int)
    tests = [compile_tree(item) for item in inner if type(item) is not int]
    if not tests:
        return atoms.issubset
    if len(tests) == 1:
        (test,) = tests
        return lambda present: atoms <= present and test(present)
    return lambda present: atoms <= present and all(test(present) for test in tests)


def _any_of(inner: Sequence[Tree]) -> Test:
    atoms = frozenset(item for item in inner if type(item) is int)
    tests = [compile_tree(item) for item in inner if type(item) is not int]
    if not tests:
        return lambda present: not atoms.isdisjoint(present)
    return lambda present: not atoms.isdisjoint(present) or any(test(present) for test in tests)


def atoms_of(tree: Tree) -> Iterator[int]:
    """Return every atom that a tree names, the denied ones too."""
    if isinstance(tree, list):
        for item in tree[1:]:
            yield from atoms_of(item)
    elif type(tree) is int:
        yield tree


def asked_atoms(tree: Tree, *, denied: bool = False) -> Iterator[int]:
    """Return the atoms that a tree wants to hold: those under an even number of `not`."""
    match tree:
        case ["not", inner]:
            yield from asked_atoms(inner, denied=not denied)
        case [_, *inner]:
            for item in inner:
                yield from asked_atoms(item, denied=denied)
        case _ if type(tree) is int and not denied:
            yield tree


Cost = Callable[[int], float]


def witnesses(tree: Tree, cost: Cost) -> tuple[float, frozenset[int]] | None:
    """Return atoms of which at least one holds wherever the tree is true, and their cost.

    Args:
        tree: a condition.
        cost: how often an atom holds, roughly; what is rare makes a good witness.

    Returns:
        None where the tree can be true while no atom holds.
    """
    match tree:
        case bool():
            return None if tree else (0.0, frozenset())
        case int():
            return cost(tree), frozenset((tree,))
        case ["and", *inner]:
            known = [found for item in inner if (found := witnesses(item, cost)) is not None]
            return min(known, key=lambda found: found[0], default=None)
        case ["or", *inner]:
            return _joined([witnesses(item, cost) for item in inner])
        case _:
            return None


def _joined(
    found: list[tuple[float, frozenset[int]] | None],
) -> tuple[float, frozenset[int]] | None:
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    return sum(each[0] for each in known), frozenset().union(*(each[1] for each in known))


class Fields:
    """Finds the field and the question of an atom.

    Args:
        fields: of a program, whose atoms are numbered in this order.
    """

    def __init__(self, fields: Sequence[FieldAtoms]) -> None:
        self._fields = fields
        self._firsts = [each.first for each in fields]

    def place(self, atom: int) -> int:
        """Return the place of an atom's field."""
        # Of fields that begin at one number all but the last ask nothing.
        return bisect_right(self._firsts, atom) - 1

    def question(self, atom: int) -> tuple[FieldAtoms, Op, Operand]:
        """Return an atom's field, its operation and its value."""
        field = self._fields[self.place(atom)]
        op, value = field.atoms[atom - field.first]
        return field, Op(op), value

    def cost(self, atom: int) -> float:
        """Return how often an atom holds, roughly."""
        _, op, value = self.question(atom)
        known = _COSTS.get(op)
        if known is not None:
            return known
        literal = value if isinstance(value, str) else "".join(str(part) for part in value)
        return float(0.5 ** min(len(literal), _LITERAL_CHARACTERS))

    def variant(self, rule: int, route: Route, tree: Tree) -> Variant:
        """Return a variant with what can be known of its tree beforehand."""
        found = witnesses(tree, self.cost)
        return Variant(
            rule,
            route,
            tree,
            fields=tuple(sorted({self.place(atom) for atom in atoms_of(tree)})),
            witnesses=None if found is None else tuple(sorted(found[1])),
        )

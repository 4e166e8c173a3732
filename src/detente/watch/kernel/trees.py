"""Conditions: is a tree true where these atoms hold, and which atom must hold for it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from detente.watch.kernel.program import FieldAtoms, Op, Operand, Route, Tree, Variant

Test = Callable[[AbstractSet[int]], bool]

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


Witness = tuple[float, frozenset[int]]
"""What it costs to look for these atoms, and the atoms."""

Cost = Callable[[int], float]

_WITNESSES_MAX = 4


def witnesses(tree: Tree, cost: Cost, field: Callable[[int], int]) -> list[Witness]:
    """Return sets of atoms of each of which one holds wherever the tree is true.

    Args:
        tree: a condition.
        cost: how often an atom holds, roughly; what is rare makes a good witness.
        field: of an atom; sets that ask different fields are worth having.

    Returns:
        At most four, the best first; none where the tree can be true while no atom holds.
    """
    match tree:
        case bool():
            return [] if tree else [(0.0, frozenset())]
        case int():
            return [(cost(tree), frozenset((tree,)))]
        case ["and", *inner]:
            return _best([each for item in inner for each in witnesses(item, cost, field)], field)
        case ["or", *inner]:
            return _joined([witnesses(item, cost, field) for item in inner], field)
        case _:
            return []


def _best(found: list[Witness], field: Callable[[int], int]) -> list[Witness]:
    """Return the cheapest for each set of fields, in order of cost."""
    cheapest: dict[frozenset[int], Witness] = {}
    for each in sorted(found, key=lambda each: each[0]):
        cheapest.setdefault(frozenset(map(field, each[1])), each)
    return list(cheapest.values())[:_WITNESSES_MAX]


def _joined(found: list[list[Witness]], field: Callable[[int], int]) -> list[Witness]:
    """Return witnesses of an `or`: of each part one, all of one field where that can be."""
    if not all(found):
        return []
    fields = {frozenset(map(field, atoms)) for each in found for _, atoms in each}
    joined = [_sum([each[0] for each in found])]
    for wanted in sorted(fields, key=sorted)[: 2 * _WITNESSES_MAX]:
        joined.append(
            _sum(
                [
                    next((one for one in each if wanted.issuperset(map(field, one[1]))), each[0])
                    for each in found
                ]
            )
        )
    return _best(joined, field)


def _sum(each: list[Witness]) -> Witness:
    return sum(cost for cost, _ in each), frozenset().union(*(atoms for _, atoms in each))


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
        found = witnesses(tree, self.cost, self.place)
        return Variant(
            rule,
            route,
            tree,
            fields=tuple(sorted({self.place(atom) for atom in atoms_of(tree)})),
            witnesses=tuple(tuple(sorted(atoms)) for _, atoms in found),
        )

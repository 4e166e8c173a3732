"""Can a condition hold at all, where only some fields are ever seen?

Whether a value satisfies an atom is taken as open, each atom for itself; whether a
field is there is not: of a field that is never seen only `MISSING` holds, and a value
atom holds only where its field is there. So the answer is exact as far as fields go: no
reports a rule that cannot fire whatever the values are.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from detente.watch.kernel import KEYWORDS, Fields, Op, Tree, plain_name
from detente.watch.kernel.trees import atoms_of

_BRANCHES_MAX = 2_000  # beyond it a condition is taken as possible: it cannot be ruled out


def can_hold(tree: Tree, fields: Fields, seen: AbstractSet[str]) -> bool:
    """Say whether some event with no other fields than these makes a tree true.

    Args:
        tree: a condition over atoms.
        fields: finds the question of an atom.
        seen: names in plain form of the fields that events may have, any of them absent.
    """
    questions = {atom: fields.question(atom) for atom in atoms_of(tree)}
    # Presence matters as a question of its own only where a rule asks for it.
    asked = {
        plain_name(field.name): -1 - place
        for place, (field, op, _) in enumerate(questions.values())
        if op in (Op.EXISTS, Op.MISSING)
    }

    def meaning(atom: int) -> Tree:
        field, op, value = questions[atom]
        if field.name == KEYWORDS:
            if seen <= asked.keys():
                return ["and", atom, ["or", *(asked[name] for name in seen)]]
            return atom
        needed = {plain_name(field.name)}
        if op is Op.FIELD:
            needed.add(plain_name(value[0]))
        if not needed <= seen:
            return op is Op.MISSING
        there = [asked[name] for name in sorted(needed) if name in asked]
        if op is Op.MISSING:
            return ["not", there[0]]
        return there[0] if op is Op.EXISTS else ["and", atom, *there]

    return _is_satisfiable(_simplified(tree, meaning), [_BRANCHES_MAX])


def _is_satisfiable(tree: Tree, left: list[int]) -> bool:
    """Say whether some choice for the atoms makes a tree true; they are free of each other."""
    if isinstance(tree, bool):
        return tree
    wanted, unwanted = set[int](), set[int]()
    _polarities(tree, wanted, unwanted)
    both = wanted & unwanted
    if not both:
        return True  # hold what is wanted and nothing else
    tree = _simplified(tree, lambda atom: atom if atom in both else atom in wanted)
    if isinstance(tree, bool):
        return tree
    left[0] -= 1
    if left[0] < 0:
        return True
    first = next(atoms_of(tree))
    return any(
        _is_satisfiable(_simplified(tree, _choosing(first, choice)), left)
        for choice in (False, True)
    )


def _choosing(chosen: int, choice: bool) -> Callable[[int], Tree]:
    return lambda atom: choice if atom == chosen else atom


def _polarities(tree: Tree, wanted: set[int], unwanted: set[int]) -> None:
    match tree:
        case ["not", inner]:
            _polarities(inner, unwanted, wanted)
        case [_, *inner]:
            for item in inner:
                _polarities(item, wanted, unwanted)
        case _ if type(tree) is int:
            wanted.add(tree)


def _simplified(tree: Tree, meaning: Callable[[int], Tree]) -> Tree:
    """Return a tree with atoms replaced by what they mean, constants worked in."""
    match tree:
        case bool():
            return tree
        case int():
            meant = meaning(tree)
            return meant if isinstance(meant, bool | int) else _simplified(meant, lambda a: a)
        case ["not", inner]:
            item = _simplified(inner, meaning)
            return (not item) if isinstance(item, bool) else ["not", item]
        case [word, *inner]:
            absorbing = word == "or"
            kept: list[Tree] = []
            for each in inner:
                item = _simplified(each, meaning)
                if item is absorbing:
                    return absorbing
                if not isinstance(item, bool):
                    kept.append(item)
            return [word, *kept] if kept else not absorbing
        case _:
            raise ValueError(f"no tree: {str(tree)[:80]}")

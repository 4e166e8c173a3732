"""Grades: which leaves of a content stand or fall together before the gate.

A content may have a million objects, nearly all under the same terms. The gate
decides by terms, so one leaf of each sort can stand for the others: an opening
of these few, checked against the commitment, is what it is asked about later.
An object that would tell another one (by an id that can be computed) is given
only where that other one's sort is cleared too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.errors import UnitError
from detente.release import Origin, Terms
from detente.release.terms import read_terms
from detente.statements import (
    Content,
    Handling,
    Leaf,
    Opening,
    ShownLeaf,
    StixObject,
    Tlp,
    decode_object,
    giving_away,
)
from detente.tlog import TreeHashes, prove_inclusion

_Sort = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """A content, ready for the shelf.

    Attributes:
        handling: leaf 0.
        objects: the good ones, in the order of their leaves, each with its grade.
        grades: for each grade the leaves that must all be cleared.
        labels: for each grade the label that its objects stand under.
        opening: shows every leaf that a grade names.
    """

    handling: Handling
    objects: tuple[tuple[StixObject, int], ...]
    grades: tuple[tuple[int, ...], ...]
    labels: tuple[Tlp, ...]
    opening: Opening


def grade_content(
    source: Content | Sequence[Opening],
    origins: Mapping[str, Sequence[Origin]] | None = None,
) -> Graded | None:
    """Sort a verified content by what the gate decides, None where it has no good object.

    Args:
        source: all of it, or openings of what remains of it.
        origins: STIX id -> the terms the object came under, where it is not the issuer's own.

    Raises:
        ContentError: leaf 0 is no handling.
    """
    leaves = _leaves(source)
    handling = Handling.parse(leaves[0].data)
    terms = {each.index: each for each in read_terms(handling, leaves, origins or {})}
    good = _good_objects(leaves, terms)
    if not good:
        return None
    sorts = {index: _sort(terms[index]) for index in terms if index}
    needs = _needs(leaves, sorts)
    stand_in: dict[_Sort, int] = {}
    for index in sorted(sorts, key=lambda index: (len(needs[index]), index)):
        stand_in.setdefault(sorts[index], index)
    named = [tuple(sorted({stand_in[sort] for sort in needs[index]})) for index in good]
    grades = list(dict.fromkeys(named))
    labels = [_label(grade, terms) for grade in grades]
    shown = sorted({0, *(index for grade in grades for index in grade)})
    return Graded(
        handling=handling,
        objects=tuple(
            (each, grades.index(grade)) for each, grade in zip(good.values(), named, strict=True)
        ),
        grades=tuple(grades),
        labels=tuple(labels),
        opening=_open(source, shown),
    )


def _leaves(source: Content | Sequence[Opening]) -> dict[int, Leaf]:
    if isinstance(source, Content):
        return dict(enumerate(source.leaves))
    return {shown.index: shown.leaf for opening in source for shown in opening.shown}


def _good_objects(leaves: Mapping[int, Leaf], terms: Mapping[int, Terms]) -> dict[int, StixObject]:
    """Read the objects; a leaf that is none, or repeats an id, does not count."""
    good: dict[int, StixObject] = {}
    for index in sorted(leaves):
        if index and terms[index].object_id:
            try:
                good[index] = decode_object(leaves[index].data)
            except UnitError:
                continue
    return good


def _sort(terms: Terms) -> _Sort:
    return (terms.tlp, terms.pap, terms.own_tlp, terms.origins)


def _needs(leaves: Mapping[int, Leaf], sorts: Mapping[int, _Sort]) -> dict[int, frozenset[_Sort]]:
    """Return for each leaf the sorts that must be cleared for it to go, its own among them."""
    kinds = dict.fromkeys(sorts.values())
    needs: dict[int, set[_Sort]] = {index: {sort} for index, sort in sorts.items()}
    if len(kinds) > 1:
        data = {index: leaf.data for index, leaf in leaves.items()}
        for kind in kinds:
            own = [index for index, sort in sorts.items() if sort == kind]
            for index in giving_away(data, own):
                needs[index].add(kind)
    return {index: frozenset(each) for index, each in needs.items()}


def _label(grade: Sequence[int], terms: Mapping[int, Terms]) -> Tlp:
    return max(terms[index].tlp for index in grade)


def _open(source: Content | Sequence[Opening], shown: Sequence[int]) -> Opening:
    if isinstance(source, Content):
        hashes = TreeHashes([leaf.hash for leaf in source.leaves])
        count = len(source.leaves)
        leaves = tuple(
            ShownLeaf(i, source.leaves[i], tuple(prove_inclusion(hashes, index=i, size=count)))
            for i in shown
        )
        return Opening(salt=source.salt, count=count, root=hashes.root, shown=leaves)
    by_index = {each.index: each for opening in source for each in opening.shown}
    first = source[0]
    return Opening(
        salt=first.salt,
        count=first.count,
        root=first.root,
        shown=tuple(by_index[index] for index in shown),
    )

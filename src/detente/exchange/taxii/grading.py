"""Grades: which leaves of a content stand or fall together before the gate.

A content may have a million objects, nearly all under the same terms. The gate
decides by terms, so one leaf of each sort can stand for the others: an opening
of these few, checked against the commitment, is what it is asked about later.
An object that would tell another one (by an id that can be computed) is given
only where that other one's sort is cleared too. The leaves are read more than
once and never held all at a time.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

import orjson

from detente.errors import UnitError
from detente.release import Origin, Terms
from detente.release.terms import read_terms
from detente.statements import (
    ContentError,
    Handling,
    Leaf,
    Opening,
    Tlp,
    decode_object,
    giving_away,
)

TOLD_APART_BYTES_MAX = 64 * 2**20  # a longer content of several sorts stands or falls as one
_CHUNK_LEAVES = 512
_NO_OBJECT = 0xFFFF
_SORTS_MAX = 256
_Sort = tuple[object, ...]
_Origins = Mapping[str, Sequence[Origin]]


class Leaves(Protocol):
    """A verified content, or what remains of it.

    UNTRUSTED for being there; that it is what was committed to, its maker has checked.
    """

    def read(self) -> Iterator[tuple[int, Leaf]]:
        """Yield number and leaf, by ascending number, leaf 0 first; as often as asked."""
        ...

    def terms(self) -> Sequence[Terms] | None:
        """Return the terms of every leaf where the gate has read all of them, else None."""
        ...

    def open(self, shown: Sequence[int]) -> Opening:
        """Return an opening of these leaves, leaf 0 among them."""
        ...


class GoodObject(NamedTuple):
    """One object that counts.

    Attributes:
        raw: RFC 8785 bytes.
        id: STIX id.
        version: its `modified`, or `created`, as written; "" where it has neither.
        grade: index into the grades.
    """

    raw: bytes
    id: str
    version: str
    grade: int


@dataclass(frozen=True, slots=True)
class Graded:
    """A content, ready for the shelf.

    Attributes:
        handling: leaf 0.
        count: of the objects that count.
        grades: for each grade the leaves that must all be cleared.
        labels: for each grade the label that its objects stand under.
        opening: shows every leaf that a grade names.
        by_leaf: grade of each leaf, or that it is no object that counts.
    """

    handling: Handling
    count: int
    grades: tuple[tuple[int, ...], ...]
    labels: tuple[Tlp, ...]
    opening: Opening
    by_leaf: "array[int]"

    def objects(self, leaves: Leaves) -> Iterator[GoodObject]:
        """Yield the objects that count, in the order of their leaves."""
        for index, leaf in leaves.read():
            if index and self.by_leaf[index] != _NO_OBJECT:
                one = orjson.loads(leaf.data)  # it was read strictly before
                version = one.get("modified") or one.get("created") or ""
                yield GoodObject(leaf.data, one["id"], version, self.by_leaf[index])


def grade(
    leaves: Leaves, origins: _Origins | None = None, *, checked: bool = False
) -> Graded | None:
    """Sort a verified content by what the gate decides, None where it has no good object.

    Args:
        leaves: the content.
        origins: STIX id -> the terms the object came under, where it is not the issuer's own.
        checked: every leaf is known to be a good object, as where this node said it.

    Raises:
        ContentError: leaf 0 is no handling, or its objects are of too many sorts.
    """
    handling, sorting = _sort(leaves, origins or {}, checked)
    if not any(number != _NO_OBJECT for number in sorting.of_leaf):
        return None
    needs = _needs(leaves, sorting)
    stand_ins = _stand_ins(sorting, needs)
    grades: dict[tuple[int, ...], int] = {}
    labels: list[Tlp] = []
    by_leaf = array("H", [_NO_OBJECT]) * len(sorting.of_leaf)
    for index, number in enumerate(sorting.of_leaf):
        if number == _NO_OBJECT or not sorting.is_good[index]:
            continue
        sorts = needs.get(index) or sorting.alone(number)
        named = tuple(sorted(stand_ins[each] for each in sorts))
        if named not in grades:
            grades[named] = len(grades)
            labels.append(max(sorting.labels[each] for each in sorts))
        by_leaf[index] = grades[named]
    return Graded(
        handling=handling,
        count=sum(sorting.is_good),
        grades=tuple(grades),
        labels=tuple(labels),
        opening=leaves.open(sorted({0, *(leaf for named in grades for leaf in named)})),
        by_leaf=by_leaf,
    )


@dataclass(slots=True)
class _Sorting:
    """Which sort each leaf is of: objects of one sort get one answer of the gate."""

    of_leaf: "array[int]"
    is_good: bytearray
    labels: list[Tlp]
    size: int = 0
    all_together: bool = False

    def alone(self, number: int) -> frozenset[int]:
        """Return what must be cleared for a leaf that tells no other sort."""
        every = range(len(self.labels))
        return frozenset(every if self.all_together else (number,))


def _sort(leaves: Leaves, origins: _Origins, checked: bool) -> tuple[Handling, _Sorting]:
    handling = Handling.parse(next(leaves.read())[1].data)
    numbers: dict[_Sort, int] = {}
    sorting = _Sorting(array("H"), bytearray(), [])
    seen: set[str] = set()
    for terms, chunk in _chunks(leaves, handling, origins):
        for each in terms:
            number = numbers.setdefault(_terms_of(each), len(numbers))
            if number == len(sorting.labels):
                sorting.labels.append(each.tlp)
            _note(sorting, each.index, number, good=_counts(each, chunk, seen, checked))
        sorting.size += sum(len(leaf.data) for leaf in chunk.values())
    if len(numbers) > _SORTS_MAX:
        raise ContentError(f"the objects stand under {len(numbers)} sorts of terms")
    sorting.all_together = sorting.size > TOLD_APART_BYTES_MAX and len(numbers) > 1
    return handling, sorting


def _chunks(
    leaves: Leaves, handling: Handling, origins: _Origins
) -> Iterator[tuple[Sequence[Terms], Mapping[int, Leaf]]]:
    """Yield leaves with their terms, few at a time, the handling left out."""
    reading = leaves.read()
    _, head = next(reading)
    known = None if origins else leaves.terms()
    definitions = {} if known is not None else _definitions(leaves)
    while chunk := dict(islice(reading, _CHUNK_LEAVES)):
        if known is None:
            read = read_terms(handling, {0: head, **definitions, **chunk}, origins)
            yield [each for each in read if each.index in chunk], chunk
        else:
            yield [known[index] for index in chunk], chunk


def _note(sorting: _Sorting, index: int, number: int, *, good: bool) -> None:
    missing = index + 1 - len(sorting.of_leaf)
    sorting.of_leaf.extend([_NO_OBJECT] * missing)
    sorting.is_good.extend(bytes(missing))
    sorting.of_leaf[index] = number
    sorting.is_good[index] = good


def _definitions(leaves: Leaves) -> dict[int, Leaf]:
    """Return the leaves that say what other leaves are marked with."""
    return {
        index: leaf
        for index, leaf in leaves.read()
        if index and b'"type":"marking-definition"' in leaf.data
    }


def _counts(terms: Terms, chunk: Mapping[int, Leaf], seen: set[str], checked: bool) -> bool:
    """Say whether a leaf is a good object whose id did not stand before."""
    if not terms.object_id or terms.object_id in seen:
        return False
    try:
        if not checked:
            decode_object(chunk[terms.index].data)
    except UnitError:
        return False
    seen.add(terms.object_id)
    return True


def _terms_of(terms: Terms) -> _Sort:
    return (terms.tlp, terms.pap, terms.own_tlp, terms.origins)


def _needs(leaves: Leaves, sorting: _Sorting) -> dict[int, frozenset[int]]:
    """Return leaf -> the sorts that must be cleared for it to go, where not only its own."""
    needs: dict[int, set[int]] = {}
    if len(sorting.labels) > 1 and not sorting.all_together:
        data = {index: leaf.data for index, leaf in leaves.read()}
        for number in range(len(sorting.labels)):
            own = [index for index, each in enumerate(sorting.of_leaf) if each == number]
            for index in giving_away(data, own) - set(own):
                needs.setdefault(index, {sorting.of_leaf[index]}).add(number)
    return {index: frozenset(each) for index, each in needs.items()}


def _stand_ins(sorting: _Sorting, needs: Mapping[int, frozenset[int]]) -> dict[int, int]:
    """Return for each sort a leaf of it, one that tells no other sort where there is one."""
    found: dict[int, int] = {}
    telling: dict[int, int] = {}
    for index, number in enumerate(sorting.of_leaf):
        if number != _NO_OBJECT:
            (telling if index in needs else found).setdefault(number, index)
    return telling | found

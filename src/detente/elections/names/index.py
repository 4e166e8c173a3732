"""Observed names looked up against protected ones: the reverse of listing what could be typed.

Twelve thousand permutations of one name are not listed; each observed name is
folded and found by halves. Of two names one edit apart, one half is untouched:
the first half of the protected name starts the observed one, or its second half
ends it. So a name costs a handful of look-ups, whatever is protected.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from detente.elections.errors import ElectionsError
from detente.elections.names import likeness
from detente.elections.names.folding import (
    NAME_CHARS_MAX,
    are_glyphs_apart,
    coarse,
    decode,
    joined,
    latin,
    plain,
)
from detente.elections.names.model import Likeness, LookAlike
from detente.elections.names.spelling import reworded, with_words

_NEAR_MIN = 5
"""Below this many letters a name has neighbours by chance: only the same ones count."""
_NEAR_ELSEWHERE_MIN = 8
"""A neighbour under another ending counts from this many letters."""
_SAME_ELSEWHERE_MIN = 4
"""The same name under another ending counts from this many."""
_LABEL_ALONE_MIN = 6
"""A registered label is looked for without what stands above it from this many letters."""
_COARSE_MIN = 8

_SECOND_LEVEL = frozenset(
    ("ac", "co", "com", "edu", "gob", "gouv", "gov", "mil", "net", "org", "state")
)
_SCORES = {
    Likeness.PLURAL: 0.8,
    Likeness.DICTIONARY: 0.8,
    Likeness.VARIOUS: 0.85,
    Likeness.WORD_ORDER: 0.7,
    Likeness.ABBREVIATION: 0.7,
    Likeness.BRAND_AS_SUBDOMAIN: 0.9,
}


Spell = Callable[[str, str, str], Iterator[tuple[str, Likeness]]]


@dataclass(frozen=True, slots=True, eq=False)
class _Protected:
    name: str
    body: str
    ending: str

    @property
    def bare(self) -> str:
        return self.body.replace(".", "").replace("-", "")


def split_name(name: str) -> tuple[list[str], str]:
    """A name's labels without its ending, and the ending: `a.co.uk` is `a` under `co.uk`."""
    labels = name.split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:  # noqa: PLR2004
        return labels[:-2], ".".join(labels[-2:])
    return labels[:-1], labels[-1]


class NameIndex:
    """Protected names, ready to be compared with.

    Args:
        protected: names such as `results.example.gov`, in any case.

    Raises:
        ElectionsError: one of them is no domain name.
    """

    def __init__(self, protected: Iterable[str]) -> None:
        self._own: set[str] = set()
        self._endings: set[str] = set()
        self._same: dict[str, tuple[_Protected, Likeness | None]] = {}
        self._coarse: dict[str, list[tuple[str, _Protected]]] = {}
        self._starts: dict[str, list[tuple[str, _Protected]]] = {}
        self._ends: dict[str, list[tuple[str, _Protected]]] = {}
        self._halves: dict[int, tuple[tuple[int, int], ...]] = {}
        lengths: set[int] = set()
        names = [normalise(name) for name in protected]
        for name in names:
            self._add(name, lengths)
        for spell in (with_words, reworded):
            for name in names:
                self._add_spellings(name, spell)
        self._halves = _halves_by_length(lengths)

    def _add(self, name: str, lengths: set[int]) -> None:
        labels, ending = split_name(decode(name))
        self._own.add(f"{labels[-1]}.{ending}")
        self._own.add(name)
        self._endings.add(ending)
        self._add_body(_Protected(name, ".".join(labels), ending), lengths)
        if len(labels) > 1 and len(labels[-1]) >= _LABEL_ALONE_MIN:
            self._add_body(_Protected(name, labels[-1], ending), lengths)

    def _add_body(self, entry: _Protected, lengths: set[int]) -> None:
        folded = plain(latin(entry.body))
        self._same.setdefault(folded, (entry, None))
        self._same.setdefault(joined(folded), (entry, None))
        if len(folded) >= _NEAR_MIN:
            lengths.add(len(folded))
            self._add_halves(folded, entry)
        if len(folded) >= _COARSE_MIN:
            self._coarse.setdefault(coarse(folded), []).append((folded, entry))

    def _add_halves(self, form: str, entry: _Protected) -> None:
        half = len(form) // 2
        swapped = form[: half - 1] + form[half] + form[half - 1] + form[half + 1 :]
        for text in {form, swapped}:
            self._starts.setdefault(text[:half], []).append((form, entry))
        self._ends.setdefault(form[half:], []).append((form, entry))

    def _add_spellings(self, name: str, spell: Spell) -> None:
        labels, ending = split_name(decode(name))
        entry = _Protected(name, ".".join(labels), ending)
        above = "".join(latin(label) for label in labels[:-1])
        for form, kind in spell(above, latin(labels[-1]), ending.replace(".", "")):
            self._same.setdefault(form, (entry, kind))

    def look(self, observed: str) -> LookAlike | None:
        """The protected name that `observed` is like; None if it is its own or like none."""
        # Certificates and zones may name all hosts at once: the name stands below the star.
        name = observed.strip().rstrip(".").lower().removeprefix("*.")
        if not name or len(name) > NAME_CHARS_MAX or "." not in name:
            return None
        seen = decode(name)
        labels, ending = split_name(seen)
        if not labels or f"{labels[-1]}.{ending}" in self._own:
            return None
        is_latin = seen.isascii()
        found = self._look_at(".".join(labels), ending, is_latin)
        if found is None and len(labels) > 1:
            found = self._look_below(labels, ending, is_latin)
        if found is None:
            return None
        entry, kind, score = found
        return LookAlike(observed.strip(), entry.name, kind, score)

    def _look_below(
        self, labels: list[str], ending: str, is_latin: bool
    ) -> tuple[_Protected, Likeness, float] | None:
        """A host of a look-alike, or a protected name in front of somebody else's."""
        if len(labels[-1]) >= _LABEL_ALONE_MIN:
            found = self._look_at(labels[-1], ending, is_latin)
            if found is not None:
                return found
        front = ""
        for label in labels[:-1]:
            front += label if is_latin else latin(label)
            if len(front) < _LABEL_ALONE_MIN:
                continue
            folded = plain(front)
            hit = self._same.get(folded) if len(folded) >= _LABEL_ALONE_MIN else None
            if hit is not None and hit[1] in (None, Likeness.VARIOUS):
                kind = Likeness.BRAND_AS_SUBDOMAIN
                return hit[0], kind, _SCORES[kind]
        return None

    def _look_at(
        self, body: str, ending: str, is_latin: bool
    ) -> tuple[_Protected, Likeness, float] | None:
        folded = plain(body if is_latin else latin(body))
        hit = self._same.get(folded)
        if hit is not None:
            found = self._judge_same(hit, body, ending, is_latin)
            if found is not None:
                return found
        near = self._near(folded, ending)
        if near is not None:
            kind = likeness.of_edit(_bare(body), near.bare, is_latin=is_latin)
            return near, kind, 0.9 if near.ending == ending else 0.7
        entry = self._glyph_alike(folded, ending) if ending in self._endings else None
        return None if entry is None else (entry, Likeness.HOMOGLYPH, 0.8)

    def _glyph_alike(self, folded: str, ending: str) -> _Protected | None:
        other = joined(folded)
        hit = self._same.get(other)
        if other != folded and hit is not None and hit[1] is None and hit[0].ending == ending:
            return hit[0]
        if len(folded) < _COARSE_MIN:
            return None
        for form, entry in self._coarse.get(coarse(folded), ()):
            if entry.ending == ending and are_glyphs_apart(folded, form):
                return entry
        return None

    def _judge_same(
        self, hit: tuple[_Protected, Likeness | None], body: str, ending: str, is_latin: bool
    ) -> tuple[_Protected, Likeness, float] | None:
        entry, kind = hit
        if kind is not None:
            return entry, kind, _SCORES[kind]
        if entry.ending != ending and len(entry.body) < _SAME_ELSEWHERE_MIN:
            return None
        found = likeness.of_equal(body, entry.body, is_latin=is_latin)
        return entry, found, 1.0 if entry.ending == ending else 0.9

    def _near(self, form: str, ending: str) -> _Protected | None:
        for start, end in self._halves.get(len(form), ()):
            rows = self._starts.get(form[:start])
            entry = None if rows is None else _nearest(form, ending, rows)
            if entry is None:
                rows = self._ends.get(form[-end:])
                entry = None if rows is None else _nearest(form, ending, rows)
            if entry is not None:
                return entry
        return None


def _nearest(form: str, ending: str, rows: list[tuple[str, _Protected]]) -> _Protected | None:
    for near_form, entry in rows:
        if entry.ending != ending and len(near_form) < _NEAR_ELSEWHERE_MIN:
            continue
        if near_form != form and is_one_edit(form, near_form):
            return entry
    return None


def normalise(name: str) -> str:
    """A protected name in lower case without a final dot.

    Raises:
        ElectionsError: it is no domain name.
    """
    plain_name = name.strip().rstrip(".").lower()
    labels = plain_name.split(".")
    if len(plain_name) > NAME_CHARS_MAX or len(labels) < 2 or not all(labels):  # noqa: PLR2004
        raise ElectionsError(
            f"{name[:80]!r} is no domain name to protect", remedy="Write it like results.example"
        )
    return plain_name


def _bare(body: str) -> str:
    return latin(body).replace(".", "").replace("-", "")


def _halves_by_length(lengths: set[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """For each length of an observed name, the lengths of the halves it could share."""
    table: dict[int, set[tuple[int, int]]] = {}
    for length in lengths:
        half = length // 2
        for observed in (length - 1, length, length + 1):
            table.setdefault(observed, set()).add((half, length - half))
    return {length: tuple(sorted(halves)) for length, halves in table.items()}


def is_one_edit(one: str, other: str) -> bool:
    """Whether one insertion, removal, replacement or swap of neighbours makes them equal."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = 0
    while at < len(one) and one[at] == other[at]:
        at += 1
    if len(one) != len(other):
        return one[at:] == other[at + 1 :]
    if one[at + 1 :] == other[at + 1 :]:
        return True
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return swapped == other[at:]

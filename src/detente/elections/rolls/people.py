"""Who is concerned: a removed set that is no chance sample, a person who stands twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt

from detente.elections.rolls.layout import Layout, Role
from detente.elections.rolls.model import Comparison, Finding, Row, Signal

_SELECTED_MIN = 50
_CRAMER_MIN = 0.15
_Z_MIN = 6.0
"""How far chi-square may lie above its mean, in its own standard deviations, by chance."""
_OVER_MIN = 1.25
"""How many times its share of the roll a group must have to be one that stands out."""
_DUPLICATES_MIN = 3
_SOUNDEX = str.maketrans("BFPVCGJKQSXZDTLMNR", "111122222222334556")


def selection(comparison: Comparison, layout: Layout, roll: Iterable[Row]) -> Finding | None:
    """Whether party, precinct, birth decade or initial of the removed differ from the roll's.

    Cramer's V of the removed against the whole roll, and chi-square far beyond chance: V
    because n is large, chance because a removed set can be small.

    Args:
        comparison: what was removed.
        layout: which columns these are.
        roll: rows of the first snapshot, or a sample of them.
    """
    if len(comparison.removed) < _SELECTED_MIN:
        return None
    return selection_among(comparison, layout, traits_of(roll, layout))


def traits_of(rows: Iterable[Row], layout: Layout) -> dict[str, Counter[str]]:
    """How often each value of party, precinct, birth decade and initial stands in some rows."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for trait, value in _traits(row, layout).items():
            counts.setdefault(trait, Counter())[value] += 1
    return counts


def selection_among(
    comparison: Comparison, layout: Layout, whole: Mapping[str, Counter[str]]
) -> Finding | None:
    """The same with the roll's traits counted already."""
    removed = list(comparison.removed.values())
    if len(removed) < _SELECTED_MIN:
        return None
    chosen = {t: c for t, c in traits_of(removed, layout).items() if t in whole}
    strengths = {
        trait: strength
        for trait, counts in chosen.items()
        if (strength := _strength(counts, whole[trait]))
    }
    if not strengths:
        return None
    over = {trait: _over_represented(chosen[trait], whole[trait]) for trait in strengths}
    keys = sorted(key for key, row in comparison.removed.items() if _stands_out(row, layout, over))
    said = ", ".join(f"{trait} (V = {v:.2f})" for trait, v in sorted(strengths.items()))
    return Finding(
        Signal.SELECTION,
        len(keys),
        f"the {len(removed)} removed are no chance sample of the roll: {said}; {len(keys)} of them "
        "make it so. Innocent: a cancelled street, a student town, a list of one party's "
        "convention. Settled by: the reasons of these removals.",
        tuple(keys),
    )


def _over_represented(chosen: Counter[str], whole: Counter[str]) -> frozenset[str]:
    share = chosen.total() / whole.total()
    return frozenset(
        value for value, count in chosen.items() if count > _OVER_MIN * share * whole[value]
    )


def _stands_out(row: Row, layout: Layout, over: Mapping[str, frozenset[str]]) -> bool:
    traits = _traits(row, layout)
    return all(traits.get(trait, "") in values for trait, values in over.items())


def _traits(row: Row, layout: Layout) -> dict[str, str]:
    traits = {
        "party": layout.read(row, Role.PARTY),
        "precinct": layout.read(row, Role.PRECINCT),
        "birth decade": layout.read(row, Role.BIRTH_YEAR)[:3],
        "initial": layout.read(row, Role.LAST_NAME)[:1].upper(),
    }
    return {trait: value for trait, value in traits.items() if value}


def _strength(chosen: Counter[str], whole: Counter[str]) -> float:
    """Cramer's V if both it and chi-square say that this is no chance; else 0."""
    count, total = chosen.total(), whole.total()
    freedom = len(whole) - 1
    if freedom < 1 or not total:
        return 0.0
    square = 0.0
    for value, of_all in whole.items():
        expected = count * of_all / total
        square += (chosen[value] - expected) ** 2 / expected
    strength = sqrt(square / (count * freedom))
    is_chance = (square - freedom) / sqrt(2 * freedom) < _Z_MIN
    return 0.0 if is_chance or strength < _CRAMER_MIN else strength


def sound(name: str) -> str:
    """American Soundex of a name: its first letter and three digits (US National Archives)."""
    letters = [sign for sign in name.upper() if "A" <= sign <= "Z"]
    if not letters:
        return ""
    code, last = letters[0], letters[0].translate(_SOUNDEX)
    for sign in letters[1:]:
        digit = sign.translate(_SOUNDEX)
        if digit.isdigit() and digit != last:
            code += digit
        if sign not in "HW":
            last = digit
    return (code + "000")[:4]


def person(row: Row, layout: Layout) -> tuple[str, ...] | None:
    """What two records of one person share; None where the layout cannot tell."""
    parts = (
        sound(layout.read(row, Role.LAST_NAME)),
        layout.read(row, Role.FIRST_NAME).upper(),
        layout.read(row, Role.BIRTH_YEAR),
        layout.read(row, Role.ADDRESS).upper(),
    )
    return parts if all(parts) else None


def wanted_people(comparison: Comparison, layout: Layout) -> Mapping[tuple[str, ...], list[str]]:
    """The persons whose records were added, with their keys: to be looked for in the old roll."""
    wanted: dict[tuple[str, ...], list[str]] = {}
    for key, row in comparison.added.items():
        who = person(row, layout)
        if who is not None:
            wanted.setdefault(who, []).append(key)
    return wanted


def duplicates(
    comparison: Comparison,
    wanted: Mapping[tuple[str, ...], list[str]],
    seen: Mapping[tuple[str, ...], int],
) -> Finding | None:
    """Added records of a person who stands in the roll already, or who was added twice.

    Args:
        comparison: what was added.
        wanted: from `wanted_people`.
        seen: how often each of these persons stood in the first snapshot and was not removed.
    """
    keys = [
        key for who, added in wanted.items() if seen.get(who) or len(added) > 1 for key in added
    ]
    keys += comparison.repeated
    if len(keys) < _DUPLICATES_MIN:
        return None
    return Finding(
        Signal.DUPLICATES,
        len(keys),
        f"{len(keys)} new records are of a person who stands in the roll already: same sound of "
        "the last name, first name, birth year and address. Innocent: a merge of two lists (it "
        "doubled 77,000 records in California in 2018). Settled by: the batch they came in.",
        tuple(sorted(set(keys))),
    )

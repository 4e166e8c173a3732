"""In which way one name is like another: the class in words that an officer understands."""

from detente.elections.names.model import Likeness

_VOWELS = frozenset("aeiou")
_ALIKE = frozenset(
    frozenset(pair)
    for pair in ("0o", "1l", "1i", "il", "bd", "ce", "gq", "mn", "nr", "uv", "38", "69", "vw")
)


def of_equal(observed: str, protected: str, *, is_latin: bool) -> Likeness:
    """The likeness of two bodies (names without their ending) whose plain folds are equal.

    Args:
        observed: as it was seen, decoded.
        protected: the protected one.
        is_latin: whether every sign seen is ASCII.
    """
    if observed == protected:
        return Likeness.TLD_SWAP
    if not is_latin:
        return _of_script(observed)
    if observed.replace("-", "") == protected.replace("-", ""):
        return Likeness.HYPHENATION
    if observed.replace(".", "") == protected.replace(".", ""):
        less = observed.count(".") < protected.count(".")
        return Likeness.DROPPED_DOT if less else Likeness.SUBDOMAIN
    return Likeness.HOMOGLYPH


def _of_script(observed: str) -> Likeness:
    for label in observed.split("."):
        if label and not label.isascii() and all("\u0400" <= s <= "\u052f" for s in label):
            return Likeness.CYRILLIC
    return Likeness.HOMOGLYPH


def of_edit(observed: str, protected: str, *, is_latin: bool) -> Likeness:
    """The likeness of two bodies one edit apart, dots and hyphens gone from both."""
    if not is_latin:
        return Likeness.HOMOGLYPH
    start = _common(observed, protected)
    end = _common(observed[start:][::-1], protected[start:][::-1])
    seen, meant = observed[start : len(observed) - end], protected[start : len(protected) - end]
    if len(seen) == 1 and not meant:
        return _of_insertion(observed, start)
    if len(meant) == 1 and not seen:
        return Likeness.OMISSION
    if len(seen) == len(meant) == 1:
        return _of_replacement(seen, meant)
    if len(seen) == len(meant) == 2 and seen == meant[::-1]:  # noqa: PLR2004
        return Likeness.TRANSPOSITION
    return Likeness.HOMOGLYPH


def _common(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _of_insertion(observed: str, at: int) -> Likeness:
    sign = observed[at]
    if at and observed[at - 1] == sign:
        return Likeness.REPETITION
    if sign == "s":
        return Likeness.PLURAL
    return Likeness.ADDITION if at == len(observed) - 1 else Likeness.INSERTION


def _of_replacement(seen: str, meant: str) -> Likeness:
    if seen in _VOWELS and meant in _VOWELS:
        return Likeness.VOWEL_SWAP
    if frozenset((seen, meant)) in _ALIKE:
        return Likeness.HOMOGLYPH
    if (ord(seen) ^ ord(meant)).bit_count() == 1:
        return Likeness.BITSQUATTING
    return Likeness.REPLACEMENT

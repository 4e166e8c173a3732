"""Display names that cannot pass for another's (attack A15, MeliCERTes issue 27).

A name is a label, never an identity; it is still what people read. So it is NFC,
of one script, without invisible characters, and no two in one charter look alike.
The look-alike table is that of `confusable-homoglyphs` (Unicode TR 39), which
reads a file of its own package and no network.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import cast

from detente.charter.errors import NameRefused
from detente.charter.invisible import shows_nothing
from detente.charter.model import NAME_CHARACTERS_MAX

_WRITTEN = frozenset("LMN")  # categories: letters, marks, numbers
_ALSO = frozenset(" -.,'&()/")  # of the punctuation of organisations' names
_UNDECIDED_SCRIPTS = frozenset(("COMMON", "INHERITED"))
# One writing system, several Unicode scripts (TR 39, section 5.1, augmented sets).
_WRITTEN_TOGETHER = (
    frozenset(("HAN", "HIRAGANA", "KATAKANA")),
    frozenset(("HAN", "HANGUL")),
    frozenset(("HAN", "BOPOMOFO")),
)


def check_name(name: str) -> None:
    """Refuse a display name that could deceive by itself.

    Raises:
        NameRefused: empty, over 64 characters, not NFC, outer or double spaces,
            control, format, bidirectional, invisible, blank or unassigned characters,
            symbols, two scripts.
    """
    if not name or len(name) > NAME_CHARACTERS_MAX:
        raise NameRefused(f"a name has 1 to 64 characters, this one {len(name)}")
    if not unicodedata.is_normalized("NFC", name):
        raise NameRefused(f"the name {name!a} is not in Unicode form NFC")
    if name != name.strip() or "  " in name:
        raise NameRefused(f"the name {name!a} has outer or double spaces")
    for character in name:
        if not _is_written(character):
            raise NameRefused(f"the name {name!a} contains {describe(character)}")
    if not any(unicodedata.category(character)[0] == "L" for character in name):
        raise NameRefused(f"the name {name!a} has no letter")
    _check_one_script(name)


def _is_written(character: str) -> bool:
    written = character in _ALSO or unicodedata.category(character)[0] in _WRITTEN
    return written and not shows_nothing(character)


def _check_one_script(name: str) -> None:
    found = scripts(name)
    if len(found) > 1 and not any(found <= together for together in _WRITTEN_TOGETHER):
        raise NameRefused(
            f"the name {name!a} mixes scripts: {', '.join(sorted(found))}",
            remedy="Write it in one script",
        )


def check_names_differ(names: Sequence[str], *, what: str) -> None:
    """Check each name, and that no two of them look alike.

    Raises:
        NameRefused: as `check_name`, or two that a reader could take for one another.
    """
    seen: dict[str, str] = {}
    for name in names:
        check_name(name)
        skeletons = {_skeleton(name), _skeleton(name.casefold())}
        for skeleton in skeletons & seen.keys():
            raise NameRefused(f"two {what} names look alike: {seen[skeleton]!a} and {name!a}")
        seen |= dict.fromkeys(skeletons, name)


def check_plain_text(text: str, *, what: str) -> None:
    """Refuse text that is empty, not NFC, or carries invisible or reordering characters.

    Raises:
        NameRefused: one of these.
    """
    if not text or not unicodedata.is_normalized("NFC", text):
        raise NameRefused(f"this {what} is empty or not in Unicode form NFC: {text[:60]!a}")
    for character in text:
        if is_hidden(character):
            raise NameRefused(f"this {what} contains {describe(character)}: {text[:60]!a}")


def is_hidden(character: str) -> bool:
    """Say whether a character shows nothing or changes the order of what is shown."""
    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp") or shows_nothing(character)


def describe(character: str) -> str:
    """Return `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def scripts(text: str) -> frozenset[str]:
    """Return the Unicode scripts of a text, without those that go with any."""
    alias = import_module("confusable_homoglyphs.categories").alias
    return frozenset(str(alias(character)) for character in text) - _UNDECIDED_SCRIPTS


def imitates_ascii(character: str) -> bool:
    """Say whether a character outside ASCII looks like one of ASCII."""
    return not character.isascii() and _prototype(character).isascii()


def _skeleton(name: str) -> str:
    """Return a text that is equal for names that look alike (TR 39, section 4)."""
    decomposed = unicodedata.normalize("NFD", name)
    return "".join(_prototype(each) for each in decomposed if not shows_nothing(each))


@lru_cache(maxsize=4_096)
def _prototype(character: str) -> str:
    """Return one representative of everything that looks like `character`."""
    direct = _homoglyphs(character)
    longer = [each for each in direct if each.isascii() and len(each) > 1]
    if longer:  # m looks like rn: the pair is read letter by letter elsewhere
        return "".join(_prototype(part) for part in min(longer))
    # The table is a star: I knows l, and l knows 1 and |; two steps reach all of them.
    alike = {character, *direct}
    alike |= {each for near in direct for each in _homoglyphs(near) if len(each) == 1}
    return min(alike, key=lambda each: (not each.isascii(), each))


def _homoglyphs(character: str) -> list[str]:
    data = import_module("confusable_homoglyphs.confusables").confusables_data
    rows = cast("list[dict[str, str]]", data.get(character, []))
    return [row["c"] for row in rows]

"""Other ways to write a protected name that no single edit reaches."""

from collections.abc import Iterator

from detente.elections.names.folding import plain
from detente.elections.names.model import Likeness

AFFIXES = (
    "vote", "votes", "voting", "voter", "election", "elections", "ballot", "ballots", "register",
    "registration", "results", "official", "county", "clerk", "sos", "secure", "login", "donate",
    "portal", "info", "online", "help", "my", "get", "the", "2024", "2025", "2026", "2027", "2028",
)  # fmt: skip
"""Election words that are put before or after a name (reference: dnstwist's dictionary class)."""

_SHORT = (("county", "co"), ("county", "cty"), ("county", "cnty"),
          ("state", "st"), ("elections", "elec"),
          ("election", "elec"), ("department", "dept"), ("secretaryofstate", "sos"))  # fmt: skip
_STATE_WORDS = """
alabama al alaska ak arizona az arkansas ar california ca colorado co connecticut ct delaware de
florida fl georgia ga hawaii hi idaho id illinois il indiana in iowa ia kansas ks kentucky ky
louisiana la maine me maryland md massachusetts ma michigan mi minnesota mn mississippi ms
missouri mo montana mt nebraska ne nevada nv ohio oh oklahoma ok oregon or pennsylvania pa
tennessee tn texas tx utah ut vermont vt virginia va washington wa wisconsin wi wyoming wy
"""
_STATES = dict(zip(_STATE_WORDS.split()[::2], _STATE_WORDS.split()[1::2], strict=True))
_WHOLE_MIN = 5
"""A shorter name with another word is too common to be anybody's."""


def with_words(above: str, label: str, ending: str) -> Iterator[tuple[str, Likeness]]:
    """Plain folds with something added, with what each is.

    Args:
        above: labels before the registered one, without dots; empty where there are none.
        label: the registered label.
        ending: its top-level name.
    """
    whole = above + label
    if len(whole) < _WHOLE_MIN:
        return
    for other in (whole + ending, "www" + whole, above + "www" + label, whole + "com"):
        yield plain(other), Likeness.VARIOUS
    for affix in AFFIXES:
        for other in (whole + affix, affix + whole, above + affix + label):
            yield plain(other), Likeness.DICTIONARY
    for other in _part_replaced(label):
        yield plain(above + other), Likeness.DICTIONARY
    for at, sign in enumerate(label, 1):
        if sign in "sxz":
            yield plain(above + label[:at] + "es" + label[at:]), Likeness.PLURAL


def reworded(above: str, label: str, _: str) -> Iterator[tuple[str, Likeness]]:
    """Plain folds of the same words otherwise written; arguments as `with_words`."""
    whole = above + label
    for other in _reordered(label):
        yield plain(above + other), Likeness.WORD_ORDER
    if above:  # elections.arden.gov, and ardenelections.com
        for other in _reordered(whole):
            yield plain(other), Likeness.WORD_ORDER
    for other in _abbreviated(whole):
        if len(other) >= _WHOLE_MIN:
            yield plain(other), Likeness.ABBREVIATION


def _part_replaced(label: str) -> Iterator[str]:
    """One word of a hyphenated name for an election word."""
    parts = label.split("-")
    if len(parts) == 1:
        return
    for at in range(len(parts)):
        for word in AFFIXES:
            yield "-".join((*parts[:at], word, *parts[at + 1 :]))


def _reordered(label: str) -> Iterator[str]:
    parts = label.split("-")
    if len(parts) > 1:
        yield "".join(reversed(parts))
    bare = label.replace("-", "")
    for word in AFFIXES:
        if bare.startswith(word) and len(bare) > len(word):
            yield bare[len(word) :] + word
        if bare.endswith(word) and len(bare) > len(word):
            yield word + bare[: -len(word)]


def _abbreviated(whole: str) -> Iterator[str]:
    bare = whole.replace("-", "").replace(".", "")
    for long, short in (*_SHORT, *_STATES.items()):
        if long in bare:
            yield bare.replace(long, short, 1)
        elif bare.startswith(short) and short in _STATES.values():
            yield long + bare[len(short) :]
        elif bare.endswith(short) and short in _STATES.values():
            yield bare[: -len(short)] + long

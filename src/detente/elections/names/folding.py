"""A name as an eye in a hurry reads it: several spellings fold to one skeleton.

*Plain*: accents and letters of other scripts become the Latin letter they
resemble (the letter's own name, then Unicode TR 39's table), 0 is o, 1 and i
are l, hyphens and dots vanish. *Joined*: also rn is m, vv is w, cl is d.
*Coarse*: every l is gone, b c d e k are one, so are m n r, and u v; it only
finds candidates, which `are_glyphs_apart` judges letter by letter.
"""

import re
import unicodedata
from functools import cache
from importlib import import_module

LABEL_CHARS_MAX = 63
NAME_CHARS_MAX = 253
"""RFC 1035 section 2.3.4."""

_PLAIN = str.maketrans({"0": "o", "1": "l", "i": "l", "-": None, ".": None, "_": None})
# d is cl, b is lb, k is lc, h is lh: what is left of each when every l is gone.
_COARSE = str.maketrans(
    {"b": "c", "d": "c", "e": "c", "k": "c", "l": None, "g": "q", "w": "uu", "v": "u", "m": "n",
     "r": "n", "8": "3"}
)  # fmt: skip
_LETTER = re.compile(
    r"LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |DOTLESS |TURNED |REVERSED )*([A-Z])\b"
)
_NAMED_OTHERWISE = {"\u014b": "n", "\u0259": "a", "\u0138": "k", "\u00df": "b", "\u0131": "i"}
"""Eng, schwa, kra, sharp s, dotless i: what they are written for in look-alike names."""


def decode(name: str) -> str:
    """The Unicode form of a name: each `xn--` label decoded, a broken one left as it stands."""
    if "xn--" not in name:
        return name
    return ".".join(_decode_label(label) for label in name.split("."))


def _decode_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > LABEL_CHARS_MAX:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


def latin(text: str) -> str:
    """A Unicode text with each sign replaced by the Latin letters it looks like."""
    return text if text.isascii() else "".join(map(_latin_sign, text))


@cache
def _latin_sign(sign: str) -> str:
    if sign.isascii() or sign in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE.get(sign, sign)
    folded = unicodedata.normalize("NFKD", sign.casefold())
    bare = "".join(each for each in folded if not unicodedata.combining(each))
    if bare.isascii():
        return bare.lower()
    return "".join(_resemblance(each) for each in bare)


def _resemblance(sign: str) -> str:
    if sign.isascii() or sign in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE.get(sign, sign)
    named = _LETTER.match(unicodedata.name(sign, ""))
    if named:
        return named[1].lower()
    data = import_module("confusable_homoglyphs.confusables").confusables_data
    for row in data.get(sign, ()):
        base = unicodedata.normalize("NFKD", row["c"])
        if base[0].isascii() and base[0].isalnum() and all(map(unicodedata.combining, base[1:])):
            return base[0].lower()
    return sign


def fold(text: str) -> str:
    """The joined fold of any text, spaces gone: two shown names that read the same are equal."""
    return joined(plain(latin(text.lower()).replace(" ", "")))


def plain(body: str) -> str:
    """The plain fold of a name whose signs are Latin already."""
    return body.translate(_PLAIN)


def joined(folded: str) -> str:
    """The joined fold of a plain one."""
    if "r" in folded and "rn" in folded:
        folded = folded.replace("rn", "m")
    if "vv" in folded:
        folded = folded.replace("vv", "w")
    if "cl" in folded:
        folded = folded.replace("cl", "d")
    return folded


_RUN = re.compile(r"([cnu])\1+")


def coarse(folded: str) -> str:
    """The coarse fold of a plain one: whole names that look alike become equal."""
    return _RUN.sub(r"\1", folded.translate(_COARSE))


_PAIRS = (
    "m:rn m:nn m:n m:r n:r d:cl d:dl d:el d:b b:lb b:ld h:lh k:lc k:lk w:vv w:v c:e g:q u:v "
    "3:8 6:9 o:a b:dl b:cl"
)
_RULES = tuple(
    pair
    for text in _PAIRS.split()
    for one, two in [text.split(":")]
    for pair in ((one, two), (two, one))
)


def are_glyphs_apart(one: str, other: str, *, changes: int = 2) -> bool:
    """Whether at most so many look-alike letters or pairs turn one plain fold into the other."""
    at = 0
    while at < len(one) and at < len(other) and one[at] == other[at]:
        at += 1
    if at == len(one) == len(other):
        return True
    if not changes:
        return False
    # A pair may begin with the letter that is still the same: d, and d with an l after it.
    return any(
        are_glyphs_apart(one[start + len(left) :], other[start + len(right) :], changes=changes - 1)
        for start in {at, max(at - 1, 0)}
        for left, right in _RULES
        if one.startswith(left, start) and other.startswith(right, start)
    )

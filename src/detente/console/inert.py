"""Text of strangers, made harmless to read: nothing hidden, nothing that turns a line around.

Escaping against markup is the template's; this is against what a human eye takes for
something else. (Unicode Technical Report 36; CVE-2021-42574)
"""

import unicodedata

from markupsafe import Markup, escape

_SHOWN_MAX = 2_000
_HIDING = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_PLAIN = {"\n", "\t"}


def inert(value: object, most: int = _SHOWN_MAX) -> Markup:
    """Return text with every invisible or direction-changing character written as its code.

    Args:
        value: anything; shown as text.
        most: longer text is cut, and says so.
    """
    text = str(value)
    shown = [_shown(each) for each in text[:most]]
    rest = len(text) - most
    if rest > 0:
        shown.append(Markup('<span class="cut"> … {} more characters</span>').format(rest))
    return Markup('<bdi class="inert">{}</bdi>').format(Markup("").join(shown))


def plain(value: object) -> str:
    """Return text for a title or an attribute, with what hides in it written as its code."""
    return "".join(
        f"U+{ord(each):04X}" if unicodedata.category(each) in _HIDING else each
        for each in str(value)[:_SHOWN_MAX]
    )


def _shown(character: str) -> Markup:
    if character in _PLAIN or unicodedata.category(character) not in _HIDING:
        return escape(character)
    return Markup('<span class="code">U+{:04X}</span>').format(ord(character))

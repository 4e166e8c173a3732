"""The text that whatever an expression matches must hold: looked for first, since that is cheap.

Cautious on purpose. What is not understood gives no text, and the expression is then run on
every value; a text given is one without which RE2 finds nothing.
"""

import re
from itertools import groupby

CHARACTERS_MIN = 3
_GAP = ""
# Escapes that stand for no fixed character, and take nothing of what follows them.
_CLASSES = frozenset("dDwWsSbBAz")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}")
_FOLDED_ELSEWHERE = frozenset("skSK")  # without case, letters that are not ASCII equal these

_RUN = re.compile(r"(?:\.|\(\.\))\{([1-9]\d{0,3}),?\}")


def run_length(pattern: str) -> int:
    """Return how long a run of any characters on one line the pattern asks for; 0: it asks more.

    RE2 counts to that with as many states, and takes its time for each.
    """
    found = _RUN.fullmatch(pattern)
    return int(found[1]) if found else 0


def has_run(text: str, *, length: int) -> bool:
    """Say whether some line of a text is that long."""
    return len(text) >= length and any(len(line) >= length for line in text.split("\n"))


def required_text(pattern: str) -> str:
    """Return text in lower case that is in the lower case of all that the pattern matches.

    Args:
        pattern: an expression of RE2 that was accepted.

    Returns:
        At least three characters of ASCII; nothing where no such text is known.
    """
    parts = _parts(pattern)
    if parts is None:
        return ""
    folded = _FOLDED_ELSEWHERE if re.search(r"\(\?[a-zA-Z]*i", pattern) else frozenset()
    fixed = (part if part.isascii() and part not in folded else _GAP for part in parts)
    runs = ("".join(run) for is_text, run in groupby(fixed, key=bool) if is_text)
    best = max(runs, key=len, default="")
    return best.lower() if len(best) >= CHARACTERS_MIN else ""


def _parts(pattern: str) -> list[str] | None:
    """Return the characters a match holds one after the other, with gaps; None for no idea."""
    parts: list[str] = []
    at = depth = 0
    while at < len(pattern):
        piece, at = _next(pattern, at)
        if piece is None:
            return None
        match piece:
            case "(" | ")":
                depth += 1 if piece == "(" else -1
                parts.append(_GAP)
            case "|" if depth == 0:
                return None
            case "optional":
                if depth == 0 and parts:
                    parts[-1] = _GAP
                parts.append(_GAP)
            case _:
                parts.append(piece[1:] if depth == 0 and piece[:1] == "=" else _GAP)
    return parts


def _next(pattern: str, at: int) -> tuple[str | None, int]:
    """Return what stands at a place (`=` and a character, or what it does), and where it ends."""
    letter = pattern[at]
    if letter == "\\":
        return _escaped(pattern[at + 1 : at + 2]), at + 2
    if letter == "[":
        found = _CLASS.match(pattern, at)
        return ("gap", found.end()) if found else (None, at)
    if letter == "{" and (counted := _COUNT.match(pattern, at)):
        return "optional", counted.end()
    if letter in "*?":
        return "optional", at + 1
    if letter in "()|":
        return letter, at + 1
    return ("gap" if letter in ".^$+{" else f"={letter}"), at + 1


def _escaped(letter: str) -> str | None:
    if letter in _CONTROLS:
        return f"={_CONTROLS[letter]}"
    if letter in _CLASSES and letter:
        return "gap"
    # Numbers, names of classes and quoted runs take more than one letter.
    return None if letter.isalnum() or not letter else f"={letter}"

"""Keywords are asked of every field: a look at an event's JSON rules most events out.

One pass over the bytes, without memos, that says "none of these can be in it" or
"perhaps". It says "perhaps" wherever JSON could spell a letter in another way.
"""

import re
from collections.abc import Iterable, Sequence

from detente.watch.kernel.program import Op, Operand


class Screen:
    """Looks for bytes in JSON in one pass, in lower case."""

    def __init__(self, needles: Sequence[bytes]) -> None:
        from ahocorasick_rs import MATCHKIND_LEFTMOST_FIRST, BytesAhoCorasick

        # Only the leftmost kind is searched with vector instructions.
        automaton = BytesAhoCorasick(needles, matchkind=MATCHKIND_LEFTMOST_FIRST)
        self._find = automaton.find_matches_as_indexes

    def places(self, raw: bytes) -> list[tuple[int, int, int]]:
        """Return where something was found: which, its start and its end."""
        return self._find(raw.lower())


_NEEDLES_MAX = 60  # beyond 64 the search has no vector form, and costs more than it saves
_NEEDLE_CHARACTERS = 3
# What stands in JSON as it is: ASCII without quotes, backslashes, slashes and controls.
_PLAIN_RUN = re.compile(r"[ !#-.0-\[\]-~]+")
_NUMERIC = re.compile(r"[0-9+.eaifn-]*")  # a number may be written in several ways
# Escapes of ASCII letters, and the two letters whose lower case is ASCII, plain and escaped.
_ELSEWISE = (b"\\u00", b"\\u212a", b"\\u0130", "\u212a".encode(), "\u0130".encode())


def screen_for(atoms: Iterable[tuple[str, Operand]]) -> Screen | None:
    """Return a search that finds nothing only in JSON in which none of the keywords is.

    Args:
        atoms: every question about every field that is asked together.

    Returns:
        None where some keyword leaves nothing to look for, or there are too many.
    """
    needles = set()
    for op, value in atoms:
        needle = _needle(Op(op), value)
        if needle is None:
            return None
        needles.add(needle)
    if len(needles) > _NEEDLES_MAX:
        return None
    return Screen([*sorted(needles), *_ELSEWISE])


def _needle(op: Op, value: Operand) -> bytes | None:
    match op:
        case Op.IS | Op.CONTAINS | Op.CASED_IS | Op.CASED_CONTAINS:
            parts = [value]
        case Op.GLOB | Op.CASED_GLOB:
            parts = [part for part in value if isinstance(part, str)]
        case _:
            return None
    runs = (run for part in parts for run in _PLAIN_RUN.findall(part))
    usable = [run.lower() for run in runs if not _NUMERIC.fullmatch(run.lower())]
    best = max(usable, key=len, default="")
    return best.encode() if len(best) >= _NEEDLE_CHARACTERS else None

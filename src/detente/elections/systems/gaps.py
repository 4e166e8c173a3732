"""Silence inside a log that is never silent: somebody cut it, or nothing wrote."""

from collections.abc import Sequence
from itertools import pairwise

from detente.elections.systems.model import Finding, Sign

_ENTRIES_MIN = 300
_GAP_MIN_S = 3_600.0
_TIMES_LONGEST = 4.0
_RANK = 0.99


def log_gaps(entries: Sequence[tuple[int, float]]) -> list[Finding]:
    """Gaps many times as long as the long gaps of the same log.

    Args:
        entries: of each entry its line and its time, in the order of the log.
    """
    if len(entries) < _ENTRIES_MIN:
        return []
    gaps = sorted(max(b[1] - a[1], 0.0) for a, b in pairwise(entries))
    usual = gaps[int(_RANK * (len(gaps) - 1))]
    least = max(_GAP_MIN_S, _TIMES_LONGEST * usual)
    return [
        _finding(before, after, usual)
        for before, after in pairwise(entries)
        if after[1] - before[1] > least
    ]


def _finding(before: tuple[int, float], after: tuple[int, float], usual: float) -> Finding:
    return Finding(
        sign=Sign.LOG_GAP,
        start=before[1],
        end=after[1],
        lines=(before[0], after[0]),
        said=(
            f"nothing was written for {(after[1] - before[1]) / 3_600:.1f} hours; in this log 99 "
            f"gaps of 100 are shorter than {usual / 3_600:.1f}."
        ),
        innocent="a server that was down, a disk that was full, a rotated file that is missing.",
        settled_by="the log of the machine itself, and a copy kept elsewhere.",
    )

"""STIX timestamps as whole numbers that compare exactly, whatever their precision.

Source: STIX 2.1, 2.17 (upper case, `Z`, any number of digits of a second).
"""

import re
from datetime import UTC, datetime
from fractions import Fraction

DIGITS_MAX = 18
_TICKS: int = 10**DIGITS_MAX  # of a second
_FORM = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,18}))?Z",
    re.ASCII,
)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_SECONDS_TO_1970 = 62_135_596_800


def parse_moment(text: str) -> int | None:
    """Return a timestamp in units of 10^-18 s since year 1, None where it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    try:
        whole = datetime.fromisoformat(f"{found[1]}Z") - _EPOCH
    except ValueError:
        return None
    fraction = int((found[2] or "").ljust(DIGITS_MAX, "0"))
    return (whole.days * 86_400 + whole.seconds) * _TICKS + fraction


def ticks_of(seconds: float) -> int:
    """Return a length of time in the same units."""
    return int(Fraction(seconds) * _TICKS)


def moment_of(seconds: float) -> int:
    """Return a time since 1970 in the same units since year 1."""
    return _SECONDS_TO_1970 * _TICKS + ticks_of(seconds)

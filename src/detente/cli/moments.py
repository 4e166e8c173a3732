"""Times as people type them."""

from datetime import UTC, datetime, timedelta

from detente.errors import InputError

_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 50 * 366 * 86_400


def parse_moment(text: str, now: datetime) -> float:
    """Return the seconds since 1970 of a time, or of a span before now (`36h`, `7d`).

    Raises:
        InputError: it is neither.
    """
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit():
        ago = int(number[:15]) * unit
        if ago <= _LONGEST_S:
            return (now - timedelta(seconds=ago)).timestamp()
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text[:40]!r} is no time", remedy="Write 2026-11-01, 2026-11-01T08:00:00Z, 36h or 7d"
        ) from None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()


def parse_due(text: str, now: datetime) -> datetime:
    """Return a time to come: `2h` or `3d` from now, or a time as `parse_moment` reads it.

    Raises:
        InputError: it is none, or so far ahead that nobody means it.
    """
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit():
        ahead = int(number[:15]) * unit
        if ahead > _LONGEST_S:
            raise InputError(f"{text[:40]!r} is too far ahead", remedy="Write 2h, 3d or a date")
        return (now + timedelta(seconds=ahead)).replace(microsecond=0)
    return datetime.fromtimestamp(int(parse_moment(text, now)), UTC)

"""The one form of a time on the wire: `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, whole seconds)."""

import re
from datetime import UTC, datetime

from detente.signing.errors import TimeError

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


def parse_time(text: str) -> datetime:
    """Read a wire time; no offsets, no fractions, no lower case, no second 60.

    Raises:
        TimeError: another form, or no such moment.
    """
    if _FORM.fullmatch(text) is None:
        raise TimeError(f"a time is written YYYY-MM-DDTHH:MM:SSZ, not {text[:40]!r}")
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError:
        raise TimeError(f"there is no moment {text!r}") from None


def format_time(moment: datetime) -> str:
    """Write an aware time in UTC, whole seconds, rounded down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")

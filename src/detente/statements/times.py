"""When a statement counts as said: claimed times bind nobody (A24 to A28).

What orders statements is their place in the log and the first cosignature over
it. A claimed time may be wrong in two directions only: into the future, which
is refused, and into the past, which is shown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.statements.errors import StatementError

CLOCK_SKEW = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Timely:
    """The claimed time fits the first time anybody else saw the statement."""


@dataclass(frozen=True, slots=True)
class Backdated:
    """The claimed time lies before what others saw; shown with the statement, never refused.

    Attributes:
        by: how long before its first cosignature the statement claims to have been said,
            beyond the checkpoint interval and the clock skew.
    """

    by: timedelta


CHECKPOINT_INTERVAL = timedelta(seconds=60)


def check_not_future(claimed: datetime, now: datetime) -> None:
    """Refuse a time ahead of our clock by more than the skew.

    Raises:
        StatementError: it lies more than 300 seconds in the future.
    """
    if claimed - now > CLOCK_SKEW:
        raise StatementError(
            f"it claims to be said at {claimed:%Y-%m-%dT%H:%M:%SZ}, "
            f"{(claimed - now).total_seconds():.0f} s ahead of our clock",
            remedy="If the clock of this node is wrong, `detente doctor` shows it",
        )


def timeliness(claimed: datetime, first_cosigned: datetime) -> Timely | Backdated:
    """Compare a claimed time with the first cosignature over the statement's position."""
    late = first_cosigned - claimed - CHECKPOINT_INTERVAL - CLOCK_SKEW
    return Backdated(by=late) if late > timedelta(0) else Timely()

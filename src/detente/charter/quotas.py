"""Quotas: what a member may add in a day, so that nobody drowns the others.

Entry, ciphertext and wraps count alike, whoever stores them. Recovery is exempt,
and so is what a member must always be able to say: nobody is flooded by it.
"""

from dataclasses import dataclass, replace
from datetime import date

from detente.charter.model import Quota, Refused

EXEMPT_KINDS = frozenset(("suspend", "recover", "objection", "leave"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bytes one statement brings: its entry, its ciphertext and its wraps."""

    entry: int
    ciphertext: int = 0
    wraps: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.entry + self.ciphertext + self.wraps


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a member has added on one UTC day."""

    day: date
    statements: int = 0
    size_bytes: int = 0


def charge(spent: Spent, quota: Quota, *, kind: str, size: Size, day: date) -> Spent | Refused:
    """Return what is spent after one more statement, or why it is over the quota.

    Args:
        spent: so far; an earlier day counts as nothing.
        quota: of the charter.
        kind: of a clear governance statement; "" for content.
        size: what it brings.
        day: UTC date on the receiver's clock.
    """
    today = spent if spent.day == day else Spent(day=day)
    if kind in EXEMPT_KINDS:
        return today
    statements, size_bytes = today.statements + 1, today.size_bytes + size.total
    if statements > quota.statements:
        return Refused(f"{quota.statements} statements a day are the quota; this is one more")
    if size_bytes > quota.size_bytes:
        return Refused(f"{quota.size_bytes} bytes a day are the quota; this makes {size_bytes}")
    return replace(today, statements=statements, size_bytes=size_bytes)

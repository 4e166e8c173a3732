"""Rows that cannot be read: all of them are told at once, with what may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from detente.elections.errors import ElectionsError

TOLD_MAX = 20
"""Bad rows that a message names; the rest are counted."""
_NEAR_OF_MAX = 5_000
"""Names that are looked through for a near one."""


class Refused:
    """Collects the rows of one file that cannot be read."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, line: int, reason: str) -> None:
        """Keep one row and why; beyond the first few they are only counted."""
        self._count += 1
        if len(self._told) < TOLD_MAX:
            self._told.append(f"line {line}: {reason}")

    def raise_if_any(self) -> None:
        """Tell them all; nothing of the file may be used then.

        Raises:
            ElectionsError: there are some.
        """
        if self._count:
            more = self._count - len(self._told)
            rest = f"; and {more} more" if more else ""
            rows = "1 row" if self._count == 1 else f"{self._count} rows"
            raise ElectionsError(
                f"{rows} cannot be read, nothing was taken: {'; '.join(self._told)}{rest}",
                remedy="Mend these rows, or ask for the export again",
            )


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the names that `name` may have been meant to be."""
    names = [each for each, _ in zip(known, range(_NEAR_OF_MAX), strict=False)]
    found = get_close_matches(name[:200], names, n=2, cutoff=0.7)
    return f" (near: {', '.join(found)})" if found else ""

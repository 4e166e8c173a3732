"""Errors of the readers."""

from detente.watch.errors import WatchError


class ReadingError(WatchError):
    """An input that cannot be read as events at all; one bad line never raises it."""


class UnreadableLine(Exception):
    """One line that is not what its format asks for. Caught by the reader that meets it.

    Args:
        reason: what was expected and what was seen, without the line itself.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

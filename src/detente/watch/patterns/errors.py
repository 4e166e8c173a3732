"""Errors of this room."""

from detente.watch.errors import WatchError


class ObservationError(WatchError):
    """Observed data that cannot be read, or that a pattern cannot be asked about."""

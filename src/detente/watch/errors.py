"""Errors of this room."""

from detente.errors import UnitError


class WatchError(UnitError):
    """A list, an asset or a rule that cannot be read as one."""

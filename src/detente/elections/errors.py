"""Errors of this room."""

from detente.errors import UnitError


class ElectionsError(UnitError):
    """Figures, a roll, a list of names or an audit's input that cannot be read as one."""

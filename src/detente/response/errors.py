"""What response refuses."""

from detente.errors import UnitError


class EntryError(UnitError):
    """An entry that is not in the one form, or says what entries of its sort do not say."""


class PressRefused(UnitError):
    """A sentence for the press that may not be approved so, or not be sent."""


class PlaybookError(UnitError):
    """A document that is no CACAO 2.0 playbook."""

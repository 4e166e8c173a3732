"""What response refuses."""

from detente.errors import UnitError


class EntryError(UnitError):
    """An entry that is not in the one form, or says what entries of its sort do not say."""


class PlaybookError(UnitError):
    """A document that is no CACAO 2.0 playbook."""

"""What can be wrong between two nodes, as far as the operator can mend it."""

from detente.errors import UnitError


class ExchangeError(UnitError):
    """A path, list or message between nodes in another than the one permitted form."""


class RequestRefused(ExchangeError):
    """A request that should say who asks does not, or not in a way that counts."""

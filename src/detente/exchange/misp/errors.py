"""What can be wrong with what MISP wrote."""

from detente.exchange.errors import ExchangeError


class MispError(ExchangeError):
    """An event, a feed or a list that is not as MISP writes it."""

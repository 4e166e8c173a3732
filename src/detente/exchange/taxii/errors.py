"""What a TAXII request can be refused for, as TAXII 2.1 section 3.6.1 writes it down."""

from http import HTTPStatus

from detente.errors import UnitError


class TaxiiError(UnitError):
    """A request that is refused; becomes an error message resource.

    Args:
        status: of the HTTP answer.
        message: what was expected and what was seen.
        remedy: what the asker can do.
    """

    def __init__(self, status: HTTPStatus, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class PullError(UnitError):
    """Another server answered in a way that cannot be used, or not at all."""

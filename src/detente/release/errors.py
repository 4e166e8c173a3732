"""What sealing a cleared copy raises; refusing a release is an answer, not an error."""

from detente.errors import UnitError


class ReleaseError(UnitError):
    """A copy that cannot be made as it was cleared."""

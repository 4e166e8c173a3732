"""What reading and checking a proof raises."""

from detente.errors import UnitError


class ProofFileError(UnitError):
    """Bytes that are no proof, chain or receipt file in the one form this project writes."""


class ProofRefused(UnitError):
    """A well-formed proof that does not show what it claims; the message says at which step."""


class ChainError(UnitError):
    """A charter chain that does not lead from its first digest to its last version."""


class ReceiptRefused(UnitError):
    """An object receipt that does not show what it claims."""

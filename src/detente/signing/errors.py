"""What verification raises."""

from detente.errors import UnitError


class SignatureError(UnitError):
    """A signature, or the key it is checked with, is not acceptable."""


class KeyAdmissionError(UnitError):
    """A key may not enter a charter: weak, malformed, or its holder did not prove possession."""


class JsonError(UnitError):
    """Bytes that are not JSON as every node reads it."""


class EnvelopeError(UnitError):
    """A DSSE envelope that is not in the one form this project writes."""


class ProofError(UnitError):
    """A Merkle proof that does not show what it claims."""


class TimeError(UnitError):
    """Text that is not a time in the one form used on the wire."""

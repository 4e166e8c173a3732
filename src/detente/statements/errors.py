"""What reading a statement raises."""

from detente.errors import UnitError


class StatementError(UnitError):
    """A log entry that is no statement, or not one that may stand where it stands."""


class ContentError(UnitError):
    """Content that does not fit its statement: framing, size, key, commitment, opening."""


class SealingError(UnitError):
    """A content key that cannot be sealed to a reader, or a wrap that does not open."""


class StixError(UnitError):
    """An object that is not valid STIX 2.1, or may not be said by this issuer."""


class PatternError(UnitError):
    """Text that is not a STIX 2.1 pattern, or one beyond the limits."""

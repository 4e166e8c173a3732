"""What verification in this room raises."""

from detente.errors import UnitError


class CharterError(UnitError):
    """Root of what is wrong with a charter or with what binds its members."""


class CharterFormatError(CharterError):
    """Bytes or a body that are not in the one form this project writes."""


class NameRefused(CharterError):
    """A display name that could be taken for another, or that hides something."""


class UnsafeUnit(CharterError):
    """A unit that cannot be safe for the number of hostile members it asks to bear."""


class FoundingError(CharterError):
    """An acceptance or a withdrawal that does not fit the offered founding."""


class SuccessionError(CharterError):
    """A charter that may not follow the one before it."""


class BallotError(CharterError):
    """A ballot, or what it shows, that counts for nothing."""


class CertificateError(CharterError):
    """A certificate that does not carry the quorums it claims."""


class KeyHistoryError(CharterError):
    """A statement about keys that its member could not make."""

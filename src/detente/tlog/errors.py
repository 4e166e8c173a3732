"""What can be wrong with evidence."""

from detente.errors import UnitError
from detente.signing import ProofError

__all__ = [
    "CheckpointError",
    "ForkError",
    "MirrorError",
    "NoteError",
    "PolicyError",
    "ProofError",
    "ReceiptError",
    "StaleCheckpoint",
    "TileConflict",
    "TileError",
    "WitnessError",
]


class NoteError(UnitError):
    """A signed note or verifier key that is malformed, or a signature that does not verify."""


class CheckpointError(NoteError):
    """Text that is not a checkpoint."""


class ReceiptError(UnitError):
    """Bytes that are not a tlog-proof."""


class PolicyError(UnitError):
    """A tlog-policy that cannot be read, or a checkpoint that does not satisfy it."""


class TileError(UnitError):
    """A tile, an entry bundle or its path in another than the one permitted form."""


class MirrorError(UnitError):
    """Stored tiles or entries that are missing or do not lead to the checkpoint's root."""


class ForkError(UnitError):
    """A proof of fork, or of a witness's fault, that does not show what it claims."""


class WitnessError(UnitError):
    """A request to a witness that is not of the protocol's form."""


class StaleCheckpoint(UnitError):
    """The state was advanced by someone else since it was read."""


class TileConflict(UnitError):
    """Other bytes than those stored already were offered for one write-once path."""

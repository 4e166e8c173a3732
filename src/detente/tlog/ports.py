"""What the log needs from outside: three stores, each with its price when lost."""

from dataclasses import dataclass
from typing import Protocol

from detente.tlog.checkpoint import Checkpoint
from detente.tlog.tiles import TilePath


class LastCheckpoint(Protocol):
    """The newest checkpoint this node signed, by origin.

    TRUSTED. Losing it, or restoring an older one, lets the node sign a second
    tree of a size it signed before: a fork that everyone can prove. A node that
    lost it never resumes the log; it opens a new epoch.
    """

    def read(self, origin: str) -> Checkpoint | None:
        """Return the newest one, None before the first."""
        ...

    def advance(self, old: Checkpoint | None, new: Checkpoint) -> None:
        """Replace `old` by `new`, durably and in one step, before `new` is shown to anybody.

        Raises:
            StaleCheckpoint: what is stored is not `old`.
        """
        ...


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The largest tree a witness cosigned for an origin.

    Attributes:
        size: entries.
        root: 32 bytes.
        timestamp: POSIX seconds of the newest cosignature; never decreases.
    """

    size: int
    root: bytes
    timestamp: int


class WitnessStates(Protocol):
    """What this witness cosigned last, by origin.

    TRUSTED. Losing it lets a log obtain this witness's cosignature on a second
    history, and the two cosignatures prove the witness at fault.
    """

    def read(self, origin: str) -> WitnessState | None:
        """Return the state, None for an origin never cosigned."""
        ...

    def advance(self, origin: str, old: WitnessState | None, new: WitnessState) -> None:
        """Replace `old` by `new`, durably and in one step, before the cosignature leaves.

        Raises:
            StaleCheckpoint: what is stored is not `old`.
        """
        ...


class TileStore(Protocol):
    """Tiles and entry bundles, written once.

    UNTRUSTED. Every byte is checked against a signed root when it matters.
    Losing it costs availability: entries are fetched again from a mirror.
    """

    def read(self, path: TilePath) -> bytes | None:
        """Return the stored bytes, None where there are none."""
        ...

    def write(self, path: TilePath, data: bytes) -> None:
        """Store durably; the same bytes again are fine.

        Raises:
            TileConflict: other bytes are stored there already.
        """
        ...

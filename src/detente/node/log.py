"""A log of this node: its name, its keys and where it lives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from detente.errors import UnitError
from detente.node.errors import SigningRefused
from detente.signing import EMPTY_ROOT, Envelope
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.journal import EntryJournal
from detente.storage.tiles import TileFiles
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.signer import NoteSigner

NEW_EPOCH = (
    "Never resume this log. Restore newer state if there is any; otherwise open a new epoch with "
    "`detente keys recover`, naming this log's last known checkpoint"
)

StopPoint = Callable[[str], None]


def pass_by(_place: str) -> None:
    """Stop nowhere: what happens at a stop point unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class LogStores:
    """Where one log lives.

    Attributes:
        journal: what was acknowledged. TRUSTED.
        checkpoints: what was signed last. TRUSTED.
        tiles: what readers see. UNTRUSTED.
    """

    journal: EntryJournal
    checkpoints: SqliteCheckpoints
    tiles: TileFiles


@dataclass(frozen=True, slots=True)
class Log:
    """One log that this node writes.

    Attributes:
        origin: its name, 32 random hex digits `/` epoch.
        epoch: counted up after a loss or theft.
        stores: where it lives; whoever writes holds the directory's lock.
        signers: the log's keys: Ed25519 (0x01) and ML-DSA-44 (0x06).
        own_keys: raw public keys that may sign its entries, by DSSE keyid.
    """

    origin: str
    epoch: int
    stores: LogStores
    signers: tuple[NoteSigner, ...]
    own_keys: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A statement that is durable: it will be in the log whatever happens to this process.

    Attributes:
        origin: the log.
        epoch: the log's epoch.
        seq: index in the log.
        payload_hash: hex SHA-256 of the signed payload: the statement's id.
    """

    origin: str
    epoch: int
    seq: int
    payload_hash: str


@dataclass(frozen=True, slots=True)
class SequencerLimits:
    """How much may wait, and how long.

    Attributes:
        batch_entries_max: statements in one group commit.
        waiting_entries_max: drafts taken in; further submitters wait.
        lag_entries_max: acknowledged entries not yet in a tree; signing waits beyond, with at
            most three batches on their way.
        integrate_every_s: at most so long between checkpoints under load.
        journal_spare_entries: entries that bundles hold may stay in the journal up to this
            number, so that not every checkpoint costs a transaction more.
        checkpoint_every_s: a fresh checkpoint at least so often; below the 60 s of trust.md.
    """

    batch_entries_max: int = 256  # also the most that one row of the journal holds
    waiting_entries_max: int = 4_096
    lag_entries_max: int = 16_384
    integrate_every_s: float = 0.3
    journal_spare_entries: int = 4_096
    checkpoint_every_s: float = 50.0


class Appender(Protocol):
    """Who appends to the log while the node runs: `live.LiveLog`."""

    async def say(
        self, sign: Callable[..., Envelope], drafts: Sequence[Any], *, log: Log | None = None
    ) -> list[Acknowledged]:
        """Append drafts in order; return once a published checkpoint covers them all."""
        ...

    async def say_each(
        self, sign: Callable[..., Envelope], drafts: Sequence[Any]
    ) -> list[Acknowledged | UnitError]:
        """Append drafts together; one that is refused stops no other."""
        ...


def found_log(stores: LogStores, origin: str) -> None:
    """Begin a log at size 0. Only ever done once per origin: a lost log opens a new epoch.

    Raises:
        StaleCheckpoint: it was begun before.
        SigningRefused: its files show that it was begun before.
        StorageFault: the disk or the database refused.
    """
    if stores.tiles.published() is not None:
        raise SigningRefused(
            f"log {origin} has a published checkpoint and no TRUSTED state", remedy=NEW_EPOCH
        )
    stores.checkpoints.advance(None, Checkpoint(origin, 0, EMPTY_ROOT))

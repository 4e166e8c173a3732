"""Where things stand in a node's directory.

Layout of DIR:

    identity.json   public: name, member id, log name
    detente.toml    settings (optional)
    keys/           the key ring, sealed at rest
    unlock.key      opens the ring unless a passphrase does; belongs on another medium
    recovery.key    the recovery key, until somebody takes it away (they should)
    state.sqlite    TRUSTED: last checkpoints, journal, index; or a server's database has them
    logs/NAME/EPOCH the public face of the log: static files for any web server
    unit.chain      the charter chain, public
    trail.head      the signed end of the trail of who did what, outside the database
    ledgers/        the signed ledgers of months that are over, for an overseer
    elections/      what the office lets its console show (optional)
    redacted/       what remains of contents of which a part was erased
    blobs/          ciphertexts, wraps, charters, by hash
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from detente.node.settings import load_settings
from detente.storage.errors import storage_faults

DATABASE_FILE = "state.sqlite"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a node's directory.

    Attributes:
        directory: of the node.
        unlock_file: absolute, or from the directory.
        database_url: of a database server; empty for a file in the directory.
    """

    directory: Path
    unlock_file: str = "unlock.key"
    database_url: str = ""

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Return the layout that the node's settings ask for.

        Raises:
            InputError: the settings are not as they should be; with the line.
            StorageFault: the disk refused.
        """
        settings = cls(directory).settings
        with storage_faults(doing="looking for the settings", where=str(settings)):
            given = load_settings(settings)
        return cls(directory, unlock_file=given.unlock_file, database_url=given.database)

    @property
    def identity(self) -> Path:
        """Public facts about the node."""
        return self.directory / "identity.json"

    @property
    def settings(self) -> Path:
        """The operator's settings; may be missing."""
        return self.directory / "detente.toml"

    @property
    def keys(self) -> Path:
        """The key ring."""
        return self.directory / "keys"

    @property
    def unlock(self) -> Path:
        """What opens the ring where no passphrase does."""
        return self.directory / self.unlock_file

    @property
    def recovery(self) -> Path:
        """The recovery key, until it is taken to a safe place."""
        return self.directory / "recovery.key"

    @property
    def database(self) -> Path | str:
        """The node's state: a file, or the URL of a server's database."""
        return self.database_url or self.directory / DATABASE_FILE

    @property
    def blobs(self) -> Path:
        """Ciphertexts, wraps, charters."""
        return self.directory / "blobs"

    @property
    def chain(self) -> Path:
        """The charter chain: what an offline verifier of proofs is given."""
        return self.directory / "unit.chain"

    def ledger(self, period: str) -> Path:
        """The signed ledger of one month, public to whoever is given it."""
        return self.directory / "ledgers" / f"{period}.ledger"

    def redacted(self, payload_hash: str) -> Path:
        """What remains of a content of which a part was erased."""
        return self.directory / "redacted" / payload_hash

    def log(self, origin: str) -> Path:
        """The public files of one log."""
        return self.directory / "logs" / origin

    def cosigned(self, origin: str) -> Path:
        """The newest checkpoint of one log with the cosignatures gathered for it."""
        return self.log(origin) / "cosigned"

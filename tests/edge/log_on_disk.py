"""A real log in a directory, small keys and all, for tests of the append path."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from detente.node.log import Log, LogStores, found_log
from detente.signing import Envelope, Role, key_id, leaf_hash, merkle_root, sign_envelope
from detente.storage import Database, create_database, open_database
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.disk import Disk
from detente.storage.journal import EntryJournal
from detente.storage.keyholders import Ed25519Key, MlDsa44Key
from detente.storage.tiles import TileFiles
from detente.tlog import Checkpoint, NoteSigner, TilePath, open_note, unpack_entries, verify_mirror
from detente.tlog.verifier import KeyType

ORIGIN = "0123456789abcdef0123456789abcdef/1"
EPOCH = 1
STATEMENT_KEY = Ed25519Key(b"s" * 32)
SIGNERS = (
    NoteSigner.named(ORIGIN, KeyType.ED25519, Ed25519Key(b"l" * 32)),
    NoteSigner.named(ORIGIN, KeyType.MLDSA44, MlDsa44Key(b"m" * 32)),
)
VERIFIERS = [signer.verifier for signer in SIGNERS]
OWN_KEYS = {key_id(STATEMENT_KEY.public_key): STATEMENT_KEY.public_key}


@dataclass
class OpenLog:
    """One log and the database behind it."""

    directory: Path
    database: Database
    log: Log

    @property
    def tiles(self) -> TileFiles:
        return self.log.stores.tiles

    @property
    def checkpoints(self) -> SqliteCheckpoints:
        return self.log.stores.checkpoints

    @property
    def journal(self) -> EntryJournal:
        return self.log.stores.journal

    def close(self) -> None:
        self.database.close()


def location(directory: Path) -> Path | str:
    """Return where the database of a log stands: a file in it, or what the file `database` says."""
    named = directory / "database"
    return named.read_text() if named.exists() else directory / "node.db"


def new_log(directory: Path, *, disk: Disk | None = None) -> OpenLog:
    create_database(location(directory)).close()
    opened = reopen_log(directory, disk=disk)
    try:
        found_log(opened.log.stores, ORIGIN)
    except BaseException:
        opened.close()
        raise
    return opened


def reopen_log(
    directory: Path, *, disk: Disk | None = None, tiles: TileFiles | None = None
) -> OpenLog:
    database = open_database(location(directory))
    stores = LogStores(
        journal=EntryJournal(database),
        checkpoints=SqliteCheckpoints(database),
        tiles=tiles or TileFiles(directory / "log", disk=disk),
    )
    return OpenLog(directory, database, Log(ORIGIN, EPOCH, stores, SIGNERS, OWN_KEYS))


def sign(draft: str, epoch: int, seq: int) -> Envelope:
    """Sign a draft at its place; the payload names the place, as a statement's header does."""
    payload = json.dumps({"draft": draft, "epoch": epoch, "seq": seq}, separators=(",", ":"))
    return sign_envelope(Role.STATEMENT, payload.encode(), STATEMENT_KEY)


def at(seconds: int = 1_800_000_000):
    """Return a clock that stands still."""
    return lambda: datetime.fromtimestamp(seconds, UTC)


def read_log(tiles: TileFiles) -> tuple[Checkpoint, list[bytes]]:
    """Read a log as a stranger would: open the note, check every tile, return the entries."""
    note = tiles.published()
    assert note is not None
    opened = open_note(note, VERIFIERS)
    assert len(opened.verified) == len(VERIFIERS)
    checkpoint = Checkpoint.parse(opened.text)
    verify_mirror(tiles, checkpoint)
    entries = []
    for index in range(0, checkpoint.size, 256):
        width = min(256, checkpoint.size - index)
        path = TilePath(None, index // 256, width)
        data = tiles.read(path)
        entries += unpack_entries(tiles.read(path.full) if data is None else data, width)
    assert merkle_root([leaf_hash(entry) for entry in entries]) == checkpoint.root
    return checkpoint, entries


def payload_hash(entry: bytes) -> str:
    return sha256(Envelope.parse(entry).payload).hexdigest()

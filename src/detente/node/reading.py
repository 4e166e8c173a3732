"""What this node said, read back: entries from its own log, content with its own key."""

from dataclasses import dataclass

from detente.charter import KeySlot
from detente.errors import InputError
from detente.node.author import own_key_info
from detente.node.home import Home
from detente.node.receipts import make_receipt, read_entry
from detente.proofs.cosigners import who_saw
from detente.statements import Content, Opening, Statement, parse_entry
from detente.statements.opening import OPENING_BYTES_MAX
from detente.statements.sealing import read_content
from detente.storage.disk import read_capped
from detente.storage.model import StoredStatement
from detente.tlog import Checkpoint, Receipt, SignedNote
from detente.tlog.note import NOTE_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Said:
    """One own statement.

    Attributes:
        stored: its row in the index.
        statement: the log entry, read.
        content: its content; None where it is clear or was erased.
    """

    stored: StoredStatement
    statement: Statement
    content: Content | None


def find_statement(home: Home, name: str) -> StoredStatement:
    """Return the statement with this id, or the only one whose id begins so.

    Raises:
        InputError: none, or more than one.
    """
    wanted = name.lower()
    if len(wanted) == 64 and (stored := home.index.statement(wanted)) is not None:  # noqa: PLR2004
        return stored
    found = [
        each
        for each in home.index.statements(limit=1_000)
        if each.row.payload_hash.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{'no' if not found else 'more than one'} statement has an id that begins with {name!r}",
        remedy="`detente statement list` shows the ids",
    )


def read_said(home: Home, name: str) -> Said:
    """Return one own statement with its content.

    Raises:
        InputError: no such statement, or another member's.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
        ContentError, SealingError: the kept content is not what was committed to.
    """
    stored = find_statement(home, name)
    statement = parse_entry(own_entry(home, stored.row.origin, stored.row.seq))
    return Said(stored=stored, statement=statement, content=_content(home, stored, statement))


def own_entry(home: Home, origin: str, seq: int) -> bytes:
    """Return an entry of one of this node's logs, as far as it is published.

    Raises:
        InputError: the log does not reach that far.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
    """
    tiles = home.tiles(origin)
    published = tiles.published()
    size = 0 if published is None else Checkpoint.parse(SignedNote.parse(published).text).size
    return read_entry(tiles, seq, size)


def _content(home: Home, stored: StoredStatement, statement: Statement) -> Content | None:
    ciphertext = stored.row.ciphertext
    sealed = None if ciphertext is None else home.content_keys.get(ciphertext)
    if ciphertext is None or sealed is None or home.blobs.is_erased(ciphertext):
        return None
    opener = home.keys.opener_of(home.card.keys.key(KeySlot.SEALING))
    key = opener.open(info=own_key_info(ciphertext), sealed=sealed)
    return read_content(statement.header, key=key, ciphertext=home.blobs.get(ciphertext))


def newest_note(home: Home, origin: str) -> bytes:
    """Return the newest cosigned checkpoint of a log, or the published one.

    Raises:
        InputError: the log was never published.
    """
    path = home.layout.cosigned(origin)
    published = home.tiles(origin).published()
    if published is None:
        raise InputError(f"log {origin} has no checkpoint yet")
    return read_capped(path, bytes_max=NOTE_BYTES_MAX) if path.exists() else published


def receipt_for(home: Home, name: str) -> tuple[Receipt, str]:
    """Return a receipt for one own statement, and who has seen it, in words.

    Raises:
        InputError: no such statement, no charter, or no checkpoint covers it yet.
    """
    stored = find_statement(home, name)
    origin = stored.row.origin
    note = newest_note(home, origin)
    if Checkpoint.parse(SignedNote.parse(note).text).size <= stored.row.seq:
        note = home.tiles(origin).published() or note
    receipt = make_receipt(home.tiles(origin), stored.row.seq, note)
    charter = home.charter
    owner = None if charter is None else charter.member(home.identity.member)
    if charter is None or owner is None:
        raise InputError("this node has no charter", remedy="Found or join a unit first")
    return receipt, str(who_saw(charter, owner, note))


def read_redacted(home: Home, payload_hash: str) -> list[Opening]:
    """Return what remains of a content of which a part was erased; empty where nothing does.

    Raises:
        ContentError: a kept copy is not in the form it was written in.
        StorageFault: the disk refused.
    """
    folder = home.layout.redacted(payload_hash)
    if not folder.exists():
        return []
    pages = sorted(folder.glob("*.json"), key=lambda path: int(path.stem))
    return [Opening.parse(read_capped(page, bytes_max=OPENING_BYTES_MAX)) for page in pages]

"""What this node said, read back: entries from its own log, content with its own key."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from detente.charter import Charter, Member
from detente.errors import InputError
from detente.node.author import own_key_info
from detente.node.home import Home
from detente.node.receipts import make_receipt, read_entry
from detente.proofs.cosigners import Seen, who_saw
from detente.signing import Role
from detente.statements import Content, Opening, Sealed, SealingError, Statement, parse_entry
from detente.statements.opening import OPENING_BYTES_MAX
from detente.statements.sealing import read_content
from detente.storage.disk import read_capped
from detente.storage.model import StoredStatement
from detente.storage.objects import PAGE_MAX
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import Checkpoint, NoteError, Receipt, SignedNote
from detente.tlog.note import NOTE_BYTES_MAX
from detente.tlog.tiles import TILE_WIDTH

_ID_DIGITS = 64
_PREFIX = re.compile(r"[0-9a-f]{4,64}", re.ASCII)


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
    if not _PREFIX.fullmatch(wanted):
        raise InputError(
            f"{name[:80]!r} is no id: 4 to 64 hex digits",
            remedy="`detente statement list` shows the ids",
        )
    if len(wanted) == _ID_DIGITS:
        whole = home.index.statement(wanted)
        found = [] if whole is None else [whole]
    else:
        found = [each for each in _every(home) if each.row.payload_hash.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{len(found) or 'no'} statements have an id that begins with {wanted}",
        remedy="Name more of it" if found else "`detente statement list` shows the ids",
    )


def _every(home: Home) -> Iterator[StoredStatement]:
    after = 0
    while page := home.index.statements(after=after, limit=PAGE_MAX):
        yield from page
        after = page[-1].number


def newest_statements(home: Home, *, kind: str | None, limit: int) -> list[StoredStatement]:
    """Return the newest statements, of one kind if named, in the order they were taken."""
    after, step = _newest_number(home), limit
    while True:
        after = max(0, after - step)
        found = deque(_pages(home, kind, after), maxlen=limit)
        if after == 0 or len(found) == limit:
            return list(found)
        step *= 4


def _newest_number(home: Home) -> int:
    """Return the number of the newest statement, 0 where there is none."""
    low, high = 0, 1
    while home.index.statements(after=high, limit=1):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        found = home.index.statements(after=middle, limit=1)
        low, high = (found[0].number, high) if found else (low, middle)
    return low


def _pages(home: Home, kind: str | None, after: int) -> Iterator[StoredStatement]:
    while page := home.index.statements(kind=kind, after=after, limit=PAGE_MAX):
        yield from page
        after = page[-1].number


def read_said(home: Home, name: str) -> Said:
    """Return one statement; with its content where it is our own, or was sealed to us.

    Raises:
        InputError: no such statement, or another member's that is not mirrored here.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
        ContentError, SealingError: the kept content is not what was committed to.
    """
    stored = find_statement(home, name)
    statement = parse_entry(entry_of(home, stored))
    if not isinstance(statement.header.says, Sealed):
        return Said(stored=stored, statement=statement, content=None)
    if stored.row.issuer == home.identity.member:
        return Said(stored=stored, statement=statement, content=open_own(home, statement))
    # Loaded here: an office that works alone has nothing of others to open.
    from detente.node.unsealing import open_received

    return Said(stored=stored, statement=statement, content=open_received(home, statement))


def entry_of(home: Home, stored: StoredStatement) -> bytes:
    """Return the log entry of a statement, of the own log or of a mirrored one.

    Raises:
        InputError: it is another member's, and this node does not mirror its log so far.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
    """
    row = stored.row
    if row.issuer == home.identity.member:
        return entry_at(home, row.origin, row.seq)
    states = SqliteWitnessStates(home.database, cosigner=f"{home.identity.log}/mirror")
    state = states.read(row.origin)
    if state is None or state.size <= row.seq:
        raise InputError(
            f"statement {row.payload_hash[:16]}… is another member's, and its log is not "
            f"mirrored here as far as entry {row.seq}"
        )
    return read_entry(home.tiles(row.origin), row.seq, state.size)


def entry_at(home: Home, origin: str, seq: int) -> bytes:
    """Return an acknowledged entry of one of this node's logs, published or not.

    Raises:
        InputError: the log does not reach that far.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
    """
    trusted = home.checkpoints.read(origin)
    size = 0 if trusted is None else trusted.size
    # The journal holds what is in no full bundle yet, and perhaps more.
    if seq >= size - size % TILE_WIDTH and seq < home.journal.end(origin):
        return home.journal.read(origin, start=seq, end=seq + 1)[0]
    return read_entry(home.tiles(origin), seq, size)


def own_entry(home: Home, origin: str, seq: int) -> bytes:
    """Return an entry of one of this node's logs, as far as it is published.

    Raises:
        InputError: the log does not reach that far.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
    """
    tiles = home.tiles(origin)
    shown = published_checkpoint(home, origin)
    return read_entry(tiles, seq, 0 if shown is None else shown.size)


def published_checkpoint(home: Home, origin: str) -> Checkpoint | None:
    """Return what readers are shown of an own log, None where nothing readable is.

    Raises:
        StorageFault: the disk refused.
    """
    note = home.tiles(origin).published()
    try:
        return None if note is None else Checkpoint.parse(SignedNote.parse(note).text)
    except NoteError:
        return None  # damaged: it is written anew with the next statement


def open_own(home: Home, statement: Statement) -> Content | None:
    """Open the content of an own statement by the key kept for it, None where it was erased.

    Raises:
        MissingBlob, DamagedBlob: the content is gone or damaged.
        ContentError, SealingError: it is not what was committed to.
    """
    ciphertext = statement.sealed.ciphertext
    sealed = home.content_keys.get(ciphertext)
    if sealed is None or home.blobs.is_erased(ciphertext):
        return None
    key = _own_key(home, ciphertext, sealed)
    return read_content(statement.header, key=key, ciphertext=home.blobs.get(ciphertext))


def _own_key(home: Home, ciphertext: str, sealed: bytes) -> bytes:
    """Try every sealing key this node ever had, the newest first."""
    refusal = SealingError("this node holds no sealing key")
    for header in reversed(home.keys.headers()):
        if header.role is Role.SEALING:
            try:
                opener = home.keys.opener_of(header.public_key)
                return opener.open(info=own_key_info(ciphertext), sealed=sealed)
            except SealingError as error:
                refusal = error
    raise refusal


def newest_note(home: Home, origin: str, seq: int) -> bytes:
    """Return the newest cosigned checkpoint that covers an entry, or the published one.

    Raises:
        InputError: no checkpoint covers it yet.
    """
    path, shown = home.layout.cosigned(origin), published_checkpoint(home, origin)
    if path.exists():
        note = read_capped(path, bytes_max=NOTE_BYTES_MAX)
        with suppress(NoteError):
            if Checkpoint.parse(SignedNote.parse(note).text).size > seq:
                return note
    published = home.tiles(origin).published()
    if published is None or shown is None or shown.size <= seq:
        raise InputError(
            f"no checkpoint of log {origin} covers entry {seq} yet",
            remedy="`detente receipt make` publishes one, where the node may sign",
        )
    return published


def receipt_for(home: Home, name: str) -> tuple[Receipt, Seen]:
    """Return a receipt for one statement, and who has seen it.

    Also of another member's, from the copy that is mirrored here: who left, or takes its
    log away, takes no proof with it.

    Raises:
        InputError: no such statement, no charter, no copy, or no checkpoint covers it yet.
    """
    stored = find_statement(home, name)
    row, charter = stored.row, home.charter
    owner = None if charter is None else _member_of(home, charter, row.issuer)
    if charter is None or owner is None:
        raise InputError("this node has no charter", remedy="Found or join a unit first")
    if row.issuer != home.identity.member:
        entry_of(home, stored)  # says how far the copy reaches
    present = home.present_charter(charter)
    owner = home.present(owner, epoch=int(row.origin.rpartition("/")[2]))
    note = newest_note(home, row.origin, row.seq)
    try:
        seen = who_saw(present, owner, note)
    except NoteError:
        # Cosigned under a log key that was replaced since.
        note = home.tiles(row.origin).published() or note
        seen = who_saw(present, owner, note)
    return make_receipt(home.tiles(row.origin), row.seq, note), seen


def _member_of(home: Home, charter: Charter, member: str) -> Member | None:
    """Return a member as the newest charter has it that lists it."""
    chain = home.chain
    past = () if chain is None else chain.charters
    found = (each.member(member) for each in (charter, *reversed(past)))
    return next((each for each in found if each is not None), None)


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

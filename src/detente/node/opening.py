"""Content of others that is addressed to this member: opened, checked, indexed.

In two passes over the ciphertext: the first checks all of it, up to the commitment, the
second feeds the index. So nothing of a content that is not what was said is ever found,
and no content, however long, has to fit in memory.
"""

from collections.abc import Iterator
from datetime import datetime

from detente.errors import PeerFault
from detente.exchange.protocol import Awaited
from detente.node.home import Home
from detente.signing import Role
from detente.statements import (
    BatchReader,
    Content,
    ContentError,
    IndexRow,
    SealingError,
    Statement,
    TimeLimits,
    decrypt_chunks,
    parse_entry,
    read_content,
    readers_of,
    wrap_info,
)
from detente.storage.model import StatementRow

_ROWS_KEPT_MAX = 4_096  # a content of no more objects is read once


def index_content(home: Home, awaited: Awaited, now: datetime) -> tuple[PeerFault, ...]:
    """Open content whose wrap and ciphertext are in the blob store, check it and index it.

    Indexing it again changes nothing.

    Returns:
        Leaves that do not count, each with its reason; the others do.

    Raises:
        SealingError: the wrap opens under no sealing key of this member.
        ContentError: it is not what was committed to.
        StorageFault: the disk or the database refused.
    """
    statement = parse_entry(awaited.entry)
    key = content_key(home, statement, awaited.wrap)
    limits = TimeLimits.at(now)
    kept: list[IndexRow] = []
    is_short = True
    reader = BatchReader(issuer=awaited.issuer, limits=limits)
    size = 0
    for part in _plain(home, awaited, key):
        size += len(part)
        rows = reader.feed(part)
        is_short = is_short and len(kept) + len(rows) <= _ROWS_KEPT_MAX
        kept = [*kept, *rows] if is_short else []
    summary = reader.close()
    says = statement.sealed
    if size != says.size:
        raise ContentError(f"{size} bytes of padded content, the header says {says.size}")
    summary.check(says, statement.header.position)
    row = StatementRow(
        payload_hash=awaited.payload_hash,
        issuer=awaited.issuer,
        origin=awaited.origin,
        seq=awaited.seq,
        kind=summary.handling.kind.value,
        said_at=statement.header.time,
        ciphertext=awaited.ciphertext,
    )
    if is_short:
        home.index.add([(row, kept)])
    else:
        home.index.add_batch(row, _rows(home, awaited, key, limits))
    place = f"entry {awaited.seq} of log {awaited.origin}"
    return tuple(
        PeerFault(
            peer=awaited.issuer,
            rule=f"leaf {bad.leaf} of {place}: {bad.reason}",
            evidence=bytes.fromhex(awaited.payload_hash) + bad.leaf.to_bytes(8),
        )
        for bad in summary.rejected
    )


def content_key(home: Home, statement: Statement, wrap_digest: str) -> bytes:
    """Open the content key that was sealed to this member, by whichever sealing key it was.

    Raises:
        SealingError: none of them opens it.
        StorageFault: the disk refused.
    """
    info = wrap_info(statement.header.position, statement.sealed.commitment, home.identity.member)
    wrap = home.blobs.get(wrap_digest)
    failure = SealingError("this node holds no sealing key")
    for raw in _sealing_keys(home):
        try:
            return home.keys.opener_of(raw).open(info=info, sealed=wrap)
        except SealingError as error:
            failure = error
    raise failure


def open_received(home: Home, statement: Statement) -> Content | None:
    """Open another member's content once more; None where it is not for us, or not here.

    Raises:
        SealingError, ContentError: it does not open to what was committed to.
        StorageFault: the disk refused.
    """
    chain, says = home.chain, statement.sealed
    charter = None if chain is None else chain.charter(statement.header.charter)
    if charter is None or not home.blobs.holds(says.ciphertext):
        return None
    readers = readers_of(statement.header, tuple(charter.member_ids))
    if home.identity.member not in readers:
        return None
    wrap = says.wraps[readers.index(home.identity.member)]
    if not home.blobs.holds(wrap):
        return None
    key = content_key(home, statement, wrap)
    return read_content(statement.header, key=key, ciphertext=home.blobs.get(says.ciphertext))


def _sealing_keys(home: Home) -> list[bytes]:
    """Return the sealing keys held here, newest first: what came may be sealed to an old one."""
    held = [each for each in home.keys.headers() if each.role is Role.SEALING]
    return [each.public_key for each in sorted(held, key=lambda each: -each.generation)]


def _plain(home: Home, awaited: Awaited, key: bytes) -> Iterator[bytes]:
    return decrypt_chunks(key, home.blobs.chunks(awaited.ciphertext))


def _rows(home: Home, awaited: Awaited, key: bytes, limits: TimeLimits) -> Iterator[IndexRow]:
    reader = BatchReader(issuer=awaited.issuer, limits=limits)
    for part in _plain(home, awaited, key):
        yield from reader.feed(part)

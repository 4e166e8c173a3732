"""What others did wrong, kept with the bytes that show it.

UNTRUSTED: what is kept here is judged anew by whoever reads it. Losing it loses
the means to show a wrong, not the wrong. Nobody can fill the disk by doing
wrong: sizes and counts are limited per peer, and proofs have room of their own.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from detente.errors import PeerFault
from detente.proofs.file import FILE_BYTES_MAX
from detente.storage.database import Database
from detente.storage.schema import evidence

FAULT_BYTES_MAX = 2**20
PROOFS_OF_A_KIND_MAX = 64  # against one accused: the first says all, the list has room for others
PAGE_MAX = 1_000
_ABOUT = (
    *(column for column in evidence.c if column.name != "data"),
    func.length(evidence.c.data).label("kept_bytes"),
)


class Sort(StrEnum):
    """What kind of evidence it is."""

    FAULT = "fault"  # bytes that broke a rule
    PROOF = "proof"  # a proof file, by whoever made it
    REPLY = "reply"  # what the accused says to one, unjudged


@dataclass(frozen=True, slots=True)
class Room:
    """How much of one sort is kept of one peer.

    Attributes:
        items: pieces.
        total_bytes: of all pieces together.
    """

    items: int
    total_bytes: int


DEFAULT_ROOM = {
    Sort.FAULT: Room(items=10_000, total_bytes=64 * 2**20),
    Sort.PROOF: Room(items=1_000, total_bytes=512 * 2**20),
    Sort.REPLY: Room(items=1_000, total_bytes=64 * 2**20),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """It is kept, now or since earlier.

    Attributes:
        digest: hex SHA-256 of the whole evidence.
        is_new: False where the same was kept before.
    """

    digest: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class NotKept:
    """There is no room for more of this sort from this peer.

    Attributes:
        reason: in words an operator can read.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """One piece of evidence.

    Attributes:
        number: in the order kept; for paging.
        sort: fault, proof or reply.
        peer: member id or log origin it came from or is about.
        rule: the rule broken, or the kind of proof.
        digest: hex SHA-256 of the whole.
        size: bytes of the whole.
        kept_bytes: how many of them are here; of an oversized fault only the beginning is.
        kept_at: by this node's clock.
        about: hex digest of what a reply answers.
    """

    number: int
    sort: Sort
    peer: str
    rule: str
    digest: str
    size: int
    kept_bytes: int
    kept_at: datetime
    about: str | None

    @property
    def is_whole(self) -> bool:
        """False where only the beginning was kept."""
        return self.kept_bytes == self.size


class EvidenceShelf:
    """Keeps evidence in the node's database.

    Args:
        database: open.
        room: how much of each sort is kept per peer.
    """

    def __init__(self, database: Database, *, room: dict[Sort, Room] | None = None) -> None:
        self._database = database
        self._room = DEFAULT_ROOM | (room or {})

    def keep_fault(self, fault: PeerFault, *, now: datetime) -> Kept | NotKept:
        """Keep what a peer sent; of more than 1 MiB the beginning, with size and hash of all.

        Raises:
            StorageFault: the database refused.
        """
        piece = _Piece(Sort.FAULT, fault.peer, fault.rule, fault.evidence)
        return self._keep(piece, now)

    def keep_proof(self, data: bytes, *, accused: str, kind: str, now: datetime) -> Kept | NotKept:
        """Keep a proof file, verified or not yet.

        Raises:
            StorageFault: the database refused.
        """
        if len(data) > FILE_BYTES_MAX:
            return NotKept(f"a proof of {len(data)} bytes is larger than {FILE_BYTES_MAX}")
        return self._keep(_Piece(Sort.PROOF, accused, kind, data), now)

    def keep_reply(self, data: bytes, *, by: str, about: str, now: datetime) -> Kept | NotKept:
        """Put what the accused says beside the evidence with digest `about`.

        Raises:
            StorageFault: the database refused.
        """
        if len(data) > FAULT_BYTES_MAX:
            return NotKept(f"a reply of {len(data)} bytes is larger than {FAULT_BYTES_MAX}")
        return self._keep(_Piece(Sort.REPLY, by, "reply", data, bytes.fromhex(about)), now)

    def of(self, peer: str, *, after: int = 0, limit: int = 100) -> list[KeptEvidence]:
        """Return up to `limit` pieces that concern a peer, numbered above `after`.

        Raises:
            StorageFault: the database refused.
        """
        here = (evidence.c.peer == peer) & (evidence.c.number > after)
        return self._list(here, min(limit, PAGE_MAX))

    def find(self, digest: str) -> list[KeptEvidence]:
        """Return what is kept under a digest: usually one piece.

        Raises:
            StorageFault: the database refused.
        """
        return self._list(evidence.c.digest == bytes.fromhex(digest), PAGE_MAX)

    def beginning(self, digits: str, *, limit: int) -> list[KeptEvidence]:
        """Return up to `limit` proofs and faults whose digest begins with these hex digits.

        Raises:
            StorageFault: the database refused.
        """
        least, most = (bytes.fromhex(digits.ljust(64, fill)) for fill in "0f")
        here = evidence.c.digest.between(least, most) & (evidence.c.sort != Sort.REPLY.value)
        return self._list(here, min(limit, PAGE_MAX))

    def newest_faults(self, *, limit: int) -> list[tuple[int, KeptEvidence]]:
        """Return for each peer how many faults of it are kept, and the newest of them.

        Raises:
            StorageFault: the database refused.
        """
        count, newest = func.count().label("faults"), func.max(evidence.c.number).label("newest")
        faults = select(evidence.c.peer, count, newest).where(evidence.c.sort == Sort.FAULT.value)
        faults = faults.group_by(evidence.c.peer).order_by(newest.desc())
        with self._database.reading("counting faults") as connection:
            counts = {
                row.newest: row.faults
                for row in connection.execute(faults.limit(min(limit, PAGE_MAX)))
            }
        found = self._list(evidence.c.number.in_(list(counts)), PAGE_MAX)
        return [(counts[each.number], each) for each in reversed(found)]

    def kept(self, sort: Sort, *, after: int = 0, limit: int = 100) -> list[KeptEvidence]:
        """Return up to `limit` pieces of one sort, of everybody, numbered above `after`.

        Raises:
            StorageFault: the database refused.
        """
        here = (evidence.c.sort == sort.value) & (evidence.c.number > after)
        return self._list(here, min(limit, PAGE_MAX))

    def newest_proofs(self, *, limit: int) -> list[str]:
        """Return the hex digests of the proofs kept last, newest first.

        Raises:
            StorageFault: the database refused.
        """
        query = select(evidence.c.digest).where(evidence.c.sort == Sort.PROOF.value)
        newest = query.order_by(evidence.c.number.desc()).limit(min(limit, PAGE_MAX))
        with self._database.reading("listing proofs") as connection:
            return [bytes(digest).hex() for digest in connection.execute(newest).scalars()]

    def replies(self, digest: str) -> list[KeptEvidence]:
        """Return what was replied to a piece of evidence, oldest first.

        Raises:
            StorageFault: the database refused.
        """
        return self._list(evidence.c.about == bytes.fromhex(digest), PAGE_MAX)

    def read(self, kept: KeptEvidence) -> bytes:
        """Return the bytes of a piece, as far as they are kept.

        Raises:
            StorageFault: the database refused.
        """
        query = select(evidence.c.data).where(evidence.c.number == kept.number)
        with self._database.reading("reading evidence") as connection:
            return bytes(connection.execute(query).scalar_one())

    def _list(self, here: ColumnElement[bool], limit: int) -> list[KeptEvidence]:
        # Without the bytes: a page of proofs would not fit in memory.
        query = select(*_ABOUT).where(here).order_by(evidence.c.number).limit(limit)
        with self._database.reading("reading evidence") as connection:
            return [_kept(row) for row in connection.execute(query)]

    def _keep(self, piece: "_Piece", now: datetime) -> Kept | NotKept:
        digest = hashlib.sha256(piece.data).digest()
        with self._database.writing("keeping evidence") as connection:
            same = select(evidence.c.number).where(
                evidence.c.sort == piece.sort,
                evidence.c.peer == piece.peer,
                evidence.c.digest == digest,
            )
            if connection.execute(same).first() is not None:
                return Kept(digest.hex(), is_new=False)
            data = piece.data if piece.sort is Sort.PROOF else piece.data[:FAULT_BYTES_MAX]
            if not self._has_room(connection, piece, len(data)):
                return NotKept(f"no room for another {piece.sort} of {piece.peer}")
            row = {
                "digest": digest,
                "sort": piece.sort.value,
                "peer": piece.peer,
                "rule": piece.rule,
                "kept_at": int(now.timestamp()),
                "size": len(piece.data),
                "data": data,
                "about": piece.about,
            }
            connection.execute(insert(evidence).values(row))
        return Kept(digest.hex(), is_new=True)

    def _has_room(self, connection: Connection, piece: "_Piece", size: int) -> bool:
        room = self._room[piece.sort]
        held = select(func.count(), func.coalesce(func.sum(func.length(evidence.c.data)), 0))
        here = (evidence.c.peer == piece.peer) & (evidence.c.sort == piece.sort)
        count, total = connection.execute(held.where(here)).one()
        if piece.sort is Sort.PROOF:
            alike = here & (evidence.c.rule == piece.rule)
            known = connection.execute(select(func.count()).where(alike)).scalar() or 0
            if known >= PROOFS_OF_A_KIND_MAX:
                return False
        return bool(count < room.items and total + size <= room.total_bytes)


@dataclass(frozen=True, slots=True)
class _Piece:
    sort: Sort
    peer: str
    rule: str
    data: bytes
    about: bytes | None = None


def _kept(row: Row[Any]) -> KeptEvidence:
    return KeptEvidence(
        number=row.number,
        sort=Sort(row.sort),
        peer=row.peer,
        rule=row.rule,
        digest=row.digest.hex(),
        size=row.size,
        kept_bytes=row.kept_bytes,
        kept_at=datetime.fromtimestamp(row.kept_at, UTC),
        about=None if row.about is None else row.about.hex(),
    )

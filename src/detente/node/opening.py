"""Content of others that is addressed to this member: opened, checked, indexed.

In one pass: a long content feeds the index while it is read, and is found there only once
all of it proved to be what was said; what was not is taken out again. So no content,
however long, has to fit in memory or is read twice. Short ones enter the index together.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from detente.errors import PeerFault, UnitError
from detente.exchange.protocol import Awaited
from detente.node.home import Home
from detente.node.unsealing import content_key
from detente.statements import (
    BatchReader,
    ContentError,
    Handling,
    IndexRow,
    RejectedLeaf,
    SealingError,
    TimeLimits,
    decrypt_chunks,
    parse_entry,
)
from detente.storage.errors import ConflictingStatement
from detente.storage.model import StatementRow

_ROWS_KEPT_MAX = 4_096  # a content of no more objects is checked before the index hears of it


def index_content(home: Home, awaited: Awaited, now: datetime) -> tuple[PeerFault, ...]:
    """Open one content; as `index_contents`, but what is wrong with it is raised.

    Returns:
        Leaves that do not count, each with its reason; the others do.

    Raises:
        SealingError: the wrap opens under no sealing key of this member.
        ContentError: it is not what was committed to.
        StorageFault: the disk or the database refused.
    """
    (found,) = index_contents(home, [awaited], now)
    if isinstance(found, UnitError):
        raise found
    return found


def index_contents(
    home: Home, awaits: Sequence[Awaited], now: datetime
) -> list[tuple[PeerFault, ...] | ContentError | SealingError]:
    """Open contents whose wraps and ciphertexts are in the blob store, check and index them.

    The short ones become durable together. Indexing one again changes nothing.

    Returns:
        Of each, its leaves that do not count, each with its reason; or why nothing of it does.

    Raises:
        StorageFault: the disk or the database refused.
    """
    small = home.blobs.get_small([name for each in awaits for name in (each.wrap, each.ciphertext)])
    found: list[tuple[PeerFault, ...] | ContentError | SealingError] = []
    short: list[tuple[StatementRow, Sequence[IndexRow]]] = []
    for awaited in awaits:
        try:
            reading = _Reading(home, awaited, now, small)
            if (said := _read(home, reading)) is not None:
                short.append(said)
        except (ContentError, SealingError) as error:
            found.append(error)
        else:
            found.append(_faults(awaited, reading.rejected))
    _index_short(home, short)
    return found


def _read(home: Home, reading: "_Reading") -> tuple[StatementRow, Sequence[IndexRow]] | None:
    """Return what the index needs of a short content, None after indexing a long one."""
    kept: list[IndexRow] = []
    for rows in reading.parts():
        kept += rows
        if len(kept) > _ROWS_KEPT_MAX and reading.row is not None:
            _index_long(home, reading.row, kept, reading)
            return None
    return reading.checked(), kept


def _index_short(home: Home, said: Sequence[tuple[StatementRow, Sequence[IndexRow]]]) -> None:
    try:
        home.index.add(said)
    except ConflictingStatement:
        for each in said:  # one that has another's place stops none before it
            home.index.add([each])


def _faults(awaited: Awaited, rejected: Sequence[RejectedLeaf]) -> tuple[PeerFault, ...]:
    place = f"entry {awaited.seq} of log {awaited.origin}"
    return tuple(
        PeerFault(
            peer=awaited.issuer,
            rule=f"leaf {bad.leaf} of {place}: {bad.reason}",
            evidence=bytes.fromhex(awaited.payload_hash) + bad.leaf.to_bytes(8),
        )
        for bad in rejected
    )


class _Reading:
    """One content on its way from the blobs to the index.

    Attributes:
        row: for the index, once the handling came.
        rejected: leaves that do not count, once all was read.
    """

    def __init__(
        self, home: Home, awaited: Awaited, now: datetime, small: Mapping[str, bytes]
    ) -> None:
        self._awaited = awaited
        self._statement = awaited.parsed or parse_entry(awaited.entry)
        key = content_key(home, self._statement, awaited.wrap, small.get(awaited.wrap))
        ciphertext = small.get(awaited.ciphertext)
        sealed = home.blobs.chunks(awaited.ciphertext) if ciphertext is None else [ciphertext]
        self._plain = decrypt_chunks(key, sealed)
        self._reader = BatchReader(issuer=awaited.issuer, limits=TimeLimits.at(now))
        self.row: StatementRow | None = None
        self.rejected: tuple[RejectedLeaf, ...] = ()
        self._size = 0

    def parts(self) -> Iterator[list[IndexRow]]:
        """Yield rows as they come, and end only if they are what was committed to.

        Raises:
            ContentError: they are not.
        """
        for part in self._plain:
            self._size += len(part)
            rows = self._reader.feed(part)
            if self.row is None and self._reader.handling is not None:
                self.row = self._row(self._reader.handling)
            yield rows
        self._check()

    def checked(self) -> StatementRow:
        """Return the row for the index after all was read."""
        if self.row is None:
            raise ContentError("the content has no handling")
        return self.row

    def _check(self) -> None:
        summary, says = self._reader.close(), self._statement.sealed
        if self._size != says.size:
            raise ContentError(f"{self._size} bytes of padded content, the header says {says.size}")
        summary.check(says, self._statement.header.position)
        self.rejected = summary.rejected

    def _row(self, handling: Handling) -> StatementRow:
        awaited = self._awaited
        return StatementRow(
            payload_hash=awaited.payload_hash,
            issuer=awaited.issuer,
            origin=awaited.origin,
            seq=awaited.seq,
            kind=handling.kind.value,
            said_at=self._statement.header.time,
            ciphertext=awaited.ciphertext,
        )


def _index_long(home: Home, row: StatementRow, first: list[IndexRow], reading: _Reading) -> None:
    """Index while reading; what turns out not to be what was said is taken out again, unseen."""
    rows = chain(first, chain.from_iterable(reading.parts()))
    try:
        home.index.add_batch(row, rows)
        # Where it was there already nobody read it: its bad leaves are told all the same.
        deque(rows, maxlen=0)
    except ContentError:
        home.index.abandon(row.payload_hash)
        raise

"""Batches: many objects under one statement, read one by one as they arrive.

A bad leaf or a repeated id rejects that leaf alone; its hash still counts for
the root, so what was said is what is checked (trust.md, section 2). Nothing
here stores: rows go to the caller while the content still comes in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from detente.errors import UnitError
from detente.signing import merkle_root, parse_canonical
from detente.statements.batch_shapes import read_shape
from detente.statements.content import LEAVES_MAX, OBJECT_BYTES_MAX, SALT_BYTES, commitment
from detente.statements.errors import ContentError, StixError
from detente.statements.handling import Handling
from detente.statements.header import Position, Sealed
from detente.statements.index_keys import Key, keys_of
from detente.statements.stix import (
    OBJECT_LIMITS,
    TimeLimits,
    check_author_of,
    check_object,
    check_times,
    identity_of,
)

_HEAD_BYTES = SALT_BYTES + 8
_FRAME_BYTES = 4 + SALT_BYTES


class IndexRow(NamedTuple):
    """What an index needs of one good leaf.

    Attributes:
        leaf: its number in the content; objects start at 1.
        id: STIX id.
        type: STIX type.
        keys: (path, value) pairs it is found by.
    """

    leaf: int
    id: str
    type: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class RejectedLeaf:
    """A leaf that does not count; the others of its batch do.

    Attributes:
        leaf: its number.
        reason: what is wrong with it.
    """

    leaf: int
    reason: str


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What is known when all of a content has been read.

    Attributes:
        salt: of the commitment.
        root: of the tree over all leaves, rejected ones included.
        leaf_hashes: of all leaves, in order.
        handling: leaf 0.
        rejected: leaves that do not count.
    """

    salt: bytes
    root: bytes
    leaf_hashes: tuple[bytes, ...]
    handling: Handling
    rejected: tuple[RejectedLeaf, ...]

    def check(self, sealed: Sealed, position: Position) -> None:
        """Check that this is what a header at `position` commits to.

        Raises:
            ContentError: it is not.
        """
        seen = commitment(
            salt=self.salt, position=position, count=len(self.leaf_hashes), root=self.root
        )
        if seen != sealed.commitment:
            raise ContentError(
                f"the content gives commitment {seen[:16]}… at this place, "
                f"the header says {sealed.commitment[:16]}…"
            )


class BatchReader:
    """Reads serialised content in parts of any size.

    Feed every part, then `close`. Rows come out as leaves are complete; they
    are to be believed only after `close` returned and its summary fits the header.

    Args:
        issuer: member id that every object must be created by.
        limits: of the times in the objects; None takes any.
    """

    def __init__(self, *, issuer: str, limits: TimeLimits | None) -> None:
        self._identity = identity_of(issuer)
        self._limits = limits
        self._held = b""
        self._salt = b""
        self._count = 0
        self._hashes: list[bytes] = []
        self._ids: set[str] = set()
        self._rejected: list[RejectedLeaf] = []
        self._handling: Handling | None = None

    @property
    def handling(self) -> Handling | None:
        """Leaf 0 as soon as it came; to be believed only after `close`, as all else."""
        return self._handling

    def feed(self, part: bytes) -> list[IndexRow]:
        """Take the next part; return the rows of the leaves that are now complete.

        Raises:
            ContentError: bad framing, a bad handling leaf, padding that is not zero.
        """
        data = self._held + part if self._held else part
        place = 0
        if not self._count:
            if len(data) < _HEAD_BYTES:
                self._held = data
                return []
            self._salt, self._count = data[:SALT_BYTES], _count(data)
            place = _HEAD_BYTES
        rows: list[IndexRow] = []
        place = self._read_leaves(data, place, rows)
        if len(self._hashes) == self._count:
            if data.count(b"\0", place) != len(data) - place:
                raise ContentError("what follows the last leaf is not zero padding")
            place = len(data)
        self._held = data[place:]
        return rows

    def close(self) -> BatchSummary:
        """Return what the whole content amounts to.

        Raises:
            ContentError: it ended early, or its handling counts other leaves than came.
        """
        if self._handling is None or len(self._hashes) != self._count:
            raise ContentError(f"the content ends after {len(self._hashes)} whole leaves")
        return BatchSummary(
            salt=self._salt,
            root=merkle_root(self._hashes),
            leaf_hashes=tuple(self._hashes),
            handling=self._handling,
            rejected=tuple(self._rejected),
        )

    def _read_leaves(self, data: bytes, place: int, rows: list[IndexRow]) -> int:
        """Read whole leaves from `place` on; return where the first incomplete one starts."""
        size, hashes = len(data), self._hashes
        while len(hashes) < self._count and place + _FRAME_BYTES <= size:
            length = int.from_bytes(data[place : place + 4])
            if length > OBJECT_BYTES_MAX:
                raise ContentError(f"leaf {len(hashes)} has {length} bytes, 65,536 are allowed")
            start = place + _FRAME_BYTES
            end = start + length
            if end > size:
                break
            hashes.append(sha256(b"\0" + data[place + 4 : end]).digest())
            self._read_leaf(data[start:end], rows)
            place = end
        return place

    def _read_leaf(self, raw: bytes, rows: list[IndexRow]) -> None:
        leaf = len(self._hashes) - 1
        if leaf == 0:
            self._handling = _read_handling(raw, self._count)
            return
        try:
            row = self._row(leaf, raw)
        except UnitError as error:
            self._rejected.append(RejectedLeaf(leaf=leaf, reason=error.message))
            return
        self._ids.add(row.id)
        rows.append(row)

    def _row(self, leaf: int, raw: bytes) -> IndexRow:
        shape = read_shape(raw)
        if shape is None:
            row = self._general_row(leaf, raw)
        else:
            object_type, identifier, creator, key, times = shape
            if creator is not None and creator != self._identity:
                raise StixError(f"{identifier} is created by {creator}, not by the issuer")
            if times and self._limits is not None:
                self._limits.check_shape(identifier, times)
            row = IndexRow(leaf, identifier, object_type, (key,))
        if row.id in self._ids:
            raise StixError(f"{row.id} stands twice in one content")
        return row

    def _general_row(self, leaf: int, raw: bytes) -> IndexRow:
        value = parse_canonical(raw, OBJECT_LIMITS)
        object_type, identifier = check_object(value)
        properties = value if isinstance(value, dict) else {}
        check_author_of(object_type, properties, self._identity)
        if self._limits is not None:
            check_times(properties, self._limits)
        return IndexRow(leaf, identifier, object_type, keys_of(object_type, properties))


def read_batch(
    parts: Iterable[bytes], *, issuer: str, limits: TimeLimits | None = None
) -> tuple[list[IndexRow], BatchSummary]:
    """Read a whole content, for callers that can hold all its rows.

    Raises:
        ContentError: as `BatchReader`.
    """
    reader = BatchReader(issuer=issuer, limits=limits)
    rows = [row for part in parts for row in reader.feed(part)]
    return rows, reader.close()


def serialise(salt: bytes, leaves: Iterable[tuple[bytes, bytes]], count: int) -> Iterator[bytes]:
    """Yield serialised content from (salt, object) pairs, without holding it all."""
    yield salt + count.to_bytes(8)
    for leaf_salt, data in leaves:
        yield len(data).to_bytes(4) + leaf_salt + data


def _count(data: bytes) -> int:
    count = int.from_bytes(data[SALT_BYTES:_HEAD_BYTES])
    if not 1 <= count <= LEAVES_MAX:
        raise ContentError(f"content has 1 to {LEAVES_MAX} leaves, here {count}")
    return count


def _read_handling(raw: bytes, count: int) -> Handling:
    handling = Handling.parse(raw)
    if handling.count != count - 1:
        raise ContentError(f"the handling counts {handling.count} objects, there are {count - 1}")
    return handling

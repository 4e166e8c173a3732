"""The leaves of a content that this member may read, one by one, whoever said it.

Implements `exchange.taxii.grading.Leaves`. What a peer sent was checked against its
commitment when it came; the opening that is made of it here is checked again by the gate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detente.errors import EnvironmentFault
from detente.node.home import Home
from detente.node.reading import read_redacted
from detente.node.unsealing import content_key, own_content_key, wrap_for_us
from detente.release import Terms
from detente.statements import (
    ContentError,
    Leaf,
    Opening,
    SealingError,
    ShownLeaf,
    Statement,
    decrypt_chunks,
)
from detente.statements.content import SALT_BYTES, Content
from detente.storage.errors import MissingBlob
from detente.tlog import TreeHashes, prove_inclusion

_HEAD_BYTES = SALT_BYTES + 8
_FRAME_BYTES = 4 + SALT_BYTES


class HeldLeaves:
    """A content in memory: what this process just said, and the gate just read.

    Args:
        content: whole.
        terms: of every leaf, by ascending index.
    """

    def __init__(self, content: Content, terms: Sequence[Terms]) -> None:
        self._content = content
        self._terms = terms

    def read(self) -> Iterator[tuple[int, Leaf]]:
        """Yield number and leaf."""
        return iter(enumerate(self._content.leaves))

    def terms(self) -> Sequence[Terms]:
        """Return the terms of every leaf."""
        return self._terms

    def open(self, shown: Sequence[int]) -> Opening:
        """Return an opening of these leaves."""
        return _open(self._content.salt, self, shown)


@dataclass(frozen=True, slots=True)
class SealedLeaves:
    """A whole content among the blobs: decrypted anew each time it is read."""

    home: Home
    ciphertext: str
    key: bytes

    def read(self) -> Iterator[tuple[int, Leaf]]:
        """Yield number and leaf.

        Raises:
            ContentError: it is not framed as content.
            StorageFault: the disk refused.
        """
        parts = decrypt_chunks(self.key, self.home.blobs.chunks(self.ciphertext))
        data = b""
        while len(data) < _HEAD_BYTES:
            data += _next(parts)
        count, place = int.from_bytes(data[SALT_BYTES:_HEAD_BYTES]), _HEAD_BYTES
        for index in range(count):
            while len(data) < place + _FRAME_BYTES:
                data, place = data[place:] + _next(parts), 0
            start = place + _FRAME_BYTES
            end = start + int.from_bytes(data[place : place + 4])
            while len(data) < end:
                data, start, end = data[place:] + _next(parts), start - place, end - place
                place = 0
            yield index, Leaf(salt=data[place + 4 : start], data=data[start:end])
            place = end

    def terms(self) -> None:
        """Say that nobody has read its terms yet."""

    def open(self, shown: Sequence[int]) -> Opening:
        """Return an opening of these leaves; raises as `read`."""
        return _open(self._salt(), self, shown)

    def _salt(self) -> bytes:
        parts = decrypt_chunks(self.key, self.home.blobs.chunks(self.ciphertext))
        return _next(parts)[:SALT_BYTES]


class RemainingLeaves:
    """What remains of a content of which a part was erased."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._first = openings[0]
        self._shown = {each.index: each for opening in openings for each in opening.shown}

    def read(self) -> Iterator[tuple[int, Leaf]]:
        """Yield number and leaf."""
        return ((index, self._shown[index].leaf) for index in sorted(self._shown))

    def terms(self) -> None:
        """Say that nobody has read its terms yet."""

    def open(self, shown: Sequence[int]) -> Opening:
        """Return an opening of these leaves."""
        first = self._first
        leaves = tuple(self._shown[index] for index in shown)
        return Opening(salt=first.salt, count=first.count, root=first.root, shown=leaves)


def leaves_of(home: Home, statement: Statement) -> SealedLeaves | RemainingLeaves | None:
    """Return what this node can read of a statement's content, None where that is nothing.

    Raises:
        StorageFault: the disk or the database refused.
        ContentError: a kept copy is not in the form it was written in.
    """
    remains = read_redacted(home, statement.payload_hash)
    if remains:
        return RemainingLeaves(remains)
    ciphertext = statement.sealed.ciphertext
    if home.blobs.is_erased(ciphertext) or not home.blobs.holds(ciphertext):
        return None
    try:
        key = _content_key(home, statement)
    except EnvironmentFault:
        raise
    except (SealingError, MissingBlob):
        return None
    return None if key is None else SealedLeaves(home, ciphertext, key)


def _content_key(home: Home, statement: Statement) -> bytes | None:
    if statement.header.issuer == home.identity.member:
        return own_content_key(home, statement)
    wrap = wrap_for_us(home, statement)
    return None if wrap is None else content_key(home, statement, wrap)


def _open(salt: bytes, leaves: HeldLeaves | SealedLeaves, shown: Sequence[int]) -> Opening:
    wanted = frozenset(shown)
    kept: dict[int, Leaf] = {}
    digests: list[bytes] = []
    for index, leaf in leaves.read():
        digests.append(leaf.hash)
        if index in wanted:
            kept[index] = leaf
    hashes, count = TreeHashes(digests), len(digests)
    proven = tuple(
        ShownLeaf(index, kept[index], tuple(prove_inclusion(hashes, index=index, size=count)))
        for index in shown
    )
    return Opening(salt=salt, count=count, root=hashes.root, shown=proven)


def _next(parts: Iterator[bytes]) -> bytes:
    part = next(parts, b"")
    if not part:
        raise ContentError("the content ends within a leaf")
    return part

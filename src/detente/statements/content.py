"""Content: salted leaves, their root, and the commitment that binds them to one place.

Leaf 0 is the handling, the others are STIX objects. Every leaf has a salt of
its own, so a withheld neighbour cannot be guessed from a shown one; the
commitment names the place, so nobody can say it again elsewhere as its own
(trust.md, section 2).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from detente.signing import leaf_hash, merkle_root
from detente.statements.errors import ContentError
from detente.statements.header import Position, Sealed
from detente.statements.padding import CONTENT_BYTES_MAX, padme
from detente.statements.ports import Entropy

SALT_BYTES = 32
OBJECT_BYTES_MAX = 65_536
OBJECTS_MAX = 2**20
LEAVES_MAX = OBJECTS_MAX + 1  # the handling leaf comes first
_HEAD_BYTES = SALT_BYTES + 8
_LENGTH_BYTES = 4
_COMMITMENT_PREFIX = b"detente commitment v1"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One salted object.

    Attributes:
        salt: 32 random bytes.
        data: the handling or a STIX object, RFC 8785 bytes.
    """

    salt: bytes
    data: bytes

    @property
    def hash(self) -> bytes:
        """The RFC 9162 leaf hash over salt || object."""
        return leaf_hash(self.salt + self.data)


@dataclass(frozen=True, slots=True)
class Content:
    """All leaves under one commitment.

    Attributes:
        salt: 32 random bytes of the commitment itself.
        leaves: the handling first; at least that, at most 2^20 objects after it.
    """

    salt: bytes
    leaves: tuple[Leaf, ...]

    @property
    def root(self) -> bytes:
        """The root of the RFC 9162 tree over the leaves."""
        return merkle_root([leaf.hash for leaf in self.leaves])

    def commitment(self, position: Position) -> str:
        """Hex commitment of this content at one place."""
        return commitment(salt=self.salt, position=position, count=len(self.leaves), root=self.root)

    def to_bytes(self) -> bytes:
        """Return `salt || u64 count || (u32 length || salt || object)*`, not padded."""
        parts = [self.salt, len(self.leaves).to_bytes(8)]
        for leaf in self.leaves:
            parts += (len(leaf.data).to_bytes(_LENGTH_BYTES), leaf.salt, leaf.data)
        return b"".join(parts)

    @classmethod
    def parse(cls, data: bytes) -> "Content":
        """Read serialised content, with or without its zero padding.

        Raises:
            ContentError: bad framing, over a limit, padding that is not zero.
        """
        salt, _ = read_head(data)
        leaves = tuple(
            Leaf(salt=data[start : start + SALT_BYTES], data=data[start + SALT_BYTES : end])
            for start, end in iter_spans(data)
        )
        return cls(salt=salt, leaves=leaves)


def commitment(*, salt: bytes, position: Position, count: int, root: bytes) -> str:
    """Return the hex commitment to `count` leaves with `root`, said at `position`.

    Raises:
        ContentError: a salt or root that has not 32 bytes.
    """
    if len(salt) != SALT_BYTES or len(root) != SALT_BYTES:
        raise ContentError("the salt and the root of a commitment have 32 bytes each")
    return sha256(
        _COMMITMENT_PREFIX
        + salt
        + bytes.fromhex(position.unit)
        + bytes.fromhex(position.issuer)
        + position.epoch.to_bytes(8)
        + position.seq.to_bytes(8)
        + count.to_bytes(8)
        + root
    ).hexdigest()


def check_commitment(content: Content, sealed: Sealed, position: Position) -> None:
    """Check that `content` is what a header at `position` commits to.

    Raises:
        ContentError: it is not: other content, or a commitment copied from another place.
    """
    seen = content.commitment(position)
    if seen != sealed.commitment:
        raise ContentError(
            f"the content gives commitment {seen[:16]}… at this place, "
            f"the header says {sealed.commitment[:16]}…"
        )


def make_content(objects: Sequence[bytes], handling: bytes, entropy: Entropy) -> Content:
    """Salt a handling leaf and canonical objects.

    Raises:
        ContentError: no object, too many, or one that is too long.
    """
    if not 1 <= len(objects) <= OBJECTS_MAX:
        raise ContentError(f"content has 1 to {OBJECTS_MAX} objects, here {len(objects)}")
    for index, data in enumerate((handling, *objects)):
        if len(data) > OBJECT_BYTES_MAX:
            raise ContentError(f"leaf {index} has {len(data)} bytes, at most 65,536 are allowed")
    salts = entropy.draw(SALT_BYTES * (len(objects) + 2))
    cut = [salts[at : at + SALT_BYTES] for at in range(0, len(salts), SALT_BYTES)]
    leaves = tuple(map(Leaf, cut[1:], (handling, *objects)))
    return Content(salt=cut[0], leaves=leaves)


def pad_content(data: bytes) -> bytes:
    """Append zeros up to the Padmé size.

    Raises:
        ContentError: more than 4 GiB.
    """
    if len(data) > CONTENT_BYTES_MAX:
        raise ContentError(f"content has at most 4 GiB, this one {len(data)} bytes")
    return data.ljust(padme(len(data)), b"\0")


def read_head(data: bytes) -> tuple[bytes, int]:
    """Return the commitment's salt and the number of leaves of serialised content.

    Raises:
        ContentError: too short, too long, or a count out of range.
    """
    if not _HEAD_BYTES <= len(data) <= CONTENT_BYTES_MAX:
        raise ContentError(f"{len(data)} bytes are no content")
    count = int.from_bytes(data[SALT_BYTES:_HEAD_BYTES])
    if not 1 <= count <= LEAVES_MAX:
        raise ContentError(f"content has 1 to {LEAVES_MAX} leaves, here {count}")
    return data[:SALT_BYTES], count


def iter_spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each salt || object, then check that only zeros follow.

    Raises:
        ContentError: a leaf that is cut off or longer than 64 KiB, padding that is not zero.
    """
    _, count = read_head(data)
    size, place = len(data), _HEAD_BYTES
    for index in range(count):
        start = place + _LENGTH_BYTES
        length = int.from_bytes(data[place:start])
        if length > OBJECT_BYTES_MAX:
            raise ContentError(f"leaf {index} has {length} bytes, at most 65,536 are allowed")
        place = start + SALT_BYTES + length
        if place > size:
            raise ContentError(f"the content ends within leaf {index} of {count}")
        yield start, place
    if data.count(b"\0", place) != size - place:
        raise ContentError("what follows the last leaf is not zero padding")

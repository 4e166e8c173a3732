"""Openings: some leaves shown, the rest withheld, all of it still provable.

A redacted copy is an opening with a member as its reader, a public statement
one for everybody, and what remains after an erasure one that shows little. The
handling leaf is always shown. A leaf that refers to a withheld object by an id
that can be computed from what the object says is withheld with it: it would
tell the value (trust.md, section 2).
"""

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from detente.signing import (
    EnvelopeError,
    JsonError,
    JsonLimits,
    ProofError,
    canonical,
    decode_base64,
    inclusion_paths,
    parse_canonical,
    verify_inclusion,
)
from detente.signing.canonical import JsonValue
from detente.statements.content import (
    LEAVES_MAX,
    OBJECT_BYTES_MAX,
    SALT_BYTES,
    Content,
    Leaf,
    commitment,
)
from detente.statements.errors import ContentError
from detente.statements.handling import Handling
from detente.statements.header import Position, Sealed

OPENING_BYTES_MAX = 64 * 1024 * 1024
SHOWN_MAX = 4_096
PATH_MAX = 21  # a tree of 2^20 + 1 leaves
_LIMITS = JsonLimits(size_bytes=OPENING_BYTES_MAX, depth=6, values=SHOWN_MAX * (PATH_MAX + 8))
_KEYS = ("count", "leaves", "root", "salt", "v")
_LEAF_KEYS = ("index", "object", "path", "salt")
# UUIDs of version 1, 2, 4, 6 and 7 hold chance or a clock; 3 and 5 are hashes of a name.
_REFERENCE = re.compile(
    rb"--([0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"
)
_UNGUESSABLE = frozenset((b"1", b"2", b"4", b"6", b"7"))
_AUTHOR = re.compile(rb'"created_by_ref":"identity--([0-9a-f-]{36})"')
_OBJECT_LIMITS = JsonLimits(size_bytes=OBJECT_BYTES_MAX)
_OWN_ID = re.compile(rb'"id":"[a-z][a-z0-9-]{1,249}--([0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True)
class ShownLeaf:
    """One leaf that is shown.

    Attributes:
        index: its number; 0 is the handling.
        leaf: salt and object.
        path: RFC 9162 inclusion path, leaf to root.
    """

    index: int
    leaf: Leaf
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What shows that some leaves stand under a commitment.

    Attributes:
        salt: of the commitment.
        count: leaves of the whole content, withheld ones included.
        root: of the tree over all leaves.
        shown: by ascending index; the handling leaf first.
    """

    salt: bytes
    count: int
    root: bytes
    shown: tuple[ShownLeaf, ...]

    @property
    def handling(self) -> Handling:
        """What may be done with what is shown.

        Raises:
            ContentError: leaf 0 is no handling.
        """
        return Handling.parse(self.shown[0].leaf.data)

    @property
    def withheld(self) -> int:
        """How many leaves are not shown."""
        return self.count - len(self.shown)

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes: what travels or is published."""
        leaves: list[JsonValue] = [
            {
                "index": shown.index,
                "object": _text(shown.leaf.data),
                "path": [_text(each) for each in shown.path],
                "salt": _text(shown.leaf.salt),
            }
            for shown in self.shown
        ]
        return canonical(
            {
                "count": self.count,
                "leaves": leaves,
                "root": _text(self.root),
                "salt": _text(self.salt),
                "v": 1,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Opening":
        """Read an opening; only what `to_bytes` writes is one. Shows nothing until verified.

        Raises:
            ContentError: another form, over a limit, leaves that do not ascend.
        """
        try:
            value = parse_canonical(data, _LIMITS)
        except JsonError as error:
            raise ContentError(f"not an opening: {error}") from None
        if not isinstance(value, dict) or tuple(value) != _KEYS:
            raise ContentError(f"an opening has exactly the keys {', '.join(_KEYS)}")
        count, leaves, version = value["count"], value["leaves"], value["v"]
        if type(version) is not int or version != 1:
            raise ContentError("opening version 1 is read")
        if type(count) is not int or not 1 <= count <= LEAVES_MAX:
            raise ContentError(f"content has 1 to {LEAVES_MAX} leaves")
        if not isinstance(leaves, list) or not 1 <= len(leaves) <= SHOWN_MAX:
            raise ContentError(f"an opening shows 1 to {SHOWN_MAX} leaves")
        shown = tuple(_read_leaf(each) for each in leaves)
        indices = [each.index for each in shown]
        if indices != sorted(set(indices)) or indices[0] != 0:
            raise ContentError("an opening shows the handling first, then leaves that ascend")
        return cls(salt=_raw(value["salt"]), count=count, root=_raw(value["root"]), shown=shown)


def open_leaves(content: Content, wanted: Collection[int]) -> Opening:
    """Show the handling and the wanted leaves, except those that would tell a withheld one.

    Args:
        content: all of it.
        wanted: numbers of the leaves to show; 0 is shown in any case.

    Raises:
        ContentError: no such leaf, or more than 4,096.
    """
    chosen = {0, *wanted}
    if not chosen <= set(range(len(content.leaves))):
        raise ContentError(f"leaf {max(chosen)} is not among {len(content.leaves)}")
    chosen = showable([leaf.data for leaf in content.leaves], chosen)
    if len(chosen) > SHOWN_MAX:
        raise ContentError(f"an opening shows at most {SHOWN_MAX} leaves, not {len(chosen)}")
    hashes = [leaf.hash for leaf in content.leaves]
    numbers = sorted(chosen)
    shown = tuple(
        ShownLeaf(index=index, leaf=content.leaves[index], path=tuple(path))
        for index, path in zip(numbers, inclusion_paths(hashes, numbers), strict=True)
    )
    return Opening(salt=content.salt, count=len(hashes), root=content.root, shown=shown)


def showable(objects: Sequence[bytes], wanted: Collection[int]) -> set[int]:
    """Return the wanted leaves that tell nothing of a withheld one; the handling always stays."""
    leaves = dict(enumerate(objects))
    return ({0} | set(wanted)) - giving_away(leaves, leaves.keys() - {0, *wanted})


def giving_away(objects: Mapping[int, bytes], withheld: Iterable[int]) -> frozenset[int]:
    """Return the withheld leaves and every leaf that would tell one of them.

    An id computed from a value (UUIDv3, v5, perhaps v8) can be found by guessing
    the value. Whatever names such an id of a withheld object is withheld as well,
    and then whatever names that one, and so on.

    Args:
        objects: by leaf number, as far as they are at hand; 0 is the handling.
        withheld: numbers of leaves.
    """
    owners: dict[bytes, list[int]] = {}
    for index, data in objects.items():
        if index:
            owners.setdefault(_own_uuid(data), []).append(index)
    tellers: dict[int, list[int]] = {}
    for index, data in objects.items():
        for uuid in _telling_uuids(data) if index else ():
            for told in owners.get(uuid, ()):
                tellers.setdefault(told, []).append(index)
    gone: set[int] = set()
    waiting = list(withheld)
    while waiting:
        index = waiting.pop()
        if index not in gone:
            gone.add(index)
            waiting += tellers.get(index, ())
    return frozenset(gone)


def verify_opening(opening: Opening, sealed: Sealed, position: Position) -> Handling:
    """Check that every shown leaf stands under the commitment of a header at `position`.

    Returns:
        The handling, which is shown with anything shown.

    Raises:
        ContentError: another commitment or place, a leaf that is not shown to be in it.
    """
    seen = commitment(salt=opening.salt, position=position, count=opening.count, root=opening.root)
    if seen != sealed.commitment:
        raise ContentError("this opening does not belong to that statement at that place")
    for shown in opening.shown:
        try:
            verify_inclusion(
                leaf_hash=shown.leaf.hash,
                index=shown.index,
                size=opening.count,
                proof=shown.path,
                root=opening.root,
            )
        except ProofError as error:
            raise ContentError(f"leaf {shown.index} is not under the commitment: {error}") from None
    handling = opening.handling
    if handling.count != opening.count - 1:
        raise ContentError(
            f"the handling counts {handling.count} objects, the commitment {opening.count - 1}"
        )
    return handling


def narrow(opening: Opening, wanted: Collection[int]) -> Opening:
    """Show less of what an opening shows: what a holder of a redacted copy may pass on or keep.

    Erasure is this with the leaves to forget left out, and everything else
    (object, salt, ciphertext, wraps, content key) deleted by whoever stores it.

    Raises:
        ContentError: a leaf that the opening does not show.
    """
    by_index = {shown.index: shown for shown in opening.shown}
    chosen = {0, *wanted}
    if not chosen <= by_index.keys():
        raise ContentError(f"leaf {max(chosen - by_index.keys())} is not shown in this opening")
    order = sorted(by_index)
    kept = showable(
        [by_index[index].leaf.data for index in order],
        {order.index(index) for index in chosen},
    )
    return Opening(
        salt=opening.salt,
        count=opening.count,
        root=opening.root,
        shown=tuple(by_index[order[place]] for place in sorted(kept)),
    )


def _telling_uuids(data: bytes) -> set[bytes]:
    """Return the ids an object names that could be computed; who made it is no secret."""
    author = _AUTHOR.search(data)
    found = {match[1] for match in _REFERENCE.finditer(data) if match[2] not in _UNGUESSABLE}
    return found - {author[1]} if author else found


def _own_uuid(data: bytes) -> bytes:
    found = _OWN_ID.findall(data)
    if len(found) == 1:
        own: bytes = found[0]
        return own
    try:  # an extension may hold ids, too
        value = parse_canonical(data, _OBJECT_LIMITS)
    except JsonError:
        return b""
    return str(value.get("id", ""))[-36:].encode() if isinstance(value, dict) else b""


def _read_leaf(value: JsonValue) -> ShownLeaf:
    if not isinstance(value, dict) or tuple(value) != _LEAF_KEYS:
        raise ContentError(f"a shown leaf has exactly the keys {', '.join(_LEAF_KEYS)}")
    index, path = value["index"], value["path"]
    if type(index) is not int or index < 0:
        raise ContentError("a leaf has a number")
    if not isinstance(path, list) or len(path) > PATH_MAX:
        raise ContentError(f"a path has at most {PATH_MAX} hashes")
    data = _decode(value["object"])
    if len(data) > OBJECT_BYTES_MAX:
        raise ContentError(f"leaf {index} has {len(data)} bytes, at most 65,536 are allowed")
    return ShownLeaf(
        index=index,
        leaf=Leaf(salt=_raw(value["salt"]), data=data),
        path=tuple(_raw(each) for each in path),
    )


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _decode(value: JsonValue) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        raise ContentError("bytes in an opening are written in base64")
    try:
        return decode_base64(value.encode())
    except EnvelopeError as error:
        raise ContentError(f"bytes in an opening: {error}") from None


def _raw(value: JsonValue) -> bytes:
    raw = _decode(value)
    if len(raw) != SALT_BYTES:
        raise ContentError(f"a salt or hash has 32 bytes, this one {len(raw)}")
    return raw

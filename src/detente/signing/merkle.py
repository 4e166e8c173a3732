"""RFC 9162 tree arithmetic that both the log and a statement's content stand on.

It lives here, below both, because they may not know each other
(docs/adr/0006). Log-only proofs (consistency, subtrees) are in `tlog`.
"""

from collections.abc import Sequence
from hashlib import sha256

from detente.signing.errors import ProofError

HASH_BYTES = 32
SIZE_MAX = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()
_NODE = sha256(b"\x01").copy


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry) (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right) (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return MTH over leaf *hashes* of 32 bytes; SHA-256 of nothing for none (RFC 9162, 2.1.1)."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def _parents(level: list[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; an odd last hash moves up unchanged."""
    pairs = iter(level)
    hashed = [
        sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)
    ]
    if len(level) & 1:
        hashed.append(level[-1])
    return hashed


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf `index` among leaf hashes, leaf to root (RFC 9162, 2.1.3.1).

    Raises:
        ProofError: no such leaf.
    """
    return inclusion_paths(leaves, [index])[0]


def inclusion_paths(leaves: Sequence[bytes], indices: Sequence[int]) -> list[list[bytes]]:
    """Return the audit paths of several leaves, for little more than that of one.

    Raises:
        ProofError: no such leaf.
    """
    for index in indices:
        if not 0 <= index < len(leaves):
            raise ProofError(f"leaf {index} is not among {len(leaves)}")
    paths: list[list[bytes]] = [[] for _ in indices]
    level, height = list(leaves), 0
    while len(level) > 1:
        for path, index in zip(paths, indices, strict=True):
            sibling = index >> height ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        level, height = _parents(level), height + 1
    return paths


def verify_inclusion(
    *, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf_hash` stands at `index` of the tree of `size` leaves with `root`.

    Raises:
        ProofError: it is not shown (RFC 9162, 2.1.3.2).
    """
    if not 0 <= index < size <= SIZE_MAX:
        raise ProofError(f"index {index} is outside a tree of {size}")
    if len(leaf_hash) != HASH_BYTES or len(root) != HASH_BYTES:
        raise ProofError("a leaf hash and a root have 32 bytes")
    if _climb(leaf_hash, index, size, proof) != root:
        raise ProofError(f"the proof does not lead from entry {index} to the root of size {size}")


def _climb(running: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Fold a proof into a root: RFC 9162's walk, its shifts counted beforehand.

    Up to the level where the paths of the leaf and of the last leaf meet, the
    index says on which side a sibling stands; above it all stand on the left.
    """
    meeting = (index ^ (size - 1)).bit_length()
    expected = meeting + (index >> meeting).bit_count()
    if len(proof) != expected:
        raise ProofError(
            f"the proof of entry {index} in {size} has {expected} hashes, this one {len(proof)}"
        )
    if [*map(len, proof)].count(HASH_BYTES) != expected:
        raise ProofError("every hash of a proof has 32 bytes")
    on_left, level, begin = index | -1 << meeting, 1, _NODE
    for sibling in proof:
        node = begin()  # a copied state begins a hash sooner than a new one
        node.update(sibling + running if on_left & level else running + sibling)
        running = node.digest()
        level += level
    return running

"""Proofs about trees: verifying them, and making them from stored hashes.

Consistency is the case of a subtree that starts at 0, so one walk serves both
(RFC 9162, 2.1.4; draft-ietf-plants-merkle-tree-certs, section 4).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from detente.signing import EMPTY_ROOT, leaf_hash, node_hash, verify_inclusion
from detente.tlog.checkpoint import HASH_BYTES, SIZE_MAX
from detente.tlog.errors import ProofError

__all__ = [
    "HASHES_MAX",
    "HashReader",
    "leaf_hash",
    "prove_consistency",
    "prove_inclusion",
    "prove_subtree_consistency",
    "prove_subtree_inclusion",
    "range_root",
    "verify_consistency",
    "verify_inclusion",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]

HASHES_MAX = 63

HashReader = Callable[[int, int], bytes]
"""Given `level` and `index`, the root of the entries [index << level, (index + 1) << level)."""


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the first `old_size` entries of the new tree are the old tree.

    Raises:
        ProofError: it is not shown, or `old_size` is 0: every tree continues the
            empty one, so a proof of it says nothing (RFC 9162, 2.1.4.2).
    """
    if not 0 < old_size <= new_size <= SIZE_MAX:
        raise ProofError(f"a proof leads from a size above 0 upwards, not {old_size} to {new_size}")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError(f"one tree of {old_size} has one root and needs no proof")
        return
    _climb(0, old_size, old_root, new_size, new_root, proof)


def verify_subtree_inclusion(
    *, leaf_hash: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf_hash` stands at `index` of the log, within the subtree [start, end).

    Raises:
        ProofError: it is not shown, or [start, end) is no subtree.
    """
    _check_subtree(start, end)
    if not start <= index < end:
        raise ProofError(f"entry {index} is outside [{start}, {end})")
    verify_inclusion(
        leaf_hash=leaf_hash, index=index - start, size=end - start, proof=proof, root=root
    )


def verify_subtree_consistency(
    *, start: int, end: int, subtree_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the subtree [start, end) is part of the tree of `size` with `root`.

    Raises:
        ProofError: it is not shown, or [start, end) is no subtree of that tree.
    """
    _check_subtree(start, end)
    if end > size or size > SIZE_MAX:
        raise ProofError(f"[{start}, {end}) is not within a tree of {size}")
    _climb(start, end, subtree_root, size, root, proof)


def prove_inclusion(read: HashReader, *, index: int, size: int) -> list[bytes]:
    """Make the inclusion proof of entry `index` in the tree of `size`, leaf to root.

    Raises:
        ProofError: no such entry.
    """
    return prove_subtree_inclusion(read, index=index, start=0, end=size)


def prove_subtree_inclusion(read: HashReader, *, index: int, start: int, end: int) -> list[bytes]:
    """Make the inclusion proof of entry `index` in the subtree [start, end).

    Raises:
        ProofError: no such subtree, or the entry is not in it.
    """
    _check_subtree(start, end)
    if not start <= index < end:
        raise ProofError(f"entry {index} is outside [{start}, {end})")
    path: list[bytes] = []
    level, node, last = 0, index, end - 1
    while node != last or last != start >> level:
        sibling = node ^ 1
        if sibling < last:
            path.append(read(level, sibling))
        elif sibling == last:
            path.append(range_root(read, start=last << level, end=end))
        level, node, last = level + 1, node >> 1, last >> 1
    return path


def prove_consistency(read: HashReader, *, old_size: int, new_size: int) -> list[bytes]:
    """Make the proof that the tree of `new_size` continues that of `old_size`; empty from 0.

    Raises:
        ProofError: `old_size` is above `new_size`.
    """
    if old_size == 0 and new_size >= 0:
        return []
    return prove_subtree_consistency(read, start=0, end=old_size, size=new_size)


def prove_subtree_consistency(read: HashReader, *, start: int, end: int, size: int) -> list[bytes]:
    """Make the proof that the subtree [start, end) is part of the tree of `size`.

    Raises:
        ProofError: [start, end) is no subtree of that tree.
    """
    _check_subtree(start, end)
    if end > size:
        raise ProofError(f"[{start}, {end}) is not within a tree of {size}")
    path: list[bytes] = []
    low, high, is_known = 0, size, True
    while (low, high) != (start, end):
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= middle:
            path.append(range_root(read, start=middle, end=high))
            high = middle
        else:
            path.append(range_root(read, start=low, end=middle))
            # A subtree that reaches over the middle begins at 0; its left half is now known.
            if start < middle:
                start, is_known = middle, False
            low = middle
    if not is_known:
        path.append(range_root(read, start=low, end=high))
    path.reverse()
    return path


def range_root(read: HashReader, *, start: int, end: int) -> bytes:
    """Return the root of the subtree [start, end) from the complete subtrees it consists of."""
    if start == end:
        return EMPTY_ROOT
    peaks: list[bytes] = []
    for level in range((end - start).bit_length() - 1, -1, -1):
        if (end - start) >> level & 1:
            peaks.append(read(level, start >> level))
            start += 1 << level
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def _check_subtree(start: int, end: int) -> None:
    if not 0 <= start < end or start % (1 << (end - start - 1).bit_length()):
        raise ProofError(f"[{start}, {end}) is not a subtree of a log")


def _climb(
    start: int, end: int, subtree_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Fold the proof into both roots (clause 4.4.3 of the draft, whose names these are)."""
    _check_hashes(subtree_root, root, proof)
    fn, sn, tn = start, end - 1, size - 1
    shift = _common_height(fn, sn, tn)
    fn, sn, tn = fn >> shift, sn >> shift, tn >> shift
    rest = iter(proof)
    fr = sr = subtree_root if fn == sn else next(rest, b"")
    for sibling in rest:
        if tn == 0:
            raise ProofError("the consistency proof is too long")
        if sn & 1 or sn == tn:
            if fn < sn:
                fr = sha256(b"\x01" + sibling + fr).digest()
            sr = sha256(b"\x01" + sibling + sr).digest()
            while not sn & 1 and sn:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            sr = sha256(b"\x01" + sr + sibling).digest()
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    if tn != 0 or fr != subtree_root or sr != root:
        raise ProofError(f"it is not shown that [{start}, {end}) is part of the tree of {size}")


def _check_hashes(subtree_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    if len(subtree_root) != HASH_BYTES or len(root) != HASH_BYTES:
        raise ProofError("a root has 32 bytes")
    if len(proof) > HASHES_MAX or any(len(one) != HASH_BYTES for one in proof):
        raise ProofError("a proof has at most 63 hashes of 32 bytes")


def _common_height(fn: int, sn: int, tn: int) -> int:
    """Count the levels on which the subtree's right edge is complete: they need no hash."""
    shift = 0
    while fn >> shift != sn >> shift and (sn == tn or sn >> shift & 1):
        shift += 1
    return shift

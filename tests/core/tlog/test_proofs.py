"""A proof shows what it claims, and nothing else: no entry is claimed that is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import merkle_root
from detente.tlog import (
    Frontier,
    ProofError,
    StoredHashes,
    prove_consistency,
    prove_inclusion,
    prove_subtree_consistency,
    prove_subtree_inclusion,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.core.tlog.makers import MemoryTiles, Tree, entries_of

SIZE = 70
TREE = Tree(entries_of(SIZE))


def subtree(draw, size):
    end = draw(st.integers(1, size))
    width = draw(st.integers(1, end))
    aligned = 1 << (width - 1).bit_length()
    start = (end - width) // aligned * aligned
    return start, min(end, start + aligned)


@st.composite
def subtrees(draw):
    size = draw(st.integers(1, SIZE))
    return (*subtree(draw, size), size)


@given(st.data())
def test_every_entry_of_every_tree_can_be_shown(data):
    size = data.draw(st.integers(1, SIZE))
    index = data.draw(st.integers(0, size - 1))
    verify_inclusion(
        leaf_hash=TREE.leaves[index],
        index=index,
        size=size,
        proof=prove_inclusion(TREE.hashes, index=index, size=size),
        root=TREE.hashes.root_of(size),
    )


@given(subtrees(), st.data())
def test_every_subtree_of_every_tree_can_be_shown(place, data):
    start, end, size = place
    root = merkle_root(TREE.leaves[start:end])
    verify_subtree_consistency(
        start=start,
        end=end,
        subtree_root=root,
        size=size,
        root=TREE.hashes.root_of(size),
        proof=prove_subtree_consistency(TREE.hashes, start=start, end=end, size=size),
    )
    index = data.draw(st.integers(start, end - 1))
    verify_subtree_inclusion(
        leaf_hash=TREE.leaves[index],
        index=index,
        start=start,
        end=end,
        proof=prove_subtree_inclusion(TREE.hashes, index=index, start=start, end=end),
        root=root,
    )


@given(st.integers(1, SIZE), st.integers(1, SIZE))
def test_every_tree_continues_every_smaller_one(one, two):
    old, new = sorted((one, two))
    verify_consistency(
        old_size=old,
        old_root=TREE.hashes.root_of(old),
        new_size=new,
        new_root=TREE.hashes.root_of(new),
        proof=prove_consistency(TREE.hashes, old_size=old, new_size=new),
    )


def changes(proof):
    """Yield the proof with each byte changed, each hash left out or doubled, or one too many."""
    for place, one in enumerate(proof):
        for byte in range(0, 32, 5):
            changed = bytearray(one)
            changed[byte] ^= 1
            yield [*proof[:place], bytes(changed), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], one, *proof[place:]]
        yield [*proof[:place], one[:31], *proof[place + 1 :]]
        yield [*proof[:place], one + b"\x00", *proof[place + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32)] * 64


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (5, 8), (6, 7), (64, 70), (69, 70)])
def test_a_changed_inclusion_proof_shows_nothing(index, size):
    proof = prove_inclusion(TREE.hashes, index=index, size=size)
    root = TREE.hashes.root_of(size)
    leaf = TREE.leaves[index]
    for changed in changes(proof):
        with pytest.raises(ProofError):
            verify_inclusion(leaf_hash=leaf, index=index, size=size, proof=changed, root=root)
    for other in set(range(-1, size + 2)) - {index}:
        with pytest.raises(ProofError):
            verify_inclusion(leaf_hash=leaf, index=other, size=size, proof=proof, root=root)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (6, 8), (64, 70), (69, 70)])
def test_a_changed_consistency_proof_shows_nothing(old, new):
    proof = prove_consistency(TREE.hashes, old_size=old, new_size=new)
    old_root, new_root = TREE.hashes.root_of(old), TREE.hashes.root_of(new)

    def verify(old_size, old_root, new_size, new_root, proof):
        with pytest.raises(ProofError):
            verify_consistency(
                old_size=old_size,
                old_root=old_root,
                new_size=new_size,
                new_root=new_root,
                proof=proof,
            )

    for changed in changes(proof):
        verify(old, old_root, new, new_root, changed)
    verify(old, bytes(32), new, new_root, proof)
    verify(old, old_root, new, bytes(32), proof)
    verify(old, old_root[:31], new, new_root, proof)
    verify(0, old_root, new, new_root, [])
    verify(new, new_root, old, old_root, proof)
    verify(old, old_root, old, old_root, [bytes(32)])


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (3, 3), (1, 3), (2, 5), (-2, 0), (4, 3), (0, SIZE + 1)]
)
def test_what_is_no_subtree_is_refused(start, end):
    with pytest.raises(ProofError):
        prove_subtree_consistency(TREE.hashes, start=start, end=end, size=SIZE)
    with pytest.raises(ProofError):
        verify_subtree_consistency(
            start=start,
            end=end,
            subtree_root=bytes(32),
            size=SIZE,
            root=TREE.hashes.root,
            proof=[],
        )


@pytest.mark.parametrize(("index", "size"), [(2**63, 2**63 + 1), (2**64, 2**64 + 1)])
def test_positions_beyond_sixty_three_bits_are_refused(index, size):
    with pytest.raises(ProofError):
        verify_inclusion(
            leaf_hash=bytes(32), index=index, size=size, proof=[bytes(32)], root=bytes(32)
        )


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_random_hashes_show_nothing(one, two, proof):
    low, high = sorted((one, two))
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash=bytes(32), index=low, size=high, proof=proof, root=b"\x01" * 32)
    with pytest.raises(ProofError):
        verify_consistency(
            old_size=low,
            old_root=bytes(32),
            new_size=high,
            new_root=b"\x01" * 32,
            proof=proof,
        )


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_proofs_from_stored_tiles_are_those_from_memory(size):
    tree = Tree(entries_of(size))
    tiles = MemoryTiles()
    tiles.store(tree.entries)
    stored = StoredHashes(tiles, size)
    for index in range(0, size, 53):
        expected = prove_inclusion(tree.hashes, index=index, size=size)
        assert prove_inclusion(stored, index=index, size=size) == expected
        expected = prove_consistency(tree.hashes, old_size=index, new_size=size)
        assert prove_consistency(stored, old_size=index, new_size=size) == expected


@given(st.lists(st.integers(1, 600), max_size=6))
def test_a_tree_grown_in_batches_is_the_tree_grown_at_once(batches):
    leaves = Tree(entries_of(1)).leaves * sum(batches)
    edge = Frontier()
    for batch in batches:
        edge = edge.append(leaves[edge.size : edge.size + batch]).frontier
    assert edge == Frontier().append(leaves).frontier
    assert edge.root == merkle_root(leaves)

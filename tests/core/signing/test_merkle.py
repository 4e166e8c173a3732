"""The tree shows that a leaf stands in it, and shows no other leaf. (RFC 9162; docs/adr/0006)"""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import (
    EMPTY_ROOT,
    ProofError,
    inclusion_path,
    inclusion_paths,
    leaf_hash,
    merkle_root,
    node_hash,
    verify_inclusion,
)

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]


def root_by_definition(leaves):
    """RFC 9162, 2.1.1, word for word: split at the largest power of two below n."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_by_definition(leaves[:split]), root_by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(0, 70))
def test_the_root_is_the_one_of_the_definition(size):
    assert merkle_root(LEAVES[:size]) == root_by_definition(LEAVES[:size])


def test_the_empty_tree_and_the_prefixes_are_those_of_the_specification():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert node_hash(b"l", b"r") == sha256(b"\x01lr").digest()


@given(size=st.integers(1, 70), data=st.data())
def test_every_leaf_can_be_shown_at_its_place_and_at_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    elsewhere = data.draw(st.integers(0, 69))
    root = merkle_root(LEAVES[:size])
    path = inclusion_path(LEAVES[:size], index)
    verify_inclusion(leaf_hash=LEAVES[index], index=index, size=size, proof=path, root=root)
    if elsewhere != index:
        with pytest.raises(ProofError):
            verify_inclusion(
                leaf_hash=LEAVES[index], index=elsewhere, size=size, proof=path, root=root
            )
        with pytest.raises(ProofError):
            verify_inclusion(
                leaf_hash=LEAVES[elsewhere], index=index, size=size, proof=path, root=root
            )


@given(size=st.integers(2, 70), place=st.integers(min_value=0), data=st.data())
def test_a_changed_longer_or_shorter_path_shows_nothing(size, place, data):
    index = data.draw(st.integers(0, size - 1))
    root = merkle_root(LEAVES[:size])
    path = inclusion_path(LEAVES[:size], index)
    changed = list(path)
    changed[place % len(path)] = leaf_hash(changed[place % len(path)])
    for wrong in (changed, path[:-1], [*path, root], [path[0][:31], *path[1:]], []):
        with pytest.raises(ProofError):
            verify_inclusion(
                leaf_hash=LEAVES[index], index=index, size=size, proof=wrong, root=root
            )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (2**63, 2**63 + 1)])
def test_a_place_outside_the_tree_is_refused(index, size):
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash=LEAVES[0], index=index, size=size, proof=[], root=LEAVES[0])


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there_has_no_path(index):
    with pytest.raises(ProofError):
        inclusion_path(LEAVES[:3], index)


@given(size=st.integers(1, 70), data=st.data())
def test_several_leaves_are_shown_together_as_each_alone(size, data):
    indices = data.draw(st.lists(st.integers(0, size - 1), max_size=8))
    paths = inclusion_paths(LEAVES[:size], indices)
    assert paths == [inclusion_path(LEAVES[:size], index) for index in indices]
    for index, path in zip(indices, paths, strict=True):
        root = root_by_definition(LEAVES[:size])
        verify_inclusion(leaf_hash=LEAVES[index], index=index, size=size, proof=path, root=root)

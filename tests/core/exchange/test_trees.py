"""Tiles of a peer are believed only as far as they lead to a signed root. (A19, A22)"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detente.exchange.protocol.commands import Place
from detente.exchange.protocol.trees import (
    Fetched,
    Proven,
    TileWanted,
    check_bundle,
    continues,
    cut_bundle,
    first_difference,
    prove_edge,
    tiles_above,
)
from detente.tlog import (
    Checkpoint,
    Frontier,
    MirrorError,
    StoredHashes,
    TileError,
    TilePath,
    leaf_hash,
    pack_entries,
    prove_consistency,
    verify_consistency,
)

ORIGIN = "0123456789abcdef0123456789abcdef/1"


class Files(dict):
    """Tiles and bundles of one tree, in memory."""

    def read(self, path):
        return self.get(path)

    def write(self, path, data):
        self[path] = data


def entries_of(size, forged_at=None):
    return [b"forged" if at == forged_at else b"entry %d" % at for at in range(size)]


def grown(entries):
    growth = Frontier().append([leaf_hash(entry) for entry in entries])
    return growth.frontier, Files(growth.tiles)


def fetched(files):
    """A store that asks for each tile once, as the machine does, and remembers what it asked."""

    class Asking(dict):
        def __missing__(self, key):
            self[key] = files.get(key[1])
            return self[key]

        def __contains__(self, key):
            return True

    return Fetched(Place.PEER, Asking())


def tree_of(entries):
    edge, files = grown(entries)
    store = fetched(files)
    return Proven(store, prove_edge(store, Checkpoint(ORIGIN, edge.size, edge.root))), files


SIZES = st.one_of(st.integers(1, 600), st.sampled_from((255, 256, 257, 511, 512, 513)))


@given(SIZES, SIZES)
def test_a_tree_continues_every_smaller_tree_of_its_own(one, other):
    small, large = sorted((one, other))
    tree, _files = tree_of(entries_of(large))
    assert continues(tree, grown(entries_of(small))[0])


@given(SIZES, SIZES, st.data())
def test_a_tree_continues_no_tree_with_another_entry(one, other, data):
    small, large = sorted((one, other))
    tree, _files = tree_of(entries_of(large))
    forged = entries_of(small, forged_at=data.draw(st.integers(0, small - 1)))
    assert not continues(tree, grown(forged)[0])


@given(SIZES, SIZES, st.data())
def test_where_two_trees_part_is_found(one, other, data):
    size = min(one, other)
    at = data.draw(st.integers(0, size - 1))
    first, second = tree_of(entries_of(one))[0], tree_of(entries_of(other, forged_at=at))[0]
    assert first_difference(first.hashes, second.hashes, size) == at
    assert first_difference(first.hashes, tree_of(entries_of(one))[0].hashes, size) == size


@given(SIZES, SIZES)
def test_proven_hashes_serve_for_proofs(one, other):
    small, large = sorted((one, other))
    assume(0 < small < large)
    tree, _files = tree_of(entries_of(large))
    verify_consistency(
        old_size=small,
        old_root=grown(entries_of(small))[0].root,
        new_size=large,
        new_root=tree.edge.root,
        proof=prove_consistency(tree.hashes, old_size=small, new_size=large),
    )


def read_whole(store, checkpoint):
    tree = Proven(store, prove_edge(store, checkpoint))
    return [tree.tile(0, index) for index in range(checkpoint.size // 256)]


@given(st.integers(257, 1_000), st.data())
def test_one_flipped_bit_in_any_tile_is_refused(size, data):
    entries = entries_of(size)
    edge, files = grown(entries)
    path = data.draw(st.sampled_from(sorted(files, key=str)))
    tile = bytearray(files[path])
    bit = data.draw(st.integers(0, len(tile) * 8 - 1))
    tile[bit // 8] ^= 1 << bit % 8
    files[path] = bytes(tile)
    with pytest.raises(MirrorError):
        read_whole(fetched(files), Checkpoint(ORIGIN, size, edge.root))


@given(st.integers(1, 600), st.data())
def test_a_bundle_counts_only_with_the_very_entries_of_the_tree(size, data):
    entries = entries_of(size)
    tree, files = tree_of(entries)
    index = data.draw(st.integers(0, (size - 1) // 256))
    some = entries[index * 256 : (index + 1) * 256]
    path = TilePath(None, index, len(some))
    assert check_bundle(tree, path, pack_entries(some)) == some
    for tile_path, tile in tiles_above(tree, path, some):
        assert files[tile_path] == tile
    at = data.draw(st.integers(0, len(some) - 1))
    for other in (some[:at] + some[at + 1 :], [*some[:at], b"forged", *some[at + 1 :]]):
        with pytest.raises((MirrorError, TileError)):
            check_bundle(tree, path, pack_entries(other))


def test_what_was_not_fetched_yet_is_asked_for_by_place_and_path():
    store = Fetched(Place.HERE, {})
    with pytest.raises(TileWanted) as wanted:
        prove_edge(store, Checkpoint(ORIGIN, 3, b"\0" * 32))
    assert (wanted.value.place, wanted.value.path) == (Place.HERE, TilePath(0, 0, 3))


def test_a_mirror_keeps_every_tile_of_a_tree_it_followed_bundle_by_bundle():
    size = 66_000
    entries = entries_of(size)
    tree, files = tree_of(entries)
    kept = Files(tree.edge.tiles)
    for index in range(-(-size // 256)):
        some = entries[index * 256 : (index + 1) * 256]
        path = TilePath(None, index, len(some))
        kept.update(tiles_above(tree, path, some))
    assert kept == files
    assert StoredHashes(kept, size)(0, 65_999) == leaf_hash(entries[-1])


@given(st.lists(st.binary(max_size=20), max_size=10), st.data())
def test_a_bundle_that_grew_is_cut_back(entries, data):
    width = data.draw(st.integers(0, len(entries)))
    assert cut_bundle(pack_entries(entries), width) == pack_entries(entries[:width])

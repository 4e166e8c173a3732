"""Tiles: one spelling of each place, one reading of each byte, no bomb."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.tlog import (
    Frontier,
    MirrorError,
    TileError,
    TilePath,
    bundles_of,
    compress,
    decompress,
    leaf_hash,
    new_bundles,
    new_tiles,
    pack_entries,
    tiles_of,
    unpack_entries,
    verify_mirror,
)
from detente.tlog.mirror import follow_mirror, read_bundle
from tests.core.tlog.makers import MemoryTiles, Tree, entries_of

paths = st.builds(
    TilePath,
    st.none() | st.integers(0, 63),
    st.integers(0, (2**63 - 1) // 256),
    st.integers(1, 256),
)
entries = st.lists(st.binary(max_size=40), max_size=256)


@given(paths)
def test_a_path_reads_back_as_it_was_written(path):
    assert TilePath.parse(str(path)) == path


@given(st.text(max_size=40) | st.from_regex(r"tile/(entries|[0-9]{1,3})/[x0-9/]+(\.p/[0-9]+)?"))
def test_a_path_has_one_spelling(text):
    try:
        path = TilePath.parse(text)
    except TileError:
        return
    assert str(path) == text


@pytest.mark.parametrize(
    "text",
    [
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/x000/001",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/x001/../067",
        "../tile/0/001",
        "tile/0/001\n",
        "/tile/0/001",
        "tile/0/\u0660\u0660\u0661",
        "tile/data/001",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "",
    ],
)
def test_another_spelling_of_a_path_is_refused(text):
    with pytest.raises(TileError):
        TilePath.parse(text)


def test_the_published_paths_are_written_so():
    assert str(TilePath(0, 1_234_067)) == "tile/0/x001/x234/067"
    assert str(TilePath(None, 5, 3)) == "tile/entries/005.p/3"
    shown = [str(path) for path in tiles_of(70_000)]
    assert len(shown) == 277
    assert shown[273] == "tile/0/273.p/112"
    assert shown[-3:] == ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert [str(path) for path in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_new_tiles_are_those_that_were_not_there(one, two):
    old, new = sorted((one, two))
    for all_of, new_of in ((tiles_of, new_tiles), (bundles_of, new_bundles)):
        assert set(new_of(old, new)) == set(all_of(new)) - set(all_of(old))


@given(st.lists(st.integers(1, 400), max_size=5))
def test_growing_hands_out_exactly_the_new_tiles(batches):
    edge, leaf = Frontier(), leaf_hash(b"")
    for batch in batches:
        growth = edge.append([leaf] * batch)
        expected = list(new_tiles(edge.size, edge.size + batch))
        assert [path for path, _ in growth.tiles] == expected
        edge = growth.frontier


@given(entries)
def test_a_bundle_reads_back_as_it_was_written(held):
    assert unpack_entries(pack_entries(held), len(held)) == held


@given(st.binary(max_size=60), st.integers(0, 256))
def test_a_bundle_has_one_reading(data, count):
    try:
        held = unpack_entries(data, count)
    except TileError:
        return
    assert pack_entries(held) == data


def test_a_bundle_is_never_cut_short_nor_too_long():
    bundle = pack_entries([b"one", b"", b"three"])
    for end in range(len(bundle)):
        with pytest.raises(TileError):
            unpack_entries(bundle[:end], 3)
    for count in (0, 2, 4):
        with pytest.raises(TileError):
            unpack_entries(bundle, count)
    with pytest.raises(TileError):
        pack_entries([b""] * 257)
    with pytest.raises(TileError):
        pack_entries([bytes(65_536)])
    assert unpack_entries(pack_entries([bytes(65_535)]), 1) == [bytes(65_535)]


@given(st.binary(max_size=200))
def test_gzip_reads_back_whoever_packed_it(data):
    assert decompress(compress(data)) == decompress(gzip.compress(data)) == data
    assert compress(data) == compress(data)


def test_a_bomb_stops_at_the_largest_bundle():
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 80_000
    with pytest.raises(TileError, match="more than"):
        decompress(bomb)
    whole = compress(bytes(256 * 65_537))
    assert len(decompress(whole)) == 256 * 65_537


@given(st.binary(max_size=60))
def test_what_is_not_one_gzip_stream_is_refused(data):
    for offered in (data, compress(b"tile")[:-1], compress(b"tile") + data + b"x"):
        with pytest.raises(TileError):
            decompress(offered)


SIZE = 600
TREE = Tree(entries_of(SIZE))


@pytest.fixture
def tiles():
    store = MemoryTiles()
    store.store(TREE.entries)
    return store


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, SIZE])
def test_a_whole_mirror_leads_to_the_signed_root(tiles, size):
    edge = verify_mirror(tiles, TREE.checkpoint(size))
    assert (edge.size, edge.root) == (size, TREE.hashes.root_of(size))


@pytest.mark.parametrize("seen", [0, 1, 256, 300, 512, SIZE])
def test_a_mirror_follows_from_what_it_verified_before(tiles, seen):
    before = verify_mirror(tiles, TREE.checkpoint(seen))
    after = follow_mirror(tiles, before, TREE.checkpoint())
    assert after == Frontier.load(tiles, SIZE)
    with pytest.raises(MirrorError):
        follow_mirror(tiles, after, TREE.checkpoint(SIZE - 1))


def test_any_changed_byte_of_a_mirror_is_found(tiles):
    for path in [*tiles_of(SIZE), *bundles_of(SIZE)]:
        whole = tiles.data[path]
        for place in range(0, len(whole), 1 + len(whole) // 9):
            changed = bytearray(whole)
            changed[place] ^= 1
            tiles.data[path] = bytes(changed)
            with pytest.raises((MirrorError, TileError)):
                verify_mirror(tiles, TREE.checkpoint())
        tiles.data[path] = whole
    verify_mirror(tiles, TREE.checkpoint())


def test_any_missing_or_shortened_part_of_a_mirror_is_found(tiles):
    for path in [*tiles_of(SIZE), *bundles_of(SIZE)]:
        whole = tiles.data.pop(path)
        with pytest.raises(MirrorError, match="missing"):
            verify_mirror(tiles, TREE.checkpoint())
        for offered in (b"", whole[:-1], whole + b"\x00", whole + bytes(32)):
            tiles.data[path] = offered
            with pytest.raises((MirrorError, TileError)):
                verify_mirror(tiles, TREE.checkpoint())
        tiles.data[path] = whole


def test_entries_with_their_own_tiles_under_another_root_are_found(tiles):
    forged = MemoryTiles()
    forged.store([b"forged", *TREE.entries[1:]])
    with pytest.raises(MirrorError, match="do not lead to its root"):
        verify_mirror(forged, TREE.checkpoint())


def test_what_was_verified_before_cannot_be_changed_under_a_follower(tiles):
    before = verify_mirror(tiles, TREE.checkpoint(300))
    forged = MemoryTiles()
    forged.store([*TREE.entries[:299], b"forged", *TREE.entries[300:]])
    with pytest.raises(MirrorError, match="verified before"):
        follow_mirror(forged, before, TREE.checkpoint())


def test_a_partial_bundle_may_be_cut_from_its_full_successor(tiles):
    path = TilePath(None, 0, 7)
    assert unpack_entries(read_bundle(tiles, path), 7) == TREE.entries[:7]
    tiles.data[path.full] = tiles.data[path.full][:20]
    with pytest.raises(TileError):
        read_bundle(tiles, path)

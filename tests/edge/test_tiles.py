"""Tiles are written once, whole, and under the one path that C2SP gives them. (docs/threats.md)"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import EnvironmentFault
from detente.storage import StorageFault
from detente.storage.tiles import TileFiles
from detente.tlog import TileConflict, TilePath
from tests.edge.faulty_disk import every_fault

paths = st.builds(
    TilePath,
    st.none() | st.integers(0, 63),
    st.integers(0, 2**40),
    st.integers(1, 256),
)


@pytest.fixture
def tiles(tmp_path):
    return TileFiles(tmp_path / "log")


@settings(max_examples=30)
@given(stored=st.dictionaries(paths, st.binary(max_size=100), max_size=6))
def test_what_is_written_is_read_back_under_its_c2sp_path(tmp_path_factory, stored):
    directory = tmp_path_factory.mktemp("log")
    tiles = TileFiles(directory)
    tiles.write_all(stored.items())
    assert {path: TileFiles(directory).read(path) for path in stored} == stored
    for path, data in stored.items():
        assert (directory / str(path)).read_bytes() == data


def test_a_path_of_many_digits_stands_in_folders_of_three(tiles, tmp_path):
    tiles.write(TilePath(0, 1_234_067), b"x")
    assert (tmp_path / "log/tile/0/x001/x234/067").read_bytes() == b"x"


def test_what_was_never_written_is_none(tiles):
    assert tiles.read(TilePath(0, 0)) is None
    assert tiles.published() is None


def test_the_same_bytes_again_are_fine_and_others_are_refused_with_the_file_named(tiles, tmp_path):
    path = TilePath(1, 5, 3)
    tiles.write(path, b"first")
    tiles.write(path, b"first")
    with pytest.raises(TileConflict, match=r"tile/1/005\.p/3 should hold.*keep it as evidence"):
        tiles.write(path, b"other")
    assert tiles.read(path) == b"first"


def test_partial_forms_go_when_the_full_one_is_there(tiles, tmp_path):
    for width in (1, 7, 256):
        tiles.write(TilePath(0, 0, width), bytes(width))
    tiles.write(TilePath(0, 1, 9), b"next")
    tiles.drop_partials(TilePath(0, 0))
    tiles.drop_partials(TilePath(0, 0))
    assert tiles.read(TilePath(0, 0, 7)) is None
    assert tiles.read(TilePath(0, 0)) == bytes(256)
    assert tiles.read(TilePath(0, 1, 9)) == b"next"
    tiles.write(TilePath(0, 0, 7), bytes(7))  # its folder is made again


def test_the_checkpoint_is_replaced_whole(tiles):
    tiles.publish(b"old")
    tiles.publish(b"new")
    assert tiles.published() == b"new"


def test_what_a_crash_left_half_written_is_cleared_and_nothing_else(tiles, tmp_path):
    tiles.write(TilePath(0, 0, 1), b"kept")
    (tmp_path / "log/tile/0/000.p/.00ff.part").write_bytes(b"half")
    (tmp_path / "log/.00ff.part").write_bytes(b"half")
    tiles.clear_temporary()
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"1"}


def test_a_file_larger_than_any_tile_is_not_read_into_memory(tiles, tmp_path):
    tiles.publish(b"x" * (1 << 20))
    with (tmp_path / "log/checkpoint").open("ab") as file:
        file.write(b"x")
    with pytest.raises(EnvironmentFault, match="larger than"):
        tiles.published()


def test_a_write_that_fails_at_any_step_leaves_the_whole_tile_or_none(tmp_path):
    wanted = [(TilePath(0, 0, 5), b"five"), (TilePath(None, 1_000, 2), b"bundle")]

    def write(directory, disk):
        tiles = TileFiles(directory, disk=disk)
        tiles.write_all(wanted)
        tiles.publish(b"note")

    (tmp_path / "count").mkdir()
    runs = iter(range(1_000))
    for disk in every_fault(lambda disk: write(tmp_path / "count" / str(next(runs)), disk)):
        directory = tmp_path / str(next(runs))
        with pytest.raises(StorageFault):
            write(directory, disk)
        again = TileFiles(directory)
        for path, data in wanted:
            assert again.read(path) in (None, data)
        assert again.published() in (None, b"note")
        again.clear_temporary()
        write(directory, None)
        assert [again.read(path) for path, _ in wanted] == [data for _, data in wanted]
        assert again.published() == b"note"

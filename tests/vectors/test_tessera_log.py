"""A whole log written by others: every checkpoint, tile, bundle and proof comes out the same."""

import tarfile
from base64 import b64decode

import pytest

from detente.tlog import (
    Checkpoint,
    Frontier,
    StoredHashes,
    TilePath,
    Verifier,
    leaf_hash,
    open_note,
    pack_entries,
    prove_consistency,
    prove_inclusion,
    unpack_entries,
    verify_consistency,
    verify_inclusion,
    verify_mirror,
)
from tests.shared import shared_path
from tests.vectors.published import document


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    found = {}
    with tarfile.open(shared_path("vectors", "tessera-log", "log.tar")) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                found[member.name.removeprefix("./").removeprefix("log/")] = content.read()
    return found


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    return [text.encode() for text in document("tessera-log", "log.json")["entries_utf8"]]


@pytest.fixture(scope="module")
def checkpoints(files: dict[str, bytes]) -> list[Checkpoint]:
    verifier = Verifier.parse(document("tessera-log", "log.json")["verifier_key"])
    return [
        Checkpoint.parse(open_note(files[f"checkpoint.{size}"], [verifier]).text)
        for size in range(16)
    ]


class Archive:
    """Implements `TileStore` over the unpacked files."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def read(self, path: TilePath) -> bytes | None:
        return self._files.get(str(path))

    def write(self, path: TilePath, data: bytes) -> None:
        assert self._files[str(path)] == data


def test_every_checkpoint_opens_and_names_the_published_root(
    checkpoints: list[Checkpoint],
) -> None:
    roots = document("tessera-log", "log.json")["roots_b64"]
    assert [one.size for one in checkpoints] == list(range(16))
    assert [one.root for one in checkpoints] == [b64decode(root) for root in roots]


def test_every_file_of_the_archive_is_written_again_byte_for_byte(
    files: dict[str, bytes], entries: list[bytes], checkpoints: list[Checkpoint]
) -> None:
    edge, seen = Frontier(), set()
    for number, entry in enumerate(entries, start=1):
        growth = edge.append([leaf_hash(entry)])
        edge = growth.frontier
        bundle = (TilePath(None, 0, number), pack_entries(entries[:number]))
        for path, data in (*growth.tiles, bundle):
            assert files[str(path)] == data
            seen.add(str(path))
        assert edge.root == checkpoints[number].root
        assert unpack_entries(bundle[1], number) == entries[:number]
    assert {name for name in files if name.startswith("tile/")} == seen


def test_every_tile_path_reads_back_as_itself(files: dict[str, bytes]) -> None:
    for name in files:
        if name.startswith("tile/"):
            assert str(TilePath.parse(name)) == name


def test_a_mirror_of_every_size_leads_to_its_root(
    files: dict[str, bytes], checkpoints: list[Checkpoint]
) -> None:
    for checkpoint in checkpoints:
        assert verify_mirror(Archive(files), checkpoint).root == checkpoint.root


def test_every_proof_made_from_the_tiles_verifies(
    files: dict[str, bytes], entries: list[bytes], checkpoints: list[Checkpoint]
) -> None:
    for new in checkpoints[1:]:
        hashes = StoredHashes(Archive(files), new.size)
        for index, entry in enumerate(entries[: new.size]):
            proof = prove_inclusion(hashes, index=index, size=new.size)
            verify_inclusion(
                leaf_hash=leaf_hash(entry), index=index, size=new.size, proof=proof, root=new.root
            )
        for old in checkpoints[1 : new.size + 1]:
            proof = prove_consistency(hashes, old_size=old.size, new_size=new.size)
            verify_consistency(
                old_size=old.size,
                old_root=old.root,
                new_size=new.size,
                new_root=new.root,
                proof=proof,
            )

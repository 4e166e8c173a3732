"""Blobs: a folder that anybody may own, and still nothing false comes out of it."""

import hashlib
import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import EnvironmentFault, UnitError
from detente.storage.blobs import BlobStore
from detente.storage.errors import BlobRefused, DamagedBlob, ErasedBlob, MissingBlob
from tests.edge.faulty_disk import every_fault


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def store(tmp_path):
    return BlobStore.open(tmp_path / "blobs")


def file_of(tmp_path, digest):
    return tmp_path / "blobs" / digest[:3] / digest


@given(blobs=st.lists(st.binary(max_size=200), max_size=5))
def test_what_is_kept_comes_back_under_its_own_hash(tmp_path_factory, blobs):
    root = tmp_path_factory.mktemp("blobs")
    store = BlobStore.open(root)
    digests = store.put_many(blobs)
    assert digests == [digest_of(blob) for blob in blobs]
    again = BlobStore.open(root)
    assert [again.get(digest) for digest in digests] == blobs
    assert list(again.digests()) == sorted(set(digests))


def test_a_blob_larger_than_memory_may_hold_goes_in_and_out_in_pieces(store):
    size, piece = 40 * 2**20, b"0123456789abcdef" * 2**12
    digest, stored = store.put_stream(itertools.repeat(piece, size // len(piece)))
    assert (stored, store.verify(digest)) == (size, size)
    assert max(len(chunk) for chunk in store.chunks(digest)) == 2**20
    with pytest.raises(BlobRefused, match="to read here"):
        store.get(digest, bytes_max=1000)


def test_bytes_that_do_not_hash_to_the_promise_are_not_kept(store, tmp_path):
    with pytest.raises(BlobRefused, match="as promised"):
        store.put_stream([b"something else"], digest=digest_of(b"promised"))
    assert list(store.digests()) == []
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


def test_a_peer_that_never_stops_sending_is_stopped(store, tmp_path):
    with pytest.raises(BlobRefused, match="more than"):
        store.put_stream(itertools.repeat(b"x" * 1000), bytes_max=10_000)
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"X" + data[1:], lambda data: data + b"."]
)
def test_a_damaged_blob_is_never_handed_out_and_is_mended_by_keeping_it_anew(
    store, tmp_path, damage
):
    digest = store.put(b"the whole truth")
    path = file_of(tmp_path, digest)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedBlob, match="Fetch it again"):
        store.get(digest)
    store.put(b"the whole truth")
    assert store.get(digest) == b"the whole truth"


def test_what_was_erased_is_gone_and_never_taken_again(store, tmp_path):
    digest = store.put(b"regretted")
    store.erase(digest)
    store.erase(digest)
    again = BlobStore.open(tmp_path / "blobs")
    for attempt in (
        lambda: again.get(digest),
        lambda: again.put(b"regretted"),
        lambda: again.put_stream([b"regretted"]),
        lambda: again.put_stream([b"regretted"], digest=digest),
    ):
        with pytest.raises(ErasedBlob):
            attempt()
    assert not file_of(tmp_path, digest).exists()
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


def test_one_may_erase_what_one_never_held_so_that_it_is_never_fetched(store):
    store.erase(digest_of(b"not for us"))
    with pytest.raises(ErasedBlob):
        store.put(b"not for us")


@given(name=st.text(max_size=70) | st.sampled_from(["../../etc/passwd", "A" * 64, "0" * 63 + "\n"]))
def test_a_name_from_a_peer_never_becomes_another_path(tmp_path_factory, name):
    store = BlobStore(tmp_path_factory.getbasetemp() / "nothing-here")
    for use in (store.get, store.holds, store.erase, store.is_erased, store.size):
        with pytest.raises(BlobRefused):
            use(name)


def test_what_is_not_kept_is_said_to_be_missing(store):
    with pytest.raises(MissingBlob, match="mirrors"):
        store.get("0" * 64)


BLOBS = [b"first", b"second", b"third" * 1000]


def test_whichever_step_fails_a_blob_is_whole_or_absent_and_can_be_kept_again(tmp_path):
    names = (tmp_path / str(n) for n in itertools.count())
    for disk in every_fault(lambda disk: BlobStore.open(next(names), disk=disk).put_many(BLOBS)):
        root = next(names)
        with pytest.raises(EnvironmentFault, match=str(root)):
            BlobStore.open(root, disk=disk).put_many(BLOBS)
        store = BlobStore.open(root)
        assert list((root / "incoming").iterdir()) == []
        for digest in store.digests():
            assert store.get(digest) in BLOBS
        store.put_many(BLOBS)
        assert len(list(store.digests())) == len(BLOBS)


def test_whichever_step_fails_a_streamed_blob_is_whole_or_absent(tmp_path):
    names = (tmp_path / str(n) for n in itertools.count())
    pieces = [b"piece"] * 3
    for disk in every_fault(lambda disk: BlobStore.open(next(names), disk=disk).put_stream(pieces)):
        root = next(names)
        with pytest.raises(EnvironmentFault, match=str(root)):
            BlobStore.open(root, disk=disk).put_stream(pieces)
        store = BlobStore.open(root)
        for digest in store.digests():
            assert store.get(digest) == b"".join(pieces)
        assert store.put_stream(pieces)[1] == 15


def test_whichever_step_fails_an_erasure_is_finished_or_can_be_done_again(tmp_path):
    names = (tmp_path / str(n) for n in itertools.count())

    def erase(disk, root):
        digest = BlobStore.open(root).put(b"regretted")
        BlobStore(root, disk=disk).erase(digest)

    for disk in every_fault(lambda disk: erase(disk, next(names))):
        root = next(names)
        with pytest.raises(EnvironmentFault):
            erase(disk, root)
        store = BlobStore.open(root)
        digest = digest_of(b"regretted")
        if store.is_erased(digest):
            assert not store.holds(digest)
        store.erase(digest)
        with pytest.raises(ErasedBlob):
            store.get(digest)


@given(data=st.binary(max_size=100), noise=st.binary(max_size=100))
def test_whoever_owns_the_folder_can_make_nothing_false_come_out(tmp_path_factory, data, noise):
    root = tmp_path_factory.mktemp("blobs")
    store = BlobStore.open(root)
    digest = store.put(data)
    (root / digest[:3] / digest).write_bytes(noise)
    with suppress(UnitError):
        assert store.get(digest) == data

"""Small blobs in the database: what came is there whole or not at all, and erased for good."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from detente.storage.blobs import BlobStore
from detente.storage.database import create_database
from detente.storage.errors import DamagedBlob, ErasedBlob, MissingBlob
from detente.storage.schema import small_blob
from detente.storage.small_blobs import SMALL_BYTES_MAX, SmallBlobs


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with_state = create_database(tmp_path_factory.mktemp("node") / "state.sqlite")
    yield with_state
    with_state.close()


@pytest.fixture
def store(database, tmp_path):
    return BlobStore.open(tmp_path / "blobs", small=SmallBlobs(database))


def promised(*blobs):
    return {digest_of(blob): blob for blob in blobs}


@given(blobs=st.lists(st.binary(max_size=200), max_size=5))
def test_what_came_together_is_there_under_its_own_hash_and_coming_again_changes_nothing(
    database, tmp_path_factory, blobs
):
    store = BlobStore.open(tmp_path_factory.mktemp("blobs"), small=SmallBlobs(database))
    for _ in range(2):
        assert store.put_promised(promised(*blobs)) == {}
        assert store.held_among(promised(*blobs)) == set(promised(*blobs))
        assert store.get_small(promised(*blobs)) == promised(*blobs)
        assert [store.get(digest_of(blob)) for blob in blobs] == blobs
        assert [store.size(digest_of(blob)) for blob in blobs] == [len(blob) for blob in blobs]
        assert set(promised(*blobs)) <= set(store.digests())
        assert list(store.digests()) == sorted(set(store.digests()))


def test_other_bytes_than_were_promised_are_refused_alone(store):
    good, bad = b"as promised", b"something else"
    refused = store.put_promised({digest_of(good): good, digest_of(b"promised"): bad})
    assert list(refused) == [digest_of(b"promised")]
    assert store.get(digest_of(good)) == good
    assert not store.holds(digest_of(b"promised"))
    assert not store.holds(digest_of(bad))


def test_what_was_erased_is_gone_and_never_taken_again(store, database, tmp_path):
    digest = digest_of(b"regretted")
    store.put_promised(promised(b"regretted", b"kept"))
    store.erase(digest)
    for again in (store, BlobStore.open(tmp_path / "blobs", small=SmallBlobs(database))):
        assert isinstance(again.put_promised(promised(b"regretted"))[digest], ErasedBlob)
        assert not again.holds(digest)
        with pytest.raises(ErasedBlob):
            again.get(digest)
    assert store.get(digest_of(b"kept")) == b"kept"


def test_an_erasure_that_a_crash_cut_off_is_finished_by_the_next_start(store, database, tmp_path):
    store.put_promised(promised(b"half erased"))
    (tmp_path / "blobs" / "erased" / digest_of(b"half erased")).touch()
    BlobStore.open(tmp_path / "blobs", small=SmallBlobs(database))
    assert digest_of(b"half erased") not in SmallBlobs(database).sizes([digest_of(b"half erased")])


def test_a_damaged_one_is_never_handed_out_and_is_mended_by_coming_again(store, database):
    digest = digest_of(b"whole")
    store.put_promised(promised(b"whole"))
    here = small_blob.c.digest == bytes.fromhex(digest)
    with database.writing() as connection:
        connection.execute(update(small_blob).where(here).values(data=b"altered"))
    for read in (store.get, store.verify, lambda name: store.get_small([name])):
        with pytest.raises(DamagedBlob):
            read(digest)
    store.put_promised(promised(b"whole"))
    assert store.get(digest) == b"whole"


def test_a_damaged_file_is_mended_by_coming_again_as_a_small_one(store, tmp_path):
    digest = store.put(b"filed")
    (tmp_path / "blobs" / digest[:3] / digest).write_bytes(b"altered")
    store.put_promised(promised(b"filed"))
    assert store.get(digest) == b"filed"


def test_what_was_never_named_can_be_discarded_and_kept_anew(store):
    digest = digest_of(b"never named")
    store.put_promised(promised(b"never named"))
    store.discard(digest)
    with pytest.raises(MissingBlob):
        store.get(digest)
    assert store.put_promised(promised(b"never named")) == {}
    assert store.holds(digest)


def test_without_a_database_they_are_files_like_all_others(tmp_path):
    store = BlobStore.open(tmp_path / "blobs")
    assert store.put_promised(promised(b"a file")) == {}
    assert store.get(digest_of(b"a file")) == b"a file"
    assert (tmp_path / "blobs" / digest_of(b"a file")[:3] / digest_of(b"a file")).is_file()


def test_what_a_node_says_lies_small_in_the_database_and_large_in_a_file(store, database):
    large = b"l" * (SMALL_BYTES_MAX + 1)
    store.put_own([b"said here", large])
    assert SmallBlobs(database).sizes([digest_of(b"said here"), digest_of(large)]) == {
        digest_of(b"said here"): 9
    }
    assert store.get(digest_of(b"said here")) == b"said here"
    assert store.get(digest_of(large)) == large
    store.erase(digest_of(b"said here"))
    with pytest.raises(ErasedBlob):
        store.put_own([b"said here"])

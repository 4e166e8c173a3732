"""The chain of charters has no gap, no second version of a number, and no way back."""

import hashlib
from datetime import UTC, datetime

import pytest

from detente.storage import create_database
from detente.storage.blobs import BlobStore
from detente.storage.charters import CharterShelf
from detente.storage.errors import CharterConflict, DamagedBlob

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 3, 12, 0, tzinfo=UTC)
FIRST, SECOND, THIRD = b'{"version":1}', b'{"version":2}', b'{"version":3}'
UNIT = hashlib.sha256(FIRST).hexdigest()


@pytest.fixture
def shelf(place, tmp_path):
    database = create_database(place)
    yield CharterShelf(database, BlobStore.open(tmp_path / "blobs"))
    database.close()


def test_the_unit_is_named_by_its_first_charter(shelf):
    assert shelf.found(FIRST).unit == UNIT
    assert shelf.found(FIRST) == shelf.chain(UNIT)[0]
    assert shelf.units() == [UNIT]
    assert shelf.document(UNIT) == FIRST


def test_versions_follow_each_other_with_what_certified_them(shelf):
    shelf.found(FIRST)
    kept = shelf.follow(UNIT, version=2, document=SECOND, certificate=b"certified")
    assert [link.version for link in shelf.chain(UNIT)] == [1, 2]
    assert (kept.certificate, shelf.document(kept.digest)) == (b"certified", SECOND)
    assert shelf.follow(UNIT, version=2, document=SECOND, certificate=b"certified") == kept


def test_a_version_is_never_replaced_by_another(shelf):
    shelf.found(FIRST)
    shelf.follow(UNIT, version=2, document=SECOND, certificate=b"certified")
    with pytest.raises(CharterConflict, match="double vote"):
        shelf.follow(UNIT, version=2, document=THIRD, certificate=b"also certified")
    assert len(shelf.chain(UNIT)) == 2


@pytest.mark.parametrize("version", [3, 7])
def test_a_chain_has_no_gap(shelf, version):
    shelf.found(FIRST)
    with pytest.raises(CharterConflict, match="cannot follow"):
        shelf.follow(UNIT, version=version, document=THIRD, certificate=b"")


def test_a_chain_of_an_unknown_unit_is_not_begun_in_the_middle(shelf):
    with pytest.raises(CharterConflict):
        shelf.follow("ab" * 32, version=2, document=SECOND, certificate=b"")


def test_what_was_adopted_stays_adopted_and_nothing_older_comes_after(shelf):
    shelf.found(FIRST)
    shelf.follow(UNIT, version=2, document=SECOND, certificate=b"c")
    assert shelf.adopted(UNIT) is None
    shelf.adopt(UNIT, version=2, at=NOW)
    shelf.adopt(UNIT, version=2, at=LATER)
    assert (shelf.adopted(UNIT).version, shelf.adopted(UNIT).adopted_at) == (2, NOW)
    with pytest.raises(CharterConflict, match="adopted already"):
        shelf.adopt(UNIT, version=1, at=LATER)
    with pytest.raises(CharterConflict, match="not known"):
        shelf.adopt(UNIT, version=3, at=LATER)


def test_a_charter_changed_on_the_disk_is_not_read(shelf, tmp_path):
    shelf.found(FIRST)
    (tmp_path / "blobs" / UNIT[:3] / UNIT).write_bytes(SECOND)
    with pytest.raises(DamagedBlob):
        shelf.document(UNIT)

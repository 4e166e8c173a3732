"""The common-benign lists are read once for every node of a user, and asked where they lie."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from detente.errors import EnvironmentFault
from detente.node import benign
from detente.node.benign import BENIGN_FILE, PackagedLists
from detente.watch import Item

RESOLVER = Item("ipv4-addr:value", "8.8.8.8")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / BENIGN_FILE
    # Nodes that start together wait for one that reads, and find what it left.
    with ThreadPoolExecutor(3) as starting:
        answers = list(starting.map(lambda _: PackagedLists(path).lists_of(RESOLVER), range(3)))
    assert answers[0] == answers[1] == answers[2]
    assert "public DNS resolvers" in answers[0][0].name
    return path


def test_what_was_read_is_not_read_again(kept):
    before = kept.stat().st_ino
    assert PackagedLists(kept).lists_of(RESOLVER)
    assert kept.stat().st_ino == before


def test_a_damaged_index_is_made_anew(kept, tmp_path):
    path = tmp_path / BENIGN_FILE
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 1
    for damaged in (data, data[:100], b"", data[:31]):
        path.write_bytes(damaged)
        assert PackagedLists(path)._load() is None


def test_a_node_with_lists_of_its_own_asks_those_and_any_other_its_users(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert PackagedLists.of_node(tmp_path)._kept == tmp_path / "cache" / "detente" / BENIGN_FILE
    (tmp_path / BENIGN_FILE).touch()
    assert PackagedLists.of_node(tmp_path)._kept == tmp_path / BENIGN_FILE


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(benign, "_PACKAGE", "no-such-package-anywhere")
    with pytest.raises(EnvironmentFault, match="cannot be read") as caught:
        benign.build_index(tmp_path / BENIGN_FILE)
    assert "pymispwarninglists" in caught.value.remedy

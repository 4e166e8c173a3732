"""Every look-alike that dnstwist lists is found; no name of the public lists is taken for one."""

import gzip
import json
from collections import Counter

import pytest

from detente.elections.names import NameIndex
from tests.shared import shared_path


@pytest.fixture(scope="module")
def index():
    protected = shared_path("data", "elections", "names", "protected.json")
    return NameIndex(json.loads(protected.read_bytes())["protected"])


def rows(name):
    packed = shared_path("data", "elections", "names", name)
    lines = gzip.decompress(packed.read_bytes()).decode().splitlines()[1:]
    return [line.split("\t") for line in lines]


def test_recall_is_whole_outside_letters_that_no_table_knows(index):
    missed, of = Counter(), Counter()
    for protected, kind, name, _, substitutions in rows("lookalikes.tsv.gz"):
        found = index.look(name)
        of[kind] += 1
        if found is None or found.protects != protected:
            missed[kind, substitutions] += 1
    assert sum(of.values()) > 6_000
    assert missed == {}


def test_no_benign_name_is_taken_for_a_copy(index):
    names = [row[0] for row in rows("benign.tsv.gz")]
    taken = [name for name in names if index.look(name)]
    assert len(taken) <= len(names) * 0.0005, taken

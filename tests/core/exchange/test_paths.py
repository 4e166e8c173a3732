"""What a peer names never becomes a path by itself. (A67)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.exchange.errors import ExchangeError
from detente.exchange.protocol.paths import (
    blob_path,
    checkpoint_path,
    cosigned_path,
    parse_proof_list,
    print_proof_list,
    proof_path,
    tile_path,
)
from detente.tlog import TilePath

ORIGIN = "0123456789abcdef0123456789abcdef/1"
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@pytest.mark.parametrize(
    "origin",
    ["", "..", "../../etc/1", ORIGIN + "/..", ORIGIN.upper(), ORIGIN[:-1] + "0", ORIGIN + "\n"],
)
def test_only_the_origin_of_a_member_names_a_log(origin):
    for make in (checkpoint_path, lambda each: tile_path(each, TilePath(0, 0))):
        with pytest.raises(ExchangeError):
            make(origin)


@given(st.text(max_size=70))
def test_only_a_hash_names_a_blob_or_a_proof(text):
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return
    for make in (blob_path, proof_path):
        with pytest.raises(ExchangeError):
            make(text)


def test_the_monitoring_path_is_that_of_c2sp():
    path = cosigned_path("example.com/log")
    assert path.startswith("witness/")
    assert path.endswith("/checkpoint")
    assert len(path.split("/")[1]) == 64


@given(st.lists(DIGESTS, max_size=20))
def test_a_list_of_proofs_is_read_as_it_was_written(digests):
    assert parse_proof_list(print_proof_list(digests)) == tuple(digests)


@given(st.binary(max_size=200))
def test_no_bytes_are_a_list_of_proofs_but_what_is_written(data):
    try:
        digests = parse_proof_list(data)
    except ExchangeError:
        return
    assert print_proof_list(list(digests)) == data

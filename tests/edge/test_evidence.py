"""A wrong is kept with the bytes that show it, and nobody fills the disk by doing wrong."""

import hashlib
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import PeerFault
from detente.storage import create_database
from detente.storage.evidence import (
    FAULT_BYTES_MAX,
    FILE_BYTES_MAX,
    EvidenceShelf,
    Kept,
    NotKept,
    Room,
    Sort,
)

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
BOREA = "bb" * 32


@pytest.fixture
def shelf(place):
    database = create_database(place)
    yield EvidenceShelf(database, room={Sort.FAULT: Room(items=5, total_bytes=3 * 2**20)})
    database.close()


def fault(evidence, peer=BOREA):
    return PeerFault(peer, "sends what is no statement", evidence)


def test_a_fault_is_kept_unchanged(shelf):
    kept = shelf.keep_fault(fault(b"\x00not json"), now=NOW)
    assert kept == Kept(hashlib.sha256(b"\x00not json").hexdigest(), is_new=True)
    (piece,) = shelf.of(BOREA)
    assert shelf.read(piece) == b"\x00not json"
    assert (piece.rule, piece.kept_at, piece.is_whole) == (fault(b"").rule, NOW, True)
    assert shelf.find(kept.digest) == [piece]


def test_the_same_fault_is_kept_once(shelf):
    first = shelf.keep_fault(fault(b"again"), now=NOW)
    assert shelf.keep_fault(fault(b"again"), now=NOW) == Kept(first.digest, is_new=False)
    assert len(shelf.of(BOREA)) == 1


def test_of_an_oversized_fault_the_beginning_is_kept_and_the_hash_of_all(shelf):
    huge = b"x" * (FAULT_BYTES_MAX + 1)
    kept = shelf.keep_fault(fault(huge), now=NOW)
    (piece,) = shelf.of(BOREA)
    assert kept.digest == hashlib.sha256(huge).hexdigest()
    assert (piece.size, piece.kept_bytes, piece.is_whole) == (len(huge), FAULT_BYTES_MAX, False)
    assert shelf.read(piece) == huge[:FAULT_BYTES_MAX]


def test_a_peer_that_floods_uses_up_its_own_room_and_nobody_elses(shelf):
    answers = [shelf.keep_fault(fault(bytes([n])), now=NOW) for n in range(8)]
    assert [type(answer) for answer in answers] == [Kept] * 5 + [NotKept] * 3
    assert isinstance(shelf.keep_fault(fault(b"other", peer="aa" * 32), now=NOW), Kept)
    proof = shelf.keep_proof(b"proof", accused=BOREA, kind="fork", now=NOW)
    assert isinstance(proof, Kept)


def test_a_peer_that_floods_with_large_faults_is_stopped_by_their_size(shelf):
    answers = [shelf.keep_fault(fault(bytes([n]) * FAULT_BYTES_MAX), now=NOW) for n in range(5)]
    assert [type(answer) for answer in answers] == [Kept] * 3 + [NotKept] * 2


def test_the_reply_of_the_accused_stands_beside_the_proof(shelf):
    proof = shelf.keep_proof(b"proof", accused=BOREA, kind="fork", now=NOW)
    shelf.keep_reply(b"our key was stolen", by=BOREA, about=proof.digest, now=NOW)
    (reply,) = shelf.replies(proof.digest)
    assert (shelf.read(reply), reply.peer, reply.about) == (
        b"our key was stolen",
        BOREA,
        proof.digest,
    )
    assert [piece.sort for piece in shelf.of(BOREA)] == [Sort.PROOF, Sort.REPLY]


def test_what_is_no_proof_by_its_size_is_not_kept(shelf):
    too_large = bytes(FILE_BYTES_MAX + 1)
    assert isinstance(shelf.keep_proof(too_large, accused=BOREA, kind="fork", now=NOW), NotKept)


@settings(max_examples=30)
@given(pieces=st.lists(st.binary(max_size=8), max_size=8))
def test_evidence_comes_in_pages_and_each_piece_once(pieces):
    with closing(create_database("sqlite://")) as database:
        shelf = EvidenceShelf(database)
        for piece in pieces:
            shelf.keep_fault(fault(piece), now=NOW)
        seen, after = [], 0
        while page := shelf.of(BOREA, after=after, limit=3):
            seen += [shelf.read(kept) for kept in page]
            after = page[-1].number
    assert seen == list(dict.fromkeys(pieces))

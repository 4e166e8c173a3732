"""Mirrors and witnesses believe nobody: not the log they follow, not one another, not themselves.

A mirror keeps and cosigns only what leads to the signed root; one liar among the cosigners
takes nothing from the others' word. (trust.md, section 3)
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from secrets import token_bytes
from threading import Barrier, Thread

import pytest

from detente.errors import UnitError
from detente.node.clock import now
from detente.node.cosigning import gather, growth_request, member_cosigner
from detente.node.integration import signed_checkpoint
from detente.node.speaking import own_log
from detente.proofs.cosigners import mirror_verifiers, who_saw, witness_verifiers
from detente.signing import leaf_hash
from detente.storage.keyholders import Ed25519Key
from detente.tlog import (
    Checkpoint,
    Cosigned,
    KeyType,
    MirrorError,
    NoteError,
    NoteSigner,
    Refused,
    SignatureLine,
    SignedNote,
    TilePath,
    TreeHashes,
    pack_entries,
)
from tests.edge.offices import copy_unit, cosign, logs_of, make_unit, mirror_of, opened, warn


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def unit(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "members"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


@dataclass
class Tampered:
    """A log whose server changes one file, or holds it back."""

    tiles: object
    path: TilePath
    data: bytes | None

    def read(self, path):
        return self.data if path == self.path else self.tiles.read(path)

    def write(self, path, data):
        raise AssertionError("a mirror writes nothing to its source")


def public(home):
    tiles = home.tiles(home.identity.origin)
    return tiles, tiles.published()


def kept(home, origin):
    folder = home.layout.log(origin)
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_mirror_refuses_entries_that_do_not_lead_to_the_root_and_keeps_nothing(unit):
    owner, mirror, _ = unit
    for last in (1, 2, 3):
        warn(owner, f"198.51.100.{last}")
    tiles, note = public(owner)
    bundle = TilePath(None, 0, 3)
    honest = tiles.read(bundle)
    for path, data in (
        (bundle, honest[:-1] + bytes([honest[-1] ^ 1])),
        (bundle, pack_entries([b"another", b"log", b"entirely"])),
        (bundle, honest + b"\0"),
        (bundle, honest[:-5]),
        (bundle, b""),
        (bundle, None),
    ):
        pulling = mirror_of(mirror)
        with pytest.raises(UnitError):
            pulling.pull(note, Tampered(tiles, path, data))
        assert kept(mirror, owner.identity.origin) == []
        assert pulling._cosigner.size(owner.identity.origin) == 0
    assert isinstance(mirror_of(mirror).pull(note, tiles), Cosigned)
    assert kept(mirror, owner.identity.origin) != []


class Changing:
    """A log whose server gives other bytes for a file when it is asked again."""

    def __init__(self, tiles, path):
        self._tiles, self._path, self._asked = tiles, path, 0

    def read(self, path):
        data = self._tiles.read(path)
        self._asked += path == self._path
        return data + b"\0" if path == self._path and self._asked > 1 else data

    def write(self, path, data):
        raise AssertionError("a mirror writes nothing to its source")


def test_a_mirror_keeps_and_cosigns_the_bytes_it_checked_and_no_others(unit):
    owner, mirror, _ = unit
    warn(owner)
    tiles, note = public(owner)
    pulling = mirror_of(mirror)
    with pytest.raises(MirrorError, match="read again"):
        pulling.pull(note, Changing(tiles, TilePath(None, 0, 1)))
    assert pulling._cosigner.size(owner.identity.origin) == 0
    assert isinstance(pulling.pull(note, tiles), Cosigned)


def test_a_mirror_refuses_a_checkpoint_that_its_log_did_not_sign(unit):
    owner, mirror, other = unit
    warn(owner)
    tiles, note = public(owner)
    signed = SignedNote.parse(note)
    foreign = SignedNote.parse(public_note(other)).lines
    for forged in (
        SignedNote(signed.text, foreign).to_bytes(),
        SignedNote(signed.text.replace("\n1\n", "\n2\n"), signed.lines).to_bytes(),
        note.replace(owner.identity.origin.encode(), b"cd" * 16 + b"/1"),
        b"",
        b"\xff\xfe",
        b"a\n\nb\n",
    ):
        with pytest.raises(UnitError):
            mirror_of(mirror).pull(forged, tiles)
    assert kept(mirror, owner.identity.origin) == []


def public_note(home):
    warn(home)
    return public(home)[1]


def second_face(owner, count):
    """Sign, with the real log keys, another tree of that many entries."""
    entries = [b"never said %d" % number for number in range(count)]
    hashes = TreeHashes([leaf_hash(entry) for entry in entries])
    log = own_log(owner)
    checkpoint = Checkpoint(log.origin, count, hashes.root)
    note = signed_checkpoint(checkpoint, log.signers, timestamp=int(now().timestamp()))
    data = pack_entries(entries)
    return note, Tampered(owner.tiles(log.origin), TilePath(None, 0, count), data)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_mirror_cosigns_one_face_of_a_log_and_no_other(unit, count):
    owner, mirror, _ = unit
    warn(owner, "198.51.100.1")
    warn(owner, "198.51.100.2")
    cosign(owner, mirror)
    note, hidden = second_face(owner, count)
    before = kept(mirror, owner.identity.origin)
    pulling = mirror_of(mirror)
    try:
        answer = pulling.pull(note, hidden)
    except MirrorError:
        answer = None
    assert not isinstance(answer, Cosigned)
    assert pulling._cosigner.size(owner.identity.origin) == 2
    assert kept(mirror, owner.identity.origin) == before


def test_a_mirror_follows_a_log_as_it_grows_and_cosigns_an_unchanged_one_again(unit):
    owner, mirror, _ = unit
    for size in range(1, 5):
        warn(owner, f"198.51.100.{size}")
        tiles, note = public(owner)
        for _ in range(2):
            answer = mirror_of(mirror).pull(note, tiles)
            assert isinstance(answer, Cosigned)
            assert answer.state.size == size


def test_a_witness_asked_by_many_at_once_cosigns_one_history(unit):
    owner, witness, _ = unit
    warn(owner, "198.51.100.1")
    tiles, honest = public(owner)
    other, _hidden = second_face(owner, 1)
    logs = logs_of(owner.charter)
    requests = [
        growth_request(SignedNote.parse(note), Checkpoint.parse(SignedNote.parse(note).text),
                       tiles, 0)
        for note in (honest, other)
    ] * 4  # fmt: skip
    together, answers = Barrier(len(requests)), []

    def ask(request):
        cosigner = member_cosigner(witness, mirror=False, logs=logs, now=now)
        together.wait()
        answers.append((request, cosigner.answer(request)))

    threads = [Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cosigned = {request for request, answer in answers if isinstance(answer, Cosigned)}
    assert len(cosigned) == 1
    assert all(
        answer.status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
        for _request, answer in answers
        if isinstance(answer, Refused)
    )


def test_a_witness_whose_clock_was_set_back_signs_no_earlier_time(unit):
    owner, witness, _ = unit
    warn(owner, "198.51.100.1")
    logs = logs_of(owner.charter)
    times = []
    for back in (0, 3_600, 86_400):
        cosigner = member_cosigner(
            witness, mirror=False, logs=logs, now=lambda back=back: now() - timedelta(seconds=back)
        )
        tiles, note = public(owner)
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        old = cosigner.size(owner.identity.origin)
        answer = cosigner.answer(growth_request(signed, checkpoint, tiles, old))
        if isinstance(answer, Cosigned):
            keys = witness_verifiers(witness.card)
            lines = [line for line in answer.lines if line.key_id == keys[0].key_id]
            times.append(keys[0].verify(signed.text, lines[0].signature))
    assert times == sorted(times)
    assert times


# --- gathering ----------------------------------------------------------------------------


def ask_mirror(home, owner):
    mirror, tiles, note = mirror_of(home), *public(owner)
    return lambda _request: mirror.pull(note, tiles)


def known_of(*homes):
    return [key for home in homes for key in mirror_verifiers(home.card)]


def says(lines):
    def ask(_request):
        return Cosigned(lines=tuple(lines), state=None)

    return ask


def fails(_request):
    raise MirrorError("the other side hung up")


def test_what_is_gathered_is_what_was_refused_and_nothing_more(unit):
    owner, one, two = unit
    warn(owner)
    tiles, note = public(owner)
    refusal = Refused(HTTPStatus.NOT_FOUND, "I know no such log")
    gathered, refusals = gather(
        note,
        tiles,
        [lambda _request: refusal, fails, ask_mirror(one, owner)],
        known_of(one, two),
    )
    seen = who_saw(owner.charter, owner.card, gathered)
    assert seen.mirrors == (one.identity.member,)
    assert refusals[0] is refusal
    assert "hung up" in refusals[1].reason


def test_a_lying_cosigner_poisons_no_note_and_silences_nobody(unit):
    owner, one, two = unit
    warn(owner)
    tiles, note = public(owner)
    text = SignedNote.parse(note).text
    stranger = NoteSigner.named(
        "stranger", KeyType.ED25519_COSIGNATURE, Ed25519Key(token_bytes(32))
    )
    honest = mirror_of(two).pull(note, tiles).lines
    in_their_name = [replace(line, signature=bytes(len(line.signature))) for line in honest]
    of_the_log = [
        SignatureLine(line.name, line.key_id, bytes(len(line.signature)))
        for line in SignedNote.parse(note).lines
    ]
    lies = [stranger.cosign(text, 1_800_000_000), *in_their_name, *of_the_log]
    asks = [says(lies * 40), ask_mirror(one, owner), says(honest)]
    gathered, refusals = gather(note, tiles, asks, known_of(one, two))
    seen = who_saw(owner.charter, owner.card, gathered)
    assert set(seen.mirrors) == {one.identity.member, two.identity.member}
    assert len(refusals) == 1
    with pytest.raises(NoteError):
        who_saw(owner.charter, owner.card, SignedNote(text, tuple(in_their_name)).to_bytes())


@pytest.mark.parametrize(
    "body", [b"", b"0", b"3\n", b"-1", b"1.5", b"9" * 5_000, "٣".encode(), b"\xff", b"99999"]
)
def test_whatever_size_a_witness_names_it_is_asked_at_most_once_more(unit, body):
    owner, *_ = unit
    warn(owner)
    tiles, note = public(owner)
    asked = []

    def ask(request):
        asked.append(request)
        return Refused(HTTPStatus.CONFLICT, "other size", body=body)

    gathered, refusals = gather(note, tiles, [ask], [])
    assert gathered == note
    assert len(refusals) == 1
    assert len(asked) <= 2

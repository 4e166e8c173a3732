"""A checkpoint counts with both of its log's signatures, and costs what known keys cost.

(trust.md, sections 1 and 3; attacks A18, A32, A70)
"""

from dataclasses import replace

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Suspend
from detente.exchange.protocol import Roster
from detente.exchange.protocol.notes import is_vouched, read_note
from detente.tlog import CheckpointError, NoteError, SignatureLine, SignedNote
from tests.core.charter.people import member
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    log_signers,
    outsider,
    say,
    settling,
    sign_note,
)

ME = member(BOREA).id
ORIGIN = member(AUREL).origin
LOG = Log(AUREL, [content_entry(AUREL, seq) for seq in range(3)])


@pytest.fixture
def roster():
    return Roster(chain(), ME)


def test_a_checkpoint_is_read_with_who_cosigned_it(roster):
    seen = read_note(LOG.note(cosigners=settling(AUREL)), ORIGIN, roster)
    assert seen.checkpoint == LOG.checkpoint()
    assert seen.mirrors == {member(name).id for name in ("Borea", "Cindral")}
    assert len(seen.cosigners) == 3


@pytest.mark.parametrize("kept", [0, 1], ids=["no ML-DSA-44", "no Ed25519"])
def test_a_checkpoint_with_one_of_the_two_signatures_is_refused(roster, kept):
    signed = SignedNote.parse(LOG.note())
    stripped = replace(signed, lines=(signed.lines[kept],)).to_bytes()
    with pytest.raises(NoteError, match="lacks a signature"):
        read_note(stripped, ORIGIN, roster)


def test_a_checkpoint_of_another_log_is_refused(roster):
    with pytest.raises(NoteError, match="expected a checkpoint of log"):
        read_note(LOG.note(), member("Cindral").origin, roster)


def test_a_checkpoint_that_only_others_signed_is_refused(roster):
    note = LOG.note(signers=(cosigner("Cindral"), outsider()))
    with pytest.raises(NoteError, match="lacks a signature"):
        read_note(note, ORIGIN, roster)


def test_extension_lines_which_not_every_signature_covers_are_refused(roster):
    text = LOG.checkpoint().to_text() + "more\n"
    with pytest.raises((NoteError, CheckpointError)):
        read_note(sign_note(text, log_signers(AUREL)), ORIGIN, roster)


def test_lines_of_keys_that_nobody_knows_are_not_even_looked_at(roster):
    signed = SignedNote.parse(LOG.note())
    noise = tuple(SignatureLine(f"stranger{n}", b"abcd", b"x" * 72) for n in range(90))
    assert read_note(signed.with_lines(noise).to_bytes(), ORIGIN, roster).cosigners == ()


def test_a_known_cosigner_whose_line_fails_refuses_the_note(roster):
    line = cosigner("Cindral").cosign(LOG.checkpoint().to_text(), 1_790_000_000)
    broken = replace(line, signature=line.signature[:-1] + bytes((line.signature[-1] ^ 1,)))
    note = SignedNote.parse(LOG.note()).with_lines([broken]).to_bytes()
    with pytest.raises(NoteError):
        read_note(note, ORIGIN, roster)


def test_each_line_is_checked_once_however_often_it_is_shown(roster, monkeypatch):
    note = LOG.note(cosigners=settling(AUREL))
    first = read_note(note, ORIGIN, roster)
    from detente.tlog import Verifier

    monkeypatch.setattr(Verifier, "verify", None)
    assert read_note(note, ORIGIN, roster) == first


def test_a_suspended_log_key_signs_no_checkpoint_beyond_its_end():
    suspension = say(AUREL, clear(Suspend(slots=(KeySlot.LOG, KeySlot.LOG_MLDSA44))), 2)
    entries = [content_entry(AUREL, 0), content_entry(AUREL, 1), suspension]
    log = Log(AUREL, [*entries, content_entry(AUREL, 3)])
    roster = Roster(chain(suspension), ME)
    assert read_note(log.note(2), ORIGIN, roster).checkpoint.size == 2
    with pytest.raises(NoteError, match="lacks a signature"):
        read_note(log.note(4), ORIGIN, roster)


def test_the_owner_vouches_for_nothing_and_neither_do_i(roster):
    both = read_note(LOG.note(cosigners=(cosigner("Borea"), cosigner("Cindral"))), ORIGIN, roster)
    assert not is_vouched(both, roster)
    outside = Roster(chain(), "a member that was away")
    assert is_vouched(read_note(both.note, ORIGIN, outside), outside)
    own = read_note(LOG.note(cosigners=(cosigner(AUREL),)), ORIGIN, roster)
    assert own.mirrors == frozenset()

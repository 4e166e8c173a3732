"""A demand that was seen and let pass is shown; silence, lateness of others and answers are not."""

from dataclasses import replace

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Adopt, Leave, LogState, Suspend
from detente.charter.ballots import Certificate
from detente.proofs import prove_broken_promise, prove_garbage, verify
from detente.signing import Role
from detente.statements import Erased, Grant, HpkeOpener, Position, Undelivered
from detente.statements.content import pad_content
from detente.statements.encryption import encrypt_content
from detente.statements.sealing import wrap_info
from detente.tlog import SignatureLine, SignedNote
from detente.tlog.cosignature import ed25519_message
from tests.core.charter.people import seed
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CINDRAL,
    DAY,
    JOINER,
    START,
    UNIT,
    Hpke,
    Log,
    admission,
    admitting_chain,
    chain,
    clear,
    content_entry,
    cosigner,
    hash_of,
    log_signers,
    member,
    recover_entry,
    renewal,
    renewed_chain,
    say,
    sealed,
    settling,
)

CHAIN = chain()
CONTENT_KEY = seed("content key")
SECRET = seed("s", 1) + seed("s", 2) + seed("s", 3)
ONE_TIME = HpkeOpener(SECRET)


def encrypted(seq=0):
    content, _ = sealed(AUREL, seq)
    return encrypt_content(CONTENT_KEY, pad_content(content.to_bytes()))


CIPHERTEXT = encrypted()
CONTENT, SAYS = sealed(AUREL, 0, ciphertext=CIPHERTEXT)
STATEMENT = say(AUREL, SAYS, 0)


def complaint(name=BOREA, seq=1, *, key=ONE_TIME.public_key, statement=STATEMENT):
    return say(name, Undelivered(statement=hash_of(statement), key=key).to_clear(), seq)


COMPLAINT = complaint()


def answer(plaintext, *, name=AUREL, seq=1, to=COMPLAINT, reader=BOREA, wrap=None):
    info = wrap_info(Position(UNIT, member(AUREL).id, 1, 0), SAYS.commitment, member(reader).id)
    if wrap is None:
        wrap = Hpke().seal(public_key=ONE_TIME.public_key, info=info, plaintext=plaintext)
    grant = Grant(
        statement=hash_of(STATEMENT), reader=member(reader).id, complaint=hash_of(to), wrap=wrap
    )
    return say(name, grant.to_clear(), seq)


GARBAGE = answer(seed("another key"))


def garbage(**changes):
    parts = {
        "statement": STATEMENT,
        "complaint": COMPLAINT,
        "delivery": GARBAGE,
        "ciphertext": CIPHERTEXT,
        "secret": SECRET,
    }
    return verify(prove_garbage(**(parts | changes)).to_bytes(), CHAIN)


@pytest.mark.parametrize(
    "delivery",
    [GARBAGE, answer(b"", wrap=bytes(1168))],
    ids=["another content key", "no wrap at all"],
)
def test_garbage_sealed_to_a_reader_is_shown_by_the_published_secret(delivery):
    verdict = garbage(delivery=delivery)
    assert verdict.valid, verdict.reason
    assert (verdict.accused, verdict.kind) == (member(AUREL).id, "garbage")


def test_a_good_answer_is_no_garbage():
    assert "opens to what" in garbage(delivery=answer(CONTENT_KEY)).reason


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": seed("s", 9) * 3},
        {"secret": SECRET[:-1]},
        {"ciphertext": encrypt_content(CONTENT_KEY, b"other")},
        {"complaint": complaint(seq=2)},
        {"complaint": complaint(CINDRAL)},
        {"complaint": complaint(key=ONE_TIME.public_key[::-1])},
        {"delivery": answer(seed("another key"), name=CINDRAL)},
        {"delivery": answer(seed("another key"), reader=CINDRAL)},
        {"delivery": content_entry(AUREL, 1)},
        {"statement": content_entry(AUREL, 0, text="another note")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_honest_issuer_is_not_framed_by_other_parts(changes):
    assert not garbage(**changes).valid


def later_entries(*more):
    return [STATEMENT, *more, *(content_entry(AUREL, 1 + len(more) + at) for at in range(2))]


DEMANDS = Log(BOREA, [content_entry(BOREA, 0), COMPLAINT])


def broken(
    *,
    at=START + 2 * DAY,
    witness=AUREL,
    index=1,
    demands=DEMANDS,
    own=None,
    policy=CHAIN,
    **changes,
):
    """Judge the proof that Aurel let Borea's complaint pass; `changes` are parts of the file."""
    own = Log(AUREL, later_entries()) if own is None else own
    receipt = demands.receipt(index, cosigners=[cosigner(witness)])
    parts = {
        "accused": member(AUREL).id,
        "demand": COMPLAINT,
        "demand_receipt": receipt.to_bytes(),
        "about": STATEMENT,
        "checkpoint": own.note(time=at),
        "entries": own.entries,
    }
    return verify(prove_broken_promise(**(parts | changes)).to_bytes(), policy)


def test_a_complaint_seen_and_not_answered_for_a_day_is_shown():
    verdict = broken()
    assert verdict.valid, verdict.reason
    assert (verdict.accused, verdict.kind) == (member(AUREL).id, "broken-promise")
    assert "past the deadline" in verdict.reason


@pytest.mark.parametrize("after", [0, 1, DAY])
def test_before_the_deadline_nothing_is_broken(after):
    assert "the deadline is" in broken(at=START + after).reason


def test_an_answer_keeps_the_promise_even_if_it_is_garbage():
    own = Log(AUREL, later_entries(GARBAGE))
    assert "entry 1 answers" in broken(own=own).reason


def test_an_answer_to_another_complaint_does_not():
    own = Log(AUREL, later_entries(answer(CONTENT_KEY, to=complaint(seq=9))))
    assert broken(own=own).valid


@pytest.mark.parametrize(
    "key",
    [bytes(1216), ONE_TIME.public_key[:1184] + bytes(32), b"\xff" * 1216],
    ids=["all zero", "small order", "no ML-KEM key"],
)
def test_a_complaint_that_nobody_could_answer_obliges_nobody(key):
    asked = complaint(key=key)
    demands = Log(BOREA, [content_entry(BOREA, 0), asked])
    assert "one-time key of a complaint" in broken(demand=asked, demands=demands).reason


def erased(seq, statement=STATEMENT):
    return say(AUREL, Erased(hash_of(statement)).to_clear(), seq, role=Role.STATEMENT)


def test_who_erased_the_content_and_said_so_owes_no_delivery():
    own = Log(AUREL, later_entries(erased(1)))
    assert "entry 1 answers" in broken(own=own).reason


def test_having_erased_something_else_excuses_nobody():
    own = Log(AUREL, later_entries(erased(1, content_entry(AUREL, 5))))
    assert broken(own=own).valid


def test_who_left_owes_nothing_more():
    leave = clear(Leave(last=LogState(epoch=1, size=1, root="00" * 32)))
    assert "answers" in broken(own=Log(AUREL, later_entries(say(AUREL, leave, 1)))).reason


def test_entries_left_out_show_nothing():
    own = Log(AUREL, later_entries(GARBAGE))
    without = [each for each in own.entries if each != GARBAGE]
    assert "the tree has" in broken(own=own, entries=without).reason
    swapped = [*own.entries]
    swapped[1] = content_entry(AUREL, 1)
    assert "not those of the checkpoint" in broken(own=own, entries=swapped).reason


def test_only_the_accused_can_start_its_own_clock():
    assert not broken(witness=CINDRAL).valid


def test_a_checkpoint_without_a_time_of_its_own_stops_no_clock():
    own = Log(AUREL, later_entries())
    ed25519_only = own.note(signers=log_signers(AUREL)[:1])
    assert not broken(checkpoint=ed25519_only).valid


def test_an_answer_that_is_no_wrap_is_no_answer():
    own = Log(AUREL, later_entries(answer(b"not even a key")))
    assert broken(own=own).valid


@pytest.mark.parametrize(
    "changes",
    [
        {"demand": complaint(CINDRAL, statement=content_entry(AUREL, 5))},
        {"about": content_entry(BOREA, 0)},
        {"about": content_entry(AUREL, 0, text="another")},
        {"accused": member(CINDRAL).id},
        {"index": 0},
        {"index": 0, "demands": Log(BOREA, [COMPLAINT])},
        {"demands": Log(CINDRAL, [content_entry(CINDRAL, 0), COMPLAINT])},
        {"demand": content_entry(BOREA, 1)},
        {"own": Log(AUREL, later_entries(), epoch=2)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_parts_that_do_not_belong_together_show_nothing(changes):
    assert not broken(**changes).valid


def adoption(own, *, at=START + 8 * DAY, demand=None, cosigners=None, policy=None):
    new, certificate, _ = renewal()
    certificate = certificate if demand is None else demand
    log = Log(AUREL, [*(content_entry(AUREL, at) for at in range(2)), certificate])
    receipt = log.receipt(2, cosigners=settling(AUREL) if cosigners is None else cosigners)
    proof = prove_broken_promise(
        accused=member(BOREA).id,
        demand=certificate,
        demand_receipt=receipt.to_bytes(),
        about=b"",
        checkpoint=own.note(time=at),
        entries=own.entries,
    )
    return new, verify(proof.to_bytes(), renewed_chain() if policy is None else policy)


def test_a_certificate_seen_and_not_adopted_for_seven_days_is_shown():
    _, verdict = adoption(Log(BOREA, [content_entry(BOREA, 0)]))
    assert verdict.valid, verdict.reason
    assert "adopt charter version 2" in verdict.reason


def test_who_adopted_kept_its_promise():
    new, certificate, _ = renewal()
    body = Adopt(version=2, digest=new.digest, certificate=hash_of(certificate))
    _, verdict = adoption(Log(BOREA, [say(BOREA, clear(body), 0)]))
    assert "entry 0 answers" in verdict.reason


def test_within_seven_days_nobody_has_to_have_adopted():
    _, verdict = adoption(Log(BOREA, [content_entry(BOREA, 0)]), at=START + 7 * DAY)
    assert not verdict.valid


def test_a_certificate_that_names_no_ballots_is_no_demand():
    new, _, _ = renewal()
    early = Certificate(
        version=2, digest=new.digest, round=1, confirms=(), consents=(), acceptances=()
    )
    own = Log(BOREA, [content_entry(BOREA, 0)])
    _, verdict = adoption(own, demand=say(AUREL, clear(early), 2))
    assert "none whose ballots stand in the chain" in verdict.reason


def test_a_certificate_that_nobody_else_had_seen_is_no_demand_yet():
    own = Log(BOREA, [content_entry(BOREA, 0)])
    _, verdict = adoption(own, cosigners=[cosigner(BOREA)])
    assert "are needed" in verdict.reason


def test_the_days_for_adopting_begin_when_the_last_ballot_was_settled():
    _, _, ballots = renewal()
    entries = [entry for entry, _ in ballots[:2]]
    late = Log(AUREL, entries)
    receipts = [
        late.receipt(at, cosigners=settling(AUREL), time=START + 3 * DAY).to_bytes()
        for at in (0, 1)
    ]
    policy = renewed_chain(ballots=(*zip(entries, receipts, strict=True), *ballots[2:]))
    own = Log(BOREA, [content_entry(BOREA, 0)])
    assert "the deadline is" in adoption(own, policy=policy)[1].reason
    assert adoption(own, policy=policy, at=START + 11 * DAY)[1].valid


def test_a_complaint_about_somebody_else_is_no_demand():
    other = content_entry(BOREA, 0)
    asked = complaint(CINDRAL, statement=other)
    demands = Log(CINDRAL, [content_entry(CINDRAL, 0), asked])
    assert "another member's" in broken(demand=asked, demands=demands, about=other).reason


def test_an_answer_may_stand_in_a_later_log_that_the_chain_knows_of():
    recovered = chain(recover_entry(AUREL, last_size=3))
    assert "later log" in broken(policy=recovered).reason


def test_a_checkpoint_by_a_suspended_log_key_stops_no_clock():
    stop = clear(Suspend(slots=(KeySlot.LOG, KeySlot.LOG_MLDSA44)))
    assert not broken(policy=chain(say(AUREL, stop, 1))).valid


def test_a_cosignature_at_no_time_starts_no_clock():
    checkpoint = DEMANDS.checkpoint()
    signer = cosigner(AUREL)
    text = checkpoint.to_text()
    at_no_time = bytes(8) + signer.signer.sign(ed25519_message(text, 0))
    line = SignatureLine(signer.verifier.name, signer.verifier.key_id, at_no_time)
    note = SignedNote(text, (line,)).to_bytes()
    receipt = replace(DEMANDS.receipt(1), checkpoint=note)
    assert "names no time" in broken(demand_receipt=receipt.to_bytes()).reason


def test_who_is_only_admitted_by_a_version_does_not_adopt_it():
    _, certificate, _, _ = admission()
    log = Log(AUREL, [*(content_entry(AUREL, at) for at in range(2)), certificate])
    receipt = log.receipt(2, cosigners=[cosigner(JOINER)])
    own = Log(JOINER, [content_entry(JOINER, 0)])
    proof = prove_broken_promise(
        accused=member(JOINER).id,
        demand=certificate,
        demand_receipt=receipt.to_bytes(),
        about=b"",
        checkpoint=own.note(time=START + 8 * DAY),
        entries=own.entries,
    )
    assert "only admitted" in verify(proof.to_bytes(), admitting_chain()).reason

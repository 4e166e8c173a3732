"""Nobody honest can be framed, whatever is cut from true bytes and put together again.

Three honest members live: they speak, vote, witness, mirror, suspend a stolen key and go
on. Then every kind of proof is filled with their true artefacts in every wrong way, and
every true proof of a guilty key is changed byte by byte: it accuses nobody else.
"""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.charter import KeySlot
from detente.charter.ballots import Close, Confirm, Yes
from detente.proofs import (
    ProofFile,
    ProofKind,
    pack_fork,
    pack_witness_fault,
    prove_double_statement,
    prove_double_vote,
    verify,
)
from detente.proofs.file import FIELDS
from detente.statements import Kind
from detente.tlog import prove_consistency, prove_fork, prove_witness_fault
from tests.core.charter.people import NAMES, NOW
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    DAY,
    START,
    Log,
    chain,
    clear,
    content_entry,
    cosigner,
    hash_of,
    member,
    say,
    sealed,
    settling,
    shown_handling,
)
from tests.shared import scaled

CHAIN = chain()
ONE, TWO = "11" * 32, "22" * 32
UNTIL = NOW + timedelta(days=7)


def honest_entries(name):
    """What one honest member says in a few days: two rounds of voting among other things."""
    ballots = [
        Yes(version=2, digest=ONE, round=1, expires=UNTIL),
        Confirm(version=2, digest=ONE, round=1, expires=UNTIL),
        Close(version=2, round=1, shown=None),
        Yes(version=2, digest=TWO, round=2, expires=UNTIL),
        Confirm(version=2, digest=TWO, round=2, expires=UNTIL),
    ]
    entries = [content_entry(name, 0)]
    entries += [say(name, clear(ballot), seq) for seq, ballot in enumerate(ballots, start=1)]
    # It disputes, and takes back, what it said itself; that denies nothing.
    for kind in (Kind.DISPUTE, Kind.RETRACTION):
        _, says = sealed(name, len(entries), kind=kind, about=[hash_of(entries[0])])
        entries.append(say(name, says, len(entries)))
    return entries


LOGS = {name: Log(name, honest_entries(name)) for name in NAMES[:3]}


def honest_notes(name):
    log = LOGS[name]
    everybody = [
        cosigner(other, slot)
        for other in NAMES[:3]
        if other != name
        for slot in (KeySlot.MIRROR, KeySlot.WITNESS, KeySlot.MIRROR_MLDSA44)
    ]
    return [log.note(size, cosigners=everybody, time=START + size * DAY) for size in (1, 4, 6, 8)]


ENTRIES = [entry for log in LOGS.values() for entry in log.entries]
NOTES = [note for name in LOGS for note in honest_notes(name)]
RECEIPTS = [
    LOGS[name].receipt(at, cosigners=settling(name)).to_bytes() for name in LOGS for at in (0, 7)
]
OPENINGS = [
    shown_handling(sealed(name, at, kind=kind, about=[hash_of(LOGS[name].entries[0])])[0])
    for name in LOGS
    for at, kind in ((6, Kind.DISPUTE), (7, Kind.RETRACTION))
]
HASHES = [LOGS[AUREL].hashes.root_of(size) for size in (1, 4, 6, 8)]
IDS = [bytes.fromhex(member(name).id) for name in LOGS]
TRUE_BYTES = st.sampled_from([*ENTRIES, *NOTES, *RECEIPTS, *OPENINGS, *HASHES, *IDS, b""])
PROOFS_OF_GROWTH = [
    tuple(prove_consistency(LOGS[name].hashes, old_size=old, new_size=8))
    for name in LOGS
    for old in (1, 4, 6)
]
LISTS = st.one_of(
    st.sampled_from([*PROOFS_OF_GROWTH, *(tuple(log.entries) for log in LOGS.values())]),
    st.lists(st.sampled_from([*HASHES, *ENTRIES]), max_size=4).map(tuple),
)
# What a part is meant for is the likelier choice; anything true may stand anywhere.
LIKELY = {
    **dict.fromkeys(("statement", "denial", "suspension", "demand", "about"), ENTRIES),
    **dict.fromkeys(("complaint", "delivery"), ENTRIES),
    **dict.fromkeys(("checkpoint",), NOTES),
    "demand_receipt": RECEIPTS,
    "opening": OPENINGS,
    "accused": IDS,
    "prefix_root": [*HASHES, b""],
}


def part(kind, name):
    if name in ("first", "second"):
        trees = kind in (ProofKind.FORK, ProofKind.WITNESS_FAULT)
        return st.sampled_from(NOTES if trees else ENTRIES)
    return st.sampled_from(LIKELY[name]) if name in LIKELY else TRUE_BYTES


FILLED = st.sampled_from(ProofKind).flatmap(
    lambda kind: st.fixed_dictionaries(
        {name: part(kind, name) for name in FIELDS[kind].one}
        | {name: LISTS for name in FIELDS[kind].many}
    ).map(lambda parts: ProofFile(kind, parts))
)


@settings(max_examples=scaled(1_500, 50_000))
@given(FILLED)
def test_no_proof_made_of_what_honest_members_signed_accuses_anybody(proof):
    verdict = verify(proof.to_bytes(), CHAIN)
    assert not verdict.valid, verdict


def guilty():
    """One true proof of each kind that has a short file; Aurel is guilty, Borea of one."""
    entries = LOGS[AUREL].entries
    forged = Log(AUREL, [*entries[:2], content_entry(AUREL, 2, text="forged"), *entries[3:]])
    mirror = cosigner(BOREA)
    faults = (
        LOGS[AUREL].note(4, cosigners=[mirror]),
        forged.note(cosigners=[mirror]),
        mirror.verifier,
        forged.hashes,
    )
    yes = [
        say(AUREL, clear(Yes(version=2, digest=digest, round=1, expires=UNTIL)), seq)
        for seq, digest in ((1, ONE), (2, TWO))
    ]
    return {
        "fork": (pack_fork(prove_fork(LOGS[AUREL].note(4), forged.note(), forged.hashes)), AUREL),
        "witness fault": (pack_witness_fault(prove_witness_fault(*faults)), BOREA),
        "double statement": (
            prove_double_statement(entries[0], content_entry(AUREL, 0, text="other")),
            AUREL,
        ),
        "double vote": (prove_double_vote(*yes), AUREL),
    }


GUILTY = guilty()


@pytest.mark.parametrize("name", GUILTY)
@settings(max_examples=scaled(60, 5_000))
@given(st.data())
def test_a_changed_byte_makes_a_proof_fail_or_changes_nothing(name, data):
    proof, accused = GUILTY[name]
    true = proof.to_bytes()
    verdict = verify(true, CHAIN)
    assert (verdict.valid, verdict.accused) == (True, member(accused).id)
    mutated = bytearray(true)
    place = data.draw(st.integers(0, len(true) - 1))
    mutated[place] ^= data.draw(st.integers(1, 255))
    again = verify(bytes(mutated), CHAIN)
    assert not again.valid or again == verdict


@pytest.mark.parametrize("name", GUILTY)
@settings(max_examples=scaled(40, 2_000))
@given(st.data())
def test_a_true_proof_with_one_part_of_somebody_else_accuses_nobody_else(name, data):
    proof, accused = GUILTY[name]
    changed = data.draw(st.sampled_from(sorted(FIELDS[proof.kind].one)))
    parts = {**proof.parts, changed: data.draw(part(proof.kind, changed))}
    again = verify(ProofFile(proof.kind, parts).to_bytes(), CHAIN)
    assert not again.valid or again.accused == member(accused).id

"""An entry counts only where its issuer said it; one that fails takes nothing from the others.

(trust.md, section 2; attacks A05, A14, A24, A25, A28, A51)
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from detente.charter import KeySlot, Quota, Spent
from detente.charter.avowals import Leave, LogState, Rotate, Suspend
from detente.exchange.protocol import Roster
from detente.exchange.protocol.judging import Bench, judge
from detente.proofs import chain_of
from detente.signing import Role, prove_possession
from detente.statements import Clear, sign_statement
from tests.core.charter.people import NOW, member, signers_of, unit
from tests.core.proofs.makers import (
    AUREL,
    BOREA,
    CHARTER,
    acceptances,
    chain,
    clear,
    content_entry,
    header_of,
    say,
    sealed,
)

ME = member(BOREA).id
NOTHING = Spent(day=date(1, 1, 1))
REMARK = Clear.of("remark", {"text": "quiet"})


def bench(**changes):
    values = {
        "origin": member(AUREL).origin,
        "owner": member(AUREL).id,
        "epoch": 1,
        "now": NOW,
        "is_vouched": False,
    }
    return Bench(**(values | changes))


def judged(*entries, start=0, roster=None, spent=NOTHING, **changes):
    return judge(entries, start, bench(**changes), roster or Roster(chain(), ME), spent)


def remark(seq, **more):
    return say(AUREL, REMARK, seq, role=Role.STATEMENT, **more)


def test_what_stands_in_its_place_counts():
    found = judged(remark(0), content_entry(AUREL, 1))
    assert [each.statement.header.seq for each in found.said] == [0, 1]
    assert found.faults == ()
    assert found.end == 2


def test_content_for_this_member_is_awaited_under_the_very_hashes_of_the_header():
    _content, says = sealed(AUREL, 0, wraps=[b"for borea", b"for cindral"])
    entry = say(AUREL, says, 0)
    (accepted,) = judged(entry).said
    readers = sorted({each.id for each in CHARTER.members} - {member(AUREL).id})
    assert accepted.awaits.wrap == says.wraps[readers.index(ME)]
    assert accepted.awaits.ciphertext == says.ciphertext
    assert accepted.awaits.entry == entry


def test_content_for_others_is_held_as_a_header_and_not_asked_for():
    _content, says = sealed(AUREL, 0)
    other = next(each.id for each in CHARTER.members if each.id not in (ME, member(AUREL).id))
    narrow = replace(says, audience=(other,), wraps=says.wraps[:1])
    (accepted,) = judged(say(AUREL, narrow, 0)).said
    assert accepted.awaits is None


def other_unit():
    return replace(CHARTER, name="Southern Sound")


IN_THE_WRONG_PLACE = {
    "another index": lambda: remark(7),
    "another epoch": lambda: remark(0, epoch=2),
    "another member's": lambda: say(BOREA, REMARK, 0, role=Role.STATEMENT),
    "another charter": lambda: remark(0, charter=other_unit()),
    "signed by another's key": lambda: remark(0, signer=signers_of(BOREA)[KeySlot.STATEMENT]),
    "signed by another key of the member": lambda: remark(
        0, signer=signers_of(AUREL)[KeySlot.TRANSPORT]
    ),
    "from the future": lambda: remark(0, time=NOW + timedelta(seconds=301)),
    "no statement": lambda: b'{"payload":""}',
    "nothing": lambda: b"",
    "too many readers": lambda: say(AUREL, replace(sealed(AUREL, 0)[1], wraps=("0" * 64,)), 0),
}


@pytest.mark.parametrize("entry", IN_THE_WRONG_PLACE.values(), ids=IN_THE_WRONG_PLACE)
def test_what_does_not_belong_there_is_a_fault_with_its_bytes_and_the_next_counts(entry):
    bad = entry()
    found = judged(bad, remark(1))
    assert [fault.evidence for fault in found.faults] == [bad]
    assert found.faults[0].peer == member(AUREL).id
    assert [each.statement.header.seq for each in found.said] == [1]
    assert found.end == 2


def test_a_claim_within_the_skew_of_clocks_counts():
    assert judged(remark(0, time=NOW + timedelta(seconds=300))).faults == ()


def test_a_signature_that_does_not_verify_is_a_fault():
    entry = remark(0)
    place = entry.rindex(b'"sig":"') + 8
    broken = (
        entry[:place] + (b"A" if entry[place : place + 1] != b"A" else b"B") + entry[place + 1 :]
    )
    assert judged(broken).said == ()


def test_a_suspended_key_says_nothing_more_from_the_very_next_entry_on():
    suspension = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 1)
    found = judged(remark(0), suspension, remark(2))
    assert [each.statement.header.seq for each in found.said] == [0, 1]
    assert "does not count there" in found.faults[0].rule
    # A second look begins after it, with the chain that grew.
    assert judged(remark(2), start=2, roster=found.roster).said == ()


def rotation(seq, slot, generation):
    key = signers_of(AUREL, generation)[slot]
    context = bytes.fromhex(CHARTER.digest)
    body = Rotate(
        keys={slot: key.public_key},
        possession={slot: prove_possession(slot.role, key, context)},
        recovery=None,
    )
    return say(AUREL, clear(body), seq)


def test_a_rotated_key_counts_from_the_next_entry_and_the_old_one_no_more():
    old, new = (signers_of(AUREL, at)[KeySlot.STATEMENT] for at in (1, 2))
    found = judged(
        remark(0),
        rotation(1, KeySlot.STATEMENT, 2),
        remark(2, signer=new),
        remark(3, signer=old),
    )
    assert [each.statement.header.seq for each in found.said] == [0, 1, 2]
    assert len(found.faults) == 1


def test_nothing_that_was_said_after_leaving_counts():
    last = LogState(epoch=1, size=2, root="0" * 64)
    found = judged(remark(0), say(AUREL, clear(Leave(last=last)), 1), remark(2))
    assert [each.statement.header.seq for each in found.said] == [0, 1]


def test_an_avowal_that_its_member_could_not_make_changes_nothing_and_is_kept():
    thief = signers_of(BOREA)[KeySlot.GOVERNANCE]
    forged = say(AUREL, clear(Suspend(slots=(KeySlot.STATEMENT,))), 0, signer=thief)
    found = judged(forged, remark(1))
    assert [each.statement.header.seq for each in found.said] == [1]
    assert [fault.evidence for fault in found.faults] == [forged]


def frugal():
    charter = unit(quota=Quota(statements=3, size_bytes=10**6))
    return charter, chain_of([charter], acceptances=acceptances(charter))


def said_under(charter, seq):
    header = replace(header_of(AUREL, REMARK, seq), charter=charter.digest, unit=charter.digest)
    key = signers_of(AUREL)[KeySlot.STATEMENT]
    return sign_statement(header, key, Role.STATEMENT).to_entry()


def test_beyond_the_quota_of_a_day_the_log_waits_for_the_next_and_nothing_is_lost():
    charter, short = frugal()
    roster = Roster(short, ME)
    entries = [said_under(charter, seq) for seq in range(5)]
    today = judged(*entries, roster=roster)
    assert today.end == 3
    assert "quota" in today.over
    assert today.faults == ()
    again = judged(*entries[3:], start=3, roster=roster, spent=today.spent)
    assert again.end == 3
    tomorrow = NOW + timedelta(days=1)
    rest = judged(*entries[3:], start=3, roster=roster, spent=today.spent, now=tomorrow)
    assert rest.end == 5
    assert rest.over == ""


def test_what_honest_members_let_through_is_not_counted_again():
    charter, short = frugal()
    entries = [said_under(charter, seq) for seq in range(5)]
    assert judged(*entries, roster=Roster(short, ME), is_vouched=True).end == 5

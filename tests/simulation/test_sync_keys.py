"""Keys over the network: suspended, rotated, recovered, contested; leaving. (A29, A51 to A55)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import REKEYING_WAIT, KeySlot
from detente.charter.avowals import Leave, LogState, Objection, Recover, Rotate, Suspend
from detente.charter.keylife import Active, Contested, Left
from detente.proofs import verify_chain
from detente.signing import Role, prove_possession
from detente.statements import Clear, parse_entry, sign_statement
from detente.tlog import Checkpoint, SignedNote
from tests.core.charter.people import keys_of, member, recovery_of, signers_of
from tests.simulation.test_sync import content
from tests.simulation.test_sync_scenes import NAMES, TWO_ROUNDS_S, accused, say, taken, unit
from tests.simulation.world import Copies, sign_log, write_log

AUREL, OTHERS = "Aurel", ("Borea", "Cindral")
ORIGIN = member(AUREL).origin
NEXT = f"{member(AUREL).log}/2"


def clear(world, body, seq, *, epoch=1, signer=None, role=Role.GOVERNANCE):
    """A clear statement of Aurel at one place."""
    header = content(world, AUREL, 1, "")
    says = Clear.of(body.KIND, body.to_json())
    header = replace(header, seq=seq, epoch=epoch, says=says)
    key = signer or signers_of(AUREL)[KeySlot(role.value)]
    return sign_statement(header, key, role).to_entry()


def remark(world, seq, *, epoch=1, generation=1):
    header = content(world, AUREL, 1, f"{seq}")
    header = replace(header, seq=seq, epoch=epoch)
    key = signers_of(AUREL, generation)[KeySlot.STATEMENT]
    return sign_statement(header, key, Role.STATEMENT).to_entry()


def recovery(world, *, who=AUREL, generation=2):
    """Entry 0 of epoch 2, by the recovery key, with keys that `who` made."""
    context = bytes.fromhex(world.chain.unit)
    signers = signers_of(who, generation)
    body = Recover(
        recovery_key=recovery_of(AUREL).public_key,
        keys=keys_of(who, generation),
        possession={
            slot: prove_possession(slot.role, key, context) for slot, key in signers.items()
        },
        last=LogState(epoch=1, size=3, root="ab" * 32),
    )
    signer = recovery_of(AUREL)
    return clear(world, body, 0, epoch=2, signer=signer, role=Role.RECOVERY)


def with_avowal(chain, entry, seen=b""):
    file = chain.file
    return verify_chain(replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, seen)))


def standing(world, name):
    history = world.nodes[name].holdings.chain.keyring.history(member(AUREL).id)
    return history.standing, history.epoch


def faults(world, name):
    kept = world.nodes[name].holdings.faults.values()
    return [fault.rule for fault in kept if fault.peer == member(AUREL).id]


@pytest.fixture
def world():
    world = unit(*NAMES)
    say(world, AUREL, 3)
    world.run(12)
    assert [taken(world, name, AUREL) for name in OTHERS] == [3, 3]
    return world


def test_a_suspended_key_is_refused_by_everybody_as_soon_as_the_log_arrives(world):
    aurel = world.nodes[AUREL]
    aurel.say(lambda seq: clear(world, Suspend(slots=(KeySlot.STATEMENT,)), seq))
    aurel.say(lambda seq: remark(world, seq))
    world.run(5)
    for name in OTHERS:
        assert taken(world, name, AUREL) == 5
        assert any("entry 4 of" in rule for rule in faults(world, name))
        assert accused(world, name, "key-beyond-cut-off") == set()


def test_a_rotated_key_speaks_and_the_old_one_no_more(world):
    aurel = world.nodes[AUREL]
    key = signers_of(AUREL, 2)[KeySlot.STATEMENT]
    context = bytes.fromhex(world.chain.unit)
    body = Rotate(
        keys={KeySlot.STATEMENT: key.public_key},
        possession={KeySlot.STATEMENT: prove_possession(Role.STATEMENT, key, context)},
        recovery=None,
    )
    aurel.say(lambda seq: clear(world, body, seq))
    aurel.say(lambda seq: remark(world, seq, generation=2))
    aurel.say(lambda seq: remark(world, seq))
    world.run(5)
    for name in OTHERS:
        assert taken(world, name, AUREL) == 6
        assert [rule for rule in faults(world, name) if "entry 4 of" in rule] == []
        assert any("entry 5 of" in rule for rule in faults(world, name))


def reopened(world):
    """Aurel opens epoch 2, and says one thing in it."""
    aurel = world.nodes[AUREL]
    entry = recovery(world)
    cosigned = aurel.holdings.monitoring[ORIGIN]
    aurel.reopen(entry, with_avowal(aurel.holdings.chain, entry, cosigned))
    aurel.entries.append(remark(world, 1, epoch=2, generation=2))
    aurel.grow()
    return entry


def test_a_recovery_counts_after_72_hours_and_what_was_said_before_stays(world):
    reopened(world)
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert standing(world, name) == (Active(), 1)
        assert world.nodes[name].holdings.recoveries.rows
        assert world.nodes[name].holdings.following.read(NEXT) is None
    world.sleep(REKEYING_WAIT.total_seconds())
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert standing(world, name) == (Active(), 2)
        row = world.nodes[name].holdings.following.read(NEXT)
        assert (row.taken, row.forked) == (2, None)
        assert taken(world, name, AUREL) == 3
        rows = world.nodes[name].holdings.statements.values()
        assert {each.seq for each in rows if each.origin == NEXT} == {0, 1}
        assert world.nodes[name].holdings.recoveries.rows == {}
    own = world.nodes[AUREL].holdings.monitoring[NEXT]
    assert Checkpoint.parse(SignedNote.parse(own).text).size == 2


def test_the_old_keys_say_nothing_more_once_a_recovery_was_received(world):
    """A thief of the old keys goes on in the old log while the owner waits for its 72 hours."""
    aurel = world.nodes[AUREL]
    entry = recovery(world)
    for name in OTHERS:
        machine = world.nodes[name].machines[member(AUREL).id]
        assert machine.recoveries == {}
    show(world, entry)
    world.run(TWO_ROUNDS_S)
    aurel.say(lambda seq: remark(world, seq))
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert taken(world, name, AUREL) == 4
        assert any("a recovery of their member replaces" in rule for rule in faults(world, name))


def show(world, entry):
    """Let Aurel's face show the beginning of epoch 2 beside the old log."""
    copies = Copies(lambda _place: None)
    checkpoint = write_log(copies, [entry], Checkpoint(NEXT, 0, b""), lambda _place: None)
    copies.note = sign_log(AUREL, checkpoint)
    world.nodes[AUREL].holdings.logs[NEXT] = copies


def test_a_recovery_that_the_governance_key_objects_to_opens_nothing(world):
    """A thief of the recovery key waits in plain sight, and is seen."""
    entry = recovery(world, who="Dovar")
    show(world, entry)
    world.run(TWO_ROUNDS_S)
    body = Objection(recover=parse_entry(entry).payload_hash)
    world.nodes[AUREL].say(lambda seq: clear(world, body, seq))
    world.sleep(REKEYING_WAIT.total_seconds())
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        state, epoch = standing(world, name)
        assert isinstance(state, Contested)
        assert epoch == 1
        row = world.nodes[name].holdings.following.read(NEXT)
        assert row is None or row.taken == 0


def test_two_recoveries_of_one_epoch_suspend_the_member_and_are_shown(world):
    show(world, recovery(world))
    world.run(TWO_ROUNDS_S)
    show(world, recovery(world, who="Dovar"))
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert isinstance(standing(world, name)[0], Contested)
        assert accused(world, name, "epoch-fork") == {AUREL}


def test_the_72_hours_run_on_through_crashes_and_restarts(world):
    reopened(world)
    world.run(TWO_ROUNDS_S)
    for hours in (20, 20, 20):
        world.sleep(timedelta(hours=hours).total_seconds())
        world.run(TWO_ROUNDS_S)
        assert [standing(world, name) for name in OTHERS] == [(Active(), 1)] * 2
    world.sleep(timedelta(hours=12).total_seconds())
    world.run(2 * TWO_ROUNDS_S)
    for name in OTHERS:
        assert standing(world, name) == (Active(), 2)
        assert world.nodes[name].holdings.following.read(NEXT).taken == 2


def test_what_no_recovery_key_of_the_member_signed_opens_nothing(world):
    entry = recovery(world)
    forged = clear(
        world,
        Recover.parse(parse_entry(entry).clear.body),
        0,
        epoch=2,
        signer=recovery_of("Borea"),
        role=Role.RECOVERY,
    )
    show(world, forged)
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert world.nodes[name].holdings.recoveries.rows == {}
        assert faults(world, name)


def test_who_leaves_is_gone_for_everybody_and_what_it_said_stays(world):
    root = Checkpoint.parse(SignedNote.parse(world.nodes[AUREL].holdings.logs[ORIGIN].note).text)
    body = Leave(last=LogState(epoch=1, size=3, root=root.root.hex()))
    aurel = world.nodes[AUREL]
    aurel.say(lambda seq: clear(world, body, seq))
    aurel.say(lambda seq: remark(world, seq))
    world.run(TWO_ROUNDS_S)
    for name in OTHERS:
        assert isinstance(standing(world, name)[0], Left)
        assert {0, 1, 2} >= {
            each.seq
            for each in world.nodes[name].holdings.statements.values()
            if each.origin == ORIGIN and each.kind != "leave"
        }

"""What one liar does, scene by scene, and how soon it shows.

(trust.md, sections 3 and 5; attacks A18 to A21, A23, A55, A69)
"""

from datetime import timedelta

import pytest

from detente.exchange.protocol.limits import JITTER, ROUND_EVERY
from detente.proofs import verify
from detente.signing import EMPTY_ROOT
from detente.tlog import Checkpoint, SignedNote
from tests.core.charter.people import member
from tests.simulation.liars import Liar
from tests.simulation.test_sync import counting, statement
from tests.simulation.world import Node, World

TWO_ROUNDS_S = (2 * ROUND_EVERY * (1 + JITTER)).total_seconds()


def unit(*names, liar=None, ways=(), seed=1):
    world = World(seed, len(names), 1)
    for name in world.names:
        if name == liar:
            Liar(world, name, frozenset(ways))
        else:
            Node(world, name)
        world.nodes[name].start()
    world.network.slow = 0.05
    world.run(1)
    return world


def say(world, name, count=1):
    for _ in range(count):
        world.nodes[name].say(lambda seq: statement(world, name, seq, "said"))


def taken(world, name, of):
    row = world.nodes[name].holdings.following.read(member(of).origin)
    return 0 if row is None else row.taken


def accused(world, name, kind="fork"):
    proofs = world.nodes[name].holdings.proofs.values()
    return {world.name_of[who] for _data, who, each in proofs if each == kind}


def split(world, name, at, growth, deceived):
    node = world.nodes[name]
    node.fork(at, lambda seq, text: statement(world, name, seq, text), growth, deceived)


NAMES = ("Aurel", "Borea", "Cindral")


def test_what_one_says_is_with_the_others_within_a_second():
    world = unit(*NAMES)
    say(world, "Aurel")
    world.run(1)
    assert taken(world, "Borea", "Aurel") == taken(world, "Cindral", "Aurel") == 1


def test_seen_grows_to_settled_within_a_round():
    world = unit(*NAMES)
    say(world, "Aurel", 2)
    world.run(ROUND_EVERY.total_seconds())
    own = world.nodes["Aurel"].holdings.monitoring[member("Aurel").origin]
    names = {line.name for line in SignedNote.parse(own).lines}
    assert {f"{member(each).log}/mirror" for each in NAMES[1:]} <= names


@pytest.mark.parametrize("growth", [2, 5], ids=["the same size", "another size"])
def test_a_split_view_is_shown_by_everybody_within_two_rounds(growth):
    world = unit(*NAMES, liar="Aurel")
    say(world, "Aurel", 2)
    world.run(5)
    world.network.parted = frozenset({"Cindral"})
    world.nodes["Aurel"].say(lambda seq: statement(world, "Aurel", seq, "to Borea"))
    world.nodes["Aurel"].say(lambda seq: statement(world, "Aurel", seq, "to Borea"))
    world.run(5)
    split(world, "Aurel", 2, growth, {"Cindral"})
    world.network.parted = frozenset({"Borea"})
    world.run(60)
    assert taken(world, "Borea", "Aurel") == 4
    assert taken(world, "Cindral", "Aurel") == 2 + growth
    world.network.parted = frozenset()
    for name in ("Borea", "Cindral"):  # whoever stopped trying meanwhile begins anew
        world.nodes[name].crash()
    world.run(5 + TWO_ROUNDS_S)
    for name in ("Borea", "Cindral"):
        assert accused(world, name) == {"Aurel"}
        for data, _who, _kind in world.nodes[name].holdings.proofs.values():
            assert verify(data, world.chain).valid
        assert set(counting(world.nodes[name], member("Aurel").origin)) <= {0, 1}


def test_after_a_fork_nothing_counts_and_what_was_said_before_stays():
    world = unit(*NAMES, liar="Aurel")
    say(world, "Aurel", 3)
    world.run(12)
    before = counting(world.nodes["Borea"], member("Aurel").origin)
    split(world, "Aurel", 2, 3, {"Cindral"})
    world.run(TWO_ROUNDS_S)
    assert accused(world, "Borea") == {"Aurel"}
    say(world, "Aurel", 3)
    world.run(TWO_ROUNDS_S)
    after = counting(world.nodes["Borea"], member("Aurel").origin)
    assert set(before) >= set(after)
    assert all(before[seq] == said for seq, said in after.items())
    assert taken(world, "Borea", "Aurel") == 3
    # The others go on as if nothing had happened.
    say(world, "Borea", 2)
    world.run(12)
    assert taken(world, "Cindral", "Borea") == 2


def test_a_colluding_witness_that_cosigns_both_branches_is_shown_too():
    world = World(5, 4, 1)
    for name in world.names:
        hostile = name in ("Aurel", "Borea")
        node = (
            Liar(world, name, frozenset({"cosign-all"} if name == "Borea" else ()))
            if (hostile)
            else Node(world, name)
        )
        node.start()
    world.network.slow = 0.05
    world.run(1)
    say(world, "Aurel", 3)
    world.run(15)
    split(world, "Aurel", 1, 2, {"Dovar"})
    world.run(2 * TWO_ROUNDS_S)
    assert accused(world, "Cindral") == {"Aurel"}
    assert accused(world, "Cindral", "witness-fault") == {"Borea"}
    # However long it goes on: a lie is shown, and not once more with every cosignature.
    assert len(world.nodes["Cindral"].holdings.proofs) <= 2 * len(world.names)


@pytest.mark.parametrize("way", ["withhold", "garbage"])
def test_a_lying_peer_delays_nobody_else(way):
    world = unit(*NAMES, liar="Aurel", ways={way})
    world.nodes["Aurel"].serve = lambda path, asker: None if way == "withhold" else b"\xff" * 99
    world.run(30)
    say(world, "Borea")
    world.run(1)
    assert taken(world, "Cindral", "Borea") == 1


def test_a_peer_that_never_answers_delays_nobody_else():
    world = unit(*NAMES)
    world.network.parted = frozenset({"Aurel"})
    world.run(120)
    say(world, "Borea")
    world.run(1)
    assert taken(world, "Cindral", "Borea") == 1


def test_a_log_is_followed_from_whoever_mirrors_it_where_its_owner_is_not_reached():
    world = unit(*NAMES)
    reach = world.network.arrives
    world.network.arrives = lambda one, other: (
        {one, other} != {"Aurel", "Borea"} and reach(one, other)
    )
    say(world, "Aurel", 3)
    world.run(1 + TWO_ROUNDS_S)
    assert taken(world, "Cindral", "Aurel") == 3
    assert taken(world, "Borea", "Aurel") == 3


def test_who_wipes_its_log_is_not_rid_of_what_it_said():
    world = unit(*NAMES)
    say(world, "Aurel", 3)
    world.run(12)
    origin = member("Aurel").origin
    kept = counting(world.nodes["Borea"], origin)
    world.nodes["Aurel"].is_up = False
    world.nodes["Aurel"].holdings.logs.clear()
    world.run(60)
    assert counting(world.nodes["Borea"], origin) == kept != {}
    assert taken(world, "Borea", "Aurel") == 3


def test_a_node_restored_from_an_old_state_is_stopped_before_it_forks_its_log():
    world = unit(*NAMES)
    say(world, "Aurel", 4)
    world.run(12)
    aurel = world.nodes["Aurel"]
    aurel.is_up = False
    holdings = aurel.holdings
    aurel.entries = aurel.entries[:2]
    holdings.logs.pop(holdings.own_origin)
    holdings.monitoring.pop(holdings.own_origin, None)
    holdings.signed = Checkpoint(holdings.own_origin, 0, EMPTY_ROOT)
    aurel.start()
    world.run(TWO_ROUNDS_S)
    assert holdings.alarms
    for name in ("Borea", "Cindral"):
        assert accused(world, name) == set(), "a victim of its back-up is accused"


def test_a_proof_that_shows_nothing_accuses_nobody():
    world = unit(*NAMES, liar="Aurel")
    aurel = world.nodes["Aurel"]
    digest = "0" * 64
    invented = {"proofs": f"{digest}\n".encode(), f"proofs/{digest}": b'{"detente-proof":"v1"}'}
    serve = aurel.serve
    aurel.serve = lambda path, asker: invented.get(path) or serve(path, asker)
    world.run(60)
    for name in ("Borea", "Cindral"):
        holdings = world.nodes[name].holdings
        assert holdings.proofs == {}
        assert all(row.forked is None for row in holdings.following.rows.values())


def test_who_was_away_for_a_month_is_found_again_within_minutes():
    world = unit(*NAMES)
    world.network.parted = frozenset({"Aurel"})
    world.run(timedelta(days=1).total_seconds())
    say(world, "Borea", 2)
    world.network.parted = frozenset()
    world.run(800)
    assert taken(world, "Aurel", "Borea") == 2

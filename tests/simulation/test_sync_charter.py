"""A charter changes over the network, by a quorum, and everybody ends at the same version.

A person proposes and says yes; the rest follows by itself, also through crashes. (A45 to A50)
"""

from datetime import timedelta

import pytest

from detente.charter import KeySlot, Proposal, Topic, Yes, accept_charter, check_proposal
from detente.charter.succession import check_succession
from detente.errors import InputError
from detente.node.governing import bound_by, read_assembly, say_yes
from detente.node.steering import Steering
from detente.proofs import verify
from detente.signing import Role
from detente.statements import Clear, Header, parse_entry, sign_statement
from tests.core.charter.people import NAMES, YEAR, after, by_id, member, signers_of
from tests.simulation.test_sync_scenes import TWO_ROUNDS_S, taken, unit
from tests.simulation.world import Desk, Node, utc


def governed(n=3, *, crashes=0.0):
    """A unit whose nodes take part in rounds."""
    world = unit(*NAMES[:n])
    for node in world.nodes.values():
        node.governs = True
        node.crashes = crashes
        node.crash()
    world.run(15)
    return world


def propose(world, name, new, topic, *, subject=None, acceptances=(), days=7, after_closes=()):
    """Let a member put a charter to the vote; return the proposal's hash."""
    closes, round = after_closes, 2 if after_closes else 1
    node = world.nodes[name]
    names = []
    for envelope in acceptances:
        names.append(envelope.payload_hash)
        node.holdings.papers.put(envelope.payload_hash, envelope.to_bytes())
    node.holdings.papers.put(new.digest, new.to_bytes())
    body = Proposal(
        version=new.version,
        digest=new.digest,
        round=round,
        expires=utc(world.now) + timedelta(days=days),
        topic=topic,
        subject=subject,
        closes=tuple(sorted(closes)),
        acceptances=tuple(sorted(names)),
    )
    check_proposal(body, Desk(node).roster.charter, new)
    crashes, node.crashes = node.crashes, 0.0
    Desk(node).speak(Proposal.KIND, body.to_json())
    node.crashes = crashes
    return parse_entry(node.entries[-1]).payload_hash


def vote(world, proposal, *names):
    for name in names:
        node = world.nodes[name]
        crashes, node.crashes = node.crashes, 0.0
        say_yes(Desk(node), proposal, world.now)
        node.crashes = crashes


def versions(world, names=None):
    nodes = [world.nodes[name] for name in names or world.nodes]
    return [bound_by(Desk(node).roster).version for node in nodes]


def renewal(world):
    base = next(iter(world.nodes.values())).holdings.chain.latest
    return after(base, expires=base.expires + YEAR)


def nobody_is_accused(world):
    for node in world.nodes.values():
        for data, _who, _kind in node.holdings.proofs.values():
            assert not verify(data, node.holdings.chain).valid


@pytest.mark.parametrize("crashes", [0.0, 0.003])
def test_a_renewal_that_everybody_wants_binds_everybody(crashes):
    world = governed(crashes=crashes)
    proposal = propose(world, "Aurel", renewal(world), Topic.RENEW)
    world.run(40)
    vote(world, proposal, *world.names)
    world.run(120)
    for node in world.nodes.values():
        node.crashes = 0.0
    world.run(60)
    assert versions(world) == [2, 2, 2]
    assert len({node.holdings.chain.latest.digest for node in world.nodes.values()}) == 1
    nobody_is_accused(world)


def test_what_is_said_after_the_adoption_counts_under_the_new_charter():
    world = governed()
    vote_through(world, renewal(world), Topic.RENEW)
    remark(world, "Aurel")
    world.run(10)
    for name in ("Borea", "Cindral"):
        assert taken(world, name, "Aurel") == len(world.nodes["Aurel"].entries)
        faults = world.nodes[name].holdings.faults.values()
        assert [fault.rule for fault in faults if "entry" in fault.rule] == []


def vote_through(world, new, topic, *, voters=None, **more):
    voters = voters or world.names
    proposal = propose(world, voters[0], new, topic, **more)
    world.run(40)
    vote(world, proposal, *voters)
    world.run(120)
    return proposal


def remark(world, name):
    node = world.nodes[name]
    desk = Desk(node)

    def entry_at(seq):
        header = Header(
            unit=node.holdings.chain.unit,
            charter=bound_by(desk.roster).digest,
            issuer=node.holdings.me,
            epoch=1,
            seq=seq,
            time=utc(world.now),
            says=Clear.of("remark", {"text": "hello"}),
        )
        return sign_statement(
            header, signers_of(name)[KeySlot.STATEMENT], Role.STATEMENT
        ).to_entry()

    node.say(entry_at)


def test_too_few_yes_bind_nobody_and_the_next_round_can_succeed():
    world = governed()
    new = renewal(world)
    proposal = propose(world, "Aurel", new, Topic.RENEW, days=1)
    world.run(40)
    vote(world, proposal, "Aurel", "Borea")  # three are needed with f = 1
    world.run(30)
    assert versions(world) == [1, 1, 1]
    world.sleep(timedelta(days=1).total_seconds())
    world.run(60)
    assembly = read_assembly(Desk(world.nodes["Aurel"]))
    closes = [cast.hash for cast in assembly.gathered.view if cast.kind == "close"]
    assert len(closes) == 3
    again = propose(world, "Borea", new, Topic.RENEW, after_closes=closes)
    world.run(40)
    vote(world, again, *world.names)
    world.run(120)
    assert versions(world) == [2, 2, 2]
    nobody_is_accused(world)


def test_nobody_says_yes_twice_in_a_round_or_to_what_it_cannot_read():
    world = governed()
    proposal = propose(world, "Aurel", renewal(world), Topic.RENEW)
    world.run(40)
    vote(world, proposal, "Borea")
    with pytest.raises(InputError, match="already said yes"):
        vote(world, proposal, "Borea")
    with pytest.raises(InputError, match="no open proposals"):
        vote(world, "f" * 64, "Cindral")


def test_a_third_member_is_admitted_and_is_heard_by_everybody():
    world = governed()
    dovar = member("Dovar")
    base = world.chain.latest
    new = after(base, members=by_id(*base.members, dovar))
    check_succession(base, new)
    accepted = accept_charter(new, dovar, signers_of("Dovar"))
    vote_through(world, new, Topic.ADMIT, subject=dovar.id, acceptances=(accepted,))
    assert versions(world) == [2, 2, 2]
    join(world, "Dovar", of="Aurel")
    remark(world, "Dovar")
    world.run(TWO_ROUNDS_S)
    for name in ("Aurel", "Borea", "Cindral"):
        assert taken(world, name, "Dovar") == 1
        assert taken(world, "Dovar", name) == len(world.nodes[name].entries)


def join(world, name, *, of):
    """Begin a newcomer's node with the chain that a member gave it."""
    node = Node(world, name)
    world.name_of[member(name).id] = name
    node.governs = True
    node.holdings.chain = world.nodes[of].holdings.chain
    node.start()
    for other in world.nodes.values():
        if other is not node:
            other.meet(member(name).id)
    world.run(5)


def test_a_silent_member_lapses_and_what_it_says_later_counts_for_nothing():
    world = governed(4)
    remark(world, "Dovar")
    world.run(20)
    others = ("Aurel", "Borea", "Cindral")
    base = world.chain.latest
    gone = member("Dovar").id
    new = after(base, members=tuple(each for each in base.members if each.id != gone))
    dovar = world.nodes["Dovar"]
    dovar.governs = False
    vote_through(world, new, Topic.LAPSE, voters=others, subject=gone)
    assert versions(world, others) == [2, 2, 2]
    before = {name: taken(world, name, "Dovar") for name in others}
    for _ in range(2):
        remark(world, "Dovar")
    world.run(TWO_ROUNDS_S)
    for name in others:
        rows = world.nodes[name].holdings.statements.values()
        said = {each.seq for each in rows if each.issuer == gone}
        assert max(said, default=-1) < before[name]


def test_two_charters_for_one_version_never_both_bind():
    """A partition: each side votes for its own. (A50)"""
    world = governed(4)
    base = world.chain.latest
    one = after(base, expires=base.expires + YEAR)
    two = after(base, checkpoint_seconds=30)
    world.network.parted = frozenset({"Cindral", "Dovar"})
    first = propose(world, "Aurel", one, Topic.RENEW)
    second = propose(world, "Cindral", two, Topic.RULES)
    world.run(60)
    vote(world, first, "Aurel", "Borea")
    vote(world, second, "Cindral", "Dovar")
    world.run(120)
    world.network.parted = frozenset()
    for node in world.nodes.values():
        node.crash()  # who gave up on the others meanwhile begins anew
    world.run(90)
    latest = {node.holdings.chain.latest.digest for node in world.nodes.values()}
    assert latest == {base.digest}
    nobody_is_accused(world)


def test_a_member_that_says_yes_to_two_charters_is_shown_by_a_file_at_every_honest_node():
    """Its own desk refuses; a liar's does not. (A45)"""
    world = governed()
    base = world.chain.latest
    one, two = after(base, expires=base.expires + YEAR), after(base, checkpoint_seconds=30)
    first = propose(world, "Aurel", one, Topic.RENEW)
    second = propose(world, "Borea", two, Topic.RULES)
    world.run(40)
    liar = Desk(world.nodes["Cindral"])
    bodies = {
        each.payload_hash: Proposal.parse(each.clear.body) for each in liar.said(Proposal.KIND)
    }
    for name in (first, second):
        body = bodies[name]
        ballot = Yes(
            version=body.version, digest=body.digest, round=body.round, expires=body.expires
        )
        liar.speak(Yes.KIND, ballot.to_json())
    world.run(40)
    for name in ("Aurel", "Borea"):
        node, told = world.nodes[name], []
        for _again in range(2):
            Steering(
                Desk(node), node.receiver, now=lambda: world.now, tell=told.extend, report=str
            ).show_double_votes()
        assert {event.accused for event in told} == {member("Cindral").id}
        (data,) = {proof for proof, _who, kind in node.holdings.proofs.values()}
        verdict = verify(data, node.holdings.chain)
        assert verdict.valid
        assert "different digests" in verdict.reason
    shared = [set(world.nodes[name].holdings.proofs) for name in ("Aurel", "Borea")]
    assert shared[0] == shared[1]

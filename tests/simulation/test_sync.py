"""Nodes that do not believe each other, over a network that loses, delays and parts them.

Whatever up to f liars do: no honest node is shown as forked, every fork that somebody
detected is shown to everybody, honest views agree as far as they count, and what was
settled is never lost. 500 histories in `make check`, 10^5 in `make soak`; a seed that
fails is named in the failure and plays the same again.
"""

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from detente.charter import KeySlot
from detente.charter.avowals import Suspend
from detente.proofs import verify, who_saw
from detente.signing import Role, leaf_hash
from detente.statements import Clear, Header, Sealed, padme, parse_entry, sign_statement
from detente.tlog import Checkpoint, SignedNote, TreeHashes
from tests.core.charter.people import member, signers_of
from tests.shared import scaled
from tests.simulation.liars import Liar
from tests.simulation.world import Node, World, utc

SEED = 20_261_123
HISTORIES = scaled(500, 100_000)
PARTS = scaled(10, 100)
pytestmark = pytest.mark.timeout(scaled(300, 200_000))

CHAOS, CALM = 50.0, 90.0
WAYS = ("withhold", "garbage", "shrink", "waver", "cosign-all", "bad-entries")


def content(world, name, seq, text):
    charter = world.chain.latest
    says = Clear.of("remark", {"text": text})
    if seq % 3 == 0:
        wraps = tuple(f"{seq:064x}" for _ in charter.members[1:])
        says = Sealed("unit", "c" * 64, f"{seq:064x}", padme(1000), wraps)
    return Header(
        unit=world.chain.unit,
        charter=world.chain.unit,
        issuer=member(name).id,
        epoch=1,
        seq=seq,
        time=utc(world.now),
        says=says,
    )


def statement(world, name, seq, text=""):
    header = content(world, name, seq, text)
    return sign_statement(header, signers_of(name)[KeySlot.STATEMENT], Role.STATEMENT).to_entry()


def bad_entry(world, name, seq, random):
    """Something that stands in a log and does not count there."""
    other = next(each for each in world.names if each != name)
    match random.randrange(4):
        case 0:
            return b"no statement at all"
        case 1:
            return statement(world, name, seq + 1)
        case 2:
            return statement(world, other, seq)
        case _:
            header = content(world, name, seq, "")
            key = signers_of(other)[KeySlot.STATEMENT]
            return sign_statement(header, key, Role.STATEMENT).to_entry()


def suspension(world, name, seq):
    body = Suspend(slots=(KeySlot.TRANSPORT,))
    header = content(world, name, 1, "")
    header = replace(header, seq=seq, says=Clear.of(body.KIND, body.to_json()))
    return sign_statement(header, signers_of(name)[KeySlot.GOVERNANCE], Role.GOVERNANCE).to_entry()


def build(seed: int) -> World:
    """Make a unit of 3 to 7 with up to f liars, each with ways of its own."""
    random = Random(seed)
    n = random.choice((3,) * 8 + (4,) * 8 + (5, 5, 6, 7))
    f = 2 if n == 7 else 1
    world = World(seed, n, f)
    liars = random.sample(world.names, random.randint(0, f))
    for name in world.names:
        if name in liars:
            Liar(world, name, frozenset(random.sample(WAYS, random.randint(0, 3))))
        else:
            Node(world, name)
    return world


def script(world: World, seed: int) -> None:
    """Write down what everybody says, and what happens to the network, before it happens."""
    random = Random(seed + 7)
    for node in world.nodes.values():
        for _ in range(random.randint(0, 6)):
            world.later(random.uniform(0, CHAOS), talk(world, node, random))
        if not node.is_honest and random.random() < 0.7:
            world.later(random.uniform(5, CHAOS), split(world, node, random))
        if node.is_honest:
            node.crashes = random.choice((0.0, 0.0, 0.002, 0.02))
        world.later(random.uniform(0, 2), node.start)
    if len(world.names) == 3 and random.random() < 0.1:
        name = random.choice(world.names)
        world.later(random.uniform(0, CHAOS), lambda: avow(world, name))
    world.network.loss = random.choice((0.0, 0.05, 0.2))
    world.network.slow = random.choice((0.05, 0.5, 3.0))
    if random.random() < 0.4:
        parted = frozenset(random.sample(world.names, random.randint(1, len(world.names) - 1)))
        world.later(random.uniform(0, CHAOS / 2), lambda: part(world, parted))
        world.later(random.uniform(CHAOS / 2, CHAOS), lambda: part(world, frozenset()))


def talk(world, node, random):
    is_bad = not node.is_honest and "bad-entries" in node.ways and random.random() < 0.5
    text = str(random.random())

    def happen() -> None:
        def entry_at(seq: int) -> bytes:
            return (
                bad_entry(world, node.name, seq, random)
                if is_bad
                else statement(world, node.name, seq, text)
            )

        for _ in range(2):
            node.say(entry_at)

    return happen


def split(world, node, random):
    def happen() -> None:
        others = [name for name in world.names if name != node.name]
        deceived = random.sample(others, random.randint(1, len(others)))
        at = random.randint(0, len(node.entries))
        node.fork(
            at,
            lambda seq, text: statement(world, node.name, seq, text),
            random.randint(1, 4),
            deceived,
        )

    return happen


def avow(world, name):
    node = world.nodes[name]
    node.say(lambda seq: suspension(world, name, seq))


def part(world, parted):
    world.network.parted = parted


def play(seed: int) -> World:
    world = build(seed)
    script(world, seed)
    world.run(CHAOS)
    world.network.loss, world.network.slow = 0.0, 0.05
    world.network.parted = frozenset()
    for node in world.nodes.values():
        node.crashes = 0.0
    world.run(CALM)
    return world


# --- what must hold, whatever happened ------------------------------------------------------


def check_nobody_honest_is_accused(world: World) -> None:
    honest = {node.holdings.me for node in world.honest}
    for node in world.honest:
        assert not node.holdings.alarms, "an honest node was stopped from signing"
        for data, accused, _kind in node.holdings.proofs.values():
            verdict = verify(data, node.holdings.chain)
            assert verdict.valid, verdict.reason
            assert accused == verdict.accused
            assert accused not in honest, "an honest member is accused"
        for origin, row in node.holdings.following.rows.items():
            owner = world.chain.keyring.owner_of_log(origin)
            assert row.forked is None or owner[0] not in honest, "an honest log is held back"


def check_forks_are_shown_to_everybody(world: World) -> None:
    accused = [
        {who for _data, who, kind in node.holdings.proofs.values() if kind == "fork"}
        for node in world.honest
    ]
    for here, there in combinations(accused, 2):
        assert here == there, "a fork that one honest node shows is unknown to another"
    for node, known in zip(world.honest, accused, strict=True):
        for who in known:
            origin = member(world.name_of[who]).origin
            row = node.holdings.following.read(origin)
            assert row.forked is not None, "a forked log still counts"


def check_split_views_are_shown(world: World) -> None:
    """Where honest nodes accepted two branches of one log, a proof of it exists."""
    for liar in world.nodes.values():
        if liar.is_honest or liar.other_face is None:
            continue
        branches = [roots_of(liar.entries), roots_of(liar.other_entries)]
        sides = set()
        for node in world.honest:
            row = node.holdings.following.read(liar.holdings.own_origin)
            if row is not None and row.note:
                told = Checkpoint.parse(SignedNote.parse(row.note).text)
                on = [branch.get(told.size) == told.root for branch in branches]
                assert any(on)
                sides.add(on[0] - on[1])
        if sides >= {1, -1}:
            for node in world.honest:
                accused = {who for _data, who, kind in node.holdings.proofs.values()}
                assert liar.holdings.me in accused, "a split view that nobody shows"


def roots_of(entries: list[bytes]) -> dict[int, bytes]:
    hashes = TreeHashes([leaf_hash(entry) for entry in entries])
    return {size: hashes.root_of(size) for size in range(len(entries) + 1)}


def counting(node: Node, origin: str) -> dict[int, str]:
    """What counts of one log at one node: place -> statement."""
    row = node.holdings.following.read(origin)
    if row is None:
        return {}
    limit = row.taken if row.forked is None else min(row.taken, row.forked)
    rows = [each for each in node.holdings.statements.values() if each.origin == origin]
    return {each.seq: each.payload_hash for each in rows if each.seq < limit}


def check_views_agree(world: World) -> None:
    for name in world.names:
        origin = member(name).origin
        for here, there in combinations(world.honest, 2):
            if name in (here.name, there.name):
                continue
            ours, theirs = counting(here, origin), counting(there, origin)
            for seq in ours.keys() & theirs.keys():
                assert ours[seq] == theirs[seq], f"entry {seq} of {name} is told two ways"


def check_what_honest_members_said_arrived(world: World) -> None:
    for node in world.honest:
        origin, size = node.holdings.own_origin, len(node.entries)
        note = node.holdings.logs[origin].note
        assert Checkpoint.parse(SignedNote.parse(note).text).size == size
        said = {parse_entry(entry).payload_hash for entry in node.entries}
        for other in world.honest:
            if other is node:
                continue
            row = other.holdings.following.read(origin)
            taken = 0 if row is None else row.taken
            assert taken == size, f"{taken} of {size} entries of an honest log arrived"
            assert not said - other.holdings.statements.keys() - other.holdings.opened.keys()
            awaited = {each.payload_hash for each in other.holdings.following.awaits.values()}
            assert not said & awaited, "content of an honest member did not arrive"


def check_settled_is_kept(world: World) -> None:
    """Whatever a quorum cosigned stands, entry for entry, at an honest mirror."""
    for name in world.names:
        owner, origin = member(name), member(name).origin
        for node in world.honest:
            note = node.holdings.monitoring.get(origin)
            if note is None:
                continue
            seen = who_saw(world.chain.latest, owner, note)
            if not seen.settled:
                continue
            mirrors = [
                each
                for each in world.honest
                if each.holdings.me in seen.mirrors and each.name != name
            ]
            assert mirrors, "settled without one honest mirror"
            for mirror in mirrors:
                row = mirror.holdings.following.read(origin)
                assert row.taken >= seen.checkpoint.size, "something settled is lost"


def check(world: World) -> None:
    check_nobody_honest_is_accused(world)
    check_forks_are_shown_to_everybody(world)
    check_split_views_are_shown(world)
    check_views_agree(world)
    check_what_honest_members_said_arrived(world)
    check_settled_is_kept(world)


@pytest.mark.parametrize("number", range(PARTS))
def test_whatever_the_network_and_f_liars_do_honest_nodes_agree_and_nobody_is_framed(number):
    for history in range(number, HISTORIES, PARTS):
        seed = SEED + history
        try:
            check(play(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error

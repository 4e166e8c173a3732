"""A unit in one process: honest nodes on stores in memory, liars, and a bad network, from a seed.

The nodes run `exchange.protocol.step` and `node.receiving.Receiver` as the program does;
only sockets, files, the clock and chance are replaced. Time is counted, not waited for.
"""

import heapq
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from random import Random

from detente.charter import SELF_KINDS, KeySlot
from detente.errors import UnitError
from detente.exchange.protocol import Place, Roster, begin, step
from detente.exchange.protocol.commands import Fetch, FetchBlob, Wait
from detente.exchange.protocol.events import (
    Failed,
    Fetched,
    Hinted,
    Kept,
    Learnt,
    Proven,
    Recorded,
    Ticked,
)
from detente.exchange.protocol.judging import avow
from detente.exchange.protocol.limits import REQUEST_TIMEOUT
from detente.exchange.protocol.paths import CHAIN, PROOFS, cosigned_path, print_proof_list
from detente.node.cosigning import Cosigner
from detente.node.governing import bound_by, carry_on
from detente.node.receipts import read_entry
from detente.node.receiving import Receiver
from detente.node.succeeding import succeed
from detente.proofs import CharterChain, chain_of, cosigner_name
from detente.signing import EMPTY_ROOT, Role, leaf_hash
from detente.statements import Clear, Header, parse_entry, sign_statement
from detente.storage.evidence import Kept as KeptEvidence
from detente.storage.following import FollowedLog
from detente.tlog import (
    Checkpoint,
    Frontier,
    KeyType,
    NoteSigner,
    RolledBack,
    SignedNote,
    StaleCheckpoint,
    TileConflict,
    TilePath,
    judge_memory,
    pack_entries,
)
from tests.core.charter.people import NAMES, NOW, member, signers_of, unit
from tests.core.proofs.makers import acceptances

START = NOW + timedelta(hours=1)


class Crashed(Exception):
    """The process of a node ended, at whatever step it was."""


@cache
def chain_for(n: int, f: int):
    charter = unit(n, f=f, outside=0)
    return chain_of([charter], acceptances=acceptances(charter))


@cache
def log_signer(name: str, epoch: int = 1) -> NoteSigner:
    """The key of one epoch of a log; each epoch has keys of its own generation."""
    origin = f"{member(name).log}/{epoch}"
    key = Fast(signers_of(name, epoch)[KeySlot.LOG])
    return NoteSigner.named(origin, KeyType.ED25519, key)


@cache
def cosigning_key(name: str, slot: KeySlot) -> NoteSigner:
    key = Fast(signers_of(name)[slot])
    return NoteSigner.named(cosigner_name(member(name).log, slot), KeyType.ED25519_COSIGNATURE, key)


class Fast:
    """A signer that works its public key out once."""

    def __init__(self, signer) -> None:
        self.public_key = signer.public_key
        self.sign = signer.sign


@dataclass
class Network:
    """What happens to messages.

    Attributes:
        random: decides.
        loss: share of messages that never arrive.
        slow: seconds of delay, at most; messages overtake each other.
        parted: names that reach only each other, while parted.
    """

    random: Random
    loss: float = 0.0
    slow: float = 0.5
    parted: frozenset[str] = frozenset()

    def arrives(self, one: str, other: str) -> bool:
        if (one in self.parted) != (other in self.parted):
            return False
        return self.random.random() >= self.loss

    def delay(self) -> float:
        return self.random.uniform(0.001, self.slow)


class World:
    """Time, the network, and everybody in it."""

    def __init__(self, seed: int, n: int, f: int) -> None:
        self.random = Random(seed)
        self.chain = chain_for(n, f)
        self.names = NAMES[:n]
        self.f = f
        self.now = START
        self.network = Network(Random(seed + 1))
        self.nodes: dict[str, Node] = {}
        self.name_of = {member(name).id: name for name in self.names}
        self._agenda: list[tuple[datetime, int, object]] = []
        self._count = 0

    def later(self, seconds: float, what) -> None:
        self._count += 1
        when = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._agenda, (when, self._count, what))

    def run(self, seconds: float) -> None:
        """Let time pass; what is due happens in its order."""
        end = self.now + timedelta(seconds=seconds)
        while self._agenda and self._agenda[0][0] <= end:
            self.now, _, what = heapq.heappop(self._agenda)
            what()
        self.now = end

    def sleep(self, seconds: float) -> None:
        """Let time pass while every process is down: a long wait in no time."""
        for node in self.nodes.values():
            node.is_up = False
        self.run(seconds)
        for node in self.nodes.values():
            node.start()

    @property
    def honest(self) -> list["Node"]:
        return [node for node in self.nodes.values() if node.is_honest]


class Copies:
    """The files of one log; a write that is cut leaves some of them."""

    def __init__(self, may_crash) -> None:
        self.tiles: dict[TilePath, bytes] = {}
        self.note: bytes | None = None
        self._may_crash = may_crash

    def read(self, path):
        return self.tiles.get(path)

    def write(self, path, data):
        self.write_all([(path, data)])

    def write_all(self, tiles):
        for path, data in tiles:
            if self.tiles.setdefault(path, data) != data:
                raise TileConflict(f"{path} holds other bytes")
            self._may_crash("tile")

    def publish(self, note):
        self._may_crash("publish")
        self.note = note

    def published(self):
        return self.note


class States:
    """What a cosigner cosigned last (implements `WitnessStates`)."""

    def __init__(self) -> None:
        self.states = {}

    def read(self, origin):
        return self.states.get(origin)

    def advance(self, origin, old, new):
        if self.states.get(origin) != old:
            raise StaleCheckpoint(origin)
        self.states[origin] = new


class Following:
    """How far logs were taken (as `storage.following.FollowedLogs`)."""

    def __init__(self) -> None:
        self.rows: dict[str, FollowedLog] = {}
        self.awaits = {}

    def origins(self):
        return sorted(self.rows)

    def read(self, origin):
        return self.rows.get(origin)

    def accept(self, origin, *, note, edge, now):
        before = self.rows.get(origin) or FollowedLog(origin=origin, note=b"", edge=b"")
        self.rows[origin] = replace(before, note=note, edge=edge)

    def replace_note(self, origin, *, old, new):
        row = self.rows[origin]
        for column in ("note", "complete"):
            if getattr(row, column) == old:
                row = replace(row, **{column: new})
        self.rows[origin] = row

    def advance(self, before, after, awaits):
        if self.rows[before.origin].taken != before.taken:
            return False
        here = self.rows[before.origin]
        self.rows[before.origin] = replace(after, note=here.note, edge=here.edge)
        for each in awaits:
            assert each.payload_hash not in self.awaits, "awaited twice"
            self.awaits[each.payload_hash] = each
        return True

    def fork(self, origin, at):
        row = self.rows.get(origin) or FollowedLog(origin=origin, note=b"", edge=b"")
        if row.forked is None or at < row.forked:
            row = replace(row, forked=at)
        self.rows[origin] = row

    def awaited(self, issuer, *, limit):
        mine = [each for each in self.awaits.values() if each.issuer == issuer]
        return mine[:limit]

    def arrived(self, payload_hashes):
        for each in payload_hashes:
            self.awaits.pop(each, None)


class Recovering:
    """Recoveries that wait (as `storage.recoveries.PendingRecoveries`)."""

    def __init__(self) -> None:
        self.rows = {}

    def all(self):
        return list(self.rows.values())

    def keep(self, recovery):
        return self.rows.setdefault(recovery.member, recovery)

    def drop(self, member):
        self.rows.pop(member, None)


class Papers:
    """What ballots are about (as `storage.papers.Papers`)."""

    def __init__(self) -> None:
        self.papers = {}

    def want(self, names):
        for name in names:
            self.papers.setdefault(name, None)

    def put(self, name, data):
        self.papers[name] = data

    def get(self, name):
        return self.papers.get(name)

    def wanted(self, *, limit):
        return [name for name, data in self.papers.items() if data is None][:limit]


class Holdings:
    """One node's stores (as `node.holdings.Holdings`): what survives a crash."""

    def __init__(self, world: World, name: str, may_crash) -> None:
        self.world, self.name = world, name
        self.me = member(name).id
        self.own_origin = member(name).origin
        self.guard = nullcontext()
        self.following = Following()
        self.recoveries = Recovering()
        self.papers = Papers()
        self.chain = world.chain
        self.logs: dict[str, Copies] = {}
        self.statements = {}
        self.places = {}
        self.opened: dict[str, int] = {}
        self.faults = {}
        self.proofs = {}
        self.signed = None  # TRUSTED: the last checkpoint of the own log
        self.alarms: list[str] = []
        self.monitoring: dict[str, bytes] = {}
        self.states = {slot: States() for slot in (KeySlot.MIRROR, KeySlot.WITNESS)}
        self._may_crash = may_crash

    def keep_chain(self, chain):
        self.chain = chain

    def copies(self, origin):
        return self.logs.setdefault(origin, Copies(self._may_crash))

    def add_statements(self, said):
        for row, _rows in said:
            place = (row.origin, row.seq)
            assert self.places.setdefault(place, row.payload_hash) == row.payload_hash
            self.statements[row.payload_hash] = row

    def keep_fault(self, fault, now):
        key = (fault.peer, sha256(fault.evidence).hexdigest())
        self.faults.setdefault(key, fault)
        return KeptEvidence(key[1], is_new=True)

    def keep_proof(self, data, *, accused, kind, now):
        digest = sha256(data).hexdigest()
        self.proofs.setdefault(digest, (data, accused, kind))
        return KeptEvidence(digest, is_new=True)

    def cosigners(self, origin):
        verifiers = [verifier for _, verifier in self.roster.log_keys(origin)]
        return [
            Cosigner(
                signers=[cosigning_key(self.name, slot)],
                states=self.states[slot],
                logs={origin: verifiers},
                now=lambda: self.world.now,
            )
            for slot in (KeySlot.MIRROR, KeySlot.WITNESS)
        ]

    @property
    def roster(self):
        return roster_of(self.chain, self.me)

    def shown(self, origin):
        return self.monitoring.get(origin)

    def show(self, origin, note):
        self.monitoring[origin] = note

    def open_all(self, awaits, now):
        self._may_crash("open")
        for awaited in awaits:
            self.opened[awaited.payload_hash] = self.opened.get(awaited.payload_hash, 0) + 1
        return [() for _ in awaits]

    def stop_signing(self, note):
        origin = self.own_origin
        keys = [verifier for _, verifier in self.roster.log_keys(origin)]
        if isinstance(judge_memory(self.signed, [note], keys, origin=origin), RolledBack):
            self.alarms.append("others hold more of this node's own log")
            return True
        return False


_ROSTERS: dict[tuple[int, str], Roster] = {}


def roster_of(chain, me):
    known = _ROSTERS.get((id(chain), me))
    if known is None or known.chain is not chain:
        known = _ROSTERS[id(chain), me] = Roster(chain, me, both_types=False)
    return known


class Node:
    """An honest member's node: its stores, and the process that may end at any step."""

    is_honest = True

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.random = Random(world.random.random())
        self.holdings = Holdings(world, name, self.may_crash)
        self.entries: list[bytes] = []  # TRUSTED: the journal, of what was acknowledged
        self.crashes = 0.0  # chance to end at a step
        self.life = 0
        self.is_up = False
        self.governs = False
        world.nodes[name] = self

    # --- the process ----------------------------------------------------------------------

    def may_crash(self, _place: str) -> None:
        if self.is_up and self.crashes and self.random.random() < self.crashes:
            raise Crashed

    def start(self) -> None:
        """Begin from what the stores hold."""
        self.life += 1
        self.is_up = True
        self.receiver = Receiver(
            self.holdings,
            now=lambda: self.world.now,
            cosigned=lambda _origin: self._hint(),
            stop=self.may_crash,
        )
        self._guarded(self._recover)

    def _recover(self) -> None:
        self.catch_up()
        self.grow()
        held = self.receiver.held()
        self.machines = {
            peer: begin(
                peer,
                roster_of(self.holdings.chain, self.holdings.me),
                held,
                now=self.world.now,
                proofs=frozenset(self.holdings.proofs),
            )
            for peer in self.world.name_of
            if peer != self.holdings.me
        }
        if self.governs:
            self._soon(self.random.uniform(0.5, 2), self._govern)
        for peer in self.machines:
            self._soon(0.0, lambda peer=peer: self.take(peer, self._tick()))

    def catch_up(self) -> None:
        """Join to the chain what this member said about itself (as `node.catching_up`)."""
        for entry in self.entries:
            with suppress(UnitError):
                statement = parse_entry(entry)
                if clear_kind(statement) in SELF_KINDS:
                    roster = roster_of(self.holdings.chain, self.holdings.me)
                    self.holdings.keep_chain(avow(roster, entry, statement).chain)

    def meet(self, peer: str) -> None:
        """Begin to pull a member that joined."""
        if peer != self.holdings.me and peer not in self.machines:
            roster = roster_of(self.holdings.chain, self.holdings.me)
            held = self.receiver.held()
            self.machines[peer] = begin(peer, roster, held, now=self.world.now)
            self.take(peer, self._tick())

    def crash(self) -> None:
        """End the process, and begin it again a little later."""
        self.is_up = False
        self.machines = {}
        self.world.later(self.random.uniform(0.1, 5), self.start)

    def _guarded(self, work) -> None:
        try:
            work()
        except Crashed:
            self.crash()

    def _soon(self, seconds: float, work) -> None:
        life = self.life

        def happen() -> None:
            if self.is_up and self.life == life:
                self._guarded(work)

        self.world.later(seconds, happen)

    def _tick(self) -> Ticked:
        return Ticked(self.world.now, self.random.random())

    def take(self, peer: str, event) -> None:
        """Give an event to the machine of one peer, and do what it says."""
        self.machines[peer], commands = step(self.machines[peer], event)
        for command in commands:
            match command:
                case Wait():
                    wait = (command.until - self.world.now).total_seconds()
                    self._soon(max(wait, 0.0), lambda: self.take(peer, self._tick()))
                case Fetch() | FetchBlob():
                    self._ask(peer, command)
                case _:
                    for came in self.receiver.perform(command):
                        self.tell(peer, came)

    def tell(self, peer: str, event) -> None:
        """Hand an event to whom it concerns, soon: never while another is being taken."""
        everybody = isinstance(event, Recorded | Learnt | Proven)
        for each in list(self.machines) if everybody else [peer]:
            self._soon(0.0, lambda each=each: self.take(each, event))

    # --- the charter ----------------------------------------------------------------------

    def _govern(self) -> None:
        """Do what the round protocol asks for, every few seconds."""
        self._soon(4.0, self._govern)
        desk = Desk(self)
        chain = succeed(desk)
        if isinstance(chain, CharterChain):
            self.holdings.keep_chain(chain)
            self.may_crash("chain-kept")
            for peer in self.machines:
                self.tell(peer, Learnt(chain))
        carry_on(desk, self.world.now)

    # --- the network ----------------------------------------------------------------------

    def _ask(self, peer: str, command) -> None:
        if isinstance(command, Fetch) and command.place is Place.HERE:
            self._soon(0.0, lambda: self._answer(peer, command, self.serve(command.path, "")))
            return
        other = self.world.nodes[self.world.name_of[peer]]
        network = self.world.network

        def reach() -> None:
            if not other.is_up or not network.arrives(self.name, other.name):
                return
            data = other.serve_blob(command.digest) if isinstance(command, FetchBlob) else None
            if isinstance(command, Fetch):
                data = other.serve(command.path, self.name)
            if data is not None and network.arrives(other.name, self.name):
                self._soon(network.delay(), lambda: self._answer(peer, command, data))
            elif data is None and network.arrives(other.name, self.name):
                gone = Failed(command.request, "it has no such thing", missing=True)
                self._soon(network.delay(), lambda: self.take(peer, gone))

        self.world.later(network.delay(), reach)
        late = Failed(command.request, "no answer in time")
        self._soon(REQUEST_TIMEOUT.total_seconds(), lambda: self.take(peer, late))

    def _answer(self, peer: str, command, data) -> None:
        if data is None:
            self.take(peer, Failed(command.request, "nothing there", missing=True))
        elif isinstance(command, FetchBlob):
            self.take(peer, Kept(command.request))
        elif len(data) > command.bytes_max:
            self.take(peer, Failed(command.request, "longer than agreed"))
        else:
            self.take(peer, Fetched(command.request, data))

    def _hint(self) -> None:
        for name, other in self.world.nodes.items():
            if name != self.name and self.world.network.arrives(self.name, name):
                self.world.later(self.world.network.delay(), lambda other=other: other.hinted(self))

    def hinted(self, by: "Node") -> None:
        peer = by.holdings.me
        if self.is_up and peer in self.machines:
            self._guarded(lambda: self.take(peer, Hinted()))
            self._soon(0.0, lambda: self.take(peer, self._tick()))

    # --- what it shows --------------------------------------------------------------------

    def serve(self, path: str, asker: str) -> bytes | None:
        """Return what stands at a path of its face."""
        top, _, rest = path.partition("/")
        if top == "logs":
            log, epoch, what = rest.split("/", 2)
            copies = self.copies_for(f"{log}/{epoch}", asker)
            if copies is None:
                return None
            return copies.note if what == "checkpoint" else copies.read(TilePath.parse(what))
        if top == "witness":
            notes = self.holdings.monitoring
            return next((note for at, note in notes.items() if cosigned_path(at) == path), None)
        if path == PROOFS:
            return print_proof_list(list(self.holdings.proofs))
        chain = self.holdings.chain.file.to_bytes() if path == CHAIN else None
        kept = self.holdings.proofs.get(rest, (chain,))[0]
        return self.holdings.papers.get(rest) if top == "papers" else kept

    def serve_blob(self, _digest: str) -> bytes | None:
        """Return a blob; what is in it matters to nobody here."""
        return b"blob"

    def copies_for(self, origin: str, _asker: str) -> Copies | None:
        """Return the files of a log, as they are shown to somebody."""
        return self.holdings.logs.get(origin)

    # --- what it says ---------------------------------------------------------------------

    def say(self, entry_at) -> None:
        """Acknowledge a statement (durable in the journal), then publish it."""
        if self.is_up:
            self.entries.append(entry_at(len(self.entries)))
            self._guarded(self.grow)

    def reopen(self, entry: bytes, chain) -> None:
        """Leave the old log as it is and begin the next epoch with an entry of the recovery key."""
        log, _, epoch = self.holdings.own_origin.partition("/")
        self.holdings.own_origin = f"{log}/{int(epoch) + 1}"
        self.holdings.signed, self.entries = None, [entry]
        self.holdings.keep_chain(chain)
        self._guarded(self.grow)
        for peer in self.machines:
            self.tell(peer, Learnt(chain))

    def grow(self) -> None:
        """Integrate what was acknowledged: tiles, TRUSTED checkpoint, then the public one."""
        origin, copies = self.holdings.own_origin, self.holdings.copies(self.holdings.own_origin)
        before = self.holdings.signed or Checkpoint(origin, 0, EMPTY_ROOT)
        if before.size < len(self.entries) or copies.note is None:
            self.holdings.signed = write_log(copies, self.entries, before, self.may_crash)
        copies.note = sign_log(self.name, self.holdings.signed)
        if getattr(self, "machines", None):
            self.tell("", Recorded(self.receiver.held_of(origin)))
        self._hint()


class Desk:
    """A node's side of the round protocol (as `node.succeeding.Record`)."""

    def __init__(self, node: Node) -> None:
        self.node, self.holdings = node, node.holdings

    @property
    def roster(self):
        return roster_of(self.holdings.chain, self.holdings.me)

    def said(self, kind):
        found = [parse_entry(entry) for entry in self.node.entries]
        for row in self.holdings.statements.values():
            if row.kind == kind and row.issuer != self.holdings.me:
                copies = self.holdings.logs[row.origin]
                size = Checkpoint.parse(SignedNote.parse(self._note(row.origin)).text).size
                found.append(parse_entry(read_entry(copies, row.seq, size)))
        return [each for each in found if clear_kind(each) == kind]

    def _note(self, origin):
        return self.holdings.following.read(origin).complete

    def paper(self, name):
        return self.holdings.papers.get(name)

    def speak(self, kind, body):
        bound = bound_by(self.roster)

        def entry_at(seq):
            header = Header(
                unit=self.holdings.chain.unit,
                charter=bound.digest,
                issuer=self.holdings.me,
                epoch=1,
                seq=seq,
                time=utc(self.node.world.now),
                says=Clear.of(kind, body),
            )
            key = signers_of(self.node.name)[KeySlot.GOVERNANCE]
            return sign_statement(header, key, Role.GOVERNANCE).to_entry()

        self.node.entries.append(entry_at(len(self.node.entries)))
        statement = parse_entry(self.node.entries[-1])
        self.node.may_crash("acknowledged")
        if clear_kind(statement) in SELF_KINDS:
            self.node.catch_up()
            for peer in self.node.machines:
                self.node.tell(peer, Learnt(self.holdings.chain))
        self.node.grow()

    def shown(self, origin):
        return self.holdings.shown(origin)

    def copies(self, origin):
        return self.holdings.copies(origin)


def clear_kind(statement):
    says = statement.header.says
    return says.kind if isinstance(says, Clear) else ""


def write_log(copies: Copies, entries, before: Checkpoint, may_crash) -> Checkpoint:
    """Write the tiles and bundles of a log that grew; return its checkpoint."""
    growth = Frontier().append([leaf_hash(entry) for entry in entries])
    size = len(entries)
    tiles = list(growth.tiles)
    for index in range(before.size // 256, -(-size // 256)):
        width = min(256, size - index * 256)
        some = entries[index * 256 : index * 256 + width]
        tiles.append((TilePath(None, index, width), pack_entries(some)))
    for path, tile in tiles:
        copies.tiles.setdefault(path, tile)
        may_crash("own tile")
    return Checkpoint(before.origin, size, growth.frontier.root)


def sign_log(name: str, checkpoint: Checkpoint) -> bytes:
    text, epoch = checkpoint.to_text(), int(checkpoint.origin.partition("/")[2])
    return SignedNote(text, (log_signer(name, epoch).sign(text),)).to_bytes()


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)

"""What follows from an own statement, done once it is durable, however often it takes.

An acknowledged entry stands in the journal; its row in the index, and what it says about
this member's keys in the charter chain, come after. A process may stop in between, so
this is done before anything more is said and whenever the node is opened. The row in the
index is written last: its presence says that the rest is done.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detente.charter.avowals import Adopt, Recover, Rotate
from detente.charter.recovery import SELF_KINDS
from detente.errors import EnvironmentFault, UnitError
from detente.node.binding import bind
from detente.node.home import Home
from detente.node.reading import entry_at, open_own
from detente.proofs.chain import ChainFile, CharterChain, verify_chain
from detente.signing import parse_strict
from detente.statements import Clear, ContentError, Handling, Sealed, Statement, parse_entry
from detente.statements.batch import IndexRow
from detente.statements.index_keys import keys_of
from detente.statements.stix import OBJECT_LIMITS
from detente.storage.disk import read_capped
from detente.storage.keyfiles import Unlock
from detente.storage.model import StatementRow
from detente.tlog.note import NOTE_BYTES_MAX

UNREADABLE = "unreadable"  # in the index: content that this node cannot open any more
_TIDYING_STEPS_MAX = 8


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the index keeps of a content.

    Attributes:
        kind: of the content.
        rows: of its objects.
    """

    kind: str
    rows: Sequence[IndexRow]


def open_node(directory: Path, unlock: Unlock | None = None) -> Home:
    """Open a node and finish what a stopped process left; raises as `Home.open`."""
    home = Home.open(directory, unlock)
    try:
        bind(home)
        catch_up(home)
        # Also where the chain was put back from a copy that lacks what was said since.
        for statement in unjoined(home):
            _join_chain(home, statement)
    except BaseException:
        home.close()
        raise
    return home


def catch_up(home: Home, known: Mapping[str, Meaning] | None = None) -> int:
    """Take up every own statement that was acknowledged and not taken up yet.

    Args:
        home: the node; it signs nothing here.
        known: payload hash -> what its content means, where that need not be read again.

    Returns:
        How many there were.

    Raises:
        StorageFault: the disk or the database refused, or is damaged; do it again.
    """
    with home.taking_up:
        enter_epoch(home)
        origin = home.identity.origin
        trusted = home.checkpoints.read(origin)
        end = start = max(home.journal.end(origin), 0 if trusted is None else trusted.size)
        while start > 0 and home.index.statement_at(origin, start - 1) is None:
            start -= 1
        for seq in range(start, end):
            _take_up(home, parse_entry(entry_at(home, origin, seq)), known or {})
    if end > start:
        _tidy(home)
    return end - start


def enter_epoch(home: Home) -> None:
    """Go over to the next epoch of the own log where a recovery has opened it."""
    identity = home.identity
    following = replace(identity, epoch=identity.epoch + 1)
    if home.journal.end(following.origin):
        opening = parse_entry(entry_at(home, following.origin, 0))
        body = Recover.parse(opening.clear.body)
        home.keep_identity(replace(following, recovery_hash=body.keys.recovery_hash))


def add_avowal(file: ChainFile, entry: bytes, seen: bytes) -> CharterChain:
    """Return a chain that also holds one avowal, verified as a whole; an entry joins once.

    Args:
        file: what is held.
        entry: what a member said about itself.
        seen: a cosigned checkpoint of that member's log, as it was when the entry came.

    Raises:
        UnitError: it does not verify.
    """
    if entry in file.avowals:
        return verify_chain(file)
    return verify_chain(replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, seen)))


def chain_with(home: Home, chain: CharterChain, statement: Statement) -> CharterChain:
    """Return this node's chain with an avowal of its own.

    Beside it goes the newest cosigned checkpoint of the log, which is the old epoch's where
    the avowal opens a new one: it says how far the old keys count.

    Raises:
        UnitError: the chain does not take the avowal.
        StorageFault: the disk refused.
    """
    entry, header = statement.to_entry(), statement.header
    opens = statement.clear.kind == Recover.KIND
    origin = f"{home.identity.log}/{header.epoch - 1 if opens else header.epoch}"
    path = home.layout.cosigned(origin)
    if path.exists():
        try:
            return add_avowal(chain.file, entry, read_capped(path, bytes_max=NOTE_BYTES_MAX))
        except EnvironmentFault:
            raise
        except UnitError:
            pass  # damaged, or of keys that nobody knows: then the avowal stands by itself
    return add_avowal(chain.file, entry, b"")


def unjoined(home: Home) -> Iterator[Statement]:
    """Yield what this member said about its keys and its own chain does not take."""
    said = [
        each
        for kind in SELF_KINDS
        for each in home.index.statements(issuer=home.identity.member, kind=kind, limit=1_000)
    ]
    chain = home.chain if said else None
    for each in sorted(said, key=lambda stored: stored.number):
        entry = entry_at(home, each.row.origin, each.row.seq)
        if chain is not None and entry not in chain.file.avowals:
            yield parse_entry(entry)


def _take_up(home: Home, statement: Statement, known: Mapping[str, Meaning]) -> None:
    header = statement.header
    match header.says:
        case Clear(kind=kind):
            if kind in SELF_KINDS:
                _join_chain(home, statement)
            meaning, ciphertext = Meaning(kind, ()), None
        case Sealed(ciphertext=ciphertext):
            meaning = known.get(statement.payload_hash) or _meaning(home, statement)
    row = StatementRow(
        payload_hash=statement.payload_hash,
        issuer=header.issuer,
        origin=f"{home.identity.log}/{header.epoch}",
        seq=header.seq,
        kind=meaning.kind,
        said_at=header.time,
        ciphertext=ciphertext,
    )
    home.index.add([(row, meaning.rows)])


def _join_chain(home: Home, statement: Statement) -> None:
    chain = home.chain
    if chain is None:
        return
    try:
        joined = chain_with(home, chain, statement)
    except EnvironmentFault:
        raise
    except UnitError:
        return  # `unjoined` tells: a node that no longer opened would help nobody
    home.keep_chain(joined)
    if statement.clear.kind == Adopt.KIND:
        bind(home)
    body = statement.clear.body
    if statement.clear.kind == Rotate.KIND and (agreed := Rotate.parse(body).recovery):
        home.keep_identity(replace(home.identity, recovery_hash=agreed.next_hash))


def _meaning(home: Home, statement: Statement) -> Meaning:
    try:
        content = open_own(home, statement)
        if content is None:
            return Meaning(UNREADABLE, ())
        handling = Handling.parse(content.leaves[0].data)
    except EnvironmentFault:
        raise
    except UnitError:
        return Meaning(UNREADABLE, ())
    leaves = enumerate(content.leaves[1:], start=1)
    return Meaning(handling.kind.value, [_row(leaf, each.data) for leaf, each in leaves])


def _row(leaf: int, data: bytes) -> IndexRow:
    value = parse_strict(data, OBJECT_LIMITS)
    if not isinstance(value, dict):
        raise ContentError(f"leaf {leaf} is no object")
    kind = str(value["type"])
    return IndexRow(leaf, str(value["id"]), kind, keys_of(kind, value))


def _tidy(home: Home) -> None:
    for _step in range(_TIDYING_STEPS_MAX):
        if not home.index.tidy():
            return

"""Is this entry a statement that counts where it stands? Each is judged alone.

Called only with entries that lead to a signed and consistent root. One that fails is
kept as evidence; the log goes on, because its owner did sign that tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detente.charter import Adopt, Charter, Refused, Spent
from detente.charter.recovery import SELF_KINDS
from detente.errors import PeerFault, UnitError
from detente.exchange.protocol.limits import AVOWALS_MAX
from detente.exchange.protocol.model import Accepted, Awaited, Clock
from detente.exchange.protocol.roster import Roster
from detente.proofs import CharterChain, verify_chain
from detente.signing import Role
from detente.statements import (
    Clear,
    Sealed,
    Statement,
    StatementError,
    check_not_future,
    ciphertext_size,
    parse_entry,
    readers_of,
    verify_statement,
)
from detente.statements.times import CLOCK_SKEW

_PROTECTING = frozenset(("suspend", "objection", "leave"))


@dataclass(frozen=True, slots=True)
class Judged:
    """What some entries of one log came to.

    Attributes:
        end: entries of the log judged so far; short of what was given where the quota ended.
        said: those that count.
        faults: those that do not.
        spent: of the owner's quota.
        roster: grown by what the owner said about its keys.
        over: why the rest waits for another day; empty where nothing does.
        needs_chain: the rest waits for a charter that is not known here yet.
    """

    end: int
    said: tuple[Accepted, ...]
    faults: tuple[PeerFault, ...]
    spent: Spent
    roster: Roster
    over: str = ""
    needs_chain: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """What entries of one log are held against.

    Attributes:
        origin: the log.
        owner: its member.
        epoch: of the log.
        now: for claims of a time to come.
        is_vouched: others let these through their quotas already.
        clock: what this node thinks of its own.
        signed_at: when the log signed its checkpoint, by its own word; 0 for not said.
        cut: None, or from which entry on the old keys say nothing but what protects their
            member: a recovery was received.
    """

    origin: str
    owner: str
    epoch: int
    now: datetime
    is_vouched: bool
    cut: int | None = None
    clock: Clock = Clock.SURE
    signed_at: int = 0


def judge(
    entries: Sequence[bytes], start: int, bench: Bench, roster: Roster, spent: Spent
) -> Judged:
    """Judge consecutive entries, the first of which stands at `start`.

    What an owner says about its keys counts from the next entry on.
    """
    said: list[Accepted] = []
    faults: list[PeerFault] = []
    today = spent if spent.day == bench.now.date() else Spent(day=bench.now.date())
    for index, entry in enumerate(entries, start):
        try:
            statement = parse_entry(entry)
            if _is_ahead(statement, roster):
                found = Judged(index, tuple(said), tuple(faults), today, roster)
                return replace(found, needs_chain=True)
            if _waits_for_clock(statement, bench):
                return Judged(index, tuple(said), tuple(faults), today, roster)
            charged = today if bench.is_vouched else roster.charge(today, statement, entry)
            if isinstance(charged, Refused):
                return Judged(index, tuple(said), tuple(faults), today, roster, over=charged.reason)
            today = charged
            accepted = _accept(statement, entry, index, bench, roster)
            if _kind(statement) in SELF_KINDS:
                roster = avow(roster, entry, statement)
        except UnitError as error:
            rule = f"entry {index} of log {bench.origin}: {error.message}"
            faults.append(PeerFault(peer=bench.owner, rule=rule, evidence=entry))
        else:
            said.append(accepted)
    return Judged(start + len(entries), tuple(said), tuple(faults), today, roster)


def _accept(
    statement: Statement, entry: bytes, index: int, bench: Bench, roster: Roster
) -> Accepted:
    if bench.cut is not None and index >= bench.cut and _kind(statement) not in _PROTECTING:
        raise StatementError("said by keys that a recovery of their member replaces")
    digest, charter = roster.charter_at(bench.owner, bench.epoch, index)
    if statement.envelope.role is Role.RECOVERY:
        _check_place(statement, bench, index, digest)
    else:
        verify_statement(
            statement,
            unit=roster.chain.unit,
            charters=(digest,),
            issuer=bench.owner,
            epoch=bench.epoch,
            index=index,
            key=roster.key_for(statement, bench.owner).raw,
        )
    check_not_future(statement.header.time, bench.now)
    awaits = None
    if isinstance(statement.header.says, Sealed):
        awaits = _awaited(statement, entry, statement.header.says, charter, bench.origin, roster.me)
    return Accepted(statement, bench.origin, entry, awaits)


def _check_place(statement: Statement, bench: Bench, index: int, digest: str) -> None:
    """Check where a recovery key's word stands; its signature is checked with the chain's.

    Raises:
        StatementError: made for another place, or something that key does not say.
    """
    header = statement.header
    here = (bench.owner, bench.epoch, index, digest)
    if (header.issuer, header.epoch, header.seq, header.charter) != here:
        raise StatementError("made for another place than where it was found")
    if _kind(statement) not in SELF_KINDS:
        raise StatementError(f"a recovery key says no {_kind(statement)!r}")


def _awaited(
    statement: Statement, entry: bytes, says: Sealed, charter: Charter, origin: str, me: str
) -> Awaited | None:
    header = statement.header
    readers = readers_of(header, tuple(charter.member_ids))
    if me not in readers:
        return None
    return Awaited(
        payload_hash=statement.payload_hash,
        issuer=header.issuer,
        origin=origin,
        seq=header.seq,
        wrap=says.wraps[readers.index(me)],
        ciphertext=says.ciphertext,
        size=ciphertext_size(says.size),
        entry=entry,
        parsed=statement,
    )


def _is_ahead(statement: Statement, roster: Roster) -> bool:
    """Say whether the issuer binds itself to a charter this node does not know yet.

    The log waits there, until the certificate has come from whoever said it.
    """
    if _kind(statement) != Adopt.KIND:
        return False
    return Adopt.parse(statement.clear.body).digest not in roster.charters


def _waits_for_clock(statement: Statement, bench: Bench) -> bool:
    """Say whether a statement is from the future only by a clock that may be wrong.

    What is later than its own log's checkpoint is from the future by any clock.
    """
    if bench.clock is Clock.SURE:
        return False
    try:
        check_not_future(statement.header.time, bench.now)
    except StatementError:
        return statement.header.time.timestamp() <= bench.signed_at + CLOCK_SKEW.total_seconds()
    return False


def _kind(statement: Statement) -> str:
    says = statement.header.says
    return says.kind if isinstance(says, Clear) else ""


def avow(roster: Roster, entry: bytes, statement: Statement) -> Roster:
    """Return the roster after what a member said about itself.

    It cuts at its own place, the same at every node: whoever receives it in the log holds,
    and cosigns, everything before it.

    Raises:
        UnitError: it does not hold, or says nothing new that may still be said.
    """
    file = roster.chain.file
    if entry in file.avowals:
        return roster
    history = roster.history(statement.header.issuer)
    if history is not None and len(history.said) >= AVOWALS_MAX:
        raise StatementError(f"more than {AVOWALS_MAX} statements of one member about its keys")
    grown = replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, b""))
    return renewed(roster, verify_chain(grown))


def renewed(roster: Roster, chain: CharterChain) -> Roster:
    """Return the same member's roster under a chain that says more."""
    return Roster(chain, roster.me, both_types=roster.both_types)

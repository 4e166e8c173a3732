"""The next epoch of a peer's log: opened by its recovery key, counting 72 hours later.

Entry 0 is signed by the recovery key for that very place, so it needs no tree around it.
Who is robbed of its keys has the time between to object; a thief of the recovery key waits
in plain sight. (trust.md, section 1)
"""

from dataclasses import replace

from detente.charter import REKEYING_WAIT
from detente.charter.avowals import Recover
from detente.errors import UnitError
from detente.exchange.protocol.commands import NoteRecovery, SettleRecovery
from detente.exchange.protocol.limits import CHECKPOINT_BYTES_MAX, ENTRIES_BYTES_MAX
from detente.exchange.protocol.model import Recovery
from detente.exchange.protocol.paths import checkpoint_path, tile_path
from detente.exchange.protocol.roster import Roster
from detente.exchange.protocol.state import ForOpening
from detente.exchange.protocol.trees import cut_bundle
from detente.exchange.protocol.turn import Turn
from detente.proofs import verify_chain
from detente.statements import StatementError, parse_entry
from detente.tlog import Checkpoint, SignedNote, TilePath, unpack_entries
from detente.tlog.tiles import TILE_WIDTH


def ask_opening(turn: Turn) -> None:
    """Ask whether the peer opened its next epoch."""
    origin = _next_origin(turn.state.roster, turn.state.peer)
    if origin is not None:
        turn.ask(ForOpening(origin), checkpoint_path(origin), CHECKPOINT_BYTES_MAX)


def on_opening(turn: Turn, purpose: ForOpening, data: bytes | None) -> None:
    """Take the next piece: a checkpoint that says how many entries there are, then those."""
    try:
        if data is not None and purpose.path is None:
            _ask_entries(turn, purpose, data)
        elif data is not None and purpose.path is not None:
            entry = unpack_entries(cut_bundle(data, 1), 1)[0]
            _note(turn, entry)
        elif purpose.path is not None and purpose.path.is_partial:
            _ask(turn, purpose.origin, purpose.path.full)
    except UnitError as error:
        turn.fault(f"the beginning of log {purpose.origin}: {error.message}", data or b"")


def on_recoveries(turn: Turn, pending: tuple[Recovery, ...]) -> None:
    """Take up what storage holds of recoveries."""
    turn.set(recoveries={each.member: each for each in pending})


def settle_due(turn: Turn) -> None:
    """Let the peer's recovery count when its time came.

    At the end of a whole round, so that a node that slept through the 72 hours first hears
    an objection that was made in time.
    """
    own = turn.state.recoveries.get(turn.state.peer)
    if own is not None and turn.state.now >= own.seen + REKEYING_WAIT:
        turn.do(SettleRecovery(own.member))


def _next_origin(roster: Roster, member: str) -> str | None:
    history = roster.history(member)
    if history is None:
        return None
    return f"{history.log}/{roster.chain.epoch_of(member) + 1}"


def _ask_entries(turn: Turn, purpose: ForOpening, note: bytes) -> None:
    # Nothing is believed of this checkpoint: it only says under which name the entries stand.
    size = Checkpoint.parse(SignedNote.parse(note).text).size
    if size:
        _ask(turn, purpose.origin, TilePath(None, 0, min(size, TILE_WIDTH)))


def _ask(turn: Turn, origin: str, path: TilePath) -> None:
    turn.ask(ForOpening(origin, path), tile_path(origin, path), ENTRIES_BYTES_MAX)


def _note(turn: Turn, entry: bytes) -> None:
    """Keep a recovery that the peer could make, once."""
    roster, peer = turn.state.roster, turn.state.peer
    known = turn.state.recoveries.get(peer)
    if known is not None and known.entry == entry:
        return
    statement = parse_entry(entry)
    header = statement.header
    epoch = roster.chain.epoch_of(peer) + 1
    if statement.clear.kind != Recover.KIND or (header.issuer, header.epoch) != (peer, epoch):
        raise StatementError(f"not a recovery that opens epoch {epoch} of its log")
    file = roster.chain.file
    verify_chain(replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, b"")))
    held = turn.held(roster.origin_of(peer) or "")
    turn.do(NoteRecovery(peer, epoch, entry, held.taken))

"""One look at one log: its checkpoint, then its tiles, then its entries, in that order.

The same for the peer's own log and for what it shows of others': the first is
followed, the second compared; where a member is not to be reached, its log is
followed from whoever mirrors it, for everything in it authenticates itself.
"""

from typing import assert_never

from detente.errors import UnitError
from detente.exchange.protocol.chains import ask_chain
from detente.exchange.protocol.commands import (
    Accept,
    Cosign,
    HoldBack,
    KeepProof,
    Merge,
    NoteTime,
    Place,
    Record,
    StopSigning,
)
from detente.exchange.protocol.comparing import Forked, Later, Newer, Older, Same, compare
from detente.exchange.protocol.judging import Bench, judge, renewed
from detente.exchange.protocol.limits import (
    BUNDLES_AHEAD_MAX,
    CHECKPOINT_BYTES_MAX,
    CONTENTS_WAITING_MAX,
    ENTRIES_BYTES_MAX,
    TILE_BYTES_MAX,
    TILES_KEPT_MAX,
)
from detente.exchange.protocol.notes import SeenNote, is_vouched, read_note
from detente.exchange.protocol.paths import tile_path
from detente.exchange.protocol.state import ForBundle, ForNote, ForTile, Phase, Visit
from detente.exchange.protocol.trees import (
    Fetched,
    Proven,
    TileWanted,
    check_bundle,
    cut_bundle,
    tiles_above,
)
from detente.exchange.protocol.turn import Turn
from detente.exchange.protocol.witnessing import accuse_cosigners, accuse_shrunk
from detente.proofs import pack_fork
from detente.statements.times import CLOCK_SKEW
from detente.tlog import MirrorError, TilePath
from detente.tlog.tiles import TILE_WIDTH


def begin_visit(turn: Turn, origin: str, path: str) -> None:
    """Ask for a log's checkpoint."""
    turn.set(visit=Visit(origin=origin, path=path))
    turn.ask(ForNote(), path, CHECKPOINT_BYTES_MAX)


def end_visit(turn: Turn, *, is_done: bool) -> None:
    """Leave the log; `is_done` where its checkpoint was dealt with to the end."""
    visit = turn.state.visit
    if visit is not None and visit.seen is not None and is_done:
        turn.set(done={**turn.state.done, visit.path: visit.seen.note})
    elsewhere = (ForNote, ForTile, ForBundle)
    requests = {
        number: purpose
        for number, purpose in turn.state.requests.items()
        if not isinstance(purpose, elsewhere)
    }
    turn.set(visit=None, requests=requests)


def on_answer(turn: Turn, purpose: ForNote | ForTile | ForBundle, data: bytes | None) -> None:
    """Take what came for the visit, or that the peer has no such thing."""
    match purpose:
        case ForNote() if data is None:
            end_visit(turn, is_done=False)
        case ForNote():
            on_note(turn, data or b"")
        case ForTile():
            on_tile(turn, purpose, data)
        case ForBundle():
            on_bundle(turn, purpose, data)
        case _:
            assert_never(purpose)


def on_note(turn: Turn, note: bytes) -> None:
    """Check a checkpoint's signatures and hold it against what is here."""
    visit = turn.visiting()
    if turn.state.done.get(visit.path) == note and turn.held(visit.origin).is_whole:
        end_visit(turn, is_done=False)
        return
    try:
        seen = read_note(note, visit.origin, turn.state.roster)
    except UnitError as error:
        turn.fault(f"its checkpoint of log {visit.origin}: {error.message}", note)
        end_visit(turn, is_done=False)
        return
    turn.visiting(seen=seen, phase=Phase.COMPARING)
    accuse_shrunk(turn, visit.path, seen)
    _note_times(turn, seen)
    go_on(turn)


def _note_times(turn: Turn, seen: SeenNote) -> None:
    """Hold the clock against what the peer signed, and against whatever is signed ahead of it.

    What somebody else signed and the peer passes on may be old, and shows nothing then.
    """
    peer, roster = turn.state.peer, turn.state.roster
    stamps = {roster.owner(seen.origin) or "": seen.signed_at}
    for one in seen.cosigners:
        who = roster.cosigners[one.verifier.name, one.verifier.key_id][0]
        stamps[who] = max(stamps.get(who, 0), one.timestamp or 0)
    ahead = turn.state.now.timestamp() + CLOCK_SKEW.total_seconds()
    for who, at in stamps.items():
        if who != roster.me and at and (who == peer or at > ahead):
            turn.do(NoteTime(who, at))


def on_tile(turn: Turn, purpose: ForTile, data: bytes | None) -> None:
    """Take a tile, or that there is none, and go on."""
    visit = turn.visiting()
    if len(visit.tiles) >= TILES_KEPT_MAX:
        turn.fault(f"the tree of log {visit.origin} needs more tiles than any", b"")
        end_visit(turn, is_done=False)
        return
    turn.visiting(tiles={**visit.tiles, (purpose.place, purpose.path): data})
    go_on(turn)


def on_bundle(turn: Turn, purpose: ForBundle, data: bytes | None) -> None:
    """Take an entry bundle, or ask for the full one where the partial one is gone."""
    visit = turn.visiting()
    if data is None:
        if not purpose.path.is_partial:
            turn.fault(f"{purpose.path} of log {visit.origin} is withheld", _note(visit))
            end_visit(turn, is_done=False)
            return
        _ask_bundle(turn, visit.origin, purpose.path.full, purpose.width)
        return
    bundles = {**visit.bundles, purpose.path.index: cut_bundle(data, purpose.width)}
    turn.visiting(bundles=bundles, asked=visit.asked - {purpose.path.index})
    go_on(turn)


def on_recorded(turn: Turn, origin: str) -> None:
    """Go on after what is held of a log changed, by this visit or by another."""
    visit = turn.state.visit
    if visit is None or visit.origin != origin or visit.seen is None:
        return
    held = turn.held(origin)
    if held.forked is None and held.checkpoint == visit.seen.checkpoint:
        turn.visiting(phase=Phase.TAKING)
    else:
        turn.visiting(phase=Phase.COMPARING)
    go_on(turn)


def go_on(turn: Turn) -> None:
    """Do what the phase of the visit asks for, as far as what came allows."""
    visit = turn.visiting()
    try:
        match visit.phase:
            case Phase.COMPARING:
                _compare(turn, visit)
            case Phase.TAKING:
                _take(turn, visit)
            case Phase.ASKED | Phase.ACCEPTING | Phase.RECORDING:
                pass
            case _:
                assert_never(visit.phase)
    except TileWanted as wanted:
        _ask_tile(turn, visit.origin, wanted)
    except UnitError as error:
        turn.fault(f"log {visit.origin}: {error.message}", _note(visit))
        end_visit(turn, is_done=False)


def _compare(turn: Turn, visit: Visit) -> None:
    seen, held = visit.seen, turn.held(visit.origin)
    if seen is None:
        return
    match compare(held, seen, visit.tiles):
        case Same() if held.forked is not None:
            end_visit(turn, is_done=True)
        case Same():
            turn.visiting(phase=Phase.TAKING)
            go_on(turn)
        case Older():
            _merge(turn, seen)
            end_visit(turn, is_done=True)
        case Newer() as newer:
            _accept(turn, visit, seen, newer)
        case Forked() as forked:
            _show_fork(turn, seen, forked)
        case Later():
            end_visit(turn, is_done=False)


def _accept(turn: Turn, visit: Visit, seen: SeenNote, newer: Newer) -> None:
    held = turn.held(visit.origin)
    if turn.state.roster.owner(visit.origin) == turn.state.roster.me:
        turn.do(StopSigning(seen.note))
        end_visit(turn, is_done=False)
    elif held.forked is not None:
        end_visit(turn, is_done=True)
    else:
        turn.visiting(phase=Phase.ACCEPTING)
        turn.do(Accept(visit.origin, seen.note, newer.edge.tiles))


def _show_fork(turn: Turn, seen: SeenNote, forked: Forked) -> None:
    held = turn.held(seen.origin)
    accused = turn.state.roster.owner(seen.origin) or seen.origin
    at = held.taken if forked.at is None else min(forked.at, held.taken)
    is_news = held.forked is None or at < held.forked
    if is_news:
        turn.do(KeepProof(pack_fork(forked.proof), accused))
    accuse_cosigners(turn, held, seen, forked)
    if is_news:
        turn.do(HoldBack(seen.origin, at))
    end_visit(turn, is_done=True)


def _merge(turn: Turn, seen: SeenNote) -> None:
    me = turn.state.roster.me
    if any(turn.state.roster.cosigners[key][0] != me for key in _keys(seen)):
        turn.do(Merge(seen.origin, seen.note))


def _keys(seen: SeenNote) -> list[tuple[str, bytes]]:
    return [(one.verifier.name, one.verifier.key_id) for one in seen.cosigners]


def _take(turn: Turn, visit: Visit) -> None:
    held, seen = turn.held(visit.origin), visit.seen
    if seen is None:
        return
    if held.is_whole:
        # Also where it was whole before: a process may have stopped before it cosigned.
        if turn.state.roster.owner(visit.origin) != turn.state.roster.me:
            turn.do(Cosign(visit.origin))
        _merge(turn, seen)
        end_visit(turn, is_done=True)
        return
    if len(turn.state.contents) > CONTENTS_WAITING_MAX:
        # What is addressed to us is fetched first; the next round goes on here, at once after.
        turn.set(is_held_up=True)
        end_visit(turn, is_done=False)
        return
    _ask_ahead(turn)
    index = held.taken // TILE_WIDTH
    data = visit.bundles.get(index)
    if data is not None:
        _judge(turn, turn.visiting(), seen, index, data)


def _judge(turn: Turn, visit: Visit, seen: SeenNote, index: int, data: bytes) -> None:
    held, roster = turn.held(visit.origin), turn.state.roster
    tree = Proven(Fetched(Place.PEER, visit.tiles), held.edge)
    path = _bundle_path(index, held.checkpoint.size)
    entries = check_bundle(tree, path, data)
    tiles = [(path, data), *tiles_above(tree, path, entries)]
    bench = Bench(
        origin=visit.origin,
        owner=roster.owner(visit.origin) or "",
        epoch=seen.epoch,
        now=turn.state.now,
        is_vouched=is_vouched(seen, roster),
        cut=_cut(turn, roster.owner(visit.origin), seen.epoch),
        clock=turn.state.clock,
        signed_at=seen.signed_at,
    )
    fresh = entries[held.taken - index * TILE_WIDTH :]
    judged = judge(fresh, held.taken, bench, roster, held.spent)
    if judged.needs_chain:
        ask_chain(turn)
    if judged.end == held.taken:
        if judged.over:
            # Nothing wrong with the log: its owner said more than its quota of the day.
            turn.fault(f"log {visit.origin}: {judged.over}", seen.note, by=bench.owner)
        end_visit(turn, is_done=False)
        return
    bundles = {place: data for place, data in visit.bundles.items() if place > index}
    turn.set(roster=renewed(judged.roster, judged.roster.chain))
    turn.visiting(phase=Phase.RECORDING, bundles=bundles)
    turn.do(
        Record(
            origin=visit.origin,
            start=held.taken,
            end=judged.end,
            tiles=tuple(tiles),
            said=judged.said,
            faults=judged.faults,
            spent=judged.spent,
        )
    )


def _cut(turn: Turn, owner: str | None, epoch: int) -> int | None:
    recovery = turn.state.recoveries.get(owner or "")
    return recovery.cut if recovery is not None and recovery.epoch == epoch + 1 else None


def _ask_ahead(turn: Turn) -> None:
    """Keep some bundles on their way, so that a far peer is not waited for one by one."""
    visit = turn.visiting()
    held = turn.held(visit.origin)
    first, last = held.taken // TILE_WIDTH, (held.checkpoint.size - 1) // TILE_WIDTH
    for index in range(first, min(first + BUNDLES_AHEAD_MAX, last + 1)):
        if index not in visit.bundles and index not in visit.asked:
            path = _bundle_path(index, held.checkpoint.size)
            _ask_bundle(turn, visit.origin, path, path.width)


def _ask_bundle(turn: Turn, origin: str, path: TilePath, width: int) -> None:
    turn.ask(ForBundle(path, width), tile_path(origin, path), ENTRIES_BYTES_MAX)
    turn.visiting(asked=turn.visiting().asked | {path.index})


def _ask_tile(turn: Turn, origin: str, wanted: TileWanted) -> None:
    if wanted.path.level is None:
        raise MirrorError(f"{wanted.path} is an entry bundle where a hash tile is wanted")
    purpose = ForTile(wanted.place, wanted.path)
    if not turn.is_asked(purpose):
        turn.ask(purpose, tile_path(origin, wanted.path), TILE_BYTES_MAX, wanted.place)


def _bundle_path(index: int, size: int) -> TilePath:
    return TilePath(None, index, min(TILE_WIDTH, size - index * TILE_WIDTH))


def _note(visit: Visit) -> bytes:
    return b"" if visit.seen is None else visit.seen.note

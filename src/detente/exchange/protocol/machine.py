"""`step`: events in, the next state and what is to be done out. One machine for each peer.

A round looks at the peer's own log first, then at what the peer shows of every other
log, then at the proofs it holds. Contents are fetched meanwhile. Nothing here waits for
another peer's machine; all meet only in what this node holds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from detente.exchange.protocol import chains, contents, evidence, openings, papers, visiting
from detente.exchange.protocol.commands import Command, Wait
from detente.exchange.protocol.events import (
    Clocked,
    Event,
    Failed,
    Fetched,
    Hinted,
    Kept,
    Learnt,
    Opened,
    Proven,
    Recorded,
    Recoveries,
    Reminded,
    Ticked,
    Unopened,
    Wanted,
)
from detente.exchange.protocol.judging import renewed
from detente.exchange.protocol.limits import (
    BACK_OFF_LEAST,
    BACK_OFF_MOST,
    HINT_LEAST,
    JITTER,
    ROUND_EVERY,
)
from detente.exchange.protocol.model import Clock, Held
from detente.exchange.protocol.paths import checkpoint_path, cosigned_path
from detente.exchange.protocol.roster import Roster
from detente.exchange.protocol.state import (
    ForBundle,
    ForChain,
    ForNote,
    ForOpening,
    ForPaper,
    ForPart,
    ForPolicy,
    ForProof,
    ForProofs,
    ForTile,
    PeerState,
)
from detente.exchange.protocol.turn import Turn


def begin(
    peer: str,
    roster: Roster,
    held: Mapping[str, Held],
    *,
    now: datetime,
    proofs: frozenset[str] = frozenset(),
    clock: Clock = Clock.SURE,
) -> PeerState:
    """Return the state of a pull that did nothing yet, from what storage holds.

    Args:
        peer: hex member id.
        roster: who may sign what.
        held: by origin, this node's own logs too.
        now: aware UTC.
        proofs: digests of the proofs held here.
        clock: what this node thinks of its own.
    """
    return PeerState(peer=peer, roster=roster, held=dict(held), now=now, proofs=proofs, clock=clock)


def step(state: PeerState, *events: Event) -> tuple[PeerState, tuple[Command, ...]]:
    """Take events in, one after the other. Pure: the same state and events, the same answer."""
    turn = Turn(state)
    last = len(events) - 1
    for number, event in enumerate(events):
        _take(turn, event)
        if number == last and turn.is_room:
            contents.fetch_contents(turn)
        _next_look(turn)
    return turn.state, tuple(turn.commands)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case Ticked() | Hinted():
            _wake(turn, event)
        case Fetched() | Kept() | Failed():
            _answer(turn, event)
        case Recorded() | Learnt() | Proven() | Clocked():
            _learn(turn, event)
        case Reminded():
            contents.on_reminded(turn, event.awaits)
        case Recoveries() | Wanted():
            _remember(turn, event)
        case Opened():
            _on_opened(turn, event)
        case Unopened():
            contents.on_unopened(turn, event.payload_hash, event.reason)
        case _:
            assert_never(event)


def _on_opened(turn: Turn, event: Opened) -> None:
    """Take up what came; what many contents held up goes on in a round of its own."""
    if contents.on_opened(turn, event.payload_hash) and not turn.state.is_in_round:
        turn.do(Wait(next_round(turn.state)))


def _remember(turn: Turn, event: Recoveries | Wanted) -> None:
    """Take up what storage says is still under way."""
    if isinstance(event, Recoveries):
        openings.on_recoveries(turn, event.pending)
    else:
        papers.ask_papers(turn, event.papers)


def _learn(turn: Turn, event: Recorded | Learnt | Proven | Clocked) -> None:
    """Take up what this node holds now, whichever peer it came from."""
    state = turn.state
    match event:
        case Recorded():
            turn.set(held={**state.held, event.held.origin: event.held})
            contents.await_contents(turn, event.awaits)
            visiting.on_recorded(turn, event.held.origin)
        case Learnt():
            turn.set(roster=renewed(state.roster, event.chain))
        case Proven():
            accused = state.accused | {(event.kind, event.accused)}
            turn.set(proofs=state.proofs | {event.digest}, accused=accused)
        case Clocked():
            turn.set(clock=event.clock)
        case _:
            assert_never(event)


def next_round(state: PeerState) -> datetime:
    """Return when the next round is due, with back-off and jitter."""
    if state.began is None or state.began > state.now:  # the clock was set back
        return state.now
    if state.is_hinted and not state.failures:
        return state.began + HINT_LEAST
    if state.failures:
        doubled = BACK_OFF_LEAST.total_seconds() * 2.0 ** min(state.failures - 1, 32)
        wait = min(doubled, BACK_OFF_MOST.total_seconds())
    else:
        wait = ROUND_EVERY.total_seconds()
    return state.began + timedelta(seconds=wait * (1 + JITTER * state.chance))


def _wake(turn: Turn, event: Ticked | Hinted) -> None:
    if isinstance(event, Hinted):
        turn.set(is_hinted=True)
    else:
        turn.set(now=event.now, chance=event.chance)
    if turn.state.is_in_round:
        return
    due = next_round(turn.state)
    if turn.state.now < due:
        turn.do(Wait(due))
    else:
        _begin_round(turn)


def _begin_round(turn: Turn) -> None:
    roster, peer = turn.state.roster, turn.state.peer
    own = [origin for origin in roster.origins if roster.owner(origin) == peer]
    others = [origin for origin in roster.origins if roster.owner(origin) != peer]
    looks = [(origin, checkpoint_path(origin)) for origin in reversed(own)]
    if roster.charter.witnesses:
        # What outsiders cosigned of a log, its owner alone was told.
        looks += [(origin, cosigned_path(origin)) for origin in own[-1:]]
    looks += [(origin, cosigned_path(origin)) for origin in others]
    turn.set(is_in_round=True, is_hinted=False, began=turn.state.now, looks=tuple(looks))
    contents.remind(turn)
    openings.ask_opening(turn)
    evidence.ask_proofs(turn)


def _next_look(turn: Turn) -> None:
    """Look at the next log where none is being looked at, or end the round."""
    if not turn.state.is_in_round or turn.state.visit is not None:
        return
    if turn.state.looks:
        (origin, path), *rest = turn.state.looks
        turn.set(looks=tuple(rest))
        visiting.begin_visit(turn, origin, path)
    elif all(isinstance(purpose, ForPart) for purpose in turn.state.requests.values()):
        openings.settle_due(turn)
        turn.set(is_in_round=False, failures=0)
        turn.do(Wait(next_round(turn.state)))


def _answer(turn: Turn, event: Fetched | Kept | Failed) -> None:
    purpose = turn.answered(event.request)
    missing = isinstance(event, Failed) and event.missing
    data = event.data if isinstance(event, Fetched) else None
    match purpose:
        case None:
            pass
        case ForPart() if isinstance(event, Kept):
            contents.on_part(turn, purpose)
        case ForPart():
            contents.on_part_failed(turn, purpose, missing=missing)
        case _ if data is None and not missing:
            _give_up(turn)
        case ForProofs() | ForProof() | ForPolicy():
            evidence.on_answer(turn, purpose, data)
        case ForOpening() | ForPaper() | ForChain():
            _on_charter_traffic(turn, purpose, data)
        case ForNote() | ForTile() | ForBundle():
            visiting.on_answer(turn, purpose, data)
        case _:
            assert_never(purpose)


def _on_charter_traffic(
    turn: Turn, purpose: ForOpening | ForPaper | ForChain, data: bytes | None
) -> None:
    match purpose:
        case ForOpening():
            openings.on_opening(turn, purpose, data)
        case ForPaper():
            papers.on_paper(turn, purpose, data)
        case ForChain():
            chains.on_chain(turn, data)


def _give_up(turn: Turn) -> None:
    """End the round: the peer does not answer. What is on its way is no longer waited for."""
    visiting.end_visit(turn, is_done=False)
    failures = turn.state.failures + 1
    turn.set(
        is_in_round=False,
        looks=(),
        requests={},
        contents={},
        wanted_proofs=(),
        failures=failures,
    )
    turn.do(Wait(next_round(turn.state)))

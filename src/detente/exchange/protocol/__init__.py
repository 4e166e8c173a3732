"""How one node pulls what another shows: pure, so that sockets and simulation run the same code.

For: `step(state, event) -> (state, commands)` for one peer. Trusts: the charter chain in
the state, and that commands are performed as written; no byte of the peer. Follows:
trust.md sections 2, 3, 5 and 7; C2SP tlog-tiles and tlog-witness (monitoring path).
"""

from detente.exchange.protocol.commands import Command, Place
from detente.exchange.protocol.events import Event
from detente.exchange.protocol.machine import begin, next_round, step
from detente.exchange.protocol.model import Accepted, Awaited, Held
from detente.exchange.protocol.roster import Roster
from detente.exchange.protocol.state import PeerState

__all__ = [
    "Accepted",
    "Awaited",
    "Command",
    "Event",
    "Held",
    "PeerState",
    "Place",
    "Roster",
    "begin",
    "next_round",
    "step",
]

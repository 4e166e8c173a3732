"""A peer knows a later charter: its chain is fetched, and judged version by version.

Nobody's word is taken for it. The chain carries the ballots and their settled receipts, so
a node that was away when they were cast needs none of the logs of that time.
"""

from dataclasses import replace

from detente.errors import UnitError
from detente.exchange.protocol.commands import KeepChain
from detente.exchange.protocol.limits import CHAIN_BYTES_MAX
from detente.exchange.protocol.paths import CHAIN
from detente.exchange.protocol.state import ForChain
from detente.exchange.protocol.turn import Turn
from detente.proofs import ChainError, ChainFile, CharterChain, verify_chain


def ask_chain(turn: Turn) -> None:
    """Ask the peer for its charter chain, once at a time."""
    if not turn.is_asked(ForChain()):
        turn.ask(ForChain(), CHAIN, CHAIN_BYTES_MAX)


def on_chain(turn: Turn, data: bytes | None) -> None:
    """Keep the versions that the peer's chain has beyond ours, if they hold."""
    if data is None:
        return
    try:
        chain = with_versions(turn.state.roster.chain, ChainFile.parse(data))
    except UnitError as error:
        turn.fault(f"its charter chain: {error.message}", data)
    else:
        if chain is not turn.state.roster.chain:
            turn.do(KeepChain(chain))


def with_versions(chain: CharterChain, other: ChainFile) -> CharterChain:
    """Return a chain with the versions of another that continue its own; itself if there are none.

    What members said about their keys stays as it was received here; what only the other
    has of it comes after, where its versions need it.

    Raises:
        UnitError: the other's later versions do not hold.
    """
    own = chain.file
    if len(other.charters) <= len(own.charters):
        return chain
    if other.charters[: len(own.charters)] != own.charters:
        raise ChainError("another history of charters than the one known here")
    grown = replace(
        own,
        charters=other.charters,
        acceptances=tuple(dict.fromkeys((*own.acceptances, *other.acceptances))),
        certificates=other.certificates,
        removed=other.removed,
        ballots=other.ballots,
        receipts=other.receipts,
    )
    try:
        return verify_chain(grown)
    except UnitError:
        more = [
            (entry, seen)
            for entry, seen in zip(other.avowals, other.seen, strict=True)
            if entry not in own.avowals
        ]
        return verify_chain(
            replace(
                grown,
                avowals=(*own.avowals, *(entry for entry, _ in more)),
                seen=(*own.seen, *(seen for _, seen in more)),
            )
        )

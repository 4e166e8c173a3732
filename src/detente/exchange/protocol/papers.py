"""What ballots are about: charters and acceptances, fetched by the hash that a ballot names."""

from hashlib import sha256

from detente.charter import CHARTER_BYTES_MAX
from detente.exchange.protocol.commands import KeepPaper
from detente.exchange.protocol.limits import PAPERS_AT_ONCE_MAX
from detente.exchange.protocol.paths import paper_path
from detente.exchange.protocol.state import ForPaper
from detente.exchange.protocol.turn import Turn
from detente.signing import Envelope, EnvelopeError


def ask_papers(turn: Turn, wanted: tuple[str, ...]) -> None:
    """Ask the peer for some of the papers that are not here; it may have none of them."""
    for name in wanted[:PAPERS_AT_ONCE_MAX]:
        if not turn.is_asked(ForPaper(name)):
            turn.ask(ForPaper(name), paper_path(name), CHARTER_BYTES_MAX)


def on_paper(turn: Turn, purpose: ForPaper, data: bytes | None) -> None:
    """Keep a paper if it is the one that was named."""
    if data is None:
        return
    if is_named(purpose.name, data):
        turn.do(KeepPaper(purpose.name, data))
    else:
        turn.fault("other bytes than the paper it was asked for", data)


def is_named(name: str, data: bytes) -> bool:
    """Say whether a charter has this digest, or an acceptance this payload hash."""
    if sha256(data).hexdigest() == name:
        return True
    try:
        return Envelope.parse(data).payload_hash == name
    except EnvelopeError:
        return False

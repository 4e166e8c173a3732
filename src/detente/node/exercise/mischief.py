"""What the liar does: the shipped log with a hostile author, on its own real keys."""

import asyncio
from collections.abc import Callable

from detente.charter import KeySlot
from detente.node.author import header_at
from detente.node.clock import now
from detente.node.exercise.cast import Company
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.speaking import append, limits_of, own_log
from detente.signing import Envelope, Signer
from detente.statements import Clear, Position, Sealed, sign_statement

Say = Callable[[Position], Sealed | Clear]


def say_anything(unit: Company, name: str, say: Say) -> tuple[Acknowledged, bytes]:
    """Append whatever `say` makes of its place, signed as a statement; return the entry too."""
    home = unit.homes[name]
    entries: list[bytes] = []

    def sign(_draft: None, epoch: int, seq: int) -> Envelope:
        position = Position(
            unit=unit.charter.unit_id, issuer=home.identity.member, epoch=epoch, seq=seq
        )
        header = header_at(unit.charter.digest, position, say(position), now())
        envelope = sign_statement(header, statement_signer(home)).envelope
        entries.append(envelope.to_bytes())
        return envelope

    said = append(own_log(home), sign, [None], now, limits=limits_of(home))
    (acknowledged,) = asyncio.run(said)
    return acknowledged, entries[-1]


def statement_signer(home: Home) -> Signer:
    """Return who signs this member's statements."""
    return home.signer(KeySlot.STATEMENT)

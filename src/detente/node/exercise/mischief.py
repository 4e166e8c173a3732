"""What the liar does: the shipped log with a hostile author, on its own real keys."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from detente.charter import Charter, KeySlot
from detente.node.clock import now
from detente.node.exercise.cast import Company
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.sequencer import Sequencer
from detente.node.speaking import own_log
from detente.signing import Envelope, Signer
from detente.statements import Clear, Header, Position, Sealed, sign_statement

Say = Callable[[Position], Sealed | Clear]


def header_at(
    charter: Charter, position: Position, says: Sealed | Clear, *, time: datetime
) -> Header:
    """Return a header for any place, honest or not."""
    return Header(
        unit=position.unit,
        charter=charter.digest,
        issuer=position.issuer,
        epoch=position.epoch,
        seq=position.seq,
        time=time,
        says=says,
    )


def say_anything(unit: Company, name: str, say: Say) -> tuple[Acknowledged, bytes]:
    """Append whatever `say` makes of its place, signed as a statement; return the entry too."""
    home = unit.homes[name]
    entries: list[bytes] = []

    def sign(_draft: None, epoch: int, seq: int) -> Envelope:
        position = Position(
            unit=unit.charter.unit_id, issuer=home.identity.member, epoch=epoch, seq=seq
        )
        header = header_at(unit.charter, position, say(position), time=now())
        envelope = sign_statement(header, statement_signer(home)).envelope
        entries.append(envelope.to_bytes())
        return envelope

    return asyncio.run(_append(home, sign)), entries[-1]


def statement_signer(home: Home) -> Signer:
    """Return who signs this member's statements."""
    return home.signer(KeySlot.STATEMENT)


async def _append(home: Home, sign: Callable[[None, int, int], Envelope]) -> Acknowledged:
    sequencer = Sequencer[None](own_log(home), sign=sign, now=now)
    await sequencer.start()
    try:
        said = await sequencer.submit(None)
        await sequencer.covered(said.seq)
    finally:
        await sequencer.close()
    return said

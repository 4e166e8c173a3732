"""When a member last gave a sign of life, as this node saw it itself.

Its own dated signatures on others' logs count, and the moment at which this node cosigned
the newest of its log. What third parties say of it does not: they could hide its silence.
"""

from datetime import UTC, datetime
from typing import Protocol

from detente.exchange.protocol import Roster
from detente.tlog import NoteError, SignedNote


class Shelf(Protocol):
    """Where cosigned checkpoints are kept."""

    @property
    def roster(self) -> Roster:
        """Who may sign what."""
        ...

    def shown(self, origin: str) -> bytes | None:
        """Return the newest checkpoint of a log with the cosignatures gathered here."""
        ...


def last_seen(shelf: Shelf, member: str) -> datetime:
    """Return the newest sign of life of a member; its entry into the charter where none came."""
    roster = shelf.roster
    stood = [each for each in roster.chain.charters if member in each.member_ids]
    seen = stood[0].created if stood else datetime.fromtimestamp(0, UTC)
    for origin in roster.origins:
        note = shelf.shown(origin)
        if note:
            wanted = roster.me if roster.owner(origin) == member else member
            seen = max(seen, _newest_line(roster, note, wanted, seen))
    return seen


def _newest_line(roster: Roster, note: bytes, by: str, seen: datetime) -> datetime:
    signed = SignedNote.parse(note)
    for line in signed.lines:
        who, verifier = roster.cosigners.get((line.name, line.key_id), ("", None))
        if who != by or verifier is None:
            continue
        try:
            stamp = roster.check_line(verifier, signed.text, line)
        except NoteError:
            continue
        seen = max(seen, datetime.fromtimestamp(stamp or 0, UTC))
    return seen

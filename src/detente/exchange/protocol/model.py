"""What a node holds of each log, and what is still to come."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from detente.charter import Spent
from detente.signing import EMPTY_ROOT
from detente.statements import Statement
from detente.tlog import Checkpoint, Frontier

_NOTHING = Spent(day=date(1, 1, 1))


class Clock(Enum):
    """What this node thinks of its own clock, held against what others sign."""

    SURE = "others sign at the same time"
    UNSURE = "too few others were heard yet"
    WRONG = "one honest other at least signs at another time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What this node holds of one log. Everything in it stands in storage too.

    Attributes:
        origin: the log.
        note: the newest checkpoint note accepted: signed, and consistent with all before.
            Empty where none is.
        checkpoint: its text; the empty tree where there is no note.
        edge: the right edge of its tree, proven up to its root.
        taken: entries judged and kept so far; equals the size when nothing is missing.
        complete: the newest note of which every entry was taken; empty where none is.
        spent: of the quota of the log's owner today.
        forked: None, or the first entry that the log has in two versions: from there on
            nothing in it counts.
    """

    origin: str
    note: bytes = b""
    checkpoint: Checkpoint
    edge: Frontier = field(default_factory=Frontier, repr=False)
    taken: int = 0
    complete: bytes = b""
    spent: Spent = _NOTHING
    forked: int | None = None

    @classmethod
    def nothing(cls, origin: str) -> "Held":
        """Return what is held of a log before its first checkpoint came."""
        return cls(origin=origin, checkpoint=Checkpoint(origin, 0, EMPTY_ROOT))

    @property
    def is_whole(self) -> bool:
        """True where every entry under the newest note was taken."""
        return self.taken == self.checkpoint.size


@dataclass(frozen=True, slots=True)
class Accepted:
    """A statement that counts where it stands: log, place, key and charter were checked.

    Attributes:
        statement: what was said.
        origin: of the log it stands in.
        entry: its bytes there.
        awaits: what of its content is to come, where it is addressed to this member.
    """

    statement: Statement
    origin: str
    entry: bytes = field(repr=False)
    awaits: "Awaited | None" = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """Content that is addressed to this member and not opened yet.

    Attributes:
        payload_hash: of the statement.
        issuer: hex member id.
        origin: of the log.
        seq: place in it.
        wrap: hex hash of the content key, sealed to this member.
        ciphertext: hex hash of the encrypted content.
        size: bytes of the ciphertext.
        entry: the statement, as it stands in the log.
        parsed: the same, where it was parsed just now; else who needs it parses the entry.
    """

    payload_hash: str
    issuer: str
    origin: str
    seq: int
    wrap: str
    ciphertext: str
    size: int
    entry: bytes = field(repr=False)
    parsed: Statement | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery that was received and does not count yet: 72 hours, unless contested.

    Attributes:
        member: hex id of who recovers.
        epoch: that it opens.
        entry: the statement, entry 0 of that epoch's log.
        cut: entries of the epoch before that were taken when it came; what the old keys say
            from there on counts for nothing, but for what protects the member.
        seen: when it came, by this node's clock.
    """

    member: str
    epoch: int
    entry: bytes = field(repr=False)
    cut: int
    seen: datetime

"""What the pull of one peer remembers between two events; all of it can be made anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from detente.exchange.protocol.commands import Place
from detente.exchange.protocol.limits import SMALL_CONTENT_BYTES_MAX
from detente.exchange.protocol.model import Awaited, Clock, Held, Recovery
from detente.exchange.protocol.notes import SeenNote
from detente.exchange.protocol.roster import Roster
from detente.tlog import TilePath


class Phase(Enum):
    """How far the visit to one log is."""

    ASKED = "its checkpoint was asked for"
    COMPARING = "the checkpoint is held against what is here"
    ACCEPTING = "it is being made durable that it was accepted"
    TAKING = "entries are fetched and judged"
    RECORDING = "judged entries are being made durable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at one log on the peer's face.

    Attributes:
        origin: the log.
        path: where its checkpoint stands there.
        phase: how far it is.
        seen: the checkpoint, once its signatures were checked.
        tiles: fetched so far, from the peer and from here.
        bundles: fetched and not judged yet, by index.
        asked: bundles that are on their way, by index.
    """

    origin: str
    path: str
    phase: Phase = Phase.ASKED
    seen: SeenNote | None = None
    tiles: Mapping[tuple[Place, TilePath], bytes | None] = field(default_factory=dict, repr=False)
    bundles: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    asked: frozenset[int] = frozenset()


class Part(Enum):
    """Which part of a content."""

    WRAP = "wrap"
    CIPHERTEXT = "ciphertext"


@dataclass(frozen=True, slots=True)
class Content:
    """A content on its way.

    Attributes:
        awaited: which.
        missing: parts that are not here yet.
        is_opening: both are here, and it is being opened.
    """

    awaited: Awaited
    missing: tuple[Part, ...] = (Part.WRAP, Part.CIPHERTEXT)
    is_opening: bool = False

    @property
    def is_small(self) -> bool:
        """True where it may come in memory, with many others."""
        return self.awaited.size <= SMALL_CONTENT_BYTES_MAX


@dataclass(frozen=True, slots=True)
class ForNote:
    """A request for the checkpoint of the visit."""


@dataclass(frozen=True, slots=True)
class ForTile:
    """A request for a hash tile of the visit."""

    place: Place
    path: TilePath


@dataclass(frozen=True, slots=True)
class ForBundle:
    """A request for an entry bundle of the visit; wider than wanted where it grew meanwhile."""

    path: TilePath
    width: int


@dataclass(frozen=True, slots=True)
class ForPart:
    """A request for a part of a content."""

    payload_hash: str
    part: Part


@dataclass(frozen=True, slots=True)
class ForProofs:
    """A request for the list of proofs."""


@dataclass(frozen=True, slots=True)
class ForProof:
    """A request for one proof."""

    digest: str


@dataclass(frozen=True, slots=True)
class ForPolicy:
    """A request for the peer's charter chain, under which a doubted proof is judged once more.

    Attributes:
        digest: of the proof.
        data: the proof.
    """

    digest: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ForPaper:
    """A request for a paper that a ballot names."""

    name: str


@dataclass(frozen=True, slots=True)
class ForChain:
    """A request for the peer's charter chain."""


@dataclass(frozen=True, slots=True)
class ForOpening:
    """A request for the beginning of the peer's next epoch: its checkpoint, then its entries.

    Attributes:
        origin: of the log that epoch would have.
        path: of the entry bundle; None while the checkpoint is asked for.
    """

    origin: str
    path: TilePath | None = None


Purpose = (
    ForNote
    | ForTile
    | ForBundle
    | ForPart
    | ForProofs
    | ForProof
    | ForPolicy
    | ForOpening
    | ForPaper
    | ForChain
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerState:
    """The pull of one peer.

    Attributes:
        peer: hex member id of whose face it is.
        roster: who may sign what.
        now: at the last tick.
        chance: of the last tick.
        held: what this node holds, by origin; its own logs too.
        requests: what is on its way, by number.
        next_request: the next number.
        looks: logs still to look at in this round, with the path of the checkpoint.
        visit: the log looked at just now.
        contents: on their way or waiting for it, by payload hash; the large ones first.
        tries: contents that came and did not open, by payload hash.
        done: by path, the checkpoint that was dealt with to the end.
        recoveries: received and not counting yet, by member.
        proofs: digests of proofs held here, or looked at.
        accused: kind of proof and whom it shows, of those that came up since the start: what is
            shown once is not shown again with other cosignatures on it.
        wanted_proofs: digests still to fetch.
        is_in_round: a round is under way.
        is_hinted: another round is wanted as soon as this one ends.
        is_held_up: entries or contents were left, because many contents wait in memory.
        began: when the last round began.
        clock: what this node thinks of its own.
        failures: rounds in a row that the peer did not answer.
    """

    peer: str
    roster: Roster
    now: datetime
    chance: float = 0.0
    held: Mapping[str, Held] = field(default_factory=dict, repr=False)
    requests: Mapping[int, Purpose] = field(default_factory=dict)
    next_request: int = 1
    looks: tuple[tuple[str, str], ...] = ()
    visit: Visit | None = None
    contents: Mapping[str, Content] = field(default_factory=dict, repr=False)
    tries: Mapping[str, int] = field(default_factory=dict)
    done: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    recoveries: Mapping[str, Recovery] = field(default_factory=dict)
    proofs: frozenset[str] = frozenset()
    accused: frozenset[tuple[str, str]] = frozenset()
    wanted_proofs: tuple[str, ...] = ()
    is_in_round: bool = False
    is_hinted: bool = False
    is_held_up: bool = False
    began: datetime | None = None
    clock: Clock = Clock.SURE
    failures: int = 0

"""What a pull wants done. Perform them in order; a later one may rely on an earlier.

All of them may be performed twice: after a crash the machine is made anew from what
storage holds and asks again for what was not finished.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from detente.charter import Spent
from detente.errors import PeerFault
from detente.exchange.protocol.model import Accepted, Awaited
from detente.proofs import CharterChain, ProofFile
from detente.tlog import TilePath


class Place(Enum):
    """Where something is read."""

    PEER = "the peer's face"
    HERE = "this node's own copies"


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read a path of `paths`, from the peer's face or from one's own files.

    Answer: `Fetched` or `Failed`. Gzip that was not asked for is undone, never beyond the
    limit. Time: `limits.REQUEST_TIMEOUT`.

    Attributes:
        request: number; no other request of this machine has it.
        place: whose face.
        path: below it.
        bytes_max: of the decompressed answer.
    """

    request: int
    place: Place
    path: str
    bytes_max: int


@dataclass(frozen=True, slots=True)
class FetchBlob:
    """Bring `blobs/<digest>` from the peer into one's own blob store, streaming.

    The request is signed with the transport key: a wrap or the ciphertext of a narrow
    audience is given to its readers only. Answer: `Kept` (also where it is here already)
    or `Failed`.

    Attributes:
        request: number.
        digest: hex SHA-256 of what is wanted; other bytes are refused.
        bytes_max: of the answer.
        origin: of the log in which the statement stands that it belongs to.
        seq: place in it.
    """

    request: int
    digest: str
    bytes_max: int
    origin: str
    seq: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Make durable that this checkpoint was accepted, before anything under it is taken.

    It is what shows a fork later. Answer: `Recorded` to all machines.

    Attributes:
        origin: the log.
        note: as it came; signed by the log, consistent with what is held.
        tiles: its right edge, proven up to its root.
    """

    origin: str
    note: bytes = field(repr=False)
    tiles: tuple[tuple[TilePath, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """Take entries: keep them as a mirror does, note what counts, and only then move on.

    They stand under the accepted note. Bundle and tiles first, then statements, faults and
    avowals, last the number of entries taken (in one transaction with what awaits content).
    Where that number is not `start` any more somebody was faster: nothing is done. Answer:
    `Recorded` to all machines, in both cases.

    Attributes:
        origin: the log.
        start: entries taken before.
        end: entries taken after.
        tiles: the entry bundle and the hash tiles above it.
        said: statements that count, in order.
        faults: entries that do not, and why; each alone.
        spent: of the owner's quota, after these.
    """

    origin: str
    start: int
    end: int
    tiles: tuple[tuple[TilePath, bytes], ...] = field(repr=False)
    said: tuple[Accepted, ...] = field(repr=False)
    faults: tuple[PeerFault, ...]
    spent: Spent


@dataclass(frozen=True, slots=True)
class Cosign:
    """Cosign the complete note of a log with the witness and mirror keys, and show it.

    Attributes:
        origin: the log.
    """

    origin: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Put a peer's cosignatures, checked, beside the others of one checkpoint.

    Attributes:
        origin: the log; perhaps one's own.
        note: signed by the log, consistent with what is held here.
    """

    origin: str
    note: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Open:
    """Open content whose wrap and ciphertext are here, check it to the commitment, index it.

    A bad leaf is left out alone and kept as a fault. Answer: `Opened` or `Unopened`.

    Attributes:
        awaited: which.
    """

    awaited: Awaited


@dataclass(frozen=True, slots=True)
class Remind:
    """Hand over contents of one issuer that storage says are still to come.

    Answer: `Recoveries`, `Wanted`, then `Reminded`.

    Attributes:
        issuer: hex member id.
        limit: at most so many, the oldest first.
    """

    issuer: str
    limit: int


@dataclass(frozen=True, slots=True)
class NoteRecovery:
    """Keep that a member's recovery was received, and when: the 72 hours run from there.

    A second one of the same epoch contests the first: both join the charter chain at once,
    which suspends the member, and the two are kept as a proof. Answer: `Recoveries`, and
    then also `Learnt` and `Proven`.

    Attributes:
        member: hex id.
        epoch: that it opens.
        entry: checked to be one that the member could make.
        cut: entries of the epoch before, taken so far.
    """

    member: str
    epoch: int
    entry: bytes = field(repr=False)
    cut: int


@dataclass(frozen=True, slots=True)
class SettleRecovery:
    """Let a member's recovery join the charter chain: 72 hours passed. Answer: `Learnt`.

    Attributes:
        member: hex id.
    """

    member: str


@dataclass(frozen=True, slots=True)
class KeepPaper:
    """Keep a paper that a ballot names: its hash was compared.

    Attributes:
        name: the digest of a charter, or the payload hash of an acceptance.
        data: its bytes.
    """

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeepChain:
    """Keep a charter chain that was verified and has later versions. Answer: `Learnt` to all.

    Attributes:
        chain: verified.
    """

    chain: CharterChain = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeepFault:
    """Keep what a peer did wrong, with the bytes that show it.

    Attributes:
        fault: in words, with the evidence.
    """

    fault: PeerFault


@dataclass(frozen=True, slots=True)
class KeepProof:
    """Keep a proof that verifies under the chain, show it to everybody. Answer: `Proven` to all.

    Attributes:
        proof: the file.
        accused: member id, or name of a witness.
    """

    proof: ProofFile
    accused: str


@dataclass(frozen=True, slots=True)
class NoteTime:
    """Hold this node's clock against a time that somebody signed. Answer: perhaps `Clocked`.

    Attributes:
        who: member id, or name of an outside witness.
        at: POSIX seconds, as signed.
    """

    who: str
    at: int


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Let nothing of a forked log count from entry `at` on. What was said before stays.

    Answer: `Recorded` to all machines.

    Attributes:
        origin: the log.
        at: the first entry it has in two versions, as far as is known; never raised later.
    """

    origin: str
    at: int


@dataclass(frozen=True, slots=True)
class StopSigning:
    """Others hold more of this node's own log than it remembers: it must not sign on.

    Attributes:
        note: signed by its own keys.
    """

    note: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing more to do before then; `Ticked` and `Hinted` wake the machine.

    Attributes:
        until: aware UTC.
    """

    until: datetime


Command = (
    Fetch
    | FetchBlob
    | Accept
    | Record
    | Cosign
    | Merge
    | Open
    | Remind
    | NoteRecovery
    | SettleRecovery
    | KeepPaper
    | KeepChain
    | KeepFault
    | KeepProof
    | NoteTime
    | HoldBack
    | StopSigning
    | Wait
)

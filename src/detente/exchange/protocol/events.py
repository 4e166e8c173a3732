"""What happens to a pull: everything the machine of one peer learns, it learns through these.

Who performs commands answers every `Fetch` and `FetchBlob` with exactly one of
`Fetched`, `Kept` and `Failed`, in any order; after a restart none comes, and none is
needed. `Recorded`, `Learnt` and `Proven` go to the machines of *all* peers.
"""

from dataclasses import dataclass, field
from datetime import datetime

from detente.exchange.protocol.model import Awaited, Clock, Held, Recovery
from detente.proofs import CharterChain


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed. Comes when a `Wait` asked for it, and may come at any other time.

    Attributes:
        now: aware UTC.
        chance: from [0, 1), for the jitter of waits.
    """

    now: datetime
    chance: float


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole answer to a `Fetch`, decompressed, within its limit.

    Attributes:
        request: number of the `Fetch`.
        data: as it came: nothing about it is known.
    """

    request: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a `FetchBlob`: its bytes hash to the digest and are durable here.

    Attributes:
        request: number of the `FetchBlob`.
    """

    request: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request came to nothing.

    Attributes:
        request: number of the `Fetch` or `FetchBlob`.
        reason: for people.
        missing: True where the peer answered and has no such thing (404, no such file); False
            where it did not answer, answered beyond the limit, or with other bytes.
    """

    request: int
    reason: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Hinted:
    """The peer, or anybody, says that a log grew. Believed in nothing but: look now."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What this node holds of a log changed; also sent for its own log when that grew.

    Attributes:
        held: as it is now.
        awaits: contents to come that the step added.
    """

    held: Held
    awaits: tuple[Awaited, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminded:
    """The answer to a `Remind`.

    Attributes:
        awaits: contents still to come.
    """

    awaits: tuple[Awaited, ...]


@dataclass(frozen=True, slots=True)
class Recoveries:
    """Recoveries that were received and do not count yet; also an answer to `Remind`.

    Attributes:
        pending: all of them.
    """

    pending: tuple[Recovery, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Papers that ballots name and that are not here; also an answer to `Remind`.

    Attributes:
        papers: charters by digest, acceptances by payload hash.
    """

    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The charter chain says more: keys, members or versions.

    Attributes:
        chain: verified.
    """

    chain: CharterChain


@dataclass(frozen=True, slots=True)
class Opened:
    """Content was opened, held against its commitment, and indexed; or was so before.

    Attributes:
        payload_hash: of the statement.
    """

    payload_hash: str


@dataclass(frozen=True, slots=True)
class Unopened:
    """Content came and is not what was said: it does not open, or is not what was committed to.

    Attributes:
        payload_hash: of the statement.
        reason: for people.
    """

    payload_hash: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof of misbehaviour is held here now, whoever made it.

    Attributes:
        digest: hex SHA-256 of the file.
        kind: of proof, as it stands in the file.
        accused: member id, or name of a witness.
    """

    digest: str
    kind: str = ""
    accused: str = ""


@dataclass(frozen=True, slots=True)
class Clocked:
    """This node thinks otherwise of its clock now.

    Attributes:
        clock: what it thinks.
    """

    clock: Clock


Event = (
    Ticked
    | Fetched
    | Kept
    | Failed
    | Hinted
    | Recorded
    | Reminded
    | Recoveries
    | Wanted
    | Learnt
    | Opened
    | Unopened
    | Proven
    | Clocked
)

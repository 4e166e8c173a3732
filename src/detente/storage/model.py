"""What the index of statements takes and gives back."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A verified statement, with its place in its log.

    Attributes:
        payload_hash: hex; the statement's id.
        issuer: hex member id.
        origin: of the log.
        seq: index in that log.
        kind: of the content, or of a clear statement.
        said_at: as the issuer claims (UTC, whole seconds).
        ciphertext: hex digest of the content's blob; None where there is none.
    """

    payload_hash: str
    issuer: str
    origin: str
    seq: int
    kind: str
    said_at: datetime
    ciphertext: str | None = None


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A statement in the index.

    Attributes:
        number: in the order in which this node took them, from 1; for paging.
        row: what was stored.
        objects: how many are indexed; None while that is under way.
        erased: its content was erased; the place and the hashes stay.
    """

    number: int
    row: StatementRow
    objects: int | None
    erased: bool


@dataclass(frozen=True, slots=True)
class ObjectHit:
    """One object found, traceable to a receipt through its statement and leaf.

    Attributes:
        after: pass it to the same question to get what follows.
        statement: who said it, and where it stands.
        leaf: its number in the content.
    """

    after: int
    statement: StoredStatement
    leaf: int

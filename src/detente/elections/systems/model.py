"""Requests and letters as the checks take them, and what a check says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a web server's log.

    Attributes:
        line: where it stands in its log, from 1.
        at: seconds since 1970.
        source: the client's address.
        page: what was asked for, without the query.
        query: the query as it was sent, without the question mark.
        status: the answer's status; 0 where the log has none.
        size: bytes of the answer; 0 where the log has none.
        agent: what the client calls itself.
    """

    line: int
    at: float
    source: str
    page: str
    query: str
    status: int
    size: int
    agent: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in a mail log; no body is ever read.

    Attributes:
        line: where it stands in its log, from 1.
        at: seconds since 1970.
        sender: the envelope's or header's address.
        display: the name shown beside it; empty where the log has none.
        recipient: to whom.
        attachment: SHA-256 of what is attached, in hex; empty for nothing.
    """

    line: int
    at: float
    sender: str
    display: str
    recipient: str
    attachment: str

    @property
    def domain(self) -> str:
        """The sender's domain, in lower case."""
        return self.sender.rpartition("@")[2].strip("<> ").lower()


class Sign(StrEnum):
    """What was seen; none of them says why."""

    CAMPAIGN = "campaign_by_target"
    SLOW_THEN_FAST = "slow_then_fast"
    CONSTANT_RATE = "constant_rate"
    QUIET_IN_FLOOD = "quiet_in_flood"
    FLOOD = "flood"
    TOOL_ORDER = "tool_order"
    ENUMERATION = "sequential_enumeration"
    TRUSTED_NAME = "trusted_name_elsewhere"
    NEW_SENDER = "new_sender_to_many"
    LOG_GAP = "log_gap"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign that was seen.

    Attributes:
        sign: which.
        start: of its window, seconds since 1970.
        end: of its window.
        lines: where the evidence stands in the log, ascending.
        said: what is seen, in one sentence with its figures.
        innocent: what would explain it without anybody meaning harm.
        settled_by: what would settle it.
        sources: client addresses or sender domains concerned, the loudest first.
        attachments: SHA-256 of what was attached, the commonest first.
    """

    sign: Sign
    start: float
    end: float
    lines: tuple[int, ...]
    said: str
    innocent: str
    settled_by: str
    sources: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many lines of the log it rests on."""
        return len(self.lines)


def lines_of(entries: Iterable[Request | Letter]) -> tuple[int, ...]:
    """Where some entries stand, ascending, each once."""
    return tuple(sorted({entry.line for entry in entries}))

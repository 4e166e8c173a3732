"""What a reader gives: batches of flat events, and the lines it could not read."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Event = dict[str, Any]
"""One event: {field name: scalar, or list of scalars}.

Nested names are joined by dots; spaces are removed from names, underscores kept; a
value that was null is absent. Names that begin with `_` are metadata and are never
matched: `_ls` is the log source (below), `_time` the event's time in seconds since
1970 (UTC) or None.
"""

LogSource = dict[str, str | list[str]]
"""The tag `_ls`: category, product and service, each a value or a list of values.

An event may carry a list of such tags. Windows events carry none: their Channel and
EventID say what they are.
"""


class Format(StrEnum):
    """The forms of input, by the names `--format` takes."""

    AUTO = "auto"
    JSONL = "jsonl"  # one JSON object a line, of any source known here
    JSON = "json"  # one document: an array, or {"Records": [...]} and its kin
    EVTX = "evtx"  # Windows event log, binary
    XML = "xml"  # Windows event XML, one event a line
    ACCESS = "access"  # Apache access log, common or combined
    NGINX = "nginx"  # the same lines, written by nginx
    ERROR = "error"  # Apache and nginx error logs
    W3C = "w3c"  # W3C extended: IIS, CloudFront, proxies
    SQUID = "squid"  # squid's native access log
    SYSLOG = "syslog"  # RFC 3164, RFC 5424, and what programs write into it
    AUDITD = "auditd"  # Linux audit records
    CEF = "cef"  # ArcSight common event format
    LEEF = "leef"  # QRadar log event extended format
    DNS = "dns"  # BIND and Unbound query logs
    ZEEK = "zeek"  # Zeek's tab separated logs
    CSV = "csv"  # comma separated, first line names the fields


@dataclass(frozen=True, slots=True)
class Limits:
    """What hostile input may cost; beyond it a line is set aside, never the file.

    Attributes:
        line_bytes: the longest line read.
        document_bytes: the longest JSON document (an array of events) read.
        fields: names one event may carry once flat.
        depth: levels of nesting one event may have.
        values: scalars one event may hold in all its lists together.
        kept_bytes: bytes of a bad line kept with its reason.
        batch_lines: lines in one batch at most.
    """

    line_bytes: int = 1 << 20
    document_bytes: int = 64 << 20
    fields: int = 4_096
    depth: int = 32
    values: int = 16_384
    kept_bytes: int = 1_024
    batch_lines: int = 8_192


@dataclass(frozen=True, slots=True)
class Options:
    """How to read one input.

    Attributes:
        limits: what it may cost.
        year_before: epoch seconds that no event may much exceed; gives the year to
            times that name none (RFC 3164). None: such events have no time.
        log_source: the tag for lines whose source is not recognised; None leaves
            them without one, so that no rule meets them.
    """

    limits: Limits = field(default_factory=Limits)
    year_before: float | None = None
    log_source: LogSource | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line or record set aside.

    Attributes:
        position: line or record, from 0, within its input.
        reason: what was expected and what was seen.
        raw: its first bytes, up to `Limits.kept_bytes`.
    """

    position: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive events of one input; the four lists are filled once, by the reader.

    Attributes:
        positions: of each event its line or record, from 0, within its input.
        events: the events; as many as positions.
        raws: of each event the bytes it was read from, kept as evidence. For EVTX
            the record as JSON, because a binary record needs its chunk's templates.
        bad: what could not be read among them.
        rewritten: places in `events` of those that are more than their raw bytes decoded
            from JSON; None where any may be.
    """

    positions: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    rewritten: set[int] | None = None

    def add(self, position: int, event: Event, raw: bytes) -> None:
        """Append one event."""
        if self.rewritten is not None:
            self.rewritten.add(len(self.events))
        self.positions.append(position)
        self.events.append(event)
        self.raws.append(raw)

    def verbatim(self) -> list[bytes] | list[bytes | None] | None:
        """Return of each event the JSON that holds its values as they are, None where none does."""
        if not self.rewritten:
            return None if self.rewritten is None else self.raws
        return [None if at in self.rewritten else raw for at, raw in enumerate(self.raws)]

    def set_aside(self, position: int, reason: str, raw: bytes, limits: Limits) -> None:
        """Append one bad line, cut to what may be kept."""
        self.bad.append(BadLine(position, reason, bytes(raw[: limits.kept_bytes])))

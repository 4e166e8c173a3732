"""What an outside tool is told about one value: the value, what it does, and its receipts.

A line can be made only from what the gate cleared for the reader (`show`), so no
format below it can tell more. Values that are listed passed a strict form; free
text is shown with everything unprintable, bidirectional or meant for a browser
made visible (A09).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from detente.exchange.errors import ExchangeError
from detente.release import Cleared, Redacted
from detente.statements import Opening, StixObject, Tlp, decode_object
from detente.watch import Item, Level
from detente.watch.values import why_unspecific

_BROWSER = frozenset("<>&\"'`")
TEXT_CHARS_MAX = 1_024


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """Where a line comes from: enough to ask for the receipt.

    Attributes:
        statement: hex payload hash.
        issuer: hex member id.
        origin: of the log.
        seq: entry in that log.
        leaf: object in the statement's content.
    """

    statement: str
    issuer: str
    origin: str
    seq: int
    leaf: int

    def __str__(self) -> str:
        return f"statement {self.statement} log {self.origin} entry {self.seq} leaf {self.leaf}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the gate let a reader see of one statement.

    Attributes:
        objects: by leaf.
        tlp: the strictest label of it.
    """

    objects: Mapping[int, StixObject]
    tlp: Tlp


@dataclass(frozen=True, slots=True)
class Line:
    """One value for an outside tool.

    Attributes:
        item: the value.
        level: what it does here.
        since: since when.
        why: in words, made visible.
        origins: independent origins counted.
        tlp: the strictest label among what it rests on.
        traces: what it rests on, ascending; at least one.
        objects: the STIX objects behind it, in that order.
    """

    item: Item
    level: Level
    since: datetime
    why: str
    origins: int
    tlp: Tlp
    traces: tuple[Trace, ...]
    objects: tuple[StixObject, ...]

    @property
    def is_listable(self) -> bool:
        """True where the value may stand in a plain list, zone or dataset."""
        return not why_unspecific(self.item)


def show(cleared: Cleared) -> Shown:
    """Return what a permission to send lets an outside tool see.

    Raises:
        ExchangeError: it permits no content in the open.
        ContentError: a copy in it is none.
    """
    if not isinstance(cleared.form, Redacted) or cleared.onward is None:
        raise ExchangeError("what was cleared for this reader is no content in the open")
    objects: dict[int, StixObject] = {}
    for copy in cleared.form.copies:
        for each in Opening.parse(copy).shown:
            if each.index:
                objects[each.index] = decode_object(each.leaf.data)
    return Shown(objects=MappingProxyType(objects), tlp=cleared.onward.tlp)


def make_line(
    item: Item,
    level: Level,
    *,
    since: datetime,
    why: str,
    origins: int,
    sources: Sequence[tuple[Trace, Shown]],
) -> Line | None:
    """Return a line, None where nothing it rests on was cleared.

    Args:
        item: the value.
        level: what it does.
        since: since when.
        why: in words.
        origins: independent origins counted.
        sources: claims on the value, with what was cleared of their statements.
    """
    seen = sorted(
        {trace: shown for trace, shown in sources if trace.leaf in shown.objects}.items(),
        key=lambda each: each[0],
    )
    if not seen:
        return None
    return Line(
        item=item,
        level=level,
        since=since,
        why=visible(why),
        origins=origins,
        tlp=max(shown.tlp for _, shown in seen),
        traces=tuple(trace for trace, _ in seen),
        objects=tuple(shown.objects[trace.leaf] for trace, shown in seen),
    )


def visible(text: str) -> str:
    """Return text in which nothing hides and nothing acts: one line, plain signs."""
    return "".join(
        sign if sign.isprintable() and sign not in _BROWSER else f"\\u{ord(sign):04x}"
        for sign in text[:TEXT_CHARS_MAX]
    )

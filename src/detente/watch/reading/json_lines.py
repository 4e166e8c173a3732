"""JSON lines: one object a line, flat Windows lines taken as they are.

Most lines of a Windows collection are flat already, with clean names and scalar
values. They pass two tests that run in C and are not copied; the rest is
recognised and flattened by `sources.normalise`.
"""

from collections.abc import Iterable, Iterator

import orjson

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.json_values import load
from detente.watch.reading.lines import Block
from detente.watch.reading.model import BadLine, Batch, Event, Options
from detente.watch.reading.sources import normalise, records_of

SCALARS = frozenset({str, int, float, bool})
_NAMES_KEPT = 65_536


class JsonLines:
    """Reads blocks of JSON lines. Remembers which field names are clean, up to a bound."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._clean: set[str] = set()

    def read(self, block: Block) -> Batch:
        """Return the events of the block; blank lines count as lines and give nothing."""
        batch = Batch(rewritten=set())
        positions, events, raws = batch.positions, batch.events, batch.raws
        for at, event, line, is_rewritten in self.each(block, batch.bad):
            if is_rewritten and batch.rewritten is not None:
                batch.rewritten.add(len(events))
            positions.append(at)
            events.append(event)
            raws.append(line)
        return batch

    def each(self, block: Block, bad: list[BadLine]) -> Iterator[tuple[int, Event, bytes, bool]]:
        """Yield the events of a block one by one: what is let go at once stays in the cache.

        Yields:
            Line, event, its bytes, and whether it is more than those bytes decoded.
        """
        loads = orjson.loads
        for at, line in enumerate(block.lines, start=block.first):
            if not line:
                continue
            try:
                value = loads(line)
            except ValueError:
                value = None
            is_long = at - block.first in block.long
            for event, is_rewritten in self.events_of(at, line, value, bad, is_long=is_long):
                yield at, event, line, is_rewritten

    def events_of(
        self, at: int, line: bytes, value: object, bad: list[BadLine], *, is_long: bool = False
    ) -> Iterable[tuple[Event, bool]]:
        """Return the events of one line, and of each whether it is more than its bytes decoded.

        Args:
            at: the number of the line.
            line: its bytes, not empty.
            value: what they decode to; None where they do not, or that is not known.
            bad: where a line that is set aside goes.
            is_long: whether `line` is only the beginning of one over the limit.
        """
        if (
            isinstance(value, dict)
            and self._clean.issuperset(value)
            and SCALARS.issuperset(map(type, value.values()))
            and len(value) <= self._options.limits.fields
            and "Channel" in value
            and "Provider_Name" in value
        ):
            return ((value, False),)
        other = Batch(bad=bad)
        self._read_other(other, at, line, value, is_long=is_long)
        return [(event, True) for event in other.events]

    def close(self) -> Batch:
        """Nothing stays open between lines."""
        return Batch()

    def _read_other(
        self, batch: Batch, at: int, line: bytes, value: object, *, is_long: bool
    ) -> None:
        limits = self._options.limits
        if is_long:
            batch.set_aside(at, f"a line over {limits.line_bytes} bytes", line, limits)
            return
        if not line or line.isspace():
            return
        try:
            found = load(line) if value is None else value
            self._remember(found)
            for record in records_of(found):
                batch.add(at, normalise(record, self._options), line)
        except UnreadableLine as bad:
            batch.set_aside(at, bad.reason, line, limits)

    def _remember(self, value: object) -> None:
        """Keep names without spaces as clean; a stream of invented names empties the memory."""
        if not isinstance(value, dict) or "Channel" not in value:
            return
        if len(value) > self._options.limits.fields:
            return
        if len(self._clean) + len(value) > _NAMES_KEPT:
            self._clean.clear()
        self._clean.update(name for name in value if " " not in name and name != "_ls")

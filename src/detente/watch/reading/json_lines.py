"""JSON lines: one object a line, flat Windows lines taken as they are.

Most lines of a Windows collection are flat already, with clean names and scalar
values. They pass two tests that run in C and are not copied; the rest is
recognised and flattened by `sources.normalise`.
"""

import json
import re
from typing import NoReturn

import orjson

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.lines import Block
from detente.watch.reading.model import Batch, Options
from detente.watch.reading.sources import normalise, records_of

SCALARS = frozenset({str, int, float, bool})
_NAMES_KEPT = 65_536
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonLines:
    """Reads blocks of JSON lines. Remembers which field names are clean, up to a bound."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._clean: set[str] = set()

    def read(self, block: Block) -> Batch:
        """Return the events of the block; blank lines count as lines and give nothing."""
        batch = Batch()
        positions, events, raws = batch.positions, batch.events, batch.raws
        loads, clean, scalar = orjson.loads, self._clean.issuperset, SCALARS.issuperset
        most = self._options.limits.fields
        for at, line in enumerate(block.lines, start=block.first):
            try:
                event = loads(line)
                if (
                    clean(event)
                    and scalar(map(type, event.values()))
                    and len(event) <= most
                    and "Channel" in event
                    and "Provider_Name" in event
                ):
                    positions.append(at)
                    events.append(event)
                    raws.append(line)
                    continue
            except (ValueError, TypeError, AttributeError):
                event = None
            self._read_other(batch, at, line, event, is_long=at - block.first in block.long)
        return batch

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


def load(line: bytes) -> object:
    """Return the JSON value; bytes that are no UTF-8 are read as Latin-1.

    Lone surrogates become U+FFFD.

    Raises:
        UnreadableLine: no JSON, nested too deep, or a number JSON does not have.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        # Only an unpaired \ud800 is refused by orjson and known to others: a name
        # holding one must not take its event out of sight.
        if "\\ud" not in text and "\\uD" not in text:
            raise UnreadableLine(f"not JSON: {wrong.msg} (column {wrong.colno})") from None
    try:
        return _without_surrogates(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise UnreadableLine("not JSON") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case dict():
            return {
                _without_surrogates(name): _without_surrogates(item) for name, item in value.items()
            }
        case list():
            return [_without_surrogates(item) for item in value]
    return value

"""Text lines: decoded, bounded, each read by one function."""

from collections.abc import Callable

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.lines import Block
from detente.watch.reading.model import Batch, Event, Limits, Options

LineFunction = Callable[[str, Options], Event | None]
"""Reads one line; None for a line that holds no event (a comment); raises UnreadableLine."""


def as_text(line: bytes) -> str:
    """Return the line as text: UTF-8, or Latin-1 where it is not, so that no byte is lost."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def line_of(block: Block, at: int, limits: Limits) -> bytes:
    """Return one line of the block without its carriage return.

    Raises:
        UnreadableLine: it was over the limit.
    """
    place = at - block.first
    if place in block.long:
        raise UnreadableLine(f"a line over {limits.line_bytes} bytes")
    return block.lines[place].removesuffix(b"\r")


class TextLines:
    """Reads blocks of lines that stand for themselves."""

    def __init__(self, options: Options, function: LineFunction) -> None:
        self._options = options
        self._function = function

    def read(self, block: Block) -> Batch:
        """Return the events of the block; blank lines count as lines and give nothing."""
        batch = Batch()
        limits = self._options.limits
        for at, raw in enumerate(block.lines, start=block.first):
            try:
                line = line_of(block, at, limits)
                if line:
                    event = self._function(as_text(line), self._options)
                    if event is not None:
                        batch.add(at, event, raw)
            except UnreadableLine as bad:
                batch.set_aside(at, bad.reason, raw, limits)
        return batch

    def close(self) -> Batch:
        """Nothing stays open between lines."""
        return Batch()

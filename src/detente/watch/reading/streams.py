"""One input from its first byte to its last: bytes in, batches out."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from detente.watch.reading.detection import HEAD_BYTES, detect
from detente.watch.reading.errors import ReadingError
from detente.watch.reading.json_lines import JsonLines
from detente.watch.reading.lines import Block, LineSplitter, as_utf8
from detente.watch.reading.model import Batch, Format, Options


class LineReader(Protocol):
    """Turns blocks of lines into batches; keeps what a header line said for those after it."""

    def read(self, block: Block) -> Batch:
        """Return the events of the block; bad lines are set aside in the batch."""
        ...


def line_reader(form: Format, options: Options) -> LineReader:
    """Return the reader of a format that has lines.

    Raises:
        ReadingError: the format has no lines (EVTX, JSON documents), or is not settled (auto).
    """
    match form:
        case Format.JSONL:
            return JsonLines(options)
        case _:
            raise ReadingError(f"the format {form} is not read line by line")


def read(
    chunks: Iterable[bytes], form: Format = Format.AUTO, options: Options | None = None
) -> Iterator[Batch]:
    """Yield the events of one input in batches, as they come.

    Args:
        chunks: the unpacked bytes, in pieces of any size; a batch holds about one piece.
        form: the format, or `Format.AUTO` to look at the first bytes.
        options: limits, and what the input cannot say itself.

    Raises:
        ReadingError: nothing can be read: the format is unknown or the input is not of it.
    """
    options = options or Options()
    source = iter(chunks)
    if form is Format.AUTO:
        head = _head(source)
        form = detect(head)
        source = chain((head,), source)
    reader = line_reader(form, options)
    splitter = LineSplitter(options.limits)
    for chunk in as_utf8(source):
        for block in splitter.feed(chunk):
            yield reader.read(block)
    for block in splitter.close():
        yield reader.read(block)


def _head(source: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head

"""One input from its first byte to its last: bytes in, batches out."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from detente.watch.reading.auditing import audit_event
from detente.watch.reading.detection import HEAD_BYTES, detect
from detente.watch.reading.documents import read_document
from detente.watch.reading.errors import ReadingError
from detente.watch.reading.evtx import read_evtx
from detente.watch.reading.extension import cef_event, leef_event
from detente.watch.reading.json_lines import JsonLines
from detente.watch.reading.lines import Block, LineSplitter, as_utf8
from detente.watch.reading.model import Batch, Format, Options
from detente.watch.reading.names import dns_event
from detente.watch.reading.network import ZeekTabs
from detente.watch.reading.syslog import syslog_event
from detente.watch.reading.tables import CsvTable, W3cTable, squid_event
from detente.watch.reading.text import LineFunction, TextLines
from detente.watch.reading.web import APACHE, NGINX, access_event, error_event
from detente.watch.reading.windows import xml_line

TEXT_FORMATS: dict[Format, LineFunction] = {
    Format.XML: xml_line,
    Format.ACCESS: lambda text, options: access_event(text, APACHE, options),
    Format.NGINX: lambda text, options: access_event(text, NGINX, options),
    Format.ERROR: error_event,
    Format.SQUID: squid_event,
    Format.SYSLOG: syslog_event,
    Format.AUDITD: audit_event,
    Format.CEF: cef_event,
    Format.LEEF: leef_event,
    Format.DNS: dns_event,
}


class LineReader(Protocol):
    """Turns blocks of lines into batches; keeps what a header line said for those after it."""

    def read(self, block: Block) -> Batch:
        """Return the events of the block; bad lines are set aside in the batch."""
        ...

    def close(self) -> Batch:
        """Return what was still open when the input ended."""
        ...


def line_reader(form: Format, options: Options) -> LineReader:
    """Return the reader of a format that has lines, for inputs that never end.

    Raises:
        ReadingError: the format has no lines (EVTX, JSON documents), or is not settled (auto).
    """
    match form:
        case Format.JSONL:
            return JsonLines(options)
        case Format.ZEEK:
            return ZeekTabs(options)
        case Format.W3C:
            return W3cTable(options)
        case Format.CSV:
            return CsvTable(options)
        case Format.AUTO | Format.EVTX | Format.JSON:
            raise ReadingError(f"the format {form} is not read line by line")
        case _:
            return TextLines(options, TEXT_FORMATS[form])


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
    if form is Format.EVTX:
        yield from read_evtx(source, options.limits)
    elif form is Format.JSON:
        yield from read_document(as_utf8(source), options)
    else:
        yield from _read_lines(as_utf8(source), line_reader(form, options), options)


def _read_lines(chunks: Iterator[bytes], reader: LineReader, options: Options) -> Iterator[Batch]:
    splitter = LineSplitter(options.limits)
    for chunk in chunks:
        for block in splitter.feed(chunk):
            yield reader.read(block)
    for block in splitter.close():
        yield reader.read(block)
    last = reader.close()
    if last.bad:
        yield last


def _head(source: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head

"""Logs in, flat events out: every format the watch reads, from bytes alone.

For: giving rules and indicators one shape of event, whatever wrote the log, and
setting aside what cannot be read with its reason. Trusts: nothing in the bytes;
limits bound what they cost. Follows: the field names and log sources of SigmaHQ's
rules; RFC 3164, RFC 5424, W3C extended log format, CEF, LEEF 2.0, OCSF, ECS.
"""

from detente.watch.reading.detection import HEAD_BYTES, detect
from detente.watch.reading.errors import ReadingError
from detente.watch.reading.json_lines import JsonLines
from detente.watch.reading.lines import Block, LineSplitter
from detente.watch.reading.model import (
    BadLine,
    Batch,
    Event,
    Format,
    Limits,
    LogSource,
    Options,
)
from detente.watch.reading.streams import LineReader, line_reader, read
from detente.watch.reading.times import event_time

__all__ = [
    "HEAD_BYTES",
    "BadLine",
    "Batch",
    "Block",
    "Event",
    "Format",
    "JsonLines",
    "Limits",
    "LineReader",
    "LineSplitter",
    "LogSource",
    "Options",
    "ReadingError",
    "detect",
    "event_time",
    "line_reader",
    "read",
]

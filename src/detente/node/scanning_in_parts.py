"""One input seen by several processes: each reads it all and looks at its share of the pieces.

Reading (and unpacking) again in each costs less than handing events from one process to
another. What they found comes back in the order of the lines.
"""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

import orjson

from detente.errors import EnvironmentFault
from detente.node.event_files import (
    GZIP,
    STANDARD_INPUT,
    ZSTD,
    EventInput,
    Unpacked,
    read_events,
)
from detente.watch.reading import (
    HEAD_BYTES,
    BadLine,
    Batch,
    Block,
    Format,
    JsonLines,
    LineSplitter,
    Options,
    ReadingError,
    detect,
)

_WORTH_BYTES = 256 * 1024  # a smaller file is done before a second process is up
_PACKED_WORTH_BYTES = 64 * 1024
# Pieces one process looks at before the next one's turn: neighbours say much the same, and what
# one process has learnt of a value the other need not read again.
_PIECES_A_TURN = 8
_MESSAGES_HELD = 4 * _PIECES_A_TURN


@dataclass(frozen=True, slots=True)
class Detection:
    """What is told about one event.

    Attributes:
        input: the path as given.
        line: line or record from 0; of a correlation that of the event that completed it.
        rule: id of the rule or indicator.
        title: one line for a person.
        level: informational to critical; empty where not said.
        tags: as the rule has them.
        fields: those that hold what was looked for, with their values.
        count: how many matches a correlation joined; None for a single event.
        time: seconds since 1970 as the event says; None where it says none.
    """

    input: str
    line: int
    rule: str
    title: str
    level: str
    tags: tuple[str, ...]
    fields: dict[str, Any]
    count: int | None = None
    time: float | None = None

    def row(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        row: dict[str, Any] = {
            "input": self.input,
            "line": self.line,
            "rule": self.rule,
            "title": self.title,
            "level": self.level,
            "tags": list(self.tags),
            "fields": self.fields,
        }
        return row if self.count is None else row | {"count": self.count}


@dataclass(frozen=True, slots=True)
class Feed:
    """What correlations need of an event for which rules fired.

    Attributes:
        line: of the event.
        time: seconds since 1970; None where the event says none.
        rules: numbers of those that some correlation takes.
        fields: that some correlation names.
    """

    line: int
    time: float | None
    rules: list[int]
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in some consecutive lines of an input.

    Attributes:
        events: how many were read.
        bad: lines set aside.
        detections: in order of lines.
        feeds: for correlations, in order of lines.
    """

    events: int
    bad: list[BadLine] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)


class Looker(Protocol):
    """Finds what is to be told in events."""

    def look(self, name: str, batch: Batch) -> Seen:
        """Return what is told of a batch of an input."""
        ...

    def look_at_lines(self, name: str, reader: JsonLines, block: Block) -> Seen:
        """Return what is told of a block of JSON lines: the same as of the batch it makes."""
        ...


def seen_in_parts(
    source: EventInput, looker: Looker, *, jobs: int | None, now: float
) -> Iterator[Seen]:
    """Yield what is found in an input, in order; by several processes where that helps.

    Raises:
        InputError: the input is missing, or not of a format known here.
        EnvironmentFault: it cannot be read, or a process ended before its work.
    """
    jobs = jobs or os.cpu_count() or 1
    if not _has_json_lines(source):
        for batch in read_events(source, now=now):
            yield looker.look(source.name, batch)
        return
    if jobs == 1 or not _is_worth_sharing(source):
        for parts in _share(source, looker, 0, 1, now):
            yield from parts
        return
    context = get_context("fork")  # rules and indicators are there already
    lines, processes = [], []
    try:
        for share in range(jobs):
            receiving, sending = context.Pipe(duplex=False)
            arguments = (source, looker, share, jobs, now, sending)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            sending.close()
            lines.append(receiving)
            processes.append(process)
        yield from _in_turn(lines)
    finally:
        for line in lines:
            line.close()
        for process in processes:
            process.terminate()
            process.join()


def _in_turn(lines: list[Connection]) -> Iterator[Seen]:
    """Yield what the processes say, in order of the pieces; what comes early is held."""
    held: list[deque[bytes]] = [deque() for _ in lines]
    turn = 0
    while True:
        at = turn // _PIECES_A_TURN % len(lines)
        while not held[at]:
            _receive(lines, held)
        message = held[at].popleft()
        if not message:
            return
        yield _opened(message)
        turn += 1


def _receive(lines: list[Connection], held: list[deque[bytes]]) -> None:
    """Take what has come from each process that is not done and of which little is held."""
    wanted = [
        line
        for line, kept in zip(lines, held, strict=True)
        if len(kept) < _MESSAGES_HELD and (not kept or kept[-1])
    ]
    ready = wait(wanted)
    for line, kept in zip(lines, held, strict=True):
        if line not in ready:
            continue
        try:
            kept.append(line.recv_bytes())
        except (EOFError, OSError):
            raise EnvironmentFault(
                "a process that looked at events ended before its work",
                remedy="Look for exhausted memory, then try again; --jobs 1 needs the least",
            ) from None


def _work(
    source: EventInput, looker: Looker, share: int, of: int, now: float, sending: Connection
) -> None:
    """Send what is found in every piece that is this share's, then an empty message."""
    try:
        for parts in _share(source, looker, share, of, now):
            sending.send_bytes(_closed(parts))
        sending.send_bytes(b"")
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # nobody waits any more


def _closed(parts: list[Seen]) -> bytes:
    return orjson.dumps(
        {
            "events": sum(part.events for part in parts),
            "bad": [
                (bad.position, bad.reason, bad.raw.hex()) for part in parts for bad in part.bad
            ],
            "detections": [each for part in parts for each in part.detections],
            "feeds": [each for part in parts for each in part.feeds],
        }
    )


def _opened(message: bytes) -> Seen:
    said = orjson.loads(message)
    return Seen(
        events=said["events"],
        bad=[BadLine(at, reason, bytes.fromhex(raw)) for at, reason, raw in said["bad"]],
        detections=[
            Detection(**{**each, "tags": tuple(each["tags"])}) for each in said["detections"]
        ],
        feeds=[Feed(**each) for each in said["feeds"]],
    )


def _has_json_lines(source: EventInput) -> bool:
    """Say whether an input is a file of JSON lines, which say nothing about each other."""
    if source.name == STANDARD_INPUT or source.form not in (Format.AUTO, Format.JSONL):
        return False
    path = Path(source.name)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = next(Unpacked(file, source.unpacking).chunks(), b"")[:HEAD_BYTES]
        return head[:1] == b"{" and detect(head) is Format.JSONL
    except (OSError, ReadingError):
        return False  # said where it is read


def _is_worth_sharing(source: EventInput) -> bool:
    path = Path(source.name)
    with path.open("rb") as file:
        is_packed = file.read(4).startswith((GZIP, ZSTD))
    return path.stat().st_size > (_PACKED_WORTH_BYTES if is_packed else _WORTH_BYTES)


def _share(
    source: EventInput, looker: Looker, share: int, of: int, now: float
) -> Iterator[list[Seen]]:
    """Yield what is found in every `of`-th piece of an input."""
    path = Path(source.name)
    options = Options(
        limits=source.limits,
        year_before=min(now, path.stat().st_mtime),
        log_source=source.log_source,
    )
    reader = JsonLines(options)
    with path.open("rb") as file:
        unpacked = Unpacked(file, source.unpacking)
        first = count = 0
        for piece in _whole_lines(unpacked, options.limits.line_bytes):
            if count // _PIECES_A_TURN % of == share:
                splitter = LineSplitter(options.limits, first=first)
                blocks = [*splitter.feed(piece), *splitter.close()]
                first += sum(len(block.lines) for block in blocks)
                yield [looker.look_at_lines(source.name, reader, block) for block in blocks]
            else:
                first += piece.count(b"\n") + (not piece.endswith(b"\n"))
            count += 1
        if unpacked.broken and count // _PIECES_A_TURN % of == share:
            yield [Seen(events=0, bad=[BadLine(first, unpacked.broken, b"")])]


def _whole_lines(unpacked: Unpacked, line_bytes: int) -> Iterator[bytes]:
    """Yield pieces that end with a line; only the last may lack its line feed."""
    held = b""
    for chunk in unpacked.chunks():
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            # Of a line over the limit nothing more is wanted than that it is.
            held = (held + chunk)[: line_bytes + 1]
            continue
        yield held + chunk[:cut]
        held = chunk[cut:]
    if held:
        yield held

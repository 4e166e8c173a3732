"""Web and mail logs from files, read as the watch reads them, through the checks of systems."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from detente.elections.systems import (
    Finding,
    Letter,
    Request,
    look_at_letters,
    look_at_requests,
)
from detente.errors import InputError
from detente.node.event_files import EventInput, event_inputs, read_events
from detente.watch.reading import Event

ENTRIES_MAX = 5_000_000
"""Requests of one log that are held at a time; about 1 GB."""
TRUSTED_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and the log it is from.

    Attributes:
        place: the file.
        finding: what was seen.
    """

    place: str
    finding: Finding


@dataclass(slots=True)
class Read:
    """What a scan has read.

    Attributes:
        requests: of web servers.
        letters: of mail logs.
        others: events of other kinds.
        bad: lines that could not be read.
        unreadable: inputs that are no log, with the reason.
    """

    requests: int = 0
    letters: int = 0
    others: int = 0
    bad: int = 0
    unreadable: list[str] = field(default_factory=list)


def scan_systems(
    paths: Sequence[str], read: Read, *, now: float, trusted: Path | None = None
) -> Iterator[Placed]:
    """Every sign in some logs, each log by itself.

    Args:
        paths: files and folders of logs; gzip and zstd are read too.
        read: filled while reading.
        now: seconds since 1970; bounds the year of times that name none.
        trusted: JSON of names and the domains that are theirs.

    Raises:
        InputError: no such file, or `trusted` is no such list.
    """
    known = read_trusted(trusted) if trusted else {}
    names = event_inputs(paths)
    for name in names:
        try:
            requests, letters = _entries(name, read, now)
        except InputError as error:
            if len(names) == 1:
                raise
            read.unreadable.append(f"{name}: {error.message}")
            continue
        found = [*look_at_requests(requests), *look_at_letters(letters, known)]
        yield from (Placed(name, each) for each in found)


def _entries(name: str, read: Read, now: float) -> tuple[list[Request], list[Letter]]:
    requests: list[Request] = []
    letters: list[Letter] = []
    for batch in read_events(EventInput(name), now=now):
        read.bad += len(batch.bad)
        for position, event in zip(batch.positions, batch.events, strict=True):
            at = event.get("_time")
            is_request = "cs-uri-stem" in event and "c-ip" in event
            if not is_request and not ("sender" in event and "recipient" in event):
                read.others += 1
            elif not isinstance(at, int | float):
                read.bad += 1  # without its time a line is in no order
            elif is_request:
                requests.append(_request(position + 1, float(at), event))
            else:
                letters.append(_letter(position + 1, float(at), event))
        if len(requests) > ENTRIES_MAX:
            raise InputError(
                f"more than {ENTRIES_MAX} requests", file=name, remedy="Give it day by day"
            )
    read.requests += len(requests)
    read.letters += len(letters)
    return requests, letters


def _request(line: int, at: float, event: Event) -> Request:
    same = sys.intern  # a log repeats few pages, sources and agents
    return Request(
        line=line,
        at=at,
        source=same(str(event["c-ip"])),
        page=same(str(event["cs-uri-stem"])),
        query=same(str(event.get("cs-uri-query", ""))),
        status=_number(event.get("sc-status")),
        size=_number(event.get("sc-bytes")),
        agent=same(str(event.get("cs-user-agent", ""))),
    )


def _letter(line: int, at: float, event: Event) -> Letter:
    return Letter(
        line=line,
        at=at,
        sender=str(event["sender"]),
        display=str(event.get("display", "")),
        recipient=str(event["recipient"]),
        attachment=str(event.get("sha256", "")).lower(),
    )


def _number(value: object) -> int:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else 0  # noqa: PLR2004 - digits of a 64-bit number


def read_trusted(path: Path) -> Mapping[str, frozenset[str]]:
    """Names the office trusts, from `{"Tallywright Systems": ["tallywright.example"]}`.

    Raises:
        InputError: it cannot be read as that.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(TRUSTED_BYTES_MAX + 1)
        document = orjson.loads(data) if len(data) <= TRUSTED_BYTES_MAX else None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    if not isinstance(document, dict) or not all(map(_is_domains, document.values())):
        raise InputError(
            "no list of names and their domains",
            file=str(path),
            remedy='Write {"Tallywright Systems": ["tallywright.example"]}',
        )
    return {name: frozenset(map(str.lower, domains)) for name, domains in document.items()}


def _is_domains(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)

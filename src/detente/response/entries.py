"""Entries: what a member adds to a thread, named by the hash of what it says.

An entry names those it was written after, so a thread is a graph that every reader puts
in the same order whatever came first; it carries its author's own count, so a member
cannot say two things at one place of its own account, nor more than a thread takes,
without both being seen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType

from detente.response.errors import EntryError
from detente.response.forms import UNIT, Sort, why_not
from detente.signing import (
    JsonError,
    TimeError,
    canonical,
    format_time,
    parse_canonical,
    parse_time,
)
from detente.signing.canonical import JsonValue

ENTRY_BYTES_MAX = 32_768
PARENTS_MAX = 16
TURNS_MAX = 4_096
OPENING = "open"
_PREFIX = b"detente response entry v1\0"
_KEYS = ("act", "at", "author", "body", "parents", "sort", "thread", "turn", "unit", "v")
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a thread.

    Attributes:
        unit: hex id of the unit it was said in; "" for one of a node that works alone.
        thread: digest of the opening; "" in the opening itself.
        author: hex member id.
        turn: how many entries this author had in this thread before, from 0.
        parents: digests of the newest entries the author knew, ascending; its own among them.
        sort: of the thread.
        act: what is done.
        body: the fields of the act.
        at: when, as the author claims; it orders nothing.
    """

    unit: str
    thread: str
    author: str
    turn: int
    parents: tuple[str, ...]
    sort: Sort
    act: str
    body: Mapping[str, JsonValue]
    at: datetime

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes."""
        return canonical(self.to_json())

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON document."""
        return {
            "act": self.act,
            "at": format_time(self.at),
            "author": self.author,
            "body": dict(self.body),
            "parents": list(self.parents),
            "sort": self.sort.value,
            "thread": self.thread,
            "turn": self.turn,
            "unit": self.unit,
            "v": 1,
        }

    @property
    def digest(self) -> str:
        """Hex SHA-256 that names it."""
        return digest_of(self.to_bytes())

    @property
    def opens(self) -> bool:
        """True for the first entry of a thread."""
        return self.act == OPENING

    def text(self, name: str) -> str:
        """Return a field that is text, "" where it is missing."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that is a list of texts, empty where it is missing."""
        value = self.body.get(name)
        return tuple(map(str, value)) if isinstance(value, list) else ()

    def whole(self, name: str) -> int:
        """Return a field that is a whole number, 0 where it is missing."""
        value = self.body.get(name)
        return value if isinstance(value, int) else 0

    def moment(self, name: str) -> datetime | None:
        """Return a field that is a time, None where it is missing."""
        value = self.body.get(name)
        return parse_time(value) if isinstance(value, str) else None

    def takes_part(self, member: str) -> bool:
        """Say whether a member may speak in the thread that this entry opens."""
        named = self.body.get("with")
        if named == UNIT or member == self.author:
            return True
        return isinstance(named, list) and member in named


def digest_of(data: bytes) -> str:
    """Return the name of an entry in its RFC 8785 bytes."""
    return sha256(_PREFIX + data).hexdigest()


def parse_entry(data: bytes) -> Entry:
    """Read an entry; only what `to_bytes` writes is one.

    Raises:
        EntryError: another form, over a limit, or an act that its sort does not know.
    """
    if len(data) > ENTRY_BYTES_MAX:
        raise EntryError(f"an entry has at most {ENTRY_BYTES_MAX} bytes, this one {len(data)}")
    try:
        value = parse_canonical(data)
    except JsonError as error:
        raise EntryError(f"this is no entry: {error}") from None
    return read_entry(value)


def read_entry(value: JsonValue) -> Entry:
    """Read an entry from its decoded JSON; raises as `parse_entry`."""
    if not isinstance(value, dict) or tuple(sorted(value)) != _KEYS:
        raise EntryError(f"an entry has exactly the keys {', '.join(_KEYS)}")
    body, parents, sort = value["body"], value["parents"], value["sort"]
    if type(value["v"]) is not int or value["v"] != 1:
        raise EntryError(f"entry version 1 is read, not {value['v']!r}")
    if not isinstance(body, dict) or not isinstance(parents, list):
        raise EntryError("an entry has a body and names its parents in a list")
    if not isinstance(sort, str) or sort not in tuple(Sort):
        raise EntryError(f"there are no threads of the sort {str(sort)[:40]!r}")
    try:
        at = parse_time(str(value["at"]))
    except TimeError as error:
        raise EntryError(f"the time of an entry: {error}") from None
    turn = value["turn"]
    entry = Entry(
        unit=_id(value["unit"], "unit", may_lack=True),
        thread=_id(value["thread"], "thread", may_lack=True),
        author=_id(value["author"], "author"),
        turn=turn if type(turn) is int else -1,
        parents=tuple(_id(each, "parent") for each in parents),
        sort=Sort(sort),
        act=str(value["act"]),
        body=MappingProxyType(body),
        at=at,
    )
    check_entry(entry)
    return entry


def check_entry(entry: Entry) -> None:
    """Check what the types alone do not carry.

    Raises:
        EntryError: a turn out of range, parents that do not ascend, an opening that is none,
            or a body that is not in the form of its act.
    """
    if not 0 <= entry.turn < TURNS_MAX:
        raise EntryError(f"a member has {TURNS_MAX} turns in a thread, this is turn {entry.turn}")
    if len(entry.parents) > PARENTS_MAX:
        raise EntryError(f"an entry names at most {PARENTS_MAX} others")
    if any(here >= after for here, after in pairwise(entry.parents)):
        raise EntryError("the parents of an entry do not ascend, each once")
    if entry.opens != (entry.thread == "") or (entry.opens and (entry.turn or entry.parents)):
        raise EntryError("an opening comes first and names no thread, every other entry names one")
    if not entry.opens and not entry.parents:
        raise EntryError("an entry names at least one that it was written after")
    wrong = why_not(entry.sort, entry.act, entry.body)
    if wrong:
        raise EntryError(wrong)
    if len(entry.to_bytes()) > ENTRY_BYTES_MAX:
        raise EntryError(f"an entry has at most {ENTRY_BYTES_MAX} bytes")


def _id(value: JsonValue, what: str, *, may_lack: bool = False) -> str:
    if may_lack and value == "":
        return ""
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise EntryError(f"the {what} of an entry is 64 hex digits")
    return value

"""A MISP feed: manifest.json, one JSON file an event, hashes.csv.

What an unmodified MISP subscribes to, as files for any web server; and the
same read, event by event, so that an interrupted reading goes on where it was.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import md5

import orjson

from detente.exchange.misp.errors import MispError
from detente.exchange.misp.events import print_event
from detente.exchange.misp.limits import EVENTS_MAX, HASHES_BYTES_MAX, MANIFEST_LIMITS
from detente.exchange.misp.model import Event
from detente.signing import parse_strict

MANIFEST = "manifest.json"
HASHES = "hashes.csv"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_STAMP = re.compile(r"[0-9]{1,13}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Announced:
    """One line of a manifest.

    Attributes:
        uuid: of the event; its file is `UUID.json`.
        timestamp: POSIX seconds of its last change.
        info: its title.
    """

    uuid: str
    timestamp: int
    info: str

    @property
    def file(self) -> str:
        """The name of the event's file."""
        return f"{self.uuid}.json"


def write_feed(events: Iterable[Event]) -> dict[str, bytes]:
    """Return the files of a feed, by name; the manifest last, as it should be written.

    A feed of nothing is a manifest of nothing: subscribers then see that it is empty.
    """
    files: dict[str, bytes] = {}
    manifest: dict[str, object] = {}
    hashes: list[str] = []
    for event in events:
        files[f"{event.uuid}.json"] = print_event(event)
        manifest[event.uuid] = {
            "Orgc": {"name": event.orgc.name, "uuid": event.orgc.uuid},
            "Tag": [{"name": tag.name, "colour": tag.colour} for tag in event.tags],
            "info": event.info,
            "date": event.date.isoformat(),
            "analysis": event.analysis,
            "threat_level_id": event.threat_level,
            "timestamp": event.timestamp,
        }
        for attribute in event.attributes:
            parts = attribute.value.split("|") if "|" in attribute.type else [attribute.value]
            hashes += [f"{_digest(part)},{event.uuid}" for part in parts]
    files[HASHES] = "".join(f"{line}\n" for line in hashes).encode()
    files[MANIFEST] = orjson.dumps(manifest)
    return files


def parse_manifest(data: bytes) -> tuple[Announced, ...]:
    """Read a manifest, oldest change first.

    Raises:
        JsonError: not strict JSON, or over the limits.
        MispError: no manifest.
    """
    value = parse_strict(data, MANIFEST_LIMITS)
    if not isinstance(value, dict) or len(value) > EVENTS_MAX:
        raise MispError(f"a manifest names at most {EVENTS_MAX} events by uuid")
    found: list[Announced] = []
    for uuid, about in value.items():
        stamp = str(about.get("timestamp", "")) if isinstance(about, dict) else ""
        # The uuid becomes a file name: nothing else may pass.
        if _UUID.fullmatch(uuid) is None or _STAMP.fullmatch(stamp) is None:
            raise MispError(f"the manifest's line {uuid[:60]!r} is none")
        info = about.get("info") if isinstance(about, dict) else ""
        found.append(Announced(uuid, int(stamp), info if isinstance(info, str) else ""))
    return tuple(sorted(found, key=lambda each: (each.timestamp, each.uuid)))


def news(manifest: Iterable[Announced], known: Mapping[str, str]) -> tuple[Announced, ...]:
    """Return the events of a manifest that are new, or changed since they were read.

    Args:
        manifest: as read.
        known: uuid -> timestamp at which it was read.
    """
    return tuple(each for each in manifest if known.get(each.uuid) != str(each.timestamp))


def parse_hashes(data: bytes) -> tuple[tuple[str, str], ...]:
    """Read hashes.csv: (MD5 of a value, uuid of its event).

    Raises:
        MispError: a line that is none, or too many.
    """
    if len(data) > HASHES_BYTES_MAX:
        raise MispError(f"hashes.csv has at most {HASHES_BYTES_MAX} bytes, here {len(data)}")
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("ascii"))) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MispError(f"hashes.csv cannot be read: {error}") from None
    for number, row in enumerate(rows, start=1):
        is_line = len(row) == len(("hash", "uuid")) and _MD5.fullmatch(row[0]) is not None
        if not is_line or _UUID.fullmatch(row[1]) is None:
            raise MispError(f"line {number} of hashes.csv is none")
    return tuple((row[0], row[1]) for row in rows)


def _digest(value: str) -> str:
    # MISP's own choice for a quick look-up; it protects nothing.
    return md5(value.encode(), usedforsecurity=False).hexdigest()

"""Observed names where they are seen: look-up and mail logs, zone files, certificates."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from detente.node.event_files import EventInput, read_events
from detente.watch.reading import Format

ZONE = "zone"
_LOOK_UP = re.compile(rb"client (?:@0x)?\S+ ?.*query: |query\[\w+\] \S+ from ")
_MAIL = re.compile(rb"\bfrom=<[^>]*@")
_RECORD = re.compile(
    rb"(?:\S+\s+)?(?:\d+\s+)?IN\s+(?:NS|A|AAAA|DS|SOA|MX|CNAME|TXT|NSEC3?|RRSIG)\s", re.IGNORECASE
)
_CERTIFIED = ("all_domains", "dns_names", "name_value", "common_name", "names")
_NAMES_MAX = 10_000
_FAR = 4.1e9


def form_of(first: bytes) -> Format | str | None:
    """What a file is by its first line: a form of log, `ZONE`, or None for neither."""
    if first.startswith(b"$ORIGIN") or first.startswith(b"$TTL") or _RECORD.match(first):
        return ZONE
    if _LOOK_UP.search(first):
        return Format.AUTO
    return Format.AUTO if _MAIL.search(first) else None


def log_rows(path: Path, form: Format | str) -> Iterator[tuple[int, str | None]]:
    """The name asked for, or the sender's domain, of each line of a log."""
    for batch in read_events(EventInput(str(path), form=Format(form)), now=_FAR):
        for position, event in zip(batch.positions, batch.events, strict=True):
            name = event.get("query") or str(event.get("sender", "")).rpartition("@")[2]
            yield position + 1, str(name).rstrip(".") if "." in str(name) else None
        yield from ((bad.position + 1, None) for bad in batch.bad)


def zone_rows(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, str | None]]:
    """The owner of each record of a zone file, once where it repeats (RFC 1035, 5.1)."""
    origin, last = "", ""
    for number, line in lines:
        text = line.decode("utf-8", "replace").partition(";")[0].rstrip()
        if text.startswith("$"):
            words = text.split()
            if len(words) > 1 and words[0].upper() == "$ORIGIN":
                origin = words[1].rstrip(".").lower()
            continue
        if not text or text[0].isspace():
            continue  # the owner of the line before
        owner = text.split(None, 1)[0].lower()
        name = owner.rstrip(".") if owner.endswith(".") or not origin else f"{owner}.{origin}"
        name = origin if owner == "@" else name
        if name != last and "." in name:
            yield number, name
        last = name


def certified_names(row: object) -> list[str | None] | None:
    """The names of a certificate in a stream or a search's answer; None if it is none."""
    found = row
    for step in ("data", "leaf_cert"):
        if isinstance(found, dict) and isinstance(found.get(step), dict):
            found = found[step]
    if not isinstance(found, dict):
        return None
    for key in _CERTIFIED:
        value = found.get(key)
        texts = value.split("\n") if isinstance(value, str) else value
        if isinstance(texts, list):
            names = [each.strip().removeprefix("*.") for each in texts if isinstance(each, str)]
            return [name if "." in name else None for name in names[:_NAMES_MAX]]
    return None

"""Which format an input has, from its first bytes."""

import re
from collections.abc import Callable

import orjson

from detente.watch.reading.auditing import audit_event
from detente.watch.reading.errors import ReadingError, UnreadableLine
from detente.watch.reading.extension import cef_event, leef_event
from detente.watch.reading.lines import as_utf8
from detente.watch.reading.model import Event, Format, Options
from detente.watch.reading.names import dns_event
from detente.watch.reading.sources import WRAPPERS, wrapped
from detente.watch.reading.syslog import syslog_event
from detente.watch.reading.tables import squid_event
from detente.watch.reading.text import as_text
from detente.watch.reading.web import APACHE, access_event, error_event

HEAD_BYTES = 65_536
"""How many bytes `detect` wants to see; fewer are enough where the input is shorter."""

LINES_LOOKED_AT = 20
_OPTIONS = Options()
_WRAPPER = re.compile(rb'\s*(?:\[|\{\s*"(?:' + "|".join(WRAPPERS).encode() + rb')"\s*:\s*\[)')
_JSON = re.compile(rb"\{|\[\s*(?:[\[{\]]|$)")
_W3C = (b"#software:", b"#version:", b"#fields:", b"#date:", b"#remark:", b"#start-date:")

PROBES: tuple[tuple[Format, Callable[[str, Options], Event]], ...] = (
    (Format.CEF, cef_event),
    (Format.LEEF, leef_event),
    (Format.AUDITD, audit_event),
    (Format.ACCESS, lambda text, options: access_event(text, APACHE, options)),
    (Format.SQUID, squid_event),
    (Format.DNS, dns_event),
    (Format.SYSLOG, syslog_event),
    (Format.ERROR, error_event),
)


def detect(head: bytes) -> Format:
    """Return the format the first bytes show; never `Format.AUTO`.

    Lines written by nginx look like Apache's: `Format.NGINX` is only ever named.

    Args:
        head: the input's first bytes, unpacked, up to `HEAD_BYTES`.

    Raises:
        ReadingError: no format known here begins like that.
    """
    if head.startswith(b"ElfFile\x00"):
        return Format.EVTX
    text = b"".join(as_utf8((head,)))
    lines = [line for line in text.split(b"\n") if line.strip()][:LINES_LOOKED_AT]
    if not lines:
        return Format.JSONL  # an empty input has no events in any format
    found = _by_start(text, lines) or _by_lines(lines)
    if found is None:
        raise ReadingError(
            "no known format of events begins like this input",
            remedy="See that it is a log; `detente watch scan` takes its format with --format",
        )
    return found


def _by_start(text: bytes, lines: list[bytes]) -> Format | None:
    first = lines[0].lstrip()
    if _JSON.match(first):
        return _json(text, lines)
    if first.startswith((b"<?xml", b"<Event")):
        return Format.XML
    if first.startswith((b"#separator", b"#fields\t", b"#path\t")):
        return Format.ZEEK
    if first.lower().startswith(_W3C):
        return Format.W3C
    return None


def _json(text: bytes, lines: list[bytes]) -> Format:
    """One object a line, or one document over the whole input."""
    objects = [value for line in lines if (value := _object(line)) is not None]
    if objects:
        alone = len(lines) == 1 and wrapped(objects[0]) is not None
        return Format.JSON if alone else Format.JSONL
    if b"\n" in text.strip():
        return Format.JSON
    return Format.JSON if _WRAPPER.match(text) else Format.JSONL


def _object(line: bytes) -> dict[str, object] | None:
    try:
        value = orjson.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _by_lines(lines: list[bytes]) -> Format | None:
    texts = [as_text(line.removesuffix(b"\r")) for line in lines]
    whole = texts[:-1] or texts  # the last may be cut by the end of the head
    for form, function in PROBES:
        if sum(_reads(function, text) for text in whole) * 2 > len(whole):
            return form
    return Format.CSV if _is_table(whole) else None


def _reads(function: Callable[[str, Options], Event], text: str) -> bool:
    try:
        function(text, _OPTIONS)
    except UnreadableLine:
        return False
    return True


def _is_table(texts: list[str]) -> bool:
    """A header of words, and as many delimiters in it as in most lines."""
    for delimiter in ",;\t|":
        columns = texts[0].count(delimiter)
        alike = sum(text.count(delimiter) >= columns for text in texts)
        if columns and alike * 2 > len(texts) and not re.search(r"[{}<>=]", texts[0]):
            return True
    return False

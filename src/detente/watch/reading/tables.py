"""Tables with named columns: W3C extended logs (IIS, CloudFront, proxies), CSV, squid's own."""

import csv
import re

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import NAME_LENGTH_MAX, plain_name
from detente.watch.reading.lines import Block
from detente.watch.reading.model import Batch, Event, LogSource, Options
from detente.watch.reading.sources import recognise
from detente.watch.reading.text import as_text, line_of
from detente.watch.reading.times import event_time, seconds_of
from detente.watch.reading.web import put_agent, put_uri
from detente.watch.reading.windows import shipped_event

IIS: LogSource = {"category": "webserver", "product": "iis", "service": "iis"}
CLOUDFRONT: LogSource = {"category": "webserver", "product": "aws", "service": "cloudfront"}
PROXY: LogSource = {"category": "proxy"}
SQUID: LogSource = {"category": "proxy", "product": "squid"}
RECORD_LINES_MAX = 64
"""Lines one quoted CSV record may span; beyond it the quote is taken for an error."""

_HEADER_FIELD = re.compile(r"(cs|sc|rs|sr)\(([\w-]+)\)", re.I)
_W3C_NAMES = {"cs-user-agent": "cs-user-agent", "cs-host": "cs-host", "cs-referrer": "cs-referer"}
_SQUID = re.compile(
    r"(\d{9,11}\.\d{1,6}) ++(\d{1,19}) (\S++) (\w{1,64})/(\d{3}) (\d{1,19}) ([\w-]{1,32}) (\S++)"
    r" (\S++) (\w{1,64})/(\S++) (\S++).*"
)
_INTEGERS = ("sc-status", "sc-bytes", "cs-bytes")


class W3cTable:
    """Reads W3C extended logs; the directives say which software wrote which fields."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names: list[str] = []
        self._date = ""
        self._source: LogSource = PROXY

    def read(self, block: Block) -> Batch:
        """Return the events of the block; directives may come again at any line."""
        batch = Batch()
        limits = self._options.limits
        for at, raw in enumerate(block.lines, start=block.first):
            try:
                line = line_of(block, at, limits)
                if line.startswith(b"#"):
                    self._directive(as_text(line))
                elif line:
                    batch.add(at, self._event(as_text(line)), raw)
            except UnreadableLine as bad:
                batch.set_aside(at, bad.reason, raw, limits)
        return batch

    def close(self) -> Batch:
        """Nothing stays open between lines."""
        return Batch()

    def _directive(self, text: str) -> None:
        word, _, rest = text.partition(":")
        match word.lower():
            case "#software":
                self._source = IIS if "internet information" in rest.lower() else PROXY
            case "#date":
                self._date = rest.strip()[:10]
            case "#fields":
                names = [_w3c_name(name) for name in rest.split()]
                if len(names) > self._options.limits.fields:
                    raise UnreadableLine(f"more than {self._options.limits.fields} fields")
                self._names = names
                if "x-edge-location" in names:
                    self._source = CLOUDFRONT
                elif "s-sitename" in names or "sc-win32-status" in names:
                    self._source = IIS

    def _event(self, text: str) -> Event:
        if not self._names:
            raise UnreadableLine("a line before any #Fields directive")
        values = text.split("\t") if "\t" in text else _quoted_split(text)
        if len(values) != len(self._names):
            raise UnreadableLine(f"{len(values)} fields where #Fields has {len(self._names)}")
        event: Event = dict(zip(self._names, values, strict=True))
        for name in _INTEGERS:
            number = event.get(name, "-")
            if number.isascii() and number.isdecimal() and len(number) < 20:  # noqa: PLR2004
                event[name] = int(number)
        self._put_request(event)
        day = event.get("date", self._date)
        event["_ls"] = self._source
        event["_time"] = seconds_of(f"{day}T{event.get('time', '')}")
        return event

    def _put_request(self, event: Event) -> None:
        stem, query = event.get("cs-uri-stem"), event.get("cs-uri-query")
        if "cs-uri" in event:
            put_uri(event, event["cs-uri"])
        elif stem is not None:
            uri = stem if query in (None, "-", "") else f"{stem}?{query}"
            event["cs-uri"] = event["c-uri"] = uri
        agent = event.get("cs-user-agent")
        if agent is not None:
            # IIS and CloudFront may not write a space inside a field.
            put_agent(event, agent.replace("+", " ") if self._source is IIS else agent)


def _w3c_name(name: str) -> str:
    """`cs(User-Agent)` is `cs-user-agent` in rules."""
    found = _HEADER_FIELD.fullmatch(name)
    if found is None:
        return name[:NAME_LENGTH_MAX]
    plain = f"{found[1]}-{found[2]}".lower()
    return _W3C_NAMES.get(plain, plain)[:NAME_LENGTH_MAX]


def _quoted_split(text: str) -> list[str]:
    """Split at spaces; a field in double quotes may hold them."""
    if '"' not in text:
        return text.split()
    return [value.strip('"') for value in re.findall(r'"[^"]*"|[^\s"]+', text)]


def squid_event(text: str, options: Options) -> Event:
    """Return the event of one line of squid's native access log.

    Raises:
        UnreadableLine: another form.
    """
    found = _SQUID.fullmatch(text)
    if found is None:
        raise UnreadableLine("not squid's native access log")
    stamp, elapsed, client, action, status, size, method, url, user, _, peer, kind = found.groups()
    event: Event = {
        "c-ip": client, "cs-method": method, "sc-status": int(status), "sc-bytes": int(size),
        "cs-username": user, "action": action, "dst_ip": peer, "cs-content-type": kind,
        "time-taken": int(elapsed),
    }  # fmt: skip
    if method == "CONNECT":
        event["cs-host"] = url.rpartition(":")[0] or url
    put_uri(event, url)
    event["_ls"] = SQUID
    event["_time"] = seconds_of(float(stamp))
    return event


class CsvTable:
    """Reads CSV whose first record names the columns; quoted fields may hold line ends."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names: list[str] = []
        self._delimiter = ","
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._held_at = 0
        self._is_open = False

    def read(self, block: Block) -> Batch:
        """Return the events of the block; a record open at its end waits for the next."""
        batch = Batch()
        for at, raw in enumerate(block.lines, start=block.first):
            try:
                line = line_of(block, at, self._options.limits)
            except UnreadableLine as bad:
                self._give_up(batch)
                batch.set_aside(at, bad.reason, raw, self._options.limits)
            else:
                self._take(batch, at, line)
        return batch

    def close(self) -> Batch:
        """Return what was wrong with a record that never ended, and the lines after it."""
        batch = Batch()
        while self._held:
            self._give_up(batch)
        return batch

    def _take(self, batch: Batch, at: int, line: bytes) -> None:
        if not self._held:
            self._held_at = at
        self._held.append(line)
        self._held_bytes += len(line)
        # An odd number of quotes means the last field is still open.
        self._is_open ^= line.count(b'"') % 2 == 1
        if not self._is_open:
            text = b"\n".join(self._held)
            self._held, self._held_bytes = [], 0
            if text:
                self._record(batch, self._held_at, text)
        elif (
            len(self._held) >= RECORD_LINES_MAX
            or self._held_bytes > self._options.limits.line_bytes
        ):
            self._give_up(batch)

    def _give_up(self, batch: Batch) -> None:
        """The first line held is bad; those after it are read again for themselves."""
        held, at = self._held, self._held_at
        self._held, self._held_bytes, self._is_open = [], 0, False
        if held:
            reason = f"a quote that is not closed within {RECORD_LINES_MAX} lines"
            batch.set_aside(at, reason, held[0], self._options.limits)
        for number, line in enumerate(held[1:], start=at + 1):
            self._take(batch, number, line)

    def _record(self, batch: Batch, at: int, raw: bytes) -> None:
        try:
            event = self._event(as_text(raw))
        except UnreadableLine as bad:
            batch.set_aside(at, bad.reason, raw, self._options.limits)
        else:
            if event is not None:
                batch.add(at, event, raw)

    def _event(self, text: str) -> Event | None:
        if not self._names:
            self._delimiter = max(",;\t|", key=text.count)
            names = self._split(text)
            self._names = [plain_name(name.strip())[:NAME_LENGTH_MAX] for name in names]
            return None
        values = self._split(text)
        if len(values) != len(self._names):
            raise UnreadableLine(f"{len(values)} fields where the header has {len(self._names)}")
        event: Event = {
            name: value
            for name, value in zip(self._names, values, strict=True)
            if value and not name.startswith("_")
        }
        return self._tagged(event)

    def _split(self, text: str) -> list[str]:
        try:
            values = next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration):
            raise UnreadableLine("not a CSV record") from None
        if len(values) > self._options.limits.fields:
            raise UnreadableLine(f"more than {self._options.limits.fields} fields")
        return values

    def _tagged(self, event: Event) -> Event:
        if not shipped_event(event):
            source = recognise(event) or self._options.log_source
            if source is not None:
                event["_ls"] = source
            event["_time"] = event_time(event)
        return event

"""What sensors on the wire write: Zeek (JSON and tab separated) and Suricata EVE."""

from collections.abc import Callable

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import NAME_LENGTH_MAX, plain_name
from detente.watch.reading.lines import Block
from detente.watch.reading.model import Batch, Event, LogSource, Options
from detente.watch.reading.text import as_text, line_of
from detente.watch.reading.times import event_time

ZEEK_ADDRESSES = {
    f"id_{end}_{part}": f"id.{end}_{part}" for end in ("orig", "resp") for part in ("h", "p")
}
ZEEK_LOGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("dns", ("query", "qtype")),
    ("dns", ("query", "qtype_name")),
    ("dce_rpc", ("endpoint", "operation")),
    ("http", ("uri", "method")),
    ("kerberos", ("request_type", "cipher")),
    ("kerberos", ("request_type", "client")),
    ("smb_files", ("path", "name", "action")),
    ("smb_mapping", ("path", "share_type")),
    ("x509", ("certificate.serial",)),
    ("ssl", ("server_name", "cipher")),
    ("rdp", ("cookie", "security_protocol")),
    ("smtp", ("helo",)),
    ("ntlm", ("server_nb_computer_name",)),
    ("notice", ("note", "msg")),
    ("files", ("fuid", "mime_type")),
    ("conn", ("conn_state", "proto")),
)
"""Where a line does not name its log: fields that only this log has together."""


def zeek_source(event: Event) -> LogSource | None:
    """Rename the addresses in place and return the source; None if it is no Zeek log."""
    for name, dotted in ZEEK_ADDRESSES.items():
        if name in event:
            event[dotted] = event.pop(name)
    log = event.get("_path") or event.get("@stream") or _zeek_log(event)
    return None if not isinstance(log, str) else zeek_tag(log)


def zeek_tag(log: str) -> LogSource:
    """Return the log source of one of Zeek's logs by its name."""
    source: LogSource = {"product": "zeek", "service": log}
    return source | {"category": "dns"} if log == "dns" else source


def _zeek_log(event: Event) -> str | None:
    for log, names in ZEEK_LOGS:
        if all(name in event for name in names):
            return log
    return None


def suricata_source(event: Event) -> LogSource | None:
    """Return the source of an EVE record; its DNS records get the names of Sigma's dns rules."""
    kind = event.get("event_type")
    if kind == "alert":
        return {"product": "suricata", "category": "ids"}
    if kind != "dns":
        return {"product": "suricata", "service": str(kind)}
    for ours, theirs in (
        ("query", ("dns.rrname", "dns.queries.rrname", "dns.query.rrname")),
        ("record_type", ("dns.rrtype", "dns.queries.rrtype", "dns.query.rrtype")),
        ("answer", ("dns.answers.rdata", "dns.rdata")),
    ):
        for name in theirs:
            if name in event:
                event.setdefault(ours, event[name])
    return {"product": "suricata", "category": "dns", "service": "dns"}


class ZeekTabs:
    """Reads Zeek's own tab separated logs; `#` lines say which log, fields and types follow."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._separator = "\t"
        self._log = ""
        self._names: list[str] = []
        self._types: list[str] = []
        self._marks = {"set_separator": ",", "empty_field": "(empty)", "unset_field": "-"}

    def read(self, block: Block) -> Batch:
        """Return the events of the block; a header may stand anywhere (logs put together)."""
        batch = Batch()
        limits = self._options.limits
        for at, raw in enumerate(block.lines, start=block.first):
            try:
                line = line_of(block, at, limits)
                if line.startswith(b"#"):
                    self._header(as_text(line))
                elif line:
                    batch.add(at, self._event(as_text(line)), raw)
            except UnreadableLine as bad:
                batch.set_aside(at, bad.reason, raw, limits)
        return batch

    def close(self) -> Batch:
        """Nothing stays open between lines."""
        return Batch()

    def _header(self, text: str) -> None:
        word, _, rest = text[1:].partition(" ")
        if word == "separator":
            self._separator = _separator(rest.strip())
            return
        word, *values = text[1:].split(self._separator)
        if len(values) > self._options.limits.fields:
            raise UnreadableLine(f"more than {self._options.limits.fields} fields")
        if word == "path":
            self._log = values[0] if values else ""
        elif word == "fields":
            self._names = [plain_name(name)[:NAME_LENGTH_MAX] for name in values]
        elif word == "types":
            self._types = values
        elif word in self._marks and values and values[0]:
            self._marks[word] = values[0]

    def _event(self, text: str) -> Event:
        values = text.split(self._separator)
        if not self._names:
            raise UnreadableLine("a line before any #fields header")
        if len(values) != len(self._names):
            raise UnreadableLine(f"{len(values)} fields where the header has {len(self._names)}")
        event: Event = {}
        types = self._types if len(self._types) == len(values) else ["string"] * len(values)
        for name, kind, value in zip(self._names, types, values, strict=True):
            if value != self._marks["unset_field"] and not name.startswith("_"):
                self._put(event, name, kind, value)
        if self._log:
            event["_ls"] = zeek_tag(self._log)
        event["_time"] = event_time(event)
        return event

    def _put(self, event: Event, name: str, kind: str, value: str) -> None:
        if kind.startswith(("set[", "vector[")):
            if value != self._marks["empty_field"]:
                turn = _zeek_value(kind.partition("[")[2].removesuffix("]"))
                parts = value.split(self._marks["set_separator"])
                if len(parts) > self._options.limits.values:
                    raise UnreadableLine(f"more than {self._options.limits.values} values")
                event[name] = [turn(part) for part in parts]
        elif value == self._marks["empty_field"]:
            event[name] = ""
        else:
            event[name] = _zeek_value(kind)(value)


def _separator(text: str) -> str:
    try:
        separator = bytes.fromhex(text.removeprefix("\\x")).decode()
    except ValueError:
        separator = ""
    if not separator:
        raise UnreadableLine("a separator that is not written as \\x09")
    return separator


def _zeek_value(kind: str) -> Callable[[str], object]:
    match kind:
        case "count" | "int" | "port":
            return _integer
        case "time" | "double" | "interval":
            return _fraction
        case "bool":
            return lambda text: text == "T"
    return str


def _integer(text: str) -> object:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else text  # noqa: PLR2004


def _fraction(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text

"""Where events come from, as an operator writes it: one address for each source.

/var/log/nginx/access.log?format=nginx        a file that is followed
udp://127.0.0.1:5514                          syslog in datagrams
tcp://127.0.0.1:5514                          syslog, by octet count or by line
tls://0.0.0.0:6514?certificate=C&key=K        the same under TLS; clients=CA asks for theirs
http://127.0.0.1:8089?token=FILE              NDJSON is brought by POST
nats://127.0.0.1:4222/STREAM?durable=NAME     a stream of JetStream
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from detente.errors import InputError
from detente.watch.reading import Format

RATE_DEFAULT = 50_000  # events a second of one source
NAME_CHARS_MAX = 100
EXAMPLE = "Write a path, or udp://, tcp://, tls://, http:// or nats:// with HOST:PORT"


class Via(StrEnum):
    """How events come."""

    FILE = "file"
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    NATS = "nats"


_FORMS = {
    Via.FILE: Format.AUTO,
    Via.UDP: Format.SYSLOG,
    Via.TCP: Format.SYSLOG,
    Via.TLS: Format.SYSLOG,
    Via.HTTP: Format.JSONL,
    Via.NATS: Format.JSONL,
}
_COMMON = frozenset({"format", "purpose", "rate"})
_OPTIONS: Mapping[Via, frozenset[str]] = {
    Via.FILE: _COMMON,
    Via.UDP: _COMMON,
    Via.TCP: _COMMON,
    Via.TLS: _COMMON | {"certificate", "key", "clients"},
    Via.HTTP: _COMMON | {"token"},
    Via.NATS: _COMMON | {"durable", "subject", "token", "clients"},
}
_NEEDED: Mapping[Via, frozenset[str]] = {
    Via.TLS: frozenset({"certificate", "key"}),
    Via.HTTP: frozenset({"token"}),
}
_WITH_LINES = frozenset(Format) - {Format.EVTX, Format.JSON}


@dataclass(frozen=True, slots=True)
class WatchSource:
    """One source.

    Attributes:
        name: the operator's.
        via: how its events come.
        where: path, HOST:PORT, or HOST:PORT/STREAM.
        form: of its lines.
        purpose: what mail and look-up logs are kept for; empty where that was not said.
        rate: events a second that are taken of it.
        options: what else its kind takes.
    """

    name: str
    via: Via
    where: str
    form: Format
    purpose: str = ""
    rate: int = RATE_DEFAULT
    options: Mapping[str, str] = field(default_factory=dict)


Done = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Portion:
    """Some lines of a source, in order.

    Attributes:
        source: where they come from.
        form: of the lines; settled.
        stream: what their numbers count within; another one begins anew.
        lines: without their line ends.
        at: number of each in the stream.
        place: JSON: how far the source was read with these.
        head: lines that a reader which begins here must have seen.
        requests: names of the requests that brought them.
        done: called once everything found in them is durable.
    """

    source: WatchSource
    form: Format
    stream: str
    lines: list[bytes]
    at: list[int]
    place: str
    head: tuple[bytes, ...] = ()
    requests: tuple[str, ...] = ()
    done: Done | None = None


def parse_source(name: str, address: str) -> WatchSource:
    """Read what an operator wrote about one source.

    Raises:
        InputError: it is none of the forms above; with what to write instead.
    """
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InputError(f"{name[:40]!r} cannot be a source's name", remedy="Use a short word")
    scheme, separator, _ = address.partition("://")
    if not separator:
        path, _, query = address.partition("?")
        return _made(name, Via.FILE, path, query)
    try:
        via = Via(scheme)
        parts = urlsplit(address)
        if via is Via.FILE:
            return _made(name, via, unquote(parts.path), parts.query)
        where = f"{_host(parts.hostname)}:{parts.port}"
        if parts.hostname is None or parts.port is None:
            raise ValueError
    except ValueError:
        raise InputError(f"{address[:200]!r} is no source", remedy=EXAMPLE) from None
    stream = parts.path.strip("/")
    if bool(stream) != (via is Via.NATS):
        raise InputError(
            f"{address[:200]!r}: a path names the stream of nats://, and of nothing else",
            remedy=EXAMPLE,
        )
    return _made(name, via, f"{where}/{stream}" if stream else where, parts.query)


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else str(name)


def _made(name: str, via: Via, where: str, query: str) -> WatchSource:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = options.keys() - _OPTIONS[via]
    missing = _NEEDED.get(via, frozenset()) - options.keys()
    if unknown or missing or not where:
        wrong = [f"does not know {each}" for each in sorted(unknown)]
        wrong += [f"needs {each}=" for each in sorted(missing)]
        known = ", ".join(sorted(_OPTIONS[via]))
        raise InputError(
            f"source {name}: {via} {' and '.join(wrong) or 'names no place'}",
            remedy=f"It takes {known}",
        )
    form, rate = _form(name, options.pop("format", _FORMS[via])), options.pop("rate", "")
    if rate and not (rate.isascii() and rate.isdigit() and 0 < int(rate) <= 10**7):
        raise InputError(f"source {name}: rate is a number of events a second, not {rate[:40]!r}")
    purpose = options.pop("purpose", "")
    return WatchSource(
        name, via, where, form, purpose, int(rate) if rate else RATE_DEFAULT, options
    )


def _form(name: str, word: str) -> Format:
    try:
        form = Format(word)
    except ValueError:
        form = Format.EVTX
    if form not in _WITH_LINES:
        known = ", ".join(sorted(_WITH_LINES))
        raise InputError(
            f"source {name}: {word[:40]!r} cannot be followed line by line",
            remedy=f"Formats that can: {known}; a file of another is for `detente watch scan`",
        )
    return form

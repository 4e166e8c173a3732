"""Lines as the gate would clear them, for tests of what is written for tools."""

from datetime import UTC, datetime
from types import MappingProxyType

from detente.exchange.lines import Shown, Trace, make_line
from detente.statements import Tlp, encode_object
from detente.watch import Level, make_item
from detente.watch.values import pattern_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE = Trace("ab" * 32, "cd" * 32, "0" * 32 + "/1", 7, 3)


def indicator(item, **more):
    return encode_object(
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--11111111-1111-4111-8111-111111111111",
            "created": "2026-03-01T00:00:00.000Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "valid_from": "2026-03-01T00:00:00.000Z",
            "pattern": pattern_of(item),
            "pattern_type": "stix",
        }
        | more
    )


def line(path, value, *, level=Level.ALERTING, why="verified", tlp=Tlp.GREEN, obj=None):
    item = make_item(path, value)
    shown = Shown(MappingProxyType({TRACE.leaf: obj or indicator(item)}), tlp)
    made = make_line(item, level, since=NOW, why=why, origins=1, sources=[(TRACE, shown)])
    assert made is not None
    return made


LINES = [
    line("ipv4-addr:value", "198.51.100.7", level=Level.ACTIONABLE),
    line("ipv4-addr:value", "203.0.113.0/24"),
    line("ipv6-addr:value", "2001:db8::7"),
    line("domain-name:value", "evil.example", level=Level.ACTIONABLE),
    line("url:value", "http://evil.example/a?b=1"),
    line("email-addr:value", "a@evil.example"),
    line("file:hashes.MD5", "ab" * 16),
    line("file:hashes.SHA-256", "cd" * 32),
]

"""A value in a field is found by what names it, when that holds, and by nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch import Item
from detente.watch.indicators import (
    FIELDS,
    Found,
    IndicatorMatcher,
    LiveIndicators,
    Observable,
    SetBuilder,
    Term,
    keys_of_pattern,
    matching,
)
from detente.watch.indicators.keys import BELOW, key_of, spelled, text_key
from detente.watch.indicators.model import id_of_value
from tests.shared import scaled

NOON = 1_795_435_200.0
TERM = Term("a list")
MD5, SHA256 = "ab" * 16, "cd" * 32


def matcher(
    *patterns: str, live: LiveIndicators | None = None, term: Term = TERM
) -> IndicatorMatcher:
    builder = SetBuilder()
    for number, pattern in enumerate(patterns):
        for key, _ in keys_of_pattern(pattern):
            builder.add(key, term, f"indicator--00000000-0000-4000-8000-{number:012}")
    return IndicatorMatcher(builder.seal(), live)


def fields_hit(asked: IndicatorMatcher, event: dict[str, Any], now: float = NOON) -> list[str]:
    return [hit.field for hit in asked.matches([event], now=now)]


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        (f"[file:hashes.MD5 = '{MD5}']", {"Hashes": f"SHA1={'00' * 20},MD5={MD5.upper()}"}),
        (f"[file:hashes.'SHA-256' = '{SHA256}']", {"Hashes": f"SHA256={SHA256.upper()}"}),
        (f"[file:hashes.'SHA-256' = '{SHA256}']", {"fileinfo.sha256": SHA256}),
        ("[ipv4-addr:value = '192.0.2.7']", {"id.resp_h": "192.0.2.7"}),
        ("[ipv4-addr:value = '192.0.2.0/24']", {"DestinationIp": "192.0.2.7"}),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", {"c-ip": "192.0.2.7"}),
        ("[ipv4-addr:value = '192.0.2.7']", {"IpAddress": "::ffff:192.0.2.7"}),
        ("[ipv6-addr:value = '2001:db8::7']", {"src_ip": "2001:DB8:0::7"}),
        ("[domain-name:value = 'Evil.Example']", {"query": "evil.example."}),
        ("[domain-name:value = 'evil.example']", {"QueryName": "EVIL.example"}),
        ("[domain-name:value = 'evil.example']", {"answers": ["192.0.2.1", "evil.example"]}),
        ("[domain-name:value = 'evil.example']", {"cs-referer": "https://u@evil.example:8443/x"}),
        ("[ipv4-addr:value = '192.0.2.7']", {"http_host": "192.0.2.7:8080"}),
        ("[url:value = 'http://evil.example/a']", {"c-uri": "HTTP://EVIL.example/a"}),
        ("[email-addr:value = 'a@evil.example']", {"mailfrom": "Name <A@Evil.example>"}),
        ("[mutex:name = 'Zed']", {"ObjectName": r"\Sessions\1\BaseNamedObjects\Zed"}),
        (
            "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Run']",
            {"TargetObject": "HKLM\\SOFTWARE\\Run\\value"},
        ),
        (
            "[windows-registry-key:key = 'HKCU\\\\Software\\\\Run']",
            {"TargetObject": "HKU\\S-1-5-21-1-2-3-1001\\Software\\Run"},
        ),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Bad/1']",
            {"user_agent": "Bad/1"},
        ),
        ("[x509-certificate:serial_number = '0abc']", {"tls.serial": "0A:BC"}),
        (f"[x509-certificate:hashes.MD5 = '{MD5}']", {"tls.fingerprint": "AB:" * 15 + "ab"}),
        ("[file:name = 'Bad.exe']", {"Image": "C:\\Temp\\BAD.EXE"}),
    ],
)  # fmt: skip
def test_a_value_is_found_however_its_log_writes_it(pattern: str, event: dict[str, Any]) -> None:
    assert fields_hit(matcher(pattern), event) == list(event)


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ("[domain-name:value = 'evil.example']", {"query": "www.evil.example"}),
        ("[domain-name:value = 'evil.example']", {"query": "notevil.example"}),
        ("[domain-name:value = 'evil.example']", {"CommandLine": "evil.example"}),
        ("[ipv4-addr:value = '192.0.2.7']", {"src_ip": "192.0.2.70"}),
        ("[ipv4-addr:value = '192.0.2.0/24']", {"src_ip": "192.0.3.1"}),
        (f"[file:hashes.MD5 = '{MD5}']", {"Hashes": f"SHA1={MD5}00000000"}),
        (f"[file:hashes.MD5 = '{MD5}']", {"Hashes": f"IMPHASH={MD5}"}),
        ("[url:value = 'http://evil.example/a']", {"c-uri": "http://evil.example/A"}),
        ("[ipv4-addr:value = '192.0.2.7']", {"src_ip": None}),
        ("[ipv4-addr:value = '192.0.2.7']", {"src_ip": 192}),
        ("[ipv4-addr:value = '192.0.2.7']", {"src_ip": [1, None, {"a": 1}]}),
    ],
)
def test_a_value_that_is_not_named_is_not_found(pattern: str, event: dict[str, Any]) -> None:
    assert fields_hit(matcher(pattern), event) == []


def test_a_starred_name_finds_itself_and_what_is_under_it() -> None:
    builder = SetBuilder()
    builder.add(text_key(BELOW, "evil.example"), TERM)
    asked = IndicatorMatcher(builder.seal())
    assert fields_hit(asked, {"query": "a.b.evil.example"}) == ["query"]
    assert fields_hit(asked, {"query": "evil.example"}) == ["query"]
    assert fields_hit(asked, {"query": "notevil.example"}) == []


def test_who_looks_back_finds_what_came_before_a_warning_while_it_holds_and_not_after() -> None:
    builder = SetBuilder()
    for key, _ in keys_of_pattern("[ipv4-addr:value = '192.0.2.7']"):
        builder.add(key, Term("x", NOON, NOON + 60))
    asked = IndicatorMatcher(builder.seal(), looks_back=True)
    past = {"src_ip": "192.0.2.7", "_time": NOON - 86_400}
    assert fields_hit(asked, past, now=NOON) == ["src_ip"]
    assert fields_hit(asked, past, now=NOON + 60) == []
    assert fields_hit(asked, past | {"_time": NOON + 1}, now=NOON + 60) == ["src_ip"]


def test_an_indicator_holds_from_its_start_until_before_its_end_by_the_events_own_time() -> None:
    asked = matcher("[ipv4-addr:value = '192.0.2.7']", term=Term("x", NOON, NOON + 60))
    for second, held in ((-1, False), (0, True), (59, True), (60, False)):
        event = {"src_ip": "192.0.2.7", "_time": NOON + second}
        assert bool(fields_hit(asked, event, now=NOON + 30)) is held
        assert bool(fields_hit(asked, {"src_ip": "192.0.2.7"}, now=NOON + second)) is held


def test_what_comes_goes_and_is_revoked_while_watching_counts_from_the_next_batch() -> None:
    live = LiveIndicators()
    asked = matcher("[ipv4-addr:value = '192.0.2.7']", live=live)
    event = {"src_ip": "192.0.2.7", "query": "evil.example"}
    assert fields_hit(asked, event) == ["src_ip"]
    name = Item("domain-name:value", "evil.example")
    live.replace("own", [(name, TERM)])
    assert fields_hit(asked, event) == ["src_ip", "query"]
    live.replace("own", [])
    assert fields_hit(asked, event) == ["src_ip"]
    (hit,) = asked.matches([event], now=NOON)
    live.revoke([hit.indicator])
    assert fields_hit(asked, event) == []


def test_a_value_that_two_sources_name_goes_with_the_last_of_them() -> None:
    live = LiveIndicators()
    asked = matcher(live=live)
    address = Item("ipv4-addr:value", "192.0.2.0/24")
    live.replace("a", [(address, TERM)])
    live.replace("b", [(address, TERM)])
    live.replace("a", [])
    assert fields_hit(asked, {"src_ip": "192.0.2.7"}) == ["src_ip"]
    live.replace("b", [])
    assert fields_hit(asked, {"src_ip": "192.0.2.7"}) == []
    assert len(live) == 0


NAMED = matcher(
    "[ipv4-addr:value = '192.0.2.7']",
    "[domain-name:value = 'evil.example']",
    f"[file:hashes.MD5 = '{MD5}']",
    "[email-addr:value = 'a@evil.example']",
).sealed
VALUES = st.sampled_from(
    (
        "192.0.2.7",
        "192.0.2.8",
        "evil.example",
        "a@evil.example",
        MD5,
        "",
        "x",
        "http://evil.example",
    )
)
EVENTS = st.lists(
    st.dictionaries(
        st.sampled_from(("src_ip", "SRC_IP", "query", "md5", "mailfrom", "answers", "other")),
        VALUES | st.lists(VALUES, max_size=3) | st.integers() | st.none(),
        max_size=4,
    ),
    max_size=12,
)


@given(EVENTS, st.integers(1, 5))
@settings(max_examples=scaled(300, 20_000))
def test_the_same_event_gives_the_same_hits_in_any_batch(
    events: list[dict[str, Any]], size: int
) -> None:
    alone = [
        (line, hit.field, hit.indicator)
        for line, event in enumerate(events)
        for hit in IndicatorMatcher(NAMED).matches([event], now=NOON)
    ]
    asked = IndicatorMatcher(NAMED)
    together = [
        (start + hit.line, hit.field, hit.indicator)
        for start in range(0, len(events), size)
        for hit in asked.matches(events[start : start + size], now=NOON)
    ]
    assert sorted(together) == sorted(alone)


def test_values_that_never_repeat_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MEMO_VALUES_MAX", 500)
    asked = matcher("[domain-name:value = 'evil.example']")
    for start in range(0, 5_000, 100):
        asked.matches([{"query": f"n{start + n}.example"} for n in range(100)], now=NOON)
        assert asked.remembered <= 600
    assert asked.remembered > 0


def test_every_kind_of_value_has_fields_and_every_field_is_named_in_lower_case() -> None:
    assert {kind for kinds in FIELDS.values() for kind in kinds} == set(Observable)
    assert all(name == name.lower() for name in FIELDS)


def test_the_id_of_a_value_without_one_is_the_same_wherever_it_stands() -> None:
    item = spelled("domain-name:value", "EVIL.example.")
    assert item == Item("domain-name:value", "evil.example")
    key = key_of(item)
    assert key is not None
    live = LiveIndicators()
    live.add(key, Found(id_of_value(item), item, TERM))
    (hit,) = matcher(live=live).matches([{"query": "evil.example"}], now=NOON)
    assert hit.indicator == id_of_value(item)

"""What several fields, or several events, must show together is found where they do."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch.indicators import CompoundMatcher, Term, compounds
from detente.watch.indicators.objects import objects_of
from detente.watch.patterns import compile_pattern
from detente.watch.patterns.observations import Observed
from tests.shared import scaled

NOON = 1_795_435_200.0
TERM = Term("x")
ID = "indicator--00000000-0000-4000-8000-000000000001"
MD5 = "ab" * 16
PROCESS = {
    "Image": "C:\\Temp\\bad.exe", "CommandLine": "bad.exe -x", "User": "OFFICE\\ana",
    "Hashes": f"MD5={MD5.upper()}", "ParentImage": "C:\\Windows\\winword.exe", "ProcessId": 7,
}  # fmt: skip
FLOW = {"id.orig_h": "10.0.0.1", "id.resp_h": "192.0.2.7", "id.resp_p": 8443, "proto": "tcp"}
KEY = {"TargetObject": "HKLM\\Software\\Run\\evil", "Details": "bad.exe"}


def lines(pattern: str, *events: dict[str, Any], term: Term = TERM) -> list[int]:
    matcher = CompoundMatcher([(ID, pattern, term)])
    return [hit.line for hit in matcher.matches(events, now=NOON)]


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        (f"[file:name = 'bad.exe' AND file:hashes.MD5 = '{MD5.upper()}']", PROCESS),
        ("[process:image_ref.name = 'bad.exe' AND process:command_line LIKE '%-x']", PROCESS),
        ("[process:parent_ref.image_ref.name = 'winword.exe' AND process:pid = 7]", PROCESS),
        ("[process:creator_user_ref.account_login = 'ana' AND process:pid > 5]", PROCESS),
        ("[file:parent_directory_ref.path MATCHES '(?i)temp$']", PROCESS),
        ("[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port = 8443]", FLOW),
        ("[network-traffic:src_ref.value ISSUBSET '10.0.0.0/8' AND"
         " network-traffic:protocols[*] = 'tcp']", FLOW),
        ("[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Run' AND"
         " windows-registry-key:values[*].name = 'evil']", KEY),
        ("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' LIKE 'B%']",
         {"user_agent": "Bad/1"}),
        ("[domain-name:value LIKE '%.example']", {"query": "Evil.Example"}),
        ("[email-message:subject = 'pay' OR url:value = 'x']", {"subject": "pay"}),
    ],
)  # fmt: skip
def test_a_pattern_over_one_event_is_found(pattern: str, event: dict[str, Any]) -> None:
    assert lines(pattern, {"other": 1}, event, {"query": "a.test"}) == [1]


def test_events_in_order_and_time_are_found_once() -> None:
    pattern = "([domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example'])" \
        " WITHIN 60 SECONDS"  # fmt: skip
    first, last = {"query": "a.example", "_time": NOON}, {"query": "b.example"}
    assert lines(pattern, first, last | {"_time": NOON + 59}, last | {"_time": NOON + 60}) == [1]
    assert lines(pattern, first, last | {"_time": NOON + 61}) == []
    assert lines(pattern, last | {"_time": NOON - 1}, first) == []


def test_a_repeated_event_counts_each_time_across_batches() -> None:
    matcher = CompoundMatcher(
        [(ID, "[domain-name:value = 'a.example'] REPEATS 3 TIMES", Term("x"))]
    )
    event = {"query": "a.example"}
    hits = [matcher.matches([event], now=NOON + second) for second in range(6)]
    assert [len(each) for each in hits] == [0, 0, 1, 0, 0, 1]


def test_a_pattern_holds_in_its_time_only() -> None:
    term = Term("x", NOON, NOON + 1)
    event = {"query": "a.example"}
    pattern = "[domain-name:value LIKE 'a%']"
    assert lines(pattern, event | {"_time": NOON - 1}, event, term=term) == [1]


def test_a_text_where_a_pattern_asks_for_a_time_is_no_hit_and_no_error() -> None:
    pattern = "[process:command_line = t'2026-01-01T00:00:00Z']"
    assert lines(pattern, PROCESS, {"CommandLine": "2026-01-01T00:00:00.0Z"}) == [1]


def test_a_pattern_that_asks_for_too_much_is_dropped_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compounds, "WORK_MAX", 500)
    several = "([domain-name:value LIKE 'a%'] FOLLOWEDBY [domain-name:value LIKE 'b%']) REPEATS 9"
    dear, cheap = ID, ID[:-1] + "2"
    matcher = CompoundMatcher(
        [(dear, f"{several} TIMES", TERM), (cheap, "[domain-name:value LIKE 'b%']", TERM)]
    )
    batch = [{"query": f"{'ab'[n % 2]}.example", "_time": NOON + n} for n in range(40)]
    hits = matcher.matches(batch, now=NOON)
    assert {hit.indicator for hit in hits} == {cheap}
    assert "combinations" in matcher.dropped[dear]


COMPARED = st.sampled_from(
    (
        "file:name = 'bad.exe'",
        "file:name IN ('x', 'bad.exe')",
        f"file:hashes.MD5 = '{MD5}'",
        "file:name NOT = 'bad.exe'",
        "file:size = 3",
        "process:command_line = 'bad.exe -x'",
        "process:image_ref.name = 'bad.exe'",
        "process:command_line LIKE 'b%'",
        "NOT EXISTS process:cwd",
    )
)
TESTS = st.recursive(
    COMPARED, lambda t: st.builds("({} {} {})".format, t, st.sampled_from(("AND", "OR")), t)
)


@given(TESTS, st.sampled_from((PROCESS, FLOW, {**PROCESS, "Image": "x"}, {"md5": MD5})))
@settings(max_examples=scaled(150, 20_000))
def test_looking_only_where_a_needed_value_is_loses_nothing(
    test: str, event: dict[str, Any]
) -> None:
    observed = Observed.of(objects_of(event), first=0, last=0)
    assert bool(lines(f"[{test}]", event)) is compile_pattern(f"[{test}]").holds((observed,))


EVENTS = st.dictionaries(
    st.sampled_from((*PROCESS, *FLOW, *KEY, "user_agent", "tls.serial", "subject", "answers")),
    st.text(max_size=8) | st.integers() | st.none() | st.lists(st.text(max_size=3), max_size=3)
    | st.booleans() | st.floats(),
)  # fmt: skip


@given(EVENTS)
@settings(max_examples=scaled(150, 20_000))
def test_an_event_of_any_values_is_objects_that_can_be_asked(event: dict[str, Any]) -> None:
    lines("[process:command_line = 'x' OR EXISTS file:name OR network-traffic:dst_port > 1]", event)

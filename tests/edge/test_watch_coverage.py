"""`detente watch coverage`: what rules cannot see is told, never swallowed. (issue 4, section 5)"""

import gzip
import json

import pytest

from tests.edge.typed import Terminal
from tests.shared import shared_path

RULES = """\
title: Shell
id: 11111111-1111-4111-8111-111111111111
level: low
tags: [attack.t1059.004]
logsource: {product: linux, category: process_creation}
detection: {sel: {Image|endswith: /sh}, other: {Ghost: x}, condition: sel and not other}
---
title: Ghost
id: 11111111-1111-4111-8111-111111111112
level: high
tags: [attack.t1003]
logsource: {product: linux, category: process_creation}
detection: {sel: {Image|endswith: /sh, Ghost: x}, condition: sel}
---
title: Elsewhere
id: 11111111-1111-4111-8111-111111111113
level: high
logsource: {product: okta, service: okta}
detection: {sel: {eventType: x}, condition: sel}
---
title: Broken
id: 11111111-1111-4111-8111-111111111114
level: high
logsource: {product: linux}
detection: {sel: {a: b}, condition: sel and nothing}
"""
EVENT = {"_ls": {"product": "linux", "category": "process_creation"}, "Image": "/bin/sh"}


@pytest.fixture
def type_in(monkeypatch, capsysbinary, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = "\n".join([json.dumps(EVENT), "{broken", json.dumps({"a": 1})])
    (logs / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return Terminal(monkeypatch, capsysbinary)


def test_every_rule_is_said_to_be_able_or_blind_or_refused_with_its_place(type_in):
    said = type_in("watch", "coverage", "--rules", "rules.yml", "--events", "logs", "--json")
    assert said.status == 0
    found = said.document
    assert (found["rules"], found["can_fire"]) == (4, 1)
    (refused,) = found["refused"]
    assert refused["rule"].endswith("4")
    assert refused["reason"]
    assert (refused["file"], refused["line"]) == ("rules.yml", 21)
    assert [
        (each["rule"][-1], each["field"], each["needed"]) for each in found["unseen_fields"]
    ] == [
        ("1", "Ghost", False),
        ("2", "Ghost", True),
    ]
    assert {each["rule"][-1]: each["reason"] for each in found["cannot_fire"]} == {
        "2": "never seen in its log source: Ghost",
        "3": "no event of its log source was seen",
    }
    assert [each["product"] for each in found["silent_sources"]] == ["okta"]
    assert (found["events"], found["set_aside"], found["events_no_rule_looks_at"]) == (2, 1, 1)


def test_a_layer_holds_the_techniques_of_rules_that_can_fire_and_no_others(type_in, tmp_path):
    said = type_in("watch", "coverage", "--rules", "rules.yml", "--events", "logs",
                   "--layer", "covered.json", "--json")  # fmt: skip
    assert said.status == 0
    layer = json.loads((tmp_path / "covered.json").read_text())
    assert layer["versions"]["layer"] == "4.5"
    assert [each["techniqueID"] for each in layer["techniques"]] == ["T1059.004"]


def test_events_that_are_not_there_are_bad_input(type_in):
    said = type_in("watch", "coverage", "--rules", "rules.yml", "--events", "nowhere")
    assert said.status == 2
    assert "nowhere" in said.err


def test_no_rule_that_is_expected_to_fire_on_the_shared_events_is_called_blind(type_in):
    data = shared_path("data", "watch")
    said = type_in("watch", "coverage", "--rules", data / "sigma-rules.zip", "--events",
                   data / "events_20k.jsonl.zst", "--pipeline", "sysmon", "--json")  # fmt: skip
    found = said.document
    assert found["rules"] == 3_754
    expected = json.loads((data / "expected_20k.json").read_text())["hits"]
    blind = {each["rule"] for each in (*found["cannot_fire"], *found["refused"])}
    assert expected
    assert blind.isdisjoint(expected)
    assert found["rules"] == found["can_fire"] + len(blind)

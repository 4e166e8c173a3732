"""Indicators are told beside what rules find, each once a line, with the fields that hold it."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from detente.cli.watch import command
from detente.node.event_files import EventInput, read_events
from detente.node.seeking import IndicatorWatcher
from detente.node.watchlists import load_watchlists
from detente.watch.reading import Format
from tests.edge.test_watchlists import NOW, indicator


def test_values_and_patterns_are_told_with_their_place_their_id_and_their_fields(
    tmp_path: Path,
) -> None:
    pattern = indicator(9, "[domain-name:value LIKE 'evil.%']")
    (tmp_path / "list.txt").write_text("192.0.2.7\n")
    (tmp_path / "b.json").write_text(json.dumps({"type": "bundle", "objects": [pattern]}))
    events = tmp_path / "events.jsonl"
    events.write_text(
        '{"src_ip": "192.0.2.1"}\nnot json\n'
        '{"src_ip": "192.0.2.7", "dest_ip": "192.0.2.7", "query": "evil.example"}\n'
    )
    lists = load_watchlists([tmp_path / "list.txt", tmp_path / "b.json"], now=NOW)
    watcher = IndicatorWatcher(lists, now=NOW.timestamp())
    told = [
        each
        for batch in read_events(EventInput(str(events), Format.JSONL), now=NOW.timestamp())
        for each in watcher.look(str(events), batch)
    ]
    assert {each.line for each in told} == {2}
    assert {each.input for each in told} == {str(events)}
    by_rule = {each.rule: each.fields for each in told}
    assert by_rule.pop(str(pattern["id"])) == {}
    assert list(by_rule.values()) == [{"src_ip": "192.0.2.7", "dest_ip": "192.0.2.7"}]
    assert watcher.dropped == {}


def test_one_process_or_two_tell_the_same_and_events_joined_by_a_pattern_pass_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "rules.yml").write_text(RULE)
    (tmp_path / "list.txt").write_text("192.0.2.7\n")
    together = indicator(
        8, "([ipv4-addr:value = '192.0.2.7'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.8'])"
    )
    (tmp_path / "b.json").write_text(json.dumps(together))
    events = tmp_path / "events.jsonl"
    events.write_text(
        "".join(
            f'{{"src_ip": "192.0.2.{n % 9}", "ts": {1_795_435_200 + n}}}\n' for n in range(20_000)
        )
    )
    values = scanned(tmp_path, "list.txt")
    assert len(values) == sum(n % 9 == 7 for n in range(20_000))
    assert scanned(tmp_path, "list.txt", "--jobs", "1") == values
    joined = scanned(tmp_path, "b.json", "--jobs", "2")
    assert [row["line"] for row in joined] == [n for n in range(20_000) if n % 9 == 8]


RULE = """
title: a name
id: 12345678-1234-4234-8234-123456789012
status: test
level: low
logsource: {product: zeek, service: dns}
detection: {named: {query: a.test}, condition: named}
"""


def scanned(folder: Path, indicators: str, *more: str) -> list[dict[str, Any]]:
    paths = ["--indicators", str(folder / indicators), "--events", str(folder / "events.jsonl")]
    result = CliRunner().invoke(
        command, ["scan", "--rules", str(folder / "rules.yml"), *paths, "--json", *more]
    )
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]

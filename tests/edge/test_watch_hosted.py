"""A running node that watches is killed again and again: each match once, windows go on.

(issue 4, sections 6 and 8; ADR 0066)
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

from detente.storage.database import open_database
from detente.storage.detections import DetectionShelf
from tests.edge.running_nodes import found_unit

CHANNEL = "Microsoft-Windows-Sysmon/Operational"
ONE, MANY = (f"33333333-3333-4333-8333-33333333333{number}" for number in (1, 2))
EVIL, KILLS, LIMIT_S = 12, 2, 60.0
RULES = f"""\
title: Evil image
id: {ONE}
level: high
status: test
logsource: {{product: windows, category: process_creation}}
detection: {{s: {{Image|endswith: evil.exe}}, condition: s}}
---
title: Evil often
id: {MANY}
level: critical
status: test
correlation:
  type: event_count
  rules: [{ONE}]
  group-by: [Computer]
  timespan: 1h
  generate: true
  condition: {{gte: {EVIL}}}
"""


def events(numbers):
    for number in numbers:
        image = "C:\\evil.exe" if number % 5 == 0 else "C:\\good.exe"
        yield json.dumps(
            {"Channel": CHANNEL, "EventID": 1, "Computer": "pc", "Image": image, "n": number}
            | {"UtcTime": f"2026-11-01 10:00:{number % 60:02d}.000"}
        ) + "\n"  # fmt: skip


def start(node, cache):
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "run", str(node), "--listen", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(cache)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def kept(node):
    database = open_database(node / "state.sqlite")
    try:
        shelf = DetectionShelf(database)
        row = shelf.sources().get("pcs")
        return (0 if row is None else row.events), [one for _, one in shelf.detections()]
    finally:
        database.close()


def wait_for(node, count):
    begun = time.monotonic()
    while kept(node)[0] < count and time.monotonic() - begun < LIMIT_S:
        time.sleep(0.05)


def test_killed_again_and_again_no_match_is_lost_or_doubled_and_open_windows_go_on(tmp_path):
    directories, _ = found_unit(tmp_path, ["Aurel", "Borea"])
    node, log, rules = directories["Aurel"], tmp_path / "pcs.jsonl", tmp_path / "rules.yml"
    rules.write_text(RULES)
    log.touch()
    with (node / "detente.toml").open("a") as settings:
        settings.write(f'\n[watch_sources]\npcs = "{log}?format=jsonl"\n')
        settings.write(f'\n[watch_rules]\nown = "{rules}"\n')
    total, done = EVIL * 5, 0
    share = total // (KILLS + 1)
    for turn in range(KILLS + 1):
        process = start(node, tmp_path / "cache")
        with closing(process.stdout):
            try:
                with log.open("a") as file:
                    file.writelines(events(range(done, done + share)))
                done += share
                # The first dies as soon as it may, the others with something half-way.
                wait_for(node, done - share // 2 if turn < KILLS else total)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
    count, rows = kept(node)
    assert count == total
    single = Counter(json.loads(row.evidence)["n"] for row in rows if row.rule == ONE)
    assert single == Counter(range(0, total, 5))
    assert [row.rule for row in rows if row.rule != ONE] == [MANY]

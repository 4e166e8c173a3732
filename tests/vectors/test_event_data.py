"""Real logs read as the shared data says they read, field by field; every EVTX case, every record.

Data: events_mixed and its raw forms, SigmaHQ's regression cases (sources in their READMEs).
"""

import hashlib
import json
import subprocess
import sys

import orjson
import pytest
import zstandard

from detente.node.event_files import EventInput, read_events
from tests.shared import ROOT, shared_path

NOW = 1_790_000_000.0
RAW = {
    "apache": "apache_access_combined.log",
    "zeek": "zeek_combined.jsonl.zst",
    "suricata": "suricata_eve_alerts.jsonl.zst",
    "cloudtrail": "cloudtrail_records.jsonl.zst",
    "sshd": "loghub-openssh/auth.log",
}
ADDED = {"src_ip", "src_port", "user"}
"""What reading adds to sshd's lines; correlations group by it, no rule of SigmaHQ names it."""


def data(*parts):
    return shared_path("data", "watch", *parts)


def read_all(path):
    batches = list(read_events(EventInput(str(path)), now=NOW))
    return (
        [event for batch in batches for event in batch.events],
        [bad for batch in batches for bad in batch.bad],
    )


def plain(event):
    """The event without its time, which the shared data does not hold."""
    return {name: value for name, value in event.items() if name != "_time"}


def flat_lines(path):
    packed = path.read_bytes()
    if path.suffix == ".zst":
        packed = zstandard.ZstdDecompressor().stream_reader(packed).read()
    return [orjson.loads(line) for line in packed.splitlines()]


@pytest.mark.parametrize("kind", list(RAW))
def test_raw_logs_read_as_their_flat_form(kind):
    start, end = json.loads(data("events_mixed.ranges.json").read_bytes())[kind]
    wanted = flat_lines(data("events_mixed.jsonl.zst"))[start:end]
    events, bad = read_all(data("raw", RAW[kind]))
    assert [line.position for line in bad] == ([8898] if kind == "apache" else [])
    seen = [plain(event) for event in events]
    if kind == "sshd":
        seen = [{n: v for n, v in event.items() if n not in ADDED} for event in seen]
    assert seen == wanted


def test_flat_lines_that_say_their_source_are_read_unchanged():
    path = data("events_mixed.jsonl.zst")
    events, bad = read_all(path)
    assert bad == []
    assert [plain(event) for event in events] == flat_lines(path)


def test_flat_windows_lines_are_read_unchanged():
    path = data("events_20k.jsonl.zst")
    events, bad = read_all(path)
    assert bad == []
    assert [plain(event) for event in events] == flat_lines(path)


def test_invented_web_and_sshd_lines_read_as_their_flat_form():
    wanted = flat_lines(data("events_synthetic.jsonl"))
    web, _ = read_all(data("raw", "synthetic_access_combined.log"))
    auth, _ = read_all(data("raw", "synthetic_auth.log"))
    assert [plain(event) for event in web] == wanted[:33]
    auth = [{n: v for n, v in plain(event).items() if n not in ADDED} for event in auth]
    assert auth == wanted[33:44]


def test_every_regression_case_reads_whole():
    manifest = json.loads(data("regression", "manifest.json").read_bytes())
    for case in manifest["cases"]:
        path = data("regression", case["evtx"])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == case["sha256"]
        events, bad = read_all(path)
        assert (len(events), bad) == (case["events"], []), case["case"]
        assert all({"Channel", "EventID", "Provider_Name"} <= event.keys() for event in events)


def test_the_one_event_there_is_both_binary_and_flat_reads_the_same():
    """Line 6790 of events_228k is the event of that regression case."""
    rule = "460479f3-80b7-42da-9c43-2cc1d54dbccd"
    (path,) = data("regression", "cases").rglob(f"{rule}.evtx")
    flat = read_events(EventInput(str(data("events_228k.jsonl.zst"))), now=NOW)
    (wanted,) = next(
        [event for at, event in zip(batch.positions, batch.events, strict=True) if at == 6790]
        for batch in flat
        if batch.positions[-1] >= 6790
    )
    assert read_all(path)[0] == [wanted]


def test_the_logs_of_the_incidents_read_without_a_bad_line(tmp_path):
    tool = shared_path("tools", "make_weblogs.py")
    done = subprocess.run(
        [sys.executable, str(tool), "--out", str(tmp_path), "--benign", "200"],
        capture_output=True, timeout=120, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    logs = sorted(tmp_path.rglob("*.log"))
    assert logs
    for log in logs:
        events, bad = read_all(log)
        assert bad == []
        assert len(events) == len(log.read_bytes().splitlines())
        assert all("_ls" in event and event["_time"] for event in events)

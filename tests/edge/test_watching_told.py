"""What is told is text and no more; what is not seen is said; nothing stays too long."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from detente.node.detection_outputs import Told, navigator_layer, ocsf_finding, stix_bundle
from detente.node.detection_report import html_report
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_home import NO_RULES
from detente.node.watching_silence import SILENT
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import create_database
from detente.storage.events import Keeping

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>&{{ 7*7 }}\u202e"
TOLD = Told(
    id="0" * 64,
    rule=HOSTILE,
    title=HOSTILE,
    level="high",
    tags=("attack.t1059.001", "attack.execution"),
    source=HOSTILE,
    position="0:0",
    event_at=START.timestamp(),
    fields={HOSTILE: HOSTILE, "list": [1, "<b>"], "DestinationIp": "198.51.100.7"},
)


def test_a_hostile_event_is_text_on_the_page():
    page = html_report([TOLD], title=HOSTILE, now=START).decode()
    assert "<script" not in page
    assert "<b>" not in page
    assert "{{ 7*7 }}" in page
    assert "49" not in page
    assert "default-src 'none'" in page


def test_an_empty_page_is_a_page():
    assert b"0 detections of 0 rules" in html_report([], title="x", now=START)


def test_an_ocsf_finding_has_what_the_class_requires():
    finding = ocsf_finding(TOLD, version="1")
    for name in ("activity_id", "category_uid", "class_uid", "finding_info", "metadata",
                 "severity_id", "time", "type_uid"):  # fmt: skip
        assert name in finding
    assert finding["type_uid"] == finding["class_uid"] * 100 + finding["activity_id"]
    assert finding["finding_info"]["attacks"] == [{"technique": {"uid": "T1059.001"}}]


def test_a_layer_counts_detections_of_each_technique():
    layer = navigator_layer([TOLD, TOLD], name="x")
    assert [(each["techniqueID"], each["score"]) for each in layer["techniques"]] == [
        ("T1059.001", 2)
    ]


def test_a_rule_s_detection_is_observed_data_and_no_sighting():
    kinds = [
        each["type"] for each in stix_bundle([TOLD], member="", name="x", now=START)["objects"]
    ]
    assert "observed-data" in kinds
    assert "sighting" not in kinds


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def watch(tmp_path):
    """A function that runs something in a watch of one file of DNS look-ups."""
    create = create_database(tmp_path / "state.sqlite")
    (tmp_path / "named.txt").write_text("evil.example\n")
    log, clock = tmp_path / "eve.json", Clock()

    def run(work, purpose=""):
        lists = load_watchlists([tmp_path / "named.txt"], now=START)
        source = parse_source("net", f"{log}?format=jsonl{purpose}")
        options = WatchOptions(sources=[source], keeping=Keeping(days=3), evidence_days=2)
        seeker = IndicatorWatcher(lists, now=0.0)
        watching = Watching(
            create, tmp_path, NO_RULES, seeker, options, now=clock, report=lambda _text: None
        )

        async def enter():
            async with watching:
                while watching.turn():
                    pass
                return work(watching, clock)

        return asyncio.run(enter())

    yield log, run
    create.close()


LOOK_UP = json.dumps(
    {
        "event_type": "dns",
        "src_ip": "192.0.2.1",
        "dns": {"type": "query", "rrname": "evil.example", "rrtype": "A"},
    }
)


@pytest.mark.parametrize("purpose", ["", "&purpose=phishing"])
def test_look_ups_are_matched_and_kept_only_for_a_stated_purpose(watch, purpose):
    log, run = watch
    log.write_text(LOOK_UP + "\n")

    def work(watching, _clock):
        ((_, row),) = watching.shelf.detections()
        return row, watching.events.waiting()[0]

    row, kept = run(work, purpose)
    assert (row.evidence is not None) == bool(purpose)
    assert row.purpose == ("phishing" if purpose else "")
    assert kept == (1 if purpose else 0)
    assert len(row.event_hash) == 32


def test_evidence_and_events_go_when_their_time_is_over(watch):
    log, run = watch
    flow = {"event_type": "tls", "src_ip": "192.0.2.1", "tls": {"sni": "evil.example"}}
    log.write_text(json.dumps(flow) + "\n")

    def work(watching, clock):
        watching.flush()
        assert len(watching.events.files()) == 1
        ((_, before),) = watching.shelf.detections()
        clock.now += timedelta(days=2, hours=1)
        watching._house._prune(clock())
        ((_, after),) = watching.shelf.detections()
        files = len(watching.events.files())
        clock.now += timedelta(days=2)
        watching._house._prune(clock())
        return before, after, files, len(watching.events.files())

    before, after, files, later = run(work)
    assert before.evidence is not None
    assert (after.evidence, after.event_hash) == (None, before.event_hash)
    assert (files, later) == (1, 0)


def test_a_source_that_falls_silent_is_told_once_for_each_silence(watch):
    log, run = watch
    log.write_text(LOOK_UP + "\n")

    def work(watching, clock):
        assert watching.tell_silences().detections == ()
        clock.now += timedelta(hours=7)
        first = watching.tell_silences().detections
        again = watching.tell_silences().detections
        with log.open("a") as file:
            file.write(LOOK_UP + "\n")
        watching.turn()
        clock.now += timedelta(hours=7)
        return first, again, watching.tell_silences().detections

    first, again, second = run(work)
    assert [each.rule for each in first] == [SILENT]
    assert list(again) == []
    assert [each.rule for each in second] == [SILENT]

"""kill -9 at any point of the continuous watch: no detection lost, none doubled after restart."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from detente.node.clock import now
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_home import NO_RULES
from detente.node.watching_keeping import event_of
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import create_database, open_database
from detente.storage.detections import DetectionShelf
from detente.storage.events import EventShelf
from tests.edge.watch_until_killed import GROUPING

STAGES = (
    "before-keeping",
    "after-keeping",
    "between-files",
    "before-forgetting",
    "after-forgetting",
)
MODULE = "tests.edge.watch_until_killed"
HARMFUL = "203.0.113.9"


def line(number):
    address = HARMFUL if number % 5 == 0 else "192.0.2.1"
    return json.dumps({"src_ip": address, "number": number, "event_type": "flow"}) + "\n"


class Log:
    """A log that grows and is rotated, in both ways that are usual."""

    def __init__(self, path):
        self.path = path
        self.count = 0
        self._chance = random.Random(7)

    def grow(self, lines):
        with self.path.open("a") as file:
            for number in range(self.count, self.count + lines):
                file.write(line(number))
        self.count += lines

    def rotate(self):
        number = len(list(self.path.parent.glob(self.path.name + ".*")))
        self.path.rename(self.path.with_name(f"{self.path.name}.{number}"))
        self.path.touch()


def start(folder, log, stage, times):
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(folder), str(log.path), stage, str(times)],
        stdout=subprocess.PIPE,
        cwd=os.getcwd(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def prepared(folder):
    create_database(folder / "state.sqlite").close()
    (folder / "named.txt").write_text(HARMFUL + "\n")
    log = Log(folder / "eve.json")
    log.path.touch()
    return log


def finish(folder, log):
    """Read what is left, in this process; return numbers detected and numbers stored."""
    database = open_database(folder / "state.sqlite")
    lists = load_watchlists([folder / "named.txt"], now=now())
    options = WatchOptions(
        sources=[parse_source("file", f"{log.path}?format=jsonl")], grouping=GROUPING
    )
    seeker = IndicatorWatcher(lists, now=0.0)
    watching = Watching(
        database, folder, NO_RULES, seeker, options, now=now, report=lambda _text: None
    )

    async def run():
        async with watching:
            for _ in range(200):
                if watching.turn() == 0:
                    break

    asyncio.run(run())
    shelf, events = DetectionShelf(database), EventShelf(database, folder / "events")
    rows = [row for _, row in shelf.detections(limit=1_000_000)]
    detected = Counter(json.loads(row.evidence)["number"] for row in rows)
    counted = sum(row.alarm.count for row in shelf.alarms())
    stored = Counter(event_of(each)["number"] for _, group in events.fresh() for each in group)
    stored += Counter(in_files(events))
    database.close()
    return detected, counted, stored


def in_files(events):
    import pyarrow.parquet

    for file in events.files():
        for raw in pyarrow.parquet.read_table(file.path)["raw"].to_pylist():
            yield json.loads(raw)["number"]


def check(folder, log):
    detected, counted, stored = finish(folder, log)
    wanted = Counter(number for number in range(log.count) if number % 5 == 0)
    assert detected == wanted
    assert counted == len(wanted)
    assert stored == Counter(range(log.count))


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_a_chosen_place_nothing_is_lost_and_nothing_doubled(tmp_path, stage):
    log = prepared(tmp_path)
    for times in (1, 2):
        log.grow(60)
        process = start(tmp_path, log, stage, times)
        try:
            for _ in range(400):
                if process.poll() is not None:
                    break
                log.grow(7)
                time.sleep(0.01)
            log.rotate()
            log.grow(11)
            assert process.wait(timeout=30) == -signal.SIGKILL
        finally:
            end(process)
    check(tmp_path, log)


def test_killed_at_any_moment_between_rotations_nothing_is_lost(tmp_path):
    log = prepared(tmp_path)
    chance = random.Random(11)
    for _ in range(4):
        process = start(tmp_path, log, "nowhere", 0)
        try:
            for _ in range(chance.randrange(3, 20)):
                log.grow(chance.randrange(50))
                if chance.random() < 0.2:
                    log.rotate()
                time.sleep(chance.random() * 0.02)
        finally:
            end(process)
        log.grow(5)
        if chance.random() < 0.5:
            log.rotate()
            log.grow(3)
    check(tmp_path, log)

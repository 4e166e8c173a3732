"""While events are watched: a silent source and a lost field become detections. (issue 4, 5)"""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from detente.node.rulesets import RuleChoice, load_rules
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_facts import HABITS_FILE
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import create_database, open_database

RULE = """
title: Shell
id: 11111111-1111-4111-8111-111111111111
level: low
logsource: {product: linux, category: process_creation}
detection: {sel: {Image|endswith: /never, Ghost: x}, condition: sel}
"""
TAG = {"product": "linux", "category": "process_creation"}
HOUR = timedelta(hours=1)


class Watched:
    """A watch of one file, and a clock that stands until it is moved."""

    def __init__(self, folder):
        self.folder = folder
        self.time = datetime(2026, 11, 1, tzinfo=UTC)
        self.said = []
        (folder / "rule.yml").write_text(RULE)
        create_database(folder / "state.sqlite").close()
        choice = RuleChoice((str(folder / "rule.yml"),))
        self.loaded = load_rules(choice, today=date(2026, 11, 1), keep=folder)
        self.log = folder / "app.jsonl"
        self.log.touch()

    @asynccontextmanager
    async def running(self):
        database = open_database(self.folder / "state.sqlite")
        options = WatchOptions(sources=[parse_source("app", f"{self.log}?format=jsonl")])
        seeker = IndicatorWatcher(load_watchlists([], now=self.time), now=0.0)
        watching = Watching(
            database, self.folder, self.loaded, seeker, options,
            now=lambda: self.time, report=self.said.append,
        )  # fmt: skip
        try:
            async with watching:
                yield watching
        finally:
            database.close()

    def write(self, *events):
        with self.log.open("a") as file:
            file.writelines(json.dumps({"_ls": TAG, **event}) + "\n" for event in events)

    def live(self, watching, hours):
        """Let an event come every hour, and look at what is missing."""
        for _ in range(hours):
            self.time += HOUR
            self.write({"Image": "/bin/sh"})
            for _ in range(5):
                watching.turn()
            assert watching.tell_missing() == []


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


def rows(watching):
    return [
        (row.alarm.key.rule, row.alarm.key.source, row.level) for row in watching.shelf.alarms()
    ]


def test_a_source_that_falls_silent_is_an_alarm_once_and_a_new_start_is_no_silence(watched):
    async def run():
        async with watched.running() as watching:
            watched.live(watching, 30)
        assert (watched.folder / HABITS_FILE).stat().st_mode & 0o077 == 0
        watched.time += 100 * HOUR  # nobody watched
        async with watched.running() as watching:
            assert watching.tell_missing() == []
            watched.time += 4 * HOUR
            (found,) = watching.tell_missing()
            assert "fell silent" in found.detection.title
            assert rows(watching) == [("detente-source-silent", "app", "medium")]
        async with watched.running() as watching:
            watched.time += HOUR
            assert watching.tell_missing() == []
            assert len(rows(watching)) == 1

    asyncio.run(run())


def test_a_field_that_disappears_is_an_alarm(watched):
    async def run():
        async with watched.running() as watching:
            watched.write(*[{"Image": "/bin/sh"}] * 150, *[{"Other": 1}] * 1_001)
            for _ in range(20):
                watching.turn()
            (found,) = watching.tell_missing()
            assert found.detection.fields["field"] == "image"
            assert rows(watching) == [("detente-field-gone", "app", "medium")]

    asyncio.run(run())


def test_what_rules_could_not_see_is_known_while_watching(watched):
    async def run():
        async with watched.running() as watching:
            watched.write({"Image": "/bin/sh"})
            watching.turn()
            (rule,) = watching.facts.coverage().rules
            assert (rule.can_fire, rule.needed) == (False, ("Ghost",))

    asyncio.run(run())


def test_a_damaged_file_of_habits_stops_nothing(watched):
    async def run():
        (watched.folder / HABITS_FILE).write_bytes(b"{\xff")
        async with watched.running() as watching:
            watched.live(watching, 2)
        (watched.folder / HABITS_FILE).write_bytes(b'{"until": 1, "turned": 2}')
        async with watched.running() as watching:
            watched.live(watching, 2)

    asyncio.run(run())

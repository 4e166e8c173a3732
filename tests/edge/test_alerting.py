"""What members name is looked for live by this node's own reasons, and by no one's word alone.

(issue 4, section 3; docs/threats.md: A01, poisoned content)
"""

import asyncio
import json

import pytest

from detente.node.acting import Acting
from detente.node.alerting import is_invented
from detente.node.clock import now
from detente.node.watching import WatchOptions
from detente.node.watching_home import HomeWatch, WatchPlan
from detente.node.watching_sources import parse_source
from detente.watch import Item
from tests.edge.media import carry
from tests.edge.offices import copy_unit, make_unit, opened, warn

RESOLVER, INVENTED, REAL = "8.8.8.8", "198.51.100.7", "45.33.32.156"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("alerting") / "unit"
    make_unit(place, f=0)
    return place


@pytest.fixture
def unit(founded, tmp_path):
    return copy_unit(founded, tmp_path / "unit")


class Watched:
    """A node that watches one file; each question is a fresh event."""

    def __init__(self, watch, log):
        self.watch = watch
        self.log = log
        self.count = 0

    def matches(self, address):
        self.watch.look()
        before = self._counted()
        with self.log.open("a") as file:
            self.count += 1
            row = {"event_type": "flow", "src_ip": address, "number": self.count}
            file.write(json.dumps(row) + "\n")
        while self.watch.watching.turn():
            pass
        return self._counted() - before

    def _counted(self):
        return sum(row.alarm.count for row in self.watch.watching.shelf.alarms())


def watched(home, log, then):
    log.touch()
    plan = WatchPlan(options=WatchOptions(sources=[parse_source("net", f"{log}?format=jsonl")]))

    async def run():
        async with HomeWatch(home, plan, now=now, report=pytest.fail) as watch:
            await asyncio.to_thread(then, Watched(watch, log))

    asyncio.run(run())


@pytest.mark.parametrize("address", [INVENTED, REAL])
def test_a_partner_s_warning_is_looked_for_without_a_new_start(unit, tmp_path, address):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            assert seen.matches(address) == 0
            warn(borea, address)
            carry(borea, aurel, now)
            assert seen.matches(address) == 1
            assert seen.matches("192.0.2.77") == 0

        watched(aurel, tmp_path / "eve.json", then)


def test_a01_what_is_common_and_benign_matches_nothing_whoever_names_it(unit, tmp_path):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            warn(borea, RESOLVER)
            carry(borea, aurel, now)
            assert seen.matches(RESOLVER) == 0
            warn(borea, RESOLVER)
            carry(borea, aurel, now)
            assert seen.matches(RESOLVER) == 0

        warn(borea, RESOLVER)
        carry(borea, aurel, now)
        watched(aurel, tmp_path / "eve.json", then)


def test_it_stays_so_where_decisions_are_made_anew(unit, tmp_path):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            warn(borea, RESOLVER)
            warn(borea, REAL)
            carry(borea, aurel, now)
            assert [seen.matches(RESOLVER), seen.matches(REAL)] == [0, 1]
            Acting(aurel, now=now).rebuild()
            assert [seen.matches(RESOLVER), seen.matches(REAL)] == [0, 1]

        watched(aurel, tmp_path / "eve.json", then)


def test_a_new_start_looks_for_what_was_named_before_it(unit, tmp_path):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):
        warn(borea, REAL)
        carry(borea, aurel, now)

        def then(seen):
            assert seen.matches(REAL) == 1

        watched(aurel, tmp_path / "eve.json", then)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("ipv4-addr:value", "198.51.100.7", True),
        ("ipv4-addr:value", "192.0.2.0/25", True),
        ("ipv4-addr:value", "192.0.0.0/8", False),
        ("ipv4-addr:value", "8.8.8.8", False),
        ("ipv6-addr:value", "2001:db8::1", True),
        ("ipv6-addr:value", "2001:4860:4860::8888", False),
        ("domain-name:value", "Host.Example", True),
        ("domain-name:value", "example.org", True),
        ("domain-name:value", "myexample.org", False),
        ("url:value", "http://a.test/x", True),
        ("url:value", "http://[broken/x", False),
        ("url:value", "https://198.51.100.9:8443/x", True),
    ],
)
def test_invented_values_are_those_that_standards_keep(path, value, says):
    assert is_invented(Item(path, value)) is says

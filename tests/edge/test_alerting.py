"""What members name is looked for live by this node's own reasons, and by no one's word alone.

(issue 4, section 3; docs/threats.md: A01, poisoned content)
"""

import asyncio
import json
from datetime import timedelta

import pytest

from detente.node.acting import Acting
from detente.node.clock import now
from detente.node.publishing import publish
from detente.node.watching import WatchOptions
from detente.node.watching_home import HomeWatch, WatchPlan
from detente.node.watching_sources import parse_source
from detente.statements import UNIT, Handling, Kind, Pap, Tlp, identity_of
from detente.statements.stix import encode_object
from detente.watch import Basis, Item, claim_extension
from detente.watch.invented import is_invented
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

    def matches(self, address, **more):
        self.watch.look()
        before = self._counted()
        with self.log.open("a") as file:
            self.count += 1
            row = {"event_type": "flow", "src_ip": address, "number": self.count, **more}
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


def say_pattern(home, pattern, *, number=1, **changes):
    """Say an indicator of any pattern; return the statement's payload hash."""
    member, moment = home.identity.member, now()
    said = f"{moment - timedelta(seconds=5):%Y-%m-%dT%H:%M:%S}.{number:03d}Z"
    made = {
        "type": "indicator", "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{number:012x}",
        "created_by_ref": identity_of(member), "created": said, "modified": said,
        "valid_from": said, "pattern": pattern, "pattern_type": "stix",
        "extensions": claim_extension(Basis.DETECTION, handshake=True),
    }  # fmt: skip
    handling = Handling(kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="x", count=1)
    objects = [encode_object({**made, **changes})]
    return publish(home, objects, handling, audience=UNIT, now=now).payload_hash


FLOW = f"[network-traffic:dst_ref.value = '{REAL}' AND network-traffic:dst_port = 8443]"
CHAIN = f"[ipv4-addr:value = '{INVENTED}'] FOLLOWEDBY [ipv4-addr:value = '{REAL}']"


def test_a_partner_s_pattern_of_several_values_is_looked_for_live(unit, tmp_path):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            say_pattern(borea, FLOW)
            say_pattern(borea, CHAIN, number=2)
            carry(borea, aurel, now)
            assert seen.matches("192.0.2.1", dest_ip=REAL, dest_port=443) == 0
            assert seen.matches("192.0.2.1", dest_ip=REAL, dest_port=8443) == 1
            assert seen.matches(INVENTED) == 0
            assert seen.matches(REAL) == 1

        watched(aurel, tmp_path / "eve.json", then)


def test_what_was_stored_before_shows_a_pattern_of_several_values_too(unit, tmp_path):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            assert seen.matches("192.0.2.1", dest_ip=REAL, dest_port=8443) == 0
            assert seen.matches("192.0.2.1", dest_ip=REAL, dest_port=443) == 0
            seen.watch.watching.flush()
            say_pattern(borea, FLOW)
            carry(borea, aurel, now)
            assert len(seen.watch.look()) == 1

        watched(aurel, tmp_path / "eve.json", then)


@pytest.mark.parametrize(
    "pattern",
    [
        f"[network-traffic:dst_ref.value = '{RESOLVER}' AND network-traffic:dst_port > 0]",
        "[network-traffic:dst_port > 0]",
        f"[ipv4-addr:value = '{REAL}'] AND [network-traffic:dst_port > 0]",
    ],
)
def test_a01_a_pattern_that_common_values_or_any_event_would_show_matches_nothing(
    unit, tmp_path, pattern
):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            say_pattern(borea, pattern)
            carry(borea, aurel, now)
            assert seen.matches(REAL, dest_ip=RESOLVER, dest_port=53) == 0

        watched(aurel, tmp_path / "eve.json", then)


@pytest.mark.parametrize("pattern", [FLOW, f"[ipv4-addr:value = '{REAL}']"])
def test_a_warning_counts_while_it_is_valid_and_until_it_is_revoked(unit, tmp_path, pattern):
    with opened(unit, "Aurel", "Borea") as (aurel, borea):

        def then(seen):
            def is_matched():
                return seen.matches("192.0.2.1", dest_ip=REAL, dest_port=8443)

            over = f"{now() - timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}.000Z"
            say_pattern(borea, pattern, valid_until=over)
            carry(borea, aurel, now)
            assert is_matched() == 0
            said = say_pattern(borea, pattern, number=2)
            carry(borea, aurel, now)
            assert is_matched() == 1
            later = f"{now() + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.000Z"
            say_pattern(borea, pattern, number=2, revoked=True, modified=later)
            carry(borea, aurel, now)
            assert is_matched() == 0
            assert said

        watched(aurel, tmp_path / "eve.json", then)


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

"""An unmodified MISP can subscribe to us and be read by us. (docs/divergences.md)"""

import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detente.exchange.misp import (
    Organisation,
    event_of_lines,
    objects_of_event,
    parse_event,
    parse_hashes,
    parse_manifest,
    write_feed,
)
from detente.node.acting import Acting
from detente.node.clock import now
from detente.node.feeding import folder_of, read_feed
from detente.statements import encode_object
from detente.watch import Level, NoLists
from tests.core.exchange.line_makers import LINES, NOW, line
from tests.edge.offices import copy_unit, make_unit, opened

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pymisp = pytest.importorskip("pymisp", reason="PyMISP is not installed: `make setup`")

pytestmark = pytest.mark.filterwarnings("ignore")
ORGANISATION = Organisation("Aurel", "55555555-5555-4555-8555-555555555555")


def their_event(number=0, *, value="198.51.100.7"):
    event = pymisp.MISPEvent()
    event.from_dict(
        info=f"Campaign {number}",
        uuid=f"11111111-1111-4111-8111-{number:012d}",
        date="2026-02-01",
        threat_level_id=2,
        analysis=1,
        timestamp=1_770_000_000 + number,
        Orgc={"name": "CERT", "uuid": "33333333-3333-4333-8333-333333333333"},
    )
    event.add_tag("tlp:green")
    event.add_tag('misp-galaxy:threat-actor="Sofacy"')
    attribute = event.add_attribute("ip-dst", value, comment="seen", to_ids=True)
    attribute.add_tag("kill-chain:c2")
    event.add_attribute("sha256", "ab" * 32, to_ids=True)
    event.add_attribute("comment", "context", to_ids=False)
    grouped = pymisp.MISPObject("domain-ip", standalone=False)
    grouped.add_attribute("domain", "evil.example", to_ids=True)
    grouped.add_attribute("ip", "203.0.113.9", to_ids=True)
    event.add_object(grouped)
    return event


def write_their_feed(folder: Path, events):
    """Write a feed as MISP's own generator does."""
    folder.mkdir(exist_ok=True)
    manifest, hashes = {}, []
    for event in events:
        feed = event.to_feed(with_meta=True)
        hashes += [f"{each},{event.uuid}" for each in feed["Event"].pop("_hashes")]
        manifest.update(feed["Event"].pop("_manifest"))
        (folder / f"{event.uuid}.json").write_text(json.dumps(feed))
    (folder / "hashes.csv").write_text("".join(f"{each}\n" for each in hashes))
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_pymisps_own_reader_takes_our_feed_and_counts_the_same(tmp_path):
    from pymisp.tools import feed_meta_generator

    made = event_of_lines(LINES, [], organisation=ORGANISATION, unit="ab" * 32, now=NOW)
    ours = write_feed(made)
    for name, data in ours.items():
        (tmp_path / name).write_bytes(data)
    for event in made:
        theirs = pymisp.MISPEvent()
        theirs.load_file(str(tmp_path / f"{event.uuid}.json"), validate=True)
        assert theirs.uuid == event.uuid
        assert [each.value for each in theirs.attributes] == [a.value for a in event.attributes]
        assert [each.type for each in theirs.attributes] == [a.type for a in event.attributes]
        assert {tag.name for tag in theirs.tags} == {tag.name for tag in event.tags}
    feed_meta_generator(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest.keys() == json.loads(ours["manifest.json"]).keys()
    for uuid, about in json.loads(ours["manifest.json"]).items():
        for name in ("info", "date", "timestamp", "Orgc"):
            assert str(manifest[uuid][name]) == str(about[name])
    assert sorted(parse_hashes((tmp_path / "hashes.csv").read_bytes())) == sorted(
        parse_hashes(ours["hashes.csv"])
    )


def test_a_feed_written_by_pymisp_is_read(tmp_path):
    write_their_feed(tmp_path, [their_event(1), their_event(2)])
    manifest = parse_manifest((tmp_path / "manifest.json").read_bytes())
    assert len(manifest) == 2
    event = parse_event((tmp_path / manifest[0].file).read_bytes())
    assert event.info == "Campaign 1"
    assert {each.value for each in event.attributes} >= {"198.51.100.7", "evil.example"}
    digests = {digest for digest, _ in parse_hashes((tmp_path / "hashes.csv").read_bytes())}
    assert len(digests) == 5
    objects = objects_of_event(event, member="ab" * 32, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert len(objects) == 5, "four indicators and the report; context is none"


def test_tags_travel_from_pymisp_to_pymisp(tmp_path):
    event = parse_event(json.dumps(their_event().to_feed()).encode())
    indicator, *_, report = [
        encode_object(each) for each in objects_of_event(event, member="ab" * 32, now=NOW)
    ]
    said = line("ipv4-addr:value", "198.51.100.7", obj=indicator)
    (made,) = event_of_lines([said], [report], organisation=ORGANISATION, unit="ab" * 32, now=NOW)
    path = tmp_path / "event.json"
    path.write_bytes(write_feed([made])[f"{made.uuid}.json"])
    theirs = pymisp.MISPEvent()
    theirs.load_file(str(path))
    assert 'misp-galaxy:threat-actor="Sofacy"' in {tag.name for tag in theirs.tags}
    assert "kill-chain:c2" in {tag.name for tag in theirs.attributes[0].tags}


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("feeding") / "unit"
    make_unit(place, ("Aurel", "Borea"))
    return place


def test_reading_a_feed_goes_on_where_it_was_and_says_nothing_twice(founded, tmp_path):
    folder = tmp_path / "feed"
    write_their_feed(folder, [their_event(n) for n in range(3)])
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (aurel,):

        def acting():
            return Acting(aurel, now=now, benign=NoLists())

        first = read_feed(aurel, acting(), "cert", folder_of(folder), now=now, most=2)
        assert (len(first.said), first.unchanged) == (2, 0)
        second = read_feed(aurel, acting(), "cert", folder_of(folder), now=now)
        assert (len(second.said), second.unchanged) == (1, 2)
        again = read_feed(aurel, acting(), "cert", folder_of(folder), now=now)
        assert (again.said, again.unchanged) == ((), 3)
        # The same feed under another name, as after a lost note: everything was said already.
        other = read_feed(aurel, acting(), "other", folder_of(folder), now=now)
        assert other.said == ()
        levels = {each.level for each in acting().shelf.at_level(Level.ALERTING)}
        assert levels == {Level.ALERTING}, "one source acts nowhere"


def test_an_event_that_is_none_stops_no_other(founded, tmp_path):
    folder = tmp_path / "feed"
    write_their_feed(folder, [their_event(n) for n in range(2)])
    (folder / f"{their_event(0).uuid}.json").write_text('{"Event": []}')
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (aurel,):
        read = read_feed(
            aurel, Acting(aurel, now=now, benign=NoLists()), "cert", folder_of(folder), now=now
        )
    assert len(read.said) == len(read.refused) == 1

"""Live rows A05-A08: floods, giants, trick JSON, bombs."""

import gzip
import statistics
import time

import pytest

from detente.exchange.protocol.paths import checkpoint_path, tile_path
from detente.node.founding import DEFAULT_QUOTA
from detente.statements.padding import padme
from detente.tlog import TilePath
from tests.live.unit import ask_raw, eventually, faults, gzipped, kept, kept_of, rss_kib, taken


def latency(publisher, reader, addresses):
    """Return the median time from publishing at one honest node to the other's index."""
    waits = []
    for address in addresses:
        said = publisher.publish(address)
        started = time.monotonic()
        eventually(lambda said=said: said in kept(reader), within_s=30)
        waits.append(time.monotonic() - started)
    return statistics.median(waits)


def test_a05_a_flood_of_one_member_does_not_slow_the_others(unit):
    aurel, borea = unit.nodes
    quiet = latency(aurel, borea, [f"198.51.100.{n}" for n in range(3)])
    liar = unit.liar
    entry = liar.clear_entry
    liar.show_log([entry(n, "fault", {"note": f"{n}"}) for n in range(2_048)])
    eventually(lambda: taken(borea, liar.origin) > 0, within_s=30)
    busy = latency(aurel, borea, [f"198.51.101.{n}" for n in range(3)])
    assert busy < max(2 * quiet, 1.5), (quiet, busy)
    unit.everywhere(lambda node: taken(node, liar.origin) == 2_048, within_s=60)


def test_a05_what_is_over_the_quota_is_refused_and_the_refusal_kept(unit):
    quota = unit.charter.quota
    assert quota == DEFAULT_QUOTA
    liar = unit.liar
    # Statements that each claim a ninth of the day's bytes, padded: eight of them fit.
    claim = {"size": padme(quota.size_bytes // 9)}
    entries = [liar.resigned(liar.entry(seq), claim) for seq in range(12)]
    liar.show(liar.view(entries))
    unit.everywhere(lambda node: taken(node, liar.origin) == 8)
    unit.everywhere(lambda node: any("quota" in rule for rule in faults(node, liar.member)))
    unit.settle_down()
    # What is beyond waits in the liar's own log; nothing of it is held here.
    assert [taken(node, liar.origin) for node in unit.nodes] == [8, 8]


def test_a06_a_giant_body_is_refused_and_takes_no_memory(stage):
    node, other = stage.nodes
    before = rss_kib(node)
    head = b"POST /witness/add-checkpoint HTTP/1.1\r\nHost: x\r\n"
    assert ask_raw(node, head + b"Content-Length: 1073741824\r\n\r\n") == 413
    chunk = b"100000\r\n" + b"z" * 2**20 + b"\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 64
    assert ask_raw(node, chunked, source="127.0.0.3") in (413, None)
    assert rss_kib(node) - before < 16_384
    said = other.say("198.51.100.1")
    eventually(lambda: said in kept(node), within_s=20)


def test_a06_an_object_over_64_kib_is_left_out_alone(unit):
    liar = unit.liar
    small = liar.entry(0)
    liar.show_log([small])
    unit.everywhere(lambda node: kept_of(node, liar.member) == {0: 1})
    bundle = tile_path(liar.origin, TilePath(None, 0, 2))
    files = liar.view([small, b"{" + b" " * 65_533 + b"}"])
    assert len(files[bundle]) > 65_536
    liar.show(files)
    unit.everywhere(lambda node: taken(node, liar.origin) == 2)
    for node in unit.nodes:
        assert kept_of(node, liar.member) == {0: 1}
        assert faults(node, liar.member)


TRICKS = {
    "deep": b'{"v":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "many keys": b"{" + b",".join(b'"%d":1' % n for n in range(4_000)) + b"}",
    "huge integer": b'{"v":' + b"9" * 5_000 + b"}",
    "not a number": b'{"v":NaN}',
    "infinite": b'{"v":1e999}',
    "key twice": b'{"v":1,"v":1}',
    "lone surrogate": b'{"v":"\\ud800"}',
    "not UTF-8": b'{"v":"\xff"}',
    "spaces": b'{ "v": 1 }',
    "order": b'{"w":1,"v":1}',
    "mark": b'\xef\xbb\xbf{"v":1}',
}


def test_a07_json_that_parsers_read_differently_gets_one_verdict_everywhere(stage):
    liar = stage.liar
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    first = liar.next
    tricks = [liar.enveloped(payload) for payload in TRICKS.values()]
    liar.say(lambda seq: liar.entry(seq), *tricks, *TRICKS.values())
    last = liar.say(lambda seq: liar.entry(seq, "203.0.113.99"))
    stage.everywhere(lambda node: taken(node, liar.origin) == last + 1)
    verdicts = []
    for node in stage.nodes:
        eventually(
            lambda node=node: (
                {seq for seq in kept_of(node, liar.member) if seq >= first} == {first, last}
            ),
            within_s=20,
        )
        verdicts.append(faults(node, liar.member)[before[node.name] :])
        assert len(verdicts[-1]) == 2 * len(TRICKS)
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("where", ["checkpoint", "bundle", "proofs"])
def test_a08_a_bomb_is_not_unpacked(stage, where):
    liar = stage.liar
    place = liar.next
    entries = [*liar.entries, liar.entry(place, "203.0.113.80")]
    files = liar.view(entries) | liar.contents()
    bomb = gzip.compress(b"\0" * 2**28)
    width = place % 256 + 1
    path = {
        "checkpoint": checkpoint_path(liar.origin),
        "bundle": tile_path(liar.origin, TilePath(None, place // 256, width)),
        "proofs": "proofs",
    }[where]
    before = [rss_kib(node) for node in stage.nodes]
    liar.show(files | {path: gzipped(bomb, claim="as it is")})
    stage.await_look(path)
    stage.settle_down()
    for node, memory in zip(stage.nodes, before, strict=True):
        assert rss_kib(node) - memory < 65_536
        if where != "proofs":
            assert place not in kept_of(node, liar.member)
    # Honest gzip that nobody asked for is fine.
    liar.show({path: gzipped(files.get(path, b""))})
    stage.everywhere(lambda node: kept_of(node, liar.member).get(place) == 1, within_s=40)
    liar.entries = entries

"""Nodes meet over real sockets: what one says, the others hold, check and cosign. (issue 3)"""

import json
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.edge.running_nodes import eventually, running


def test_a_warning_from_one_reaches_the_others(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor") as nodes:
        aurel, *others = nodes.values()
        said = aurel.publish("198.51.100.7")
        for other in others:
            eventually(lambda other=other: said in other.statements(), within_s=10)
            assert other.statements()[said]["objects"] == 1


def kept(node):
    """Return what a node's index holds, read beside it: id -> number of objects."""
    reading = sqlite3.connect(f"file:{node.directory}/state.sqlite?mode=ro", uri=True)
    with closing(reading):
        rows = reading.execute("SELECT payload_hash, objects FROM statement").fetchall()
    return {payload_hash.hex(): objects for payload_hash, objects in rows}


def cosigners(node, of):
    """Return size and number of mirrors under what a node shows of a member's log."""
    path = node.directory / "witness" / sha256(of.origin.encode()).hexdigest() / "checkpoint"
    if not path.exists():
        return 0, 0
    lines = path.read_text().split("\n")
    names = {line.split(" ")[1] for line in lines if line.startswith("\N{EM DASH}")}
    return int(lines[1]), len({name for name in names if name.endswith("/mirror")})


def test_a_warning_reaches_the_others_and_seen_grows(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor") as nodes:
        aurel, *others = nodes.values()
        first = aurel.publish("198.51.100.6")
        eventually(lambda: all(first in kept(other) for other in others), within_s=15)
        said = aurel.publish("198.51.100.7")
        eventually(lambda: all(kept(other).get(said) == 1 for other in others), within_s=15)
        eventually(lambda: cosigners(aurel, aurel) == (2, 2), within_s=15)
        shown = aurel.detente("receipt", "make", said, "--out", tmp_path / "receipt")
        assert shown is None or "seen by 2 of 2" in json.dumps(shown)


def test_content_for_one_member_is_sealed_to_it_and_others_learn_only_that_it_was_said(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor") as nodes:
        aurel, borea, cantor = nodes.values()
        said = aurel.publish("198.51.100.8", to=["Borea"], tlp="red")
        eventually(lambda: kept(borea).get(said) == 1 and said in kept(cantor), within_s=15)
        assert kept(cantor)[said] == 0
        assert cantor.statements()[said]["kind"] == "sealed"


def test_a_node_that_nobody_can_call_takes_part_by_pulling_and_pushing(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor", listening=["Borea", "Cantor"]) as nodes:
        aurel, borea, cantor = nodes.values()
        assert aurel.port is None
        said = aurel.publish("198.51.100.9")
        eventually(lambda: kept(borea).get(said) == kept(cantor).get(said) == 1, within_s=15)
        heard = cantor.publish("198.51.100.10")
        eventually(lambda: kept(aurel).get(heard) == 1, within_s=15)
        eventually(lambda: cosigners(aurel, aurel) == (1, 2), within_s=20)


def test_a_bundle_on_media_carries_the_same(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor", start=False) as nodes:
        aurel, borea, cantor = nodes.values()
        said = [aurel.publish(f"198.51.100.{number}") for number in range(3)]
        secret = aurel.publish("198.51.100.20", to=["Borea"], tlp="red")
        media = tmp_path / "aurel.tar"
        aurel.detente("export", "bundle", media, "--for", "Borea")
        for _ in range(2):  # the second time changes nothing
            brought = borea.detente("import", "bundle", media)
        assert brought["logs"] == {}
        assert {each: kept(borea)[each] for each in said} == dict.fromkeys(said, 1)
        assert kept(borea)[secret] == 1
        # What was made for another gives its log, and no content.
        brought = cantor.detente("import", "bundle", media)
        assert brought["logs"] == {aurel.origin: {"before": 0, "after": 4}}
        assert secret not in kept(cantor) or kept(cantor)[secret] == 0
        assert not [each for each in said if kept(cantor).get(each) == 1]


@pytest.mark.parametrize("place", range(6))
def test_an_altered_bundle_brings_nothing_false_and_never_a_traceback(tmp_path, place):
    with running(tmp_path, "Aurel", "Borea", start=False) as nodes:
        aurel, borea = nodes.values()
        said = aurel.publish("198.51.100.1")
        media = tmp_path / "aurel.tar"
        aurel.detente("export", "bundle", media, "--for", "Borea")
        data = bytearray(media.read_bytes())
        chance = random.Random(place)
        for _ in range(20):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        if place == 5:
            del data[len(data) // 2 :]
        media.write_bytes(data)
        done = borea.run("import", "bundle", media)
        assert done.returncode in (0, 2), done.stderr
        assert b"Traceback" not in done.stderr
        assert set(kept(borea)) <= {said}


def test_a_node_killed_at_any_moment_of_sync_misses_nothing_and_does_nothing_twice(tmp_path):
    with running(tmp_path, "Aurel", "Borea") as nodes:
        aurel, borea = nodes.values()
        said = []
        chance = random.Random(7)
        for number in range(6):
            said += [aurel.publish(f"198.51.{number}.{each}") for each in range(3)]
            victim = (borea, aurel)[number % 2]
            time.sleep(chance.random() * 0.4)
            victim.kill()
            victim.start()
        eventually(lambda: set(said) <= set(kept(borea)), within_s=30)
        eventually(lambda: all(kept(borea)[each] == 1 for each in said), within_s=30)
        rows = borea.statements(issuer=aurel.member).values()
        assert sorted(row["index"] for row in rows) == list(range(18))
        assert len(kept(borea)) == 18


def test_it_starts_again_and_stops_when_told(tmp_path):
    with running(tmp_path, "Aurel", "Borea", start=False) as nodes:
        aurel = nodes["Aurel"]
        aurel.start()
        aurel.stop()
        aurel.start()
        assert aurel.stop() == 0
        assert not (aurel.directory / "control.sock").exists()


def test_the_door_for_the_owner_is_for_nobody_else(tmp_path):
    with running(tmp_path, "Aurel", "Borea") as nodes:
        door = nodes["Aurel"].directory / "control.sock"
        assert stat.S_IMODE(door.stat().st_mode) == 0o600
        assert stat.S_IMODE(door.parent.stat().st_mode) & 0o077 == 0


def test_what_the_owner_typed_wrong_is_answered_as_without_a_running_node(tmp_path):
    with running(tmp_path, "Aurel", "Borea") as nodes:
        aurel = nodes["Aurel"]
        beside = aurel.run("statement", "show", "ffff")
        aurel.stop()
        alone = aurel.run("statement", "show", "ffff")
        assert (beside.returncode, beside.stderr) == (alone.returncode, alone.stderr)
        assert beside.returncode == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--listen", "nowhere"], "HOST:PORT"),
        (["--peer", "Nobody=http://127.0.0.1:1"], "no member is called"),
        (["--peer", "Borea=ftp://x"], "address"),
        (["--peer", "Borea"], "NAME=URL"),
        (["--witness", "w=http://127.0.0.1:1"], "no outside witness"),
    ],
)
def test_an_address_that_is_none_is_said_before_anything_starts(tmp_path, words, says):
    with running(tmp_path, "Aurel", "Borea", start=False) as nodes:
        command = [sys.executable, "-m", "detente", "run", str(nodes["Aurel"].directory), *words]
        done = subprocess.run(command, capture_output=True, timeout=30)
        assert done.returncode == 2
        assert says in done.stderr.decode()


def test_the_outward_face_may_be_plain_files_on_any_web_server(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor", start=False) as nodes:
        aurel, borea, cantor = nodes.values()
        aurel.static, port, aurel.port = tmp_path / "public", aurel.port, None
        aurel.static.mkdir()
        web = partial(SimpleHTTPRequestHandler, directory=aurel.static)
        with ThreadingHTTPServer(("127.0.0.1", port), web) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            aurel.peers = {}  # it pushes to nobody: the files alone must do
            for node in nodes.values():
                node.start()
            said = aurel.publish("198.51.100.9")
            secret = aurel.publish("198.51.100.10", to=["Borea"], tlp="red")
            eventually(lambda: kept(borea).get(said) == kept(cantor).get(said) == 1, within_s=60)
            server.shutdown()
        public = {path.name for path in aurel.static.rglob("*") if path.is_file()}
        assert not {"unlock.key", "recovery.key", "state.sqlite", "identity.json"} & public
        assert kept(borea).get(secret) is None, "what is for one is not put where all may take it"

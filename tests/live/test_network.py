"""Live rows A67-A70: paths, context, connections held, notes that cost to verify."""

import socket
import threading
import time
from base64 import b64encode
from contextlib import ExitStack, suppress

import pytest

from detente.exchange.protocol.paths import checkpoint_path
from detente.tlog import NoteError, SignedNote
from tests.live.unit import ask_raw, eventually, faults, kept, kept_of, taken


def get(node, path, **how):
    return ask_raw(node, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"), **how)


WRONG_PATHS = [
    "/logs/{origin}/tile/0/x../000",
    "/logs/{origin}/tile/0/000.p/0",
    "/logs/{origin}/tile/0/000.p/256",
    "/logs/{origin}/tile/0/.p/256",
    "/logs/{origin}/tile/0/0",
    "/logs/{origin}/tile/0/x000/000",
    "/logs/{origin}/tile/00/000",
    "/logs/{origin}/tile/64/000",
    "/logs/{origin}/tile/0/" + "x999/" * 40 + "999",
    "/logs/{origin}/tile/entries/000.p/01",
    "/logs/{origin}/tile/../checkpoint",
    "/logs/{origin}/%74ile/0/000.p/1",
    "/logs/{origin}/tile/0/000.p%2f1",
    "/logs/{origin}//tile/0/000.p/1",
    "/logs/{origin}/cosigned",
    "/logs/../state.sqlite",
    "/logs/%2e%2e/state.sqlite",
    "/logs/..%2fkeys/1/checkpoint",
    "/witness/../../state.sqlite",
    "/witness/" + "A" * 64 + "/checkpoint",
    "/blobs/../../unlock.key",
    "/blobs/" + "a" * 63,
    "/proofs/..",
    "/chain/",
    "//chain",
    "/unlock.key",
    "/control.sock",
    "/chain%00",
    "/\xff",
]


def test_a67_a_path_has_one_spelling_and_leads_out_of_nowhere(stage):
    node = stage.nodes[0]
    node.say("198.51.100.1")
    right = f"/logs/{node.origin}/checkpoint"
    assert get(node, right) == 200
    answers = {path: get(node, path.format(origin=node.origin)) for path in WRONG_PATHS}
    assert {path: status for path, status in answers.items() if status not in (400, 404)} == {}
    assert get(node, right) == 200


def test_a68_what_the_path_says_does_not_count_only_what_is_signed(stage):
    """The liar shows its own checkpoint as another's log, and another's as its own."""
    aurel, borea = stage.nodes
    liar = stage.liar
    said = aurel.say("198.51.100.68")
    eventually(lambda: said in kept(borea), within_s=20)
    sizes = {node.name: taken(node, liar.origin) for node in stage.nodes}
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    theirs = (aurel.directory / "logs" / aurel.origin / "checkpoint").read_bytes()
    own = liar.view([*liar.entries, liar.entry(liar.next, "203.0.113.68")])
    moved = {path.replace(liar.origin, aurel.origin): data for path, data in own.items()}
    liar.show(moved | {checkpoint_path(liar.origin): theirs})
    stage.await_look(checkpoint_path(liar.origin))
    stage.everywhere(lambda node: len(faults(node, liar.member)) > before[node.name])
    for node in stage.nodes:
        assert taken(node, liar.origin) == sizes[node.name]
        assert kept(node)[said][0] == aurel.member


def test_a69_a_thousand_idle_connections_do_not_keep_the_others_out(stage):
    aurel, borea = stage.nodes
    with ExitStack() as stack:
        for number in range(1_000):
            source = (f"127.0.0.{2 + number % 2}", 0)
            calling = socket.create_connection(("127.0.0.1", aurel.port), 10, source)
            stack.enter_context(calling)
            if number % 3 == 0:
                calling.sendall(b"GET /chain HTT")
        started = time.monotonic()
        said = aurel.publish("198.51.100.1")
        eventually(lambda: said in kept(borea), within_s=20)
        assert time.monotonic() - started < 60
        assert get(aurel, "/chain") == 200


def test_a69_a_peer_that_answers_a_byte_at_a_time_keeps_nobody_waiting(stage):
    aurel, borea = stage.nodes
    liar = stage.liar
    ended = threading.Event()

    def trickle(handler):
        handler.send_response(200)
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        with suppress(OSError):
            while not ended.wait(0.5):
                handler.wfile.write(b"x")

    path = checkpoint_path(liar.origin)
    asked = [(face.asked, len(face.asked)) for face in liar.faces.values()]
    liar.show({path: trickle, "proofs": trickle})
    try:
        eventually(lambda: all(path in paths[at:] for paths, at in asked), within_s=20)
        started = time.monotonic()
        said = aurel.say("198.51.100.69")
        eventually(lambda: said in kept(borea), within_s=20)
        assert time.monotonic() - started < 60
    finally:
        ended.set()  # the connections end too, so that the next row need not wait for them


@pytest.mark.parametrize("lines", [99, 10_000])
def test_a70_a_note_with_many_unknown_lines_costs_nothing(stage, lines):
    aurel, borea = stage.nodes
    liar = stage.liar
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    place = liar.next
    entries = [*liar.entries, liar.entry(place, "203.0.113.70")]
    files = liar.view(entries)
    note = files[checkpoint_path(liar.origin)]
    junk = b64encode(bytes(2_432)).decode()
    more = "".join(f"\N{EM DASH} stranger.example/{n} {junk}\n" for n in range(lines - 2))
    crowded = note + more.encode()
    started = time.perf_counter()
    with suppress(NoteError):
        SignedNote.parse(crowded)
    assert time.perf_counter() - started < 5  # bounds a hang; bench/receipts.py measures
    liar.show(files | {checkpoint_path(liar.origin): crowded} | liar.contents())
    stage.await_look(checkpoint_path(liar.origin))
    said = aurel.say("198.51.100.70")
    eventually(lambda: said in kept(borea), within_s=20)
    if lines > 100:
        stage.settle_down()  # longer than any note may be: it is not even read
        for node in stage.nodes:
            assert len(faults(node, liar.member)) == before[node.name]
            assert place not in kept_of(node, liar.member)
    else:
        stage.everywhere(lambda node: kept_of(node, liar.member).get(place) == 1)
    liar.entries = entries

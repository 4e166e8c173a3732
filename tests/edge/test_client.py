"""What a peer's answer may cost: bytes, time and unpacking end as agreed. (A08, A69)"""

import asyncio
import gzip
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from detente.exchange import client as client_module
from detente.exchange.client import HttpFace, checked_url
from detente.exchange.errors import ExchangeError
from detente.storage.keyholders import Ed25519Key

KEY = Ed25519Key(b"\x03" * 32)


@contextmanager
def peer(answer):
    """Run a peer that answers each GET by calling `answer` with the handler."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with suppress(OSError):
                answer(self)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def reply(handler, body, *headers, status=200):
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def read(url, path="chain", bytes_max=1_000):
    async def ask():
        async with HttpFace(url, member="aa" * 32, signer=lambda: KEY) as face:
            return await face.read(path, bytes_max=bytes_max)

    return asyncio.run(ask())


def test_an_answer_within_the_limit_arrives():
    with peer(lambda handler: reply(handler, b"x" * 1_000)) as url:
        assert read(url) == b"x" * 1_000


def test_what_is_not_there_is_nothing():
    with peer(lambda handler: reply(handler, b"gone", status=404)) as url:
        assert read(url) is None


@pytest.mark.parametrize("status", [500, 403, 302, 206])
def test_any_other_status_is_no_answer(status):
    with (
        peer(lambda handler: reply(handler, b"", ("location", "/x"), status=status)) as url,
        pytest.raises(ExchangeError, match=str(status)),
    ):
        read(url)


def test_an_answer_over_the_limit_is_cut_off():
    with (
        peer(lambda handler: reply(handler, b"x" * 1_001)) as url,
        pytest.raises(ExchangeError, match="more than 1000"),
    ):
        read(url)


def test_an_endless_answer_is_cut_off():
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.send_header("connection", "close")
        handler.end_headers()
        while True:
            handler.wfile.write(b"z" * 65_536)
            sent.append(65_536)

    with peer(endless) as url, pytest.raises(ExchangeError, match="more than"):
        read(url, bytes_max=100_000)
    assert sum(sent) < 2**25


def test_gzip_that_nobody_asked_for_is_undone():
    packed = gzip.compress(b"y" * 900)
    with peer(lambda handler: reply(handler, packed, ("content-encoding", "gzip"))) as url:
        assert read(url) == b"y" * 900


def test_a_bomb_is_unpacked_no_further_than_the_limit():
    bomb = gzip.compress(b"\0" * 2**27)
    with (
        peer(lambda handler: reply(handler, bomb, ("content-encoding", "gzip"))) as url,
        pytest.raises(ExchangeError, match="more than 1000"),
    ):
        read(url)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip at all", "gzip"),
        (gzip.compress(b"half", mtime=0)[:-4], "gzip"),
        (gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), "gzip"),
        (gzip.compress(b"one", mtime=0) + b"rest", "gzip"),
        (b"x", "br"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "gzip, gzip"),
    ],
)
def test_any_other_packing_is_refused(body, encoding):
    with (
        peer(lambda handler: reply(handler, body, ("content-encoding", encoding))) as url,
        pytest.raises(ExchangeError),
    ):
        read(url)


def test_a_trickle_ends_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(client_module, "REQUEST_S_MAX", 0.6)

    def trickle(handler):
        handler.send_response(200)
        handler.send_header("content-length", "900")
        handler.end_headers()
        for _ in range(900):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    started = time.monotonic()
    with peer(trickle) as url, pytest.raises(ExchangeError, match="did not answer within"):
        read(url)
    assert time.monotonic() - started < 60


def test_a_slow_peer_does_not_slow_another():
    def slow(handler):
        time.sleep(3)
        reply(handler, b"late")

    async def both(first, second):
        async with (
            HttpFace(first, member="aa" * 32, signer=lambda: KEY) as face,
            HttpFace(second, member="bb" * 32, signer=lambda: KEY) as other,
        ):
            waiting = [asyncio.create_task(face.read("chain", bytes_max=10)) for _ in range(20)]
            await asyncio.sleep(0.1)
            started = time.monotonic()
            assert await other.read("chain", bytes_max=10) == b"quick"
            waited = time.monotonic() - started
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return waited

    with peer(slow) as first, peer(lambda handler: reply(handler, b"quick")) as second:
        assert asyncio.run(both(first, second)) < 1


def test_a_peer_that_is_not_there_is_said_in_words():
    with pytest.raises(ExchangeError, match="did not answer"):
        read("http://127.0.0.1:9")


def test_without_a_transport_key_in_force_nothing_is_asked_for_by_name():
    async def ask(url):
        place = ("0" * 32 + "/1", 0)
        async with (
            HttpFace(url, member="aa" * 32, signer=lambda: None) as face,
            face.blob("ab" * 32, at=place, bytes_max=10),
        ):
            pass

    with (
        peer(lambda handler: reply(handler, b"x")) as url,
        pytest.raises(ExchangeError, match="suspended"),
    ):
        asyncio.run(ask(url))


def test_hints_are_read_and_nonsense_among_them_is_passed_over():
    def hints(handler):
        lines = (
            b': here\n\ndata: nonsense\ndata: []\ndata: {"origin":7}\ndata: {"origin":"a/1"}\n\n'
        )
        reply(handler, lines)

    async def ask(url):
        async with HttpFace(url, member="aa" * 32, signer=lambda: KEY) as face:
            return [origin async for origin in face.hints()]

    with peer(hints) as url:
        assert asyncio.run(ask(url)) == ["a/1"]


def test_a_hint_without_end_is_cut_off():
    async def ask(url):
        async with HttpFace(url, member="aa" * 32, signer=lambda: KEY) as face:
            return [origin async for origin in face.hints()]

    with (
        peer(lambda handler: reply(handler, b"data: " + b"x" * 100_000)) as url,
        pytest.raises(ExchangeError, match="longer than any"),
    ):
        asyncio.run(ask(url))


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "http://", "http://x/?a=1", "http://x/#a", "http://me@x/", "x:80", "//x"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ExchangeError):
        checked_url(url)


def test_an_address_may_have_a_path():
    assert checked_url("https://node.example/unit/") == "https://node.example/unit"

"""What others publish is fetched within bounds, and never from where nobody should look. (A06)"""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.exchange import fetching
from detente.exchange.fetching import FetchError, WebFiles, may_be_asked, read_networks

HERE = read_networks("127.0.0.0/8")


@contextmanager
def serving(answer):
    """Answer every GET by a function of the handler."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.server.asked.append((self.path, dict(self.headers)))
            try:
                answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def say(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def url_of(server, host="127.0.0.1"):
    return f"http://{host}:{server.server_address[1]}/feed"


def test_a_file_comes_as_it_is_with_the_header_it_wants():
    with (
        serving(lambda handler: say(handler, b"bytes")) as server,
        WebFiles(url_of(server), authorization="Bearer x", private=HERE) as files,
    ):
        assert files.read("manifest.json", 5) == b"bytes"
        assert files.read("", 5) == b"bytes"
    (first, headers), (second, _) = server.asked
    assert (first, second) == ("/feed/manifest.json", "/feed")
    assert headers["authorization"] == "Bearer x"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"])
def test_this_machine_is_not_asked_unless_its_owner_said_so(host):
    with serving(lambda handler: say(handler, b"secret")) as server:
        with (
            WebFiles(url_of(server, host)) as files,
            pytest.raises(FetchError, match=r"not a public address.*private_networks|nowhere"),
        ):
            files.read("", 100)
        assert server.asked == []


def test_a_name_that_changes_between_the_look_and_the_connection_gains_nothing(monkeypatch):
    """The address that was looked at is the one that is connected to."""
    answers = iter([[(2, 1, 6, "", ("127.0.0.1", 80))], [(2, 1, 6, "", ("198.51.100.1", 80))]])
    asked = []

    def lead(host, port, **_kind):
        asked.append(host)
        return next(answers)

    monkeypatch.setattr(fetching.socket, "getaddrinfo", lead)
    with (
        WebFiles("http://feed.example/x") as files,
        pytest.raises(FetchError, match=r"127\.0\.0\.1"),
    ):
        files.read("", 1)
    assert asked == ["feed.example"]


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_lead_inside_are_known_in_every_writing(address):
    assert not may_be_asked(address)


@given(st.ip_addresses())
def test_only_public_addresses_may_be_asked(address):
    if may_be_asked(str(address)):
        assert address.is_global
    assert may_be_asked(str(address), read_networks("0.0.0.0/0 ::/0"))


def test_a_redirect_is_refused_and_says_where_it_led():
    with (
        serving(lambda h: say(h, b"", 302, location="http://169.254.169.254/")) as server,
        WebFiles(url_of(server), private=HERE) as files,
        pytest.raises(FetchError, match=r"sends us on to 'http://169\.254\.169\.254/'"),
    ):
        files.read("", 100)


def test_one_byte_too_many_is_refused_whatever_the_header_says():
    def without_length(handler):
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for _ in range(64):
            handler.wfile.write(b"10\r\n" + b"x" * 16 + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    for answer in (lambda h: say(h, b"x" * 1_024), without_length):
        with serving(answer) as server:
            with WebFiles(url_of(server), private=HERE) as files:
                assert len(files.read("", 1_024)) == 1_024
            with (
                WebFiles(url_of(server), private=HERE) as files,
                pytest.raises(FetchError, match="more than 1023 bytes"),
            ):
                files.read("", 1_023)


def test_a_packed_answer_is_not_unpacked():
    with (
        serving(lambda h: say(h, b"\x1f\x8b", content_encoding="gzip")) as server,
        WebFiles(url_of(server), private=HERE) as files,
        pytest.raises(FetchError, match="packs its answer"),
    ):
        files.read("", 100)


def test_an_answer_in_drops_is_cut_off(monkeypatch):
    monkeypatch.setattr(fetching, "REQUEST_S_MAX", 0.2)

    def drip(handler):
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    with (
        serving(drip) as server,
        WebFiles(url_of(server), private=HERE) as files,
        pytest.raises(FetchError, match="too slowly"),
    ):
        files.read("", 1_000)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n\xff: \r\n\r\n"])
def test_who_speaks_no_http_is_an_error_of_his(answer):
    def break_off(handler):
        handler.wfile.write(answer)
        handler.close_connection = True

    with (
        serving(break_off) as server,
        WebFiles(url_of(server), private=HERE) as files,
        pytest.raises(FetchError),
    ):
        files.read("", 100)


@pytest.mark.parametrize(
    "base",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "http:///x",
        "https://u:p@a.example/",
        "https://a.example/?x=1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(base):
    with pytest.raises(FetchError) as told:
        WebFiles(base)
    assert "u:p" not in str(told.value)


def test_networks_that_are_none_are_told():
    with pytest.raises(FetchError, match="private_networks"):
        read_networks("10.0.0.0/8 everything")

"""What a caller may cost: nothing before its limits were held against it. (A06, A67, A69)"""

import asyncio
import resource
import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest
from litestar import Request, get, post

from detente.exchange.app import make_app
from detente.exchange.limits import ServerLimits
from detente.exchange.server import Server, listen

LIMITS = ServerLimits(
    header_wait_s=1.0,
    body_wait_s=0.6,
    body_s_max=2.0,
    answer_wait_s=1.0,
    body_bytes_max=65_536,
    connections_max=64,
    connections_per_peer=8,
    drain_s=0.3,
)


@post("/echo", status_code=200)
async def echo(request: Request) -> bytes:
    return await request.body()


@post("/deaf", status_code=200)
async def deaf() -> str:
    return "did not listen"


@get("/much")
async def much() -> bytes:
    return b"x" * 2**22


@get("/")
async def root() -> str:
    return "here"


@contextmanager
def serving(limits=LIMITS, **options):
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    loop, stopping = asyncio.new_event_loop(), None
    ready = threading.Event()

    async def serve():
        nonlocal stopping
        stopping = asyncio.Event()
        app = make_app([echo, deaf, much, root], limits=limits, **options)
        async with Server(app, limits) as server:
            await server.start(listening)
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()


def connect(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))


def ask(port, data, **how):
    with closing(connect(port, **how)) as calling:
        calling.sendall(data)
        return read_answer(calling)


def read_answer(calling):
    """Return status and body of the answer, or None where the connection just ended."""
    data = b""
    try:
        while piece := calling.recv(65_536):
            data += piece
            head, found, body = data.partition(b"\r\n\r\n")
            lengths = [
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ]
            if found and lengths and len(body) >= lengths[0]:
                break
    except ConnectionResetError:
        pass
    return (int(data[9:12]), data.partition(b"\r\n\r\n")[2]) if data else None


def posted(path, body, *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def ended(calling, within_s):
    calling.settimeout(within_s)
    try:
        return calling.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_a_body_within_the_limit_arrives():
    with serving() as port:
        body = b"x" * 65_536
        assert ask(port, posted("/echo", body, "Content-Length: 65536")) == (200, body)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read():
    with serving() as port:
        assert ask(port, posted("/echo", b"", "Content-Length: 65537"))[0] == 413
        assert ask(port, posted("/echo", b"", f"Content-Length: {10**17}"))[0] == 413


def test_a_route_may_take_more():
    with serving(body_bytes_max={"/ec": 70_000}) as port:
        assert ask(port, posted("/echo", b"y" * 70_000, "Content-Length: 70000"))[0] == 200
        assert ask(port, posted("/deaf", b"", "Content-Length: 70000"))[0] == 413


@pytest.mark.parametrize("path", ["/echo", "/deaf", "/nowhere"])
def test_a_gigabyte_without_a_length_is_cut_off_and_takes_no_memory(path):
    with serving() as port, closing(connect(port)) as calling:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        calling.sendall(posted(path, b"", "Transfer-Encoding: chunked"))
        sent, piece = 0, b"10000\r\n" + b"z" * 65_536 + b"\r\n"
        try:
            while sent < 2**30:
                calling.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert sent < 2**24, "the sender was not stopped"
        assert grown_kib < 32_768


def test_a_chunked_body_over_the_limit_is_answered_with_413():
    with serving() as port:
        body = b"".join([b"8000\r\n" + b"z" * 0x8000 + b"\r\n"] * 3)
        assert ask(port, posted("/echo", body, "Transfer-Encoding: chunked"))[0] == 413


def test_too_many_headers_are_refused():
    with serving() as port:
        many = [f"X-{number}: 1" for number in range(LIMITS.headers_max + 1)]
        assert ask(port, posted("/echo", b"", *many, "Content-Length: 0"))[0] == 431


def test_headers_too_long_are_refused():
    with serving() as port:
        long = posted("/echo", b"", "X-Long: " + "a" * 20_000, "Content-Length: 0")
        answer = ask(port, long)
        assert answer is None or answer[0] in (400, 431)
        endless = ask(port, b"GET /" + b"a" * 20_000)
        assert endless is None or endless[0] == 400


@pytest.mark.parametrize(
    "smuggled",
    [
        posted("/echo", b"0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: gzip, chunked"),
        posted("/echo", b"x", "Content-Length: 1", "Content-Length: 2"),
        posted("/echo", b"x", "Content-Length: +1"),
        posted("/echo", b"x", "Content-Length: 1\x00"),
        b"GET / HTTP/1.1\r\nHost: x\r\nHost : y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(smuggled):
    with serving() as port:
        answer = ask(port, smuggled)
        assert answer is None or 400 <= answer[0] < 500 or answer[0] == 501
        assert ask(port, GET)[0] == 200


def test_a_slow_head_is_cut_off_whatever_trickles_in():
    with serving() as port, closing(connect(port)) as calling:
        started = time.monotonic()
        calling.setblocking(False)
        while time.monotonic() < started + 5:
            try:
                calling.send(b"G")
                if calling.recv(1) == b"":
                    break
            except BlockingIOError:
                time.sleep(0.1)
            except OSError:
                break
        assert time.monotonic() - started < 60


def test_a_second_request_that_trickles_is_cut_off_too():
    with serving() as port, closing(connect(port)) as calling:
        calling.sendall(GET)
        assert read_answer(calling)[0] == 200
        started = time.monotonic()
        for _ in range(40):
            try:
                calling.sendall(b"G")
            except OSError:
                break
            time.sleep(0.1)
        assert time.monotonic() - started < 60


def test_a_body_that_stops_coming_is_answered_with_408():
    with serving() as port:
        assert ask(port, posted("/echo", b"begun", "Content-Length: 100"))[0] == 408


def test_a_body_that_trickles_is_cut_off_in_the_end():
    with serving() as port, closing(connect(port)) as calling:
        calling.sendall(posted("/echo", b"", "Content-Length: 1000"))
        started = time.monotonic()
        while time.monotonic() < started + 10:
            try:
                calling.sendall(b"x")
            except OSError:
                break
            time.sleep(0.1)
        assert time.monotonic() - started < 60


def test_who_does_not_read_its_answer_is_cut_off():
    with serving() as port, closing(socket.socket()) as calling:
        calling.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        calling.connect(("127.0.0.1", port))
        calling.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2.5)
        calling.settimeout(5)
        received = 0
        try:
            while piece := calling.recv(2**20):
                received += len(piece)
        except OSError:
            pass
        assert received < 2**22


def test_a_thousand_idle_sockets_of_one_address_leave_room_for_the_others():
    limits = ServerLimits(header_wait_s=30.0)
    with serving(limits) as port:
        idle = [connect(port, source="127.0.0.2") for _ in range(1_000)]
        try:
            started = time.monotonic()
            assert all(ask(port, GET) == (200, b"here") for _ in range(20))
            assert time.monotonic() - started < 60
            # The newest of the same address get in as well: its own oldest are closed.
            assert ask(port, GET, source="127.0.0.2")[0] == 200
            assert ended(idle[0], 5)
        finally:
            for each in idle:
                each.close()


def test_connections_of_all_addresses_together_are_bounded():
    with serving() as port:
        idle = [connect(port, f"127.0.1.{n // 8}") for n in range(64)]
        try:
            assert ask(port, GET, source="127.0.9.9") is None
        finally:
            for each in idle:
                each.close()


def test_it_stops_while_somebody_still_sends():
    started = time.monotonic()
    with serving() as port:
        calling = connect(port)
        calling.sendall(posted("/echo", b"x", "Content-Length: 100"))
        time.sleep(0.1)
    calling.close()
    assert time.monotonic() - started < 60

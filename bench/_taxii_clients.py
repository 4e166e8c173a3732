"""Clients that count bytes and parse nothing, so that the server is what is measured."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

PAGE = 500
MEDIA_TYPE = "application/taxii+json;version=2.1"
_TYPES = (b'"type":"indicator"', b'"type": "indicator"')
_WAIT_S = 120


class Client:
    """One kept connection to a collection."""

    def __init__(self, url: str, authorization: str) -> None:
        parts = urlsplit(url)
        self._address, self._path = (parts.hostname or "", parts.port or 0), parts.path
        self._head = (
            f"Host: {parts.netloc}\r\nAccept: {MEDIA_TYPE}\r\nAuthorization: {authorization}\r\n"
        )
        self._socket: socket.socket | None = None

    def get(self, query: str) -> bytes:
        """Return the body of the objects resource."""
        status, body = self._ask(f"GET {self._path}objects/?{query} HTTP/1.1\r\n{self._head}\r\n")
        if status != HTTPStatus.OK:
            raise SystemExit(f"{status}: {body[:300]!r}")
        return body

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Bring an envelope."""
        head = (
            f"POST {self._path}objects/ HTTP/1.1\r\n{self._head}"
            f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return self._ask(head, body)

    def close(self) -> None:
        """Let go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, head: str, body: bytes = b"") -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_WAIT_S)
        self._socket.sendall(head.encode() + body)
        status, answer, goes_on = self._read(self._socket)
        if not goes_on:  # some servers close after each answer, and wait on who connects early
            self.close()
        return status, answer

    def _read(self, connection: socket.socket) -> tuple[int, bytes, bool]:
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += _more(connection)
        head = bytes(data[:end]).decode("latin-1").lower()
        del data[: end + 4]
        status, goes_on = int(head[9:12]), "connection: close" not in head and " 1.0 " not in head
        if "content-length: " not in head:
            while not data.endswith(b"0\r\n\r\n"):
                data += _more(connection)
            return status, bytes(data), goes_on
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = bytearray(length)
        body[: len(data)] = data
        view, place = memoryview(body), len(data)
        while place < length:
            got = connection.recv_into(view[place:])
            if not got:
                raise SystemExit("the server hung up")
            place += got
        return status, bytes(body), goes_on


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(1 << 18)
    if not part:
        raise SystemExit("the server hung up")
    return part


def walk(url: str, authorization: str, most: int, end: float) -> int:
    """Follow `next` from the start; return how many objects came, counted, not parsed."""
    client, count, query = Client(url, authorization), 0, f"limit={PAGE}"
    while count < most and time.perf_counter() < end:
        body = client.get(query)
        count += max(body.count(each) for each in _TYPES)
        told = body[:200] + body[-200:]
        token = told.partition(b'"next":')[2].partition(b'"')[2].partition(b'"')[0].decode()
        if not token:
            break
        query = f"limit={PAGE}&next={token}"
    client.close()
    return count


def together(clients: int, work: Callable[[int], None]) -> float:
    """Run `work` in so many threads; return the seconds until the last is done."""
    faults: list[BaseException] = []

    def one(number: int) -> None:
        try:
            work(number)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"a client failed: {faults[0]}")
    return time.perf_counter() - start


def read_all(url: str, authorization: str, clients: int, most: int, seconds: float) -> float:
    """Return objects per second, all clients together."""
    counts = [0] * clients
    end = time.perf_counter() + seconds

    def one(number: int) -> None:
        counts[number] = walk(url, authorization, most, end)

    took = together(clients, one)
    return sum(counts) / took


def first_pages(url: str, authorization: str, count: int) -> list[float]:
    """Return how long the first page took, in milliseconds, on a new connection each time."""
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        client = Client(url, authorization)
        client.get(f"limit={PAGE}")
        taken.append((time.perf_counter() - start) * 1_000)
        client.close()
    return taken


def bring(
    url: str, authorization: str, envelopes: list[bytes], clients: int, *, good: tuple[int, ...]
) -> float:
    """Return objects brought per second; every answer is one of these, and refuses nothing."""
    waiting = list(envelopes)

    def one(_number: int) -> None:
        client = Client(url, authorization)
        while waiting:
            try:
                body = waiting.pop()
            except IndexError:
                break
            status, answer = client.post(body)
            refused = status == HTTPStatus.ACCEPTED and b'"failure_count":0' not in answer.replace(
                b" ", b""
            )
            if status not in good or refused:
                raise SystemExit(f"{status}: {answer[:300]!r}")
        client.close()

    return len(envelopes) * PAGE / together(clients, one)


def indicator(number: int, identity: str | None = None) -> dict[str, object]:
    """Return a synthetic indicator of about 650 bytes."""
    # Each of another moment: one for all made OpenTAXII look a hundred times slower than it is.
    minutes, rest = divmod(number, 60_000)
    moment = f"2026-01-{1 + minutes // 1_440 % 28:02d}T{minutes // 60 % 24:02d}:{minutes % 60:02d}:"
    moment += f"{rest // 1_000:02d}.{rest % 1_000:03d}Z"
    address = ".".join(str(number >> shift & 255) for shift in (16, 8, 0))
    made: dict[str, object] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08x}-0000-4000-8000-{os.getpid():012x}",
        "created": moment,
        "modified": moment,
        "valid_from": moment,
        "pattern": f"[ipv4-addr:value = '10.{address}']",
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
        "name": f"Synthetic indicator {number}",
        "description": "An address that a synthetic scanner came from. " * 4,
        "labels": ["synthetic", "bench"],
        "confidence": 50,
    }
    return made | ({"created_by_ref": identity} if identity else {})


def envelopes_of(count: int, salt: int) -> list[bytes]:
    """Return envelopes of new objects."""
    first = salt << 20
    return [
        json.dumps({"objects": [indicator(first + at * PAGE + n) for n in range(PAGE)]}).encode()
        for at in range(count)
    ]


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and of its children."""
    total = 0
    for process in _family(pid):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total / 1_024


def _family(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in listed for each in _family(int(child)))]

"""Events over the network: what is told as taken is kept; hostile senders cost a bounded amount."""

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager, closing, suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import InputError
from detente.node.clock import now
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_buffer import Buffer, Pushed
from detente.node.watching_home import NO_RULES
from detente.node.watching_nats import Numbers
from detente.node.watching_sockets import FrameError, SyslogFrames
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import create_database, open_database

HARMFUL = "203.0.113.9"
EVENT = json.dumps({"src_ip": HARMFUL, "event_type": "flow"})
HARMLESS = json.dumps({"src_ip": "192.0.2.1", "event_type": "flow"})


class Watched:
    """A watch of one source in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.said = []
        create_database(folder / "state.sqlite").close()
        (folder / "named.txt").write_text(HARMFUL + "\n")

    @asynccontextmanager
    async def running(self, address, *, runs=True):
        database = open_database(self.folder / "state.sqlite")
        lists = load_watchlists([self.folder / "named.txt"], now=now())
        options = WatchOptions(sources=[parse_source("net", address)])
        seeker = IndicatorWatcher(lists, now=0.0)
        watching = Watching(
            database, self.folder, NO_RULES, seeker, options, now=now, report=self.said.append
        )
        try:
            async with watching:
                task = asyncio.create_task(watching.run()) if runs else None
                yield watching
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
        finally:
            database.close()


async def count(watching, expected):
    """Wait until so many detections are counted; return how many there are."""
    for _ in range(400):
        found = sum(row.alarm.count for row in watching.shelf.alarms())
        if found >= expected:
            break
        await asyncio.sleep(0.02)
    return sum(row.alarm.count for row in watching.shelf.alarms())


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


SYSLOG = (
    f"<34>1 2026-11-23T10:00:00Z host sshd 1 - - Failed password for root from {HARMFUL} port 1"
)


@pytest.mark.parametrize("framing", ["octets", "lines", "datagrams"])
def test_syslog_is_taken_in_every_framing(watched, framing):
    async def run():
        scheme = "udp" if framing == "datagrams" else "tcp"
        async with watched.running(f"{scheme}://127.0.0.1:0") as watching:
            place = watching.addresses["net"]
            messages = [SYSLOG.encode()] * 3
            if framing == "datagrams":
                with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
                    for message in messages:
                        sender.sendto(message, place)
            else:
                _, writer = await asyncio.open_connection(*place)
                for message in messages:
                    counted = b"%d %s" % (len(message), message)
                    writer.write(counted if framing == "octets" else message + b"\n")
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            for _ in range(400):
                row = watching.shelf.sources().get("net")
                if row is not None and row.events == 3:
                    break
                await asyncio.sleep(0.02)
            return watching.shelf.sources()["net"].events

    assert asyncio.run(run()) == 3


def test_syslog_under_tls_asks_for_a_certificate_where_told_to(watched, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate")
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    )
    made = [openssl, *words.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    address = f"tls://127.0.0.1:0?certificate={certificate}&key={key}&clients={certificate}"

    async def send(place, context):
        """Send a message; raises where the server wants a certificate, and times out else."""
        reader, writer = await asyncio.open_connection(*place, ssl=context)
        try:
            writer.write(SYSLOG.encode() + b"\n")
            await writer.drain()
            if await asyncio.wait_for(reader.read(1), 0.3) == b"":
                raise ConnectionError("cut off")
        finally:
            writer.transport.abort()

    async def run():
        async with watched.running(address) as watching:
            context = ssl.create_default_context(cafile=str(certificate))
            context.check_hostname = False
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await send(watching.addresses["net"], context)
            assert "net" not in watching.shelf.sources()
            context.load_cert_chain(certificate, key)
            with pytest.raises(TimeoutError):
                await send(watching.addresses["net"], context)
            for _ in range(200):
                if "net" in watching.shelf.sources():
                    break
                await asyncio.sleep(0.02)
            return watching.shelf.sources()["net"].events

    assert asyncio.run(run()) == 1


@given(st.lists(st.binary(min_size=1, max_size=40)), st.data())
def test_counted_messages_come_whole_however_they_are_cut(messages, data):
    wanted = [each.rstrip(b"\r\n") for each in messages]
    stream = b"".join(b"%d %s" % (len(each), each) for each in messages)
    frames, found = SyslogFrames(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == [each for each in wanted if each]
    assert frames.close() == b""


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_a_sender_writes_costs_no_more_than_its_messages(pieces):
    frames = SyslogFrames()
    with suppress(FrameError):
        for piece in pieces:
            for message in frames.feed(piece):
                assert 0 < len(message) <= 65_536


def test_a_line_without_end_is_cut_and_the_next_one_is_read():
    frames = SyslogFrames()
    found = []
    for _ in range(100):
        found += frames.feed(b"<1>" + b"a" * 9_997)
    found += frames.feed(b"\n<1>next\n")
    assert [len(each) for each in found] == [65_536, 7]


def post(client, body, key="", token=""):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if key:
        headers["idempotency-key"] = key
    return client.post("/events", content=body, headers=headers)


def test_a_request_is_answered_once_durable_and_taken_once(watched, tmp_path):
    file = tmp_path / "intake.token"
    address = f"http://127.0.0.1:0?token={file}"

    def ask(place, *, again):
        token = file.read_text().strip()
        with httpx.Client(base_url=f"http://{place[0]}:{place[1]}") as client:
            assert post(client, EVENT).status_code == 401
            assert post(client, EVENT, token=token[:-1]).status_code == 401
            assert post(client, EVENT, token=token, key="two words").status_code == 400
            body = f"{EVENT}\n{HARMLESS}\nnot json\n"
            answer = post(client, body, "request-1", token)
            assert (answer.status_code, answer.json()) == (200, {"taken": 3})
            assert post(client, body, "request-1", token).status_code == 200
            if again:
                assert post(client, body, "request-2", token).status_code == 200

    async def run(*, again):
        async with watched.running(address) as watching:
            await asyncio.to_thread(ask, watching.addresses["net"], again=again)
            row = watching.shelf.sources()["net"]
            return await count(watching, 1), row.events, row.bad

    assert asyncio.run(run(again=False)) == (1, 2, 1)
    assert file.stat().st_mode & 0o777 == 0o600
    # After a restart the first request is known still.
    assert asyncio.run(run(again=True)) == (2, 4, 2)
    file.chmod(0o644)
    with pytest.raises(InputError, match="others may read"):
        asyncio.run(run(again=False))


def test_a_full_buffer_says_so_and_grows_no_more():
    source = parse_source("net", "udp://127.0.0.1:1")
    buffer = Buffer(source, "", arrived=lambda: None, bytes_max=1_000)
    taken = sum(buffer.put(Pushed([b"x" * 100])) for _ in range(100))
    assert taken < 10
    assert buffer.lost == 100 - taken
    assert sum(len(each.lines) for each in buffer.take(1_000)) == taken
    assert buffer.put(Pushed([b"again"]))
    (portion,) = buffer.take(1_000)
    assert portion.at == [taken]
    restarted = Buffer(source, portion.place, arrived=lambda: None)
    restarted.put(Pushed([b"later"]))
    assert restarted.take(1)[0].at == [taken + 1]


@given(st.lists(st.integers(1, 60)), st.integers(0, 60))
def test_the_numbers_of_a_stream_are_those_that_were_added(added, floor):
    numbers = Numbers()
    for each in added:
        numbers.add(each)
    assert {each for each in range(1, 61) if each in numbers} == set(added)
    numbers.raise_floor(floor)
    again = Numbers(numbers.floor, numbers.above)
    for each in range(1, 61):
        assert (each in again) == (each in added or each <= floor)
    assert all(first > again.floor + 1 for first, _ in again.above)


@pytest.fixture
def nats_server(tmp_path):
    binary = shutil.which("nats-server") or shutil.which("/usr/sbin/nats-server")
    if binary is None:
        pytest.skip("no nats-server here (Debian: nats-server)")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [binary, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(tmp_path / "nats")]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    yield port
    process.kill()
    process.wait()


async def client_of(port):
    import nats

    for _ in range(100):
        try:
            return await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
        except OSError:
            await asyncio.sleep(0.05)
    raise AssertionError("the server did not come up")


def test_a_message_is_acknowledged_only_once_what_was_found_is_durable(watched, nats_server):
    from nats.js.api import ConsumerConfig

    address = f"nats://127.0.0.1:{nats_server}/EVENTS?durable=office"

    async def pending(stream):
        info = await stream.consumer_info("EVENTS", "office")
        return info.num_ack_pending + info.num_pending

    async def run():
        client = await client_of(nats_server)
        stream = client.jetstream()
        await stream.add_stream(name="EVENTS", subjects=["events"])
        # Acknowledgements come due quickly, so that the test need not wait for what is sent again.
        config = ConsumerConfig(durable_name="office", ack_policy="explicit", ack_wait=0.5)
        await stream.add_consumer("EVENTS", config)
        for number in range(40):
            await stream.publish("events", (EVENT if number % 4 == 0 else HARMLESS).encode())
        # A watch that reads and keeps nothing: it stops before its first turn.
        async with watched.running(address, runs=False):
            await asyncio.sleep(0.7)
            assert await pending(stream) == 40
        async with watched.running(address) as watching:
            assert await count(watching, 10) == 10
            for _ in range(300):
                if await pending(stream) == 0:
                    break
                await asyncio.sleep(0.02)
            assert await pending(stream) == 0
        await client.close()

    asyncio.run(run())


def test_what_was_kept_and_not_acknowledged_comes_again_and_is_not_doubled(watched, nats_server):
    from nats.js.api import ConsumerConfig

    address = f"nats://127.0.0.1:{nats_server}/EVENTS?durable=office"

    async def run():
        client = await client_of(nats_server)
        stream = client.jetstream()
        await stream.add_stream(name="EVENTS", subjects=["events"])
        config = ConsumerConfig(durable_name="office", ack_policy="explicit", ack_wait=0.5)
        await stream.add_consumer("EVENTS", config)
        for _ in range(20):
            await stream.publish("events", EVENT.encode())
        async with watched.running(address, runs=False) as watching:
            # Kept, and then this process ends before anybody is told.
            keep, watching.shelf.keep = watching.shelf.keep, None
            kept = []

            def keep_and_fail(taken):
                keep(taken)
                kept.append(taken)
                raise InputError("ends here")

            watching.shelf.keep = keep_and_fail
            for _ in range(200):
                try:
                    await asyncio.to_thread(watching.turn)
                except InputError:
                    break
                await asyncio.sleep(0.02)
            assert kept
        first = sum(row.alarm.count for row in kept[0].alarms)
        assert first > 0
        await asyncio.sleep(0.7)
        async with watched.running(address) as watching:
            assert await count(watching, 20) == 20
            for _ in range(300):
                info = await stream.consumer_info("EVENTS", "office")
                if info.num_ack_pending + info.num_pending == 0:
                    break
                await asyncio.sleep(0.02)
            assert info.num_ack_pending + info.num_pending == 0
            assert await count(watching, 20) == 20
        await client.close()

    asyncio.run(run())

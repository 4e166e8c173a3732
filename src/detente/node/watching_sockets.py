"""Syslog from the network: datagrams (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425).

Syslog has no receipt: what was under way when either side stops is lost, and nobody can
tell. Where the watch falls behind, TCP and TLS senders wait; datagrams are lost and counted.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator

from detente.errors import InputError
from detente.node.watching_buffer import Buffer, Pushed
from detente.node.watching_sources import Via, WatchSource

MESSAGE_BYTES_MAX = 64 << 10
READ_BYTES = 64 << 10
CONNECTIONS_MAX = 256
IDLE_S = 3_600.0
_FULL_WAIT_S = 0.02
_COUNT_DIGITS_MAX = 6


class FrameError(Exception):
    """What came is neither counted by octets nor divided into lines; the message says why."""


class SyslogFrames:
    """Cuts one connection's bytes into messages (RFC 6587, sections 3.4.1 and 3.4.2).

    Each message says by its first byte how it is framed: a digit counts octets, any other
    begins a line. A line that is too long is cut, and its rest passed over.
    """

    def __init__(self) -> None:
        self._held = b""
        self._skips = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; yield the messages they complete.

        Raises:
            FrameError: the count of octets is none, or counts too many.
        """
        self._held += data
        while self._held:
            message, rest = self._counted() if self._is_counted() else self._line()
            if rest is None:
                return
            self._held = rest
            if message:
                yield message

    def close(self) -> bytes:
        """Return a last line that had no end; a counted message that is not whole is none."""
        held, self._held = self._held, b""
        return b"" if held[:1].isdigit() or self._skips else held

    def _is_counted(self) -> bool:
        return not self._skips and self._held[:1].isdigit()

    def _counted(self) -> tuple[bytes, bytes | None]:
        count, space, _rest = self._held[: _COUNT_DIGITS_MAX + 2].partition(b" ")
        if not space:
            if len(count) > _COUNT_DIGITS_MAX or not count.isdigit():
                raise FrameError(f"{count[:20]!r} is no count of octets")
            return b"", None
        if not count.isdigit() or not 0 < int(count) <= MESSAGE_BYTES_MAX:
            raise FrameError(f"{count[:20]!r} is no count of at most {MESSAGE_BYTES_MAX} octets")
        start = len(count) + 1
        end = start + int(count)
        if len(self._held) < end:
            return b"", None
        return self._held[start:end].rstrip(b"\r\n"), self._held[end:]

    def _line(self) -> tuple[bytes, bytes | None]:
        cut = self._held.find(b"\n")
        skipped = self._skips
        if cut < 0:
            if len(self._held) <= MESSAGE_BYTES_MAX:
                return b"", None
            self._skips = True
            return b"" if skipped else self._held[:MESSAGE_BYTES_MAX], b""
        self._skips = False
        line = b"" if skipped else self._held[: min(cut, MESSAGE_BYTES_MAX)]
        return line.rstrip(b"\r"), self._held[cut + 1 :]


class SyslogListener:
    """Listens for one source.

    Args:
        source: udp, tcp or tls.
        buffer: where messages go.
        report: tells people what a sender did wrong.
    """

    def __init__(
        self, source: WatchSource, buffer: Buffer, *, report: Callable[[str], None]
    ) -> None:
        self.address = ("", 0)
        self._source = source
        self._buffer = buffer
        self._report = report
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._senders: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen.

        Raises:
            InputError: the address cannot be listened on, or a certificate cannot be used.
        """
        host, _, port = self._source.where.rpartition(":")
        place = host.strip("[]"), int(port)
        try:
            if self._source.via is Via.UDP:
                loop = asyncio.get_running_loop()
                self._datagrams, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._buffer), local_addr=place
                )
                self.address = self._datagrams.get_extra_info("sockname")[:2]
                return
            context = tls_context(self._source) if self._source.via is Via.TLS else None
            self._server = await asyncio.start_server(
                self._accept, *place, ssl=context, limit=READ_BYTES
            )
            self.address = self._server.sockets[0].getsockname()[:2]
        except (OSError, OverflowError) as error:
            raise InputError(
                f"source {self._source.name}: cannot listen on {self._source.where}: {error}",
                remedy="Choose another port, or stop what listens there",
            ) from error

    async def close(self) -> None:
        """Stop listening; connections are cut."""
        if self._datagrams is not None:
            self._datagrams.close()
        if self._server is not None:
            self._server.close()
        for task in self._senders:
            task.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._senders) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._senders.add(task)
        try:
            await self._receive(reader)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the sender is gone, or says nothing
        except FrameError as error:
            self._report(f"source {self._source.name}: a sender was cut off: {error}")
        finally:
            self._senders.discard(task)
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        frames = SyslogFrames()
        while data := await asyncio.wait_for(reader.read(READ_BYTES), IDLE_S):
            if messages := list(frames.feed(data)):
                self._buffer.put(Pushed(messages))
            while self._buffer.is_full:
                await asyncio.sleep(_FULL_WAIT_S)  # nothing is read: the sender waits
        if rest := frames.close():
            self._buffer.put(Pushed([rest]))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take one message."""
        message = data.rstrip(b"\r\n\0")
        if message:
            self._buffer.put(Pushed([message.replace(b"\n", b" ")]))


def tls_context(source: WatchSource) -> ssl.SSLContext:
    """Return how a source's listener speaks TLS.

    Raises:
        InputError: a file is missing, or no certificate or key.
    """
    options = source.options
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options["certificate"], options["key"])
        if "clients" in options:
            context.load_verify_locations(options["clients"])
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError, ValueError) as error:
        raise InputError(
            f"source {source.name}: its certificate or key cannot be used: {error}",
            remedy="Name PEM files that belong together",
        ) from None
    return context

"""A door for the node's owner: commands typed beside a running node are done by it.

A Unix socket in the node's directory, mode 0600: whoever may open it may read the
directory too, so it lets nobody do what the files would not. One frame in, one out:
u32 length and JSON.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from detente.errors import EnvironmentFault

SOCKET = "control.sock"
FRAME_BYTES_MAX = 2**26
CALLS_MAX = 8
_LENGTH = struct.Struct(">I")

Document = dict[str, object]
Answer = Callable[[Document], Document]


class ControlDoor:
    """Answers the owner while the node runs.

    Args:
        directory: of the node.
        answer: does what is asked; called in threads.
    """

    def __init__(self, directory: Path, answer: Answer) -> None:
        self._path = directory / SOCKET
        self._answer = answer
        self._room = asyncio.Semaphore(CALLS_MAX)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to answer; the caller holds the directory's lock.

        Raises:
            EnvironmentFault: the system refused.
        """
        with suppress(FileNotFoundError):
            self._path.unlink()  # left by a process that was killed
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with short_path(self._path) as short:
                before = os.umask(0o177)
                try:
                    listening.bind(short)
                finally:
                    os.umask(before)
            self._server = await asyncio.start_unix_server(self._serve, sock=listening)
        except OSError as error:
            listening.close()
            raise EnvironmentFault(f"{self._path} cannot be made: {error.strerror}") from error

    async def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
            with suppress(FileNotFoundError):
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._room:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                if length > FRAME_BYTES_MAX:
                    return
                asked = orjson.loads(await reader.readexactly(length))
                if not isinstance(asked, dict):
                    return
                said = orjson.dumps(await asyncio.to_thread(self._answer, asked))
                writer.write(_LENGTH.pack(len(said)) + said)
                await writer.drain()
        except (OSError, EOFError, orjson.JSONDecodeError):
            pass  # the caller went away, or was none of ours
        finally:
            writer.close()


def ask_running(directory: Path, asked: Document) -> Document | None:
    """Ask the node that runs in a directory; None where none answers there.

    Raises:
        EnvironmentFault: it broke off in the middle.
    """
    path = directory / SOCKET
    if not path.exists():
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as calling:
        try:
            with short_path(path) as short:
                calling.connect(short)
        except OSError:
            return None
        try:
            said = orjson.dumps(asked)
            calling.sendall(_LENGTH.pack(len(said)) + said)
            (length,) = _LENGTH.unpack(_read(calling, _LENGTH.size))
            answer = orjson.loads(_read(calling, min(length, FRAME_BYTES_MAX)))
        except (OSError, EOFError, orjson.JSONDecodeError) as error:
            raise EnvironmentFault(
                f"the node running in {directory} broke off: {error}",
                remedy="Whether it was done, `detente statement list` tells",
            ) from error
    return answer if isinstance(answer, dict) else None


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Lend a name of a socket that fits into the 107 bytes an address has."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _read(calling: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        piece = calling.recv(min(length - len(data), 65_536))
        if not piece:
            raise EOFError("the connection ended")
        data += piece
    return bytes(data)

"""A process that writes files of events: what it costs does not hold up who matches.

Asked and answering over its pipes, each message its length in eight bytes and MessagePack.
It opens no database and gives no file its name, so one that outlives its parent, or is
killed, leaves parts that count for nothing. It ends when its input does.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import IO

import msgspec

from detente.errors import UnitError
from detente.node.watching_keeping import Here
from detente.storage.errors import StorageFault
from detente.storage.event_parts import Part

_LENGTH_BYTES = 8
_NICE = 10


class Order(msgspec.Struct, frozen=True, array_like=True):
    """What to write.

    Attributes:
        folder: where files of events lie.
        rows: packed events to write.
        files: to merge, where there are no rows.
    """

    folder: str
    rows: list[bytes]
    files: list[str]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What was written.

    Attributes:
        parts: of rows.
        merged: path of the part that holds what was merged.
        fault: why nothing was; empty where it was.
    """

    parts: list[Part]
    merged: str = ""
    fault: str = ""


class Beside:
    """Implements `watching_keeping.PartWriter` by a process that is started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def write(self, folder: Path, rows: Sequence[bytes]) -> list[Part]:
        """Write the events of packed rows as parts.

        Raises:
            StorageFault: the disk refused, a row is damaged, or the process ended.
        """
        return self._ask(Order(str(folder), list(rows), [])).parts

    def merge(self, folder: Path, files: Sequence[Path]) -> Path:
        """Write files as one part.

        Raises:
            StorageFault: the disk refused, a file is damaged, or the process ended.
        """
        return Path(self._ask(Order(str(folder), [], list(map(str, files)))).merged)

    def rest(self) -> None:
        """End the process until it is needed again."""
        with self._lock:
            self._end()

    def _ask(self, order: Order) -> Answer:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._end()
            if self._process is None:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
                    [sys.executable, "-m", __name__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C is for whoever started it
                )
            try:
                answer = _exchange(self._process, order)
            except (OSError, EOFError) as error:
                self._end()
                raise StorageFault(
                    "the process that writes files of events ended before its work",
                    remedy="Nothing is lost; it is tried again. Look at the machine's memory",
                ) from error
        if answer.fault:
            raise StorageFault(answer.fault, remedy="Nothing is lost; look at the disk")
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what it no longer reads
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exchange(process: subprocess.Popen[bytes], order: Order) -> Answer:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    _put(process.stdin, msgspec.msgpack.encode(order))
    return msgspec.msgpack.decode(_get(process.stdout), type=Answer)


def _put(file: IO[bytes], data: bytes) -> None:
    file.write(len(data).to_bytes(_LENGTH_BYTES))
    file.write(data)
    file.flush()


def _get(file: IO[bytes]) -> bytes:
    length = int.from_bytes(_whole(file, _LENGTH_BYTES))
    return _whole(file, length)


def _whole(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _answer(order: Order, writer: Here) -> Answer:
    try:
        if order.files:
            merged = writer.merge(Path(order.folder), list(map(Path, order.files)))
            return Answer([], merged=str(merged))
        return Answer(writer.write(Path(order.folder), order.rows))
    except UnitError as fault:
        return Answer([], fault=fault.message)


def main() -> None:
    """Do what is asked until nobody asks any more."""
    os.nice(_NICE)
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    writer = Here()
    while True:
        try:
            order = msgspec.msgpack.decode(_get(asked), type=Order)
            _put(answered, msgspec.msgpack.encode(_answer(order, writer)))
        except (EOFError, BrokenPipeError):
            return


if __name__ == "__main__":
    main()

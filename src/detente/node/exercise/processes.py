"""Processes of the exercise that go on: started, told to end, and never left behind."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import orjson

from detente.errors import EnvironmentFault

_LIBC = ctypes.CDLL(None)  # loaded before any fork
_PR_SET_PDEATHSIG = 1
_FIRST_LINE_S = 30.0
_END_S = 10.0


class Process:
    """One process, from its start to its end.

    Args:
        command: what to run; it prints one line of JSON when it is ready.
        errors: file for what it tells people.
    """

    def __init__(self, command: Sequence[str], errors: Path) -> None:
        self._name = " ".join(command[2:4])
        self._errors = errors
        with errors.open("ab") as told:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=told,
                preexec_fn=die_with_us(),
            )

    def first_line(self) -> dict[str, object]:
        """Return the document it begins with.

        Raises:
            EnvironmentFault: it ended, or said nothing in time.
        """
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if waiting.select(_FIRST_LINE_S) else b""
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            last = self._errors.read_text(errors="replace").strip().rpartition("\n")[2]
            raise EnvironmentFault(
                f"`{self._name} …` did not begin: {last or 'it said nothing in time'}",
                remedy="Where the machine is overloaded or a port was taken, try again",
            ) from None
        return document if isinstance(document, dict) else {}

    def kill(self) -> None:
        """End it as a power cut would, and wait."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Tell it to end, wait, and kill it if it does not; again is fine."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()


def die_with_us() -> Callable[[], None] | None:
    """Return what a child does first so that it ends with its parent, where the system can."""
    return partial(_die_with, os.getpid()) if sys.platform == "linux" else None


def _die_with(parent: int) -> None:
    # A killed exercise must leave no process behind, also not one begun just then.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

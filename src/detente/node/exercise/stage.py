"""The stage: directories, processes and evidence of one run, cleaned up whatever happens."""

import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import orjson

from detente.errors import EnvironmentFault
from detente.node.exercise.leftovers import Evidence, run_directory
from detente.node.exercise.processes import Process, die_with_us

Held = TypeVar("Held")

_PROCESS_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Finished:
    """What a separate process said.

    Attributes:
        status: its exit status.
        document: the JSON it printed, or None.
        errors: what it told people.
    """

    status: int
    document: dict[str, object] | None
    errors: str

    def text(self, name: str) -> str:
        """Return one member of the document as text; empty where there is none."""
        return str((self.document or {}).get(name, ""))


class Stage:
    """Holds one run of the exercise.

    Use as a context manager: its directory and every process started from it
    are gone afterwards. The next run sweeps what a killed run left behind.

    Args:
        evidence: directory for the files that scenes keep; an earlier exercise's go first.
        seed: of everything in the story that could go either way.
        hostile: the member that plays the liar, "aurel" or "borea".
        rules: Sigma rules that watching members run besides those of the program.
        events: file of events that they watch besides their own logs.
    """

    def __init__(
        self,
        *,
        evidence: Path,
        seed: int,
        hostile: str,
        rules: Path | None = None,
        events: Path | None = None,
    ) -> None:
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - the story's dice, no secret
        self.hostile = hostile
        self.victim = "borea" if hostile == "aurel" else "aurel"
        self.rules = rules
        self.events = events
        self._evidence_root = evidence
        self._kept: list[str] = []
        self._scene = ""
        self._held = ExitStack()
        self._running: dict[str, Process] = {}
        self.shared: dict[str, object] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._evidence = stack.enter_context(closing(Evidence(self._evidence_root)))
            self.directory = stack.enter_context(run_directory())
            self._held = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def hold(self, resource: AbstractContextManager[Held]) -> Held:
        """Enter something that lasts until the run ends, whatever happens."""
        return self._held.enter_context(resource)

    def open_scene(self, name: str) -> None:
        """Begin a scene; what is kept from now on belongs to it."""
        self._scene = name
        self._kept = []

    @property
    def kept(self) -> list[str]:
        """The evidence files of this scene."""
        return list(self._kept)

    def keep(self, name: str, data: bytes) -> Path:
        """Keep a file as evidence and return where it stands."""
        path = self._evidence.keep(self._scene, name, data)
        if str(path) not in self._kept:
            self._kept.append(str(path))
        return path

    def start(self, name: str, *arguments: str | Path) -> dict[str, object]:
        """Start a process of this program that goes on, and return the line it begins with.

        Raises:
            EnvironmentFault: it ended, or said nothing in time.
        """
        command = [sys.executable, *(str(word) for word in arguments)]
        process = Process(command, self.directory / f"{name}.errors")
        self._held.callback(process.end)
        self._running[name] = process
        return process.first_line()

    def stop(self, name: str) -> None:
        """End a process that was started, and wait for it."""
        self._running.pop(name).end()

    def run(self, *words: str | Path) -> Finished:
        """Run a separate process that knows nothing of this program."""
        return _run([str(word) for word in words])

    def detente(self, *arguments: str | Path) -> Finished:
        """Run `detente` as a separate process that has only the files it is given."""
        command = [sys.executable, "-m", "detente", *(str(word) for word in arguments)]
        return _run(command)


def _run(command: Sequence[str]) -> Finished:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_PROCESS_TIMEOUT_S,
            preexec_fn=die_with_us(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault(
            f"`{' '.join(command[2:5])} …` did not end within {_PROCESS_TIMEOUT_S} s",
            remedy="The machine is overloaded; try again when it is quieter",
        ) from error
    document: dict[str, object] | None = None
    with suppress(orjson.JSONDecodeError):
        document = orjson.loads(done.stdout)
    return Finished(
        status=done.returncode, document=document, errors=done.stderr.decode(errors="replace")
    )

"""The stage: directories, processes and evidence of one run, cleaned up whatever happens."""

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import orjson

from detente.errors import EnvironmentFault

Held = TypeVar("Held")

_PREFIX = "detente-exercise-"
_PR_SET_PDEATHSIG = 1
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
        evidence: directory for the files that scenes keep; emptied first.
        seed: of everything in the story that could go either way.
        hostile: the member that plays the liar, "aurel" or "borea".
    """

    def __init__(self, *, evidence: Path, seed: int, hostile: str) -> None:
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - the story's dice, no secret
        self.hostile = hostile
        self.victim = "borea" if hostile == "aurel" else "aurel"
        self._evidence_root = evidence
        self._kept: list[str] = []
        self._scene = ""
        self._held = ExitStack()
        self.shared: dict[str, object] = {}

    def __enter__(self) -> Self:
        sweep()
        self.directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        try:
            if self._evidence_root.exists():
                _empty(self._evidence_root)
            self._evidence_root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(
                f"{self._evidence_root} cannot be used for evidence: {error.strerror}",
                remedy="Name another directory with --evidence",
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()
        shutil.rmtree(self.directory, ignore_errors=True)

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
        path = self._evidence_root / self._scene / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._kept.append(str(path))
        return path

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
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
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


def _die_with_parent() -> None:
    # A killed exercise must leave no process behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def sweep() -> None:
    """Remove the directories of exercises whose process is gone."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _empty(directory: Path) -> None:
    """Remove only what an earlier exercise put there: folders of evidence, by scene."""
    for child in directory.iterdir():
        if child.is_dir():
            shutil.rmtree(child)

"""The directories of one run: held by a lock while it lives, swept by the next one after.

A lock of the system says whether a run is alive, not a process number: those come back,
and differ between containers that share a temporary directory.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from detente.errors import EnvironmentFault
from detente.storage.errors import storage_faults

_PREFIX = "detente-exercise-"
_LOCK_SUFFIX = ".lock"


@contextmanager
def run_directory() -> Iterator[Path]:
    """Lend an empty directory, gone afterwards; what killed runs left behind goes first.

    Raises:
        StorageFault: the system refused.
    """
    sweep()
    with storage_faults(doing="making a directory for the run", where=tempfile.gettempdir()):
        lock, held = _begin()
        directory = lock.with_suffix("")
        directory.mkdir(mode=0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(held)


def sweep() -> None:
    """Remove the directories of this user's exercises that run no more."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*{_LOCK_SUFFIX}"):
        with suppress(OSError):
            if lock.lstat().st_uid == os.geteuid():
                _sweep_one(lock)


def _sweep_one(lock: Path) -> None:
    held = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while the run lives
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
    finally:
        os.close(held)


def _begin() -> tuple[Path, int]:
    while True:
        lock = Path(tempfile.gettempdir()) / f"{_PREFIX}{token_hex(8)}{_LOCK_SUFFIX}"
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        # Somebody may have swept it between these two steps.
        if lock.exists():
            return lock, held
        os.close(held)


class Evidence:
    """A directory of files that scenes keep, by scene, for whoever wants to check them.

    It removes only what an earlier exercise wrote, by the list that one left, and replaces
    nothing else.

    Args:
        root: made if absent.

    Raises:
        EnvironmentFault: it holds other things, another run uses it, or the system refused.
    """

    _LIST = ".exercise-files"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._list = root / self._LIST
        with storage_faults(doing="preparing for evidence", where=str(root)):
            root.mkdir(parents=True, exist_ok=True)
            if not self._list.exists() and any(root.iterdir()):
                raise EnvironmentFault(
                    f"{root} holds files that no exercise made",
                    remedy="Name a new directory with --evidence",
                )
            self._held = os.open(self._list, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._empty()
            except BlockingIOError:
                os.close(self._held)
                raise EnvironmentFault(
                    f"{root} is in use by another exercise",
                    remedy="Wait for it, or name another directory with --evidence",
                ) from None
            except OSError:
                os.close(self._held)
                raise

    def keep(self, scene: str, name: str, data: bytes) -> Path:
        """Keep a file and return where it stands; a scene may replace its own.

        Raises:
            EnvironmentFault: somebody else's file stands there, or the system refused.
        """
        path = self._root / scene / name
        with storage_faults(doing="keeping evidence", where=str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            known = f"{scene}/{name}\n".encode()
            if known not in self._list.read_bytes().splitlines(keepends=True):
                if path.exists():
                    raise EnvironmentFault(
                        f"{path} was not made by an exercise and is not replaced",
                        remedy="Name another directory with --evidence",
                    )
                os.write(self._held, known)
            path.write_bytes(data)
        return path

    def close(self) -> None:
        """Let go of the directory; the evidence stays."""
        os.close(self._held)

    def _empty(self) -> None:
        for line in self._list.read_text(errors="replace").splitlines():
            scene, _, name = line.partition("/")
            if {scene, name} & {"", ".", ".."} or "/" in name:
                continue  # no exercise wrote this line
            if not (self._root / scene).is_symlink():
                (self._root / scene / name).unlink(missing_ok=True)
            with suppress(OSError):
                (self._root / scene).rmdir()
        os.ftruncate(self._held, 0)

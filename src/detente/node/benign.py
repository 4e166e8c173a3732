"""The common-benign lists at hand: those of `pymispwarninglists`, ready to be asked.

The package carries its lists; nothing is fetched. Reading two and a half million entries
takes seconds and much memory, so a process of its own does it once for each version of the
package, and every node of the same user maps the file that it leaves.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import as_file, files
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Lock

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.misp.warninglists import parse_warning_list
from detente.storage.disk import Disk, make_private_folder, write_whole
from detente.storage.errors import storage_faults
from detente.watch import BenignIndex, BenignList, Item, Listed

BENIGN_FILE = "benign.index"
_PACKAGE = "pymispwarninglists"
_KEY_BYTES = 32
_VERSION_BYTES = 32
_BUILD_S = 600


class PackagedLists:
    """Implements `watch.BenignLookup`; gets the lists at the first question.

    Args:
        kept: where the index is kept between two runs. UNTRUSTED to be there or whole.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._index: BenignIndex | None = None
        self._reading = Lock()

    @classmethod
    def of_node(cls, directory: Path) -> "PackagedLists":
        """Return the lists for one node: its own index where it has one, else its user's."""
        own = directory / BENIGN_FILE
        return cls(own if own.exists() else _cache() / BENIGN_FILE)

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return the lists in which a value stands, by name.

        Raises:
            EnvironmentFault: the package with the lists is not installed.
            StorageFault: the disk refused.
        """
        with self._reading:
            if self._index is None:
                self._index = self._load() or self._build()
        return self._index.lists_of(item)

    def _load(self) -> BenignIndex | None:
        """Map what is kept; None where it is not there, not whole, or of another version."""
        with suppress(UnitError, OSError, ValueError):
            with self._kept.open("rb") as file:
                view = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
            if view[:_VERSION_BYTES] == _installed():
                body = view[_VERSION_BYTES:]
                return BenignIndex.parse(body[_KEY_BYTES:], key=bytes(body[:_KEY_BYTES]))
        return None

    def _build(self) -> BenignIndex:
        """Let another process read the lists: what that takes it gives back when it ends."""
        make_private_folder(self._kept.parent)
        with _alone(self._kept.parent):
            if (made := self._load()) is not None:
                return made
            words = [sys.executable, "-m", __name__, str(self._kept)]
            try:
                done = subprocess.run(  # noqa: S603 - our own module, our own path
                    words, capture_output=True, timeout=_BUILD_S, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise _missing(error) from error
        index = self._load()
        if index is None:
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise _missing(EnvironmentFault(said or "their index is not whole"))
        return index


def build_index(kept: Path) -> None:
    """Read every list and keep the index of them.

    Raises:
        EnvironmentFault: the package is not installed, or a list in it is damaged.
        StorageFault: the disk refused.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    index = BenignIndex.build(read_packaged(), key=key)
    write_whole(kept, _installed() + key + index.to_bytes(), disk=Disk())


def _cache() -> Path:
    """Return the folder for what this user's programs can make anew (XDG Base Directory)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "detente"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time build; the others wait and find it built."""
    path = folder / "benign.lock"
    with storage_faults(doing="locking", where=str(path)), path.open("ab") as file:
        flock(file, LOCK_EX)
        yield


def _installed() -> bytes:
    """Return the installed version, in a fixed width."""
    try:
        return version(_PACKAGE).encode()[:_VERSION_BYTES].ljust(_VERSION_BYTES)
    except PackageNotFoundError as error:
        raise _missing(error) from error


def read_packaged() -> Iterator[BenignList]:
    """Yield every list that comes with the package, in order of folder.

    Raises:
        EnvironmentFault: the package is not installed, or holds no lists.
        MispError, JsonError: a list in it is damaged.
    """
    try:
        root = files(_PACKAGE) / "data" / "misp-warninglists" / "lists"
        with as_file(root) as folder:
            found = sorted(folder.glob("*/list.json"))
            if not found:
                raise FileNotFoundError("no lists in it")
            for path in found:
                yield parse_warning_list(path.read_bytes())
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise _missing(error) from error


def _missing(error: Exception) -> EnvironmentFault:
    return EnvironmentFault(
        f"the common-benign lists cannot be read: {error}",
        remedy="Install the package pymispwarninglists: without it nothing may act",
    )


if __name__ == "__main__":
    build_index(Path(sys.argv[1]))

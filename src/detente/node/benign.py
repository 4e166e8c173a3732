"""The common-benign lists at hand: those of `pymispwarninglists`, ready to be asked.

The package carries its lists; nothing is fetched. Reading two and a half million
entries takes seconds, so it is done once: the index lies beside the node's other
files, is read in a moment, and is made anew for another version of the package.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.misp.warninglists import parse_warning_list
from detente.storage.disk import Disk, read_capped, write_whole
from detente.watch import BenignIndex, BenignList, Item, Listed

_PACKAGE = "pymispwarninglists"
_INDEX_BYTES_MAX = 256 * 2**20
_KEY_BYTES = 32
_VERSION_BYTES = 32


class PackagedLists:
    """Implements `watch.BenignLookup`; gets the lists at the first question.

    Args:
        kept: where the index is kept between two runs. UNTRUSTED to be there or whole.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._index: BenignIndex | None = None
        self._reading = Lock()

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
        with suppress(UnitError):
            if self._kept.is_file():
                data = read_capped(self._kept, bytes_max=_INDEX_BYTES_MAX)
                if data[:_VERSION_BYTES] == _installed():
                    key, body = data[_VERSION_BYTES:][:_KEY_BYTES], data[_VERSION_BYTES:]
                    return BenignIndex.parse(body[_KEY_BYTES:], key=key)
        return None

    def _build(self) -> BenignIndex:
        key = secrets.token_bytes(_KEY_BYTES)
        index = BenignIndex.build(read_packaged(), key=key)
        write_whole(self._kept, _installed() + key + index.to_bytes(), disk=Disk())
        return index


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

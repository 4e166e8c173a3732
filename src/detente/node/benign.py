"""The common-benign lists at hand: those of `pymispwarninglists`, ready to be asked.

The package carries its lists; nothing is fetched. Reading two and a half million
entries takes seconds, so it is done when something may act for the first time.
"""

import secrets
from collections.abc import Iterator
from importlib.resources import as_file, files
from threading import Lock

from detente.errors import EnvironmentFault
from detente.exchange.misp.warninglists import parse_warning_list
from detente.watch import BenignIndex, BenignList, Item, Listed

_PACKAGE = "pymispwarninglists"
_KEY_BYTES = 32


class PackagedLists:
    """Implements `watch.BenignLookup`; reads the lists at the first question."""

    def __init__(self) -> None:
        self._index: BenignIndex | None = None
        self._reading = Lock()

    def lists_of(self, item: Item) -> tuple[Listed, ...]:
        """Return the lists in which a value stands, by name.

        Raises:
            EnvironmentFault: the package with the lists is not installed.
        """
        with self._reading:
            if self._index is None:
                lists = tuple(read_packaged())
                self._index = BenignIndex(lists, key=secrets.token_bytes(_KEY_BYTES))
        return self._index.lists_of(item)


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
        raise EnvironmentFault(
            f"the common-benign lists cannot be read: {error}",
            remedy="Install the package pymispwarninglists: without it nothing may act",
        ) from error

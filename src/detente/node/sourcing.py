"""Every outside source the settings name: how far each was read, and reading one now."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from detente.errors import InputError
from detente.node.acting import Acting
from detente.node.depositing import HomeDeposits
from detente.node.home import Home
from detente.node.pulling_feeds import FeedPull, FeedSources, feed_names, place_of
from detente.node.pulling_outside import OutsideSources, Pulled
from detente.node.shelving import Shelving
from detente.storage.outside_sources import SourceShelf
from detente.storage.shelf import Shelf
from detente.storage.views import Stretches
from detente.storage.walking import Walker


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source, for people.

    Attributes:
        name: ours.
        sort: taxii, misp or list.
        place: URL, folder or file.
        read: when it was last read to its end; None if never.
        fault: why it could not be read last time, or "".
    """

    name: str
    sort: str
    place: str
    read: datetime | None
    fault: str


def list_sources(home: Home) -> list[SourceRow]:
    """Return every source; raises StorageFault."""
    shelf = SourceShelf(home.database)
    rows: list[SourceRow] = []
    for name, sort, place in _named(home):
        state = shelf.read(name)
        known = state is not None and state.url == place
        read = state.read if state is not None and known else None
        rows.append(SourceRow(name, sort, place, read, state.fault if state and known else ""))
    return rows


def pull_source(home: Home, name: str, *, now: Callable[[], datetime]) -> Pulled | FeedPull:
    """Read one source now, whatever is due.

    Raises:
        InputError: the settings name no such source.
        StorageFault: this node's own disk or database refused.
    """
    if name in home.settings.taxii_sources:
        kept = Shelf(home.database)
        shelving = Shelving(home, kept, now=now, changed=lambda: None)
        walker = Walker(kept, Stretches(home.database))
        with closing(HomeDeposits(home, kept, walker, shelving, now=now)) as deposits:
            sources = OutsideSources(home, deposits, now=now)
            return asyncio.run(sources.pull(name, home.settings.taxii_sources[name]))
    if name not in feed_names(home):
        raise InputError(
            f"the settings name no source {name[:80]!r}",
            remedy="Write it under [taxii_sources], [misp_sources] or [list_sources] of "
            "detente.toml; `detente source list` shows them",
        )
    return FeedSources(home, Acting(home, now=now), now=now).pull(name)


def _named(home: Home) -> Iterator[tuple[str, str, str]]:
    for name, url in home.settings.taxii_sources.items():
        yield name, "taxii", url
    for name in feed_names(home):
        sort = "misp" if name in home.settings.misp_sources else "list"
        yield name, sort, place_of(home, name)

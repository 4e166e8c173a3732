"""Reading feeds of MISP, tables and plain lists of others: from a folder or an address, in time.

What was read is noted after it was said, so a reading may be stopped anywhere and goes on
there; what stands in a feed unchanged is not said again. A value that vanished from a list
is not retracted: who published it may only have shortened the list.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from detente.errors import EnvironmentFault, InputError, UnitError
from detente.exchange.fetching import WebFiles, read_networks
from detente.node.acting import Acting
from detente.node.feeding import Fetch, folder_of, read_feed, say_objects
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.pulling_outside import read_authorization
from detente.statements.stix import StixObject
from detente.storage.disk import read_capped
from detente.storage.outside_sources import SourceShelf, SourceState

LIST_BYTES_MAX = 32 * 2**20  # about a million addresses
EVENTS_AT_ONCE = 1_000
_OBJECTS_AT_ONCE = 10_000  # in one statement
_RETRY_LEAST_S = 60
_JITTER = 0.1
_VOLATILE = ("created", "modified", "valid_from")


@dataclass(frozen=True, slots=True)
class FeedPull:
    """What one reading came to.

    Attributes:
        said: payload hashes of the statements made.
        unchanged: events or values that were read before.
        refused: what cannot be said, with the reason.
        fault: why it ended early, or "".
    """

    said: tuple[str, ...] = ()
    unchanged: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    fault: str = ""


class FeedSources:
    """The feeds that the settings name.

    Args:
        home: open; DIR/credentials/NAME holds the Authorization header of one that wants one.
        acting: where what was said is looked up.
        now: the clock.
    """

    def __init__(self, home: Home, acting: Acting, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._acting = acting
        self._now = now
        self._shelf = SourceShelf(home.database)

    def pull_due(self) -> Mapping[str, FeedPull]:
        """Read every feed whose time has come; one that fails stops no other.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        due = [name for name in feed_names(self._home) if self._state(name).due <= self._now()]
        return MappingProxyType({name: self.pull(name) for name in due})

    def pull(self, name: str) -> FeedPull:
        """Read one feed now.

        Raises:
            InputError: the settings name no such feed.
            StorageFault: this node's own disk or database refused.
        """
        if name not in feed_names(self._home):
            raise InputError(
                f"the settings name no feed {name[:80]!r}",
                remedy="Write it under [misp_sources] or [list_sources] of detente.toml",
            )
        try:
            result = self._read(name)
        except EnvironmentFault:
            raise
        except UnitError as error:
            result = FeedPull(fault=str(error))
        self._shelf.keep(self._after(self._state(name), result.fault))
        return result

    def _read(self, name: str) -> FeedPull:
        settings = self._home.settings
        if name in settings.misp_sources:
            with self._files(name, settings.misp_sources[name], is_folder=True) as fetch:
                read = read_feed(
                    self._home, self._acting, name, fetch, now=self._now, most=EVENTS_AT_ONCE
                )
            return FeedPull(read.said, read.unchanged, read.refused)
        place = settings.list_sources[name]
        with self._files(name, place, is_folder=False) as fetch:
            return self._read_list(name, Path(urlsplit(place).path), fetch("", LIST_BYTES_MAX))

    def _read_list(self, name: str, file: Path, data: bytes) -> FeedPull:
        member = self._home.identity.member
        made = import_file(file, data, member=member, now=self._now(), source=name).objects
        known = self._acting.shelf.marks_done(f"list {name}")
        marks = {each.id: _mark(each) for each in made}
        fresh = [each for each in made if known.get(each.id) != marks[each.id]]
        said: list[str] = []
        for start in range(0, len(fresh), _OBJECTS_AT_ONCE):
            some = fresh[start : start + _OBJECTS_AT_ONCE]
            said.append(say_objects(self._home, some, now=self._now))
            self._acting.shelf.mark_done(f"list {name}", {each.id: marks[each.id] for each in some})
        return FeedPull(tuple(said), len(made) - len(fresh))

    @contextmanager
    def _files(self, name: str, place: str, *, is_folder: bool) -> Iterator[Fetch]:
        if not _is_address(place):
            path = Path(place)
            yield (
                folder_of(path)
                if is_folder
                else lambda _name, most: read_capped(path, bytes_max=most)
            )
            return
        private = read_networks(self._home.settings.private_networks)
        authorization = read_authorization(self._home, name)
        with WebFiles(place, authorization=authorization, private=private) as files:
            yield files.read

    def _state(self, name: str) -> SourceState:
        place = place_of(self._home, name)
        state = self._shelf.read(name)
        if state is None or state.url != place:
            return SourceState(name=name, url=place, place="", due=self._now())
        return state

    def _after(self, state: SourceState, fault: str) -> SourceState:
        every = self._home.settings.pull_every_s
        wait = every if not fault else max(_RETRY_LEAST_S, every / 4)
        # Not all nodes of a unit at the same moment.
        wait *= 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - no secret
        due = self._now() + timedelta(seconds=wait)
        read = state.read if fault else self._now()
        return replace(state, due=due, read=read, fault=fault[:500])


def feed_names(home: Home) -> list[str]:
    """Return what the settings call the feeds."""
    return sorted({*home.settings.misp_sources, *home.settings.list_sources})


def place_of(home: Home, name: str) -> str:
    """Return where a feed is read."""
    settings = home.settings
    return settings.misp_sources.get(name) or settings.list_sources[name]


def _is_address(place: str) -> bool:
    return "://" in place


def _mark(stix_object: StixObject) -> str:
    """Return what an object says without its times: a list gets those of its reading."""
    kept = {k: v for k, v in stix_object.properties.items() if k not in _VOLATILE}
    return sha256(repr(sorted(kept.items())).encode()).hexdigest()

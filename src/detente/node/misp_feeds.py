"""The feeds that a MISP subscribes to: what alerts and what acts, cleared by sort of reader.

A writing is handed out for half a minute; so long may something erased still be read here.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from threading import Lock

from detente.exchange.misp.events import print_event
from detente.exchange.misp.feed import write_feed
from detente.exchange.misp.model import Event
from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.ports import Tokens
from detente.exchange.taxii.resources import ACTIONABLE, ALERTING
from detente.node.exporting import Exporter, feed_events
from detente.node.home import Home
from detente.release import Reader
from detente.storage.acting import ActingShelf
from detente.watch import Level

_KEPT_S = 30.0  # a subscriber reads manifest and events of one writing
_KEPT_MAX = 8  # writings at once: two feeds for each sort of reader
_LEVELS = {ALERTING: Level.ALERTING, ACTIONABLE: Level.ACTIONABLE}


@dataclass(frozen=True, slots=True)
class _Writing:
    files: Mapping[str, bytes]
    until: float


class HomeFeeds:
    """Implements `exchange.misp.serving.FeedDesk` on an open home.

    Args:
        home: open.
        shelf: what values do.
        tokens: who may ask.
        now: the clock.
    """

    def __init__(
        self, home: Home, shelf: ActingShelf, tokens: Tokens, *, now: Callable[[], datetime]
    ) -> None:
        self._home = home
        self._shelf = shelf
        self._tokens = tokens
        self._now = now
        self._kept: dict[tuple[str, Reader], _Writing] = {}
        self._writing = Lock()

    def account(self, token: str) -> Account | None:
        """Return the holder of a token that counts now; raises StorageFault."""
        return self._tokens.check(token)

    def views(self) -> frozenset[str]:
        """Return the names of the feeds."""
        return frozenset(_LEVELS)

    def files(self, view: str, account: Account) -> Mapping[str, bytes]:
        """Return the files of a feed; all readers of one sort share them. Raises StorageFault."""
        key = (view, account.reader)
        with self._writing:
            kept = self._kept.get(key)
            if kept is None or kept.until < time.monotonic():
                while len(self._kept) >= _KEPT_MAX:
                    del self._kept[next(iter(self._kept))]
                kept = _Writing(self._write(view, account.reader), time.monotonic() + _KEPT_S)
                self._kept[key] = kept
        return kept.files

    def _write(self, view: str, reader: Reader) -> Mapping[str, bytes]:
        exporter = Exporter(self._home, self._shelf, reader=reader)
        lines, _withheld = exporter.lines(_LEVELS[view])
        made = feed_events(self._home, lines, exporter.reports(), self._now())
        return write_feed(self._stamped(f"misp feed {view} {reader!r}", made))

    def _stamped(self, name: str, events: list[Event]) -> list[Event]:
        """Give an event that lost something a new time: subscribers look at that alone."""
        before = self._shelf.marks_done(name)
        after: dict[str, str] = {}
        stamped: list[Event] = []
        for event in events:
            digest = sha256(print_event(replace(event, timestamp=0))).hexdigest()
            known, _, stamp = before.get(event.uuid, "").partition(" ")
            if known == digest:
                time_of = int(stamp)
            else:
                time_of = max(event.timestamp, int(self._now().timestamp()) if known else 0)
                after[event.uuid] = f"{digest} {time_of}"
            stamped.append(replace(event, timestamp=time_of))
        if after:
            self._shelf.mark_done(name, after)
        return stamped

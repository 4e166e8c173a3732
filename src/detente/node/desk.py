"""The governing desk of a node on disk: what was said about the charter, and saying more.

Implements `governing.Desk` and `succeeding.Record` on an open home.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from detente.errors import InputError
from detente.exchange.protocol import Roster
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.log import pass_by
from detente.node.publishing import speak_clear
from detente.node.reading import entry_of
from detente.signing import JsonValue
from detente.statements import Statement, parse_entry
from detente.storage.objects import PAGE_MAX
from detente.storage.papers import Papers
from detente.storage.tiles import TileFiles

_KEPT_MAX = 4_096  # ballots held in memory; a version has a few for each member


class HomeDesk:
    """What governing needs of an open node.

    Args:
        home: open.
        now: the clock.
        holdings: of the running node; its own where not given.
    """

    def __init__(
        self, home: Home, now: Callable[[], datetime], holdings: HomeHoldings | None = None
    ) -> None:
        self._home = home
        self._now = now
        self._holdings = holdings or HomeHoldings(home, now=now, stopped=pass_by)
        self._papers = Papers(home.database)
        self._parsed: dict[str, Statement] = {}

    @property
    def home(self) -> Home:
        """The node."""
        return self._home

    @property
    def roster(self) -> Roster:
        """Who may sign what, by the charter chain of this moment."""
        return self._holdings.roster

    def said(self, kind: str) -> Sequence[Statement]:
        """Return the statements of one kind that count, of every member, in the order taken.

        Raises:
            StorageFault: the disk or the database refused.
        """
        found: list[Statement] = []
        after = 0
        while page := self._home.index.statements(kind=kind, after=after, limit=PAGE_MAX):
            for stored in page:
                name = stored.row.payload_hash
                if name not in self._parsed:
                    with suppress(InputError):  # recorded, and not mirrored that far yet
                        self._keep(name, parse_entry(entry_of(self._home, stored)))
                if name in self._parsed:
                    found.append(self._parsed[name])
            after = page[-1].number
        return found

    def _keep(self, name: str, statement: Statement) -> None:
        while len(self._parsed) >= _KEPT_MAX:
            del self._parsed[next(iter(self._parsed))]
        self._parsed[name] = statement

    def paper(self, name: str) -> bytes | None:
        """Return a charter by its digest or an acceptance by its payload hash, if it is here."""
        return self._papers.get(name)

    def keep_paper(self, name: str, data: bytes) -> None:
        """Keep what a proposal will name, so that others can fetch it here."""
        self._papers.put(name, data)

    def speak(self, kind: str, body: dict[str, JsonValue]) -> None:
        """Say something with the governance key; returns once it is durable.

        Raises:
            SigningRefused, NoSuchKey: the governance key is not at hand.
            StorageFault: the disk or the database refused.
        """
        speak_clear(self._home, kind, body, now=self._now)

    def shown(self, origin: str) -> bytes | None:
        """Return the newest checkpoint of a log with the cosignatures gathered here."""
        return self._holdings.shown(origin)

    def copies(self, origin: str) -> TileFiles:
        """Return the files of a log, own or mirrored."""
        return self._holdings.copies(origin)

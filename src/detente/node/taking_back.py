"""How much others take back of what they said: a rate that people are told of. (A33)

A retraction is its issuer's right and removes nothing, so nothing is refused here. Many of
them at once silence many warnings at once, and somebody should ask why.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from detente.errors import EnvironmentFault, UnitError
from detente.node.home import Home
from detente.node.proving import taken_entry
from detente.node.unsealing import open_received
from detente.proofs import CharterChain, ProofFile
from detente.statements import Handling, Kind, parse_entry
from detente.storage.model import StoredStatement

RETRACTED_MAX = 10  # own statements that one member takes back in `WINDOW` without a word of it
WINDOW = timedelta(hours=24)
_AT_ONCE = 500


class Retractions:
    """Counts what others take back while this node runs.

    Time is when this node heard of it, which no issuer can claim otherwise.

    Args:
        home: open.
        now: the clock.
        report: tells people; of one member at most once in `WINDOW`.
    """

    def __init__(
        self, home: Home, *, now: Callable[[], datetime], report: Callable[[str], None]
    ) -> None:
        self._home = home
        self._now = now
        self._report = report
        self._heard: dict[str, dict[str, datetime]] = {}  # issuer -> what it took back, since when
        self._told: dict[str, datetime] = {}
        self._seen = 0
        while page := self._since():  # what was heard before this start is old
            self._seen = page[-1].number

    def turn(self, chain: CharterChain) -> Iterator[ProofFile]:
        """Count what came since, and tell people of who passed the measure; proves nothing.

        Raises:
            StorageFault: the disk or the database refused.
        """
        for stored in self._since():
            self._seen = stored.number
            if stored.row.issuer != self._home.identity.member:
                self._count(stored)
        self._tell(chain)
        yield from ()

    def _since(self) -> list[StoredStatement]:
        kind = Kind.RETRACTION.value
        return self._home.index.statements(kind=kind, after=self._seen, limit=_AT_ONCE)

    def _count(self, stored: StoredStatement) -> None:
        heard = self._heard.setdefault(stored.row.issuer, {})
        try:
            for name in self._named(stored):
                found = self._home.index.statement(name)
                # What another said is not taken back by this: the weighing calls it a dispute.
                if found is not None and found.row.issuer == stored.row.issuer:
                    heard.setdefault(name, self._now())
        except EnvironmentFault:
            raise
        except UnitError:
            return  # erased meanwhile

    def _named(self, stored: StoredStatement) -> tuple[str, ...]:
        entry = taken_entry(self._home, stored.row.origin, stored.row.seq)
        content = None if entry is None else open_received(self._home, parse_entry(entry))
        return () if content is None else Handling.parse(content.leaves[0].data).about

    def _tell(self, chain: CharterChain) -> None:
        since = self._now() - WINDOW
        for issuer, heard in self._heard.items():
            for name in [each for each, moment in heard.items() if moment < since]:
                del heard[name]
            if len(heard) <= RETRACTED_MAX or self._told.get(issuer, since) > since:
                continue
            self._told[issuer] = self._now()
            self._report(
                f"{_name(chain, issuer)} took back {len(heard)} of its own statements within "
                f"{WINDOW // timedelta(hours=1)} hours; each stays in its log, and none of them "
                "counts for what they named any more"
            )


def _name(chain: CharterChain, member: str) -> str:
    for charter in reversed(chain.charters):
        with suppress(StopIteration):
            return next(each.name for each in charter.members if each.id == member)
    return f"{member[:16]}…"

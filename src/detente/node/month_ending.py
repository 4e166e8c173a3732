"""The end of a month at a running node: its ledger is said, signed, and kept as a file.

A month is said once. The file is written when enough of the others have cosigned, so that an
overseer can check it with the charter chain and nothing else.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from detente.node.accounting import Accounting, first_of, month_after
from detente.node.circle import has_left
from detente.node.home import Home
from detente.node.ledger_files import ledger_file
from detente.node.looking import Pause, keep_looking
from detente.node.responding import Responder
from detente.proofs import CharterChain
from detente.storage.disk import Disk, make_private_folder, write_whole

LOOK_EVERY_S = 60.0
GRACE = timedelta(days=1)  # for what others said on the last day and is on its way
MONTHS_BACK = 12


class MonthKeeper:
    """Does in one look what is due; doing it again changes nothing.

    Args:
        home: open.
        now: the node's clock.
    """

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self._kept: set[str] = set()

    def look(self) -> None:
        """Say the ledgers of months that are over, and keep each as a file once it is settled.

        Raises:
            SigningRefused, ReleaseError: the node must not speak now; the next look does it.
            StorageFault: the disk or the database refused; the next look does it again.
        """
        chain = self._home.chain
        if chain is None or not self._home.settings.ledger_monthly:
            return
        due = [each for each in self._over(chain) if each not in self._kept]
        if due and has_left(self._home) is None:
            responder = Responder(self._home, now=self._now)
            responder.bring_up()
            for period in due:
                self._end(period, responder)

    def _end(self, period: str, responder: Responder) -> None:
        path = self._home.layout.ledger(period)
        if path.exists():
            self._kept.add(period)
            return
        work = Accounting(self._home, responder)
        if not work.said_of(period):
            work.publish(period, self._now())
        data = ledger_file(self._home, work.said_of(period), self._now)
        if data is not None:
            make_private_folder(path.parent)
            write_whole(path, data, disk=Disk())
            self._kept.add(period)

    def _over(self, chain: CharterChain) -> Iterator[str]:
        """Yield the months that are over since this member came in, the oldest first."""
        me, now = self._home.identity.member, self._now()
        came = next((each.created for each in chain.charters if me in each.member_ids), now)
        months = (f"{first:%Y-%m}" for first in _firsts(came, now - GRACE))
        yield from [*months][-MONTHS_BACK:]


async def keep_months(
    home: Home,
    now: Callable[[], datetime],
    report: Callable[[str], None],
    *,
    pause: Pause = asyncio.sleep,
) -> None:
    """Look again and again while the node runs; a fault is reported once while it lasts.

    Args:
        home: open.
        now: the node's clock.
        report: tells the owner what went wrong.
        pause: waits so many seconds.
    """
    keeper = MonthKeeper(home, now)
    await keep_looking(keeper.look, "the ledger", report, every_s=LOOK_EVERY_S, pause=pause)


def _firsts(came: datetime, until: datetime) -> Iterator[datetime]:
    """Yield when each month begins that is over by `until`, from the one in which somebody came."""
    return takewhile(lambda first: month_after(first) <= until, _months(first_of(f"{came:%Y-%m}")))


def _months(first: datetime) -> Iterator[datetime]:
    while True:
        yield first
        first = month_after(first)

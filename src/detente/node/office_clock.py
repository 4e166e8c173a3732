"""What an office does by the clock while its node runs: it tells people, and ends its months."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from detente.node.home import Home
from detente.node.month_ending import keep_months
from detente.node.noticing_live import keep_noticing


async def keep_office(
    home: Home, now: Callable[[], datetime], report: Callable[[str], None]
) -> None:
    """Go on until cancelled; neither of the two waits for the other.

    Args:
        home: open.
        now: the node's clock.
        report: tells the owner what went wrong.
    """
    await asyncio.gather(keep_noticing(home, now, report), keep_months(home, now, report))

"""Noticing while a node runs: escalation and the hourly paper, by the node's own clock.

A look costs nothing where nobody is to be told, and no fault of a look ends the node: what
the office is told by is beside its log, never in its way.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from detente.node.home import Home
from detente.node.looking import Pause, keep_looking
from detente.node.notice_settings import load_notice_settings
from detente.node.noticing import Noticer

LOOK_EVERY_S = 15.0


class NoticeKeeper:
    """Does in one look what is due; a file that appears or changes counts at the next one.

    Args:
        home: open.
        now: the node's clock.
    """

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self._noticer: Noticer | None = None

    def look(self) -> None:
        """Write the paper if its hour is over, and take every step that is due.

        Raises:
            InputError: the file of settings is not as it should be.
            StorageFault: the disk or the database refused; the next look does it again.
        """
        settings = load_notice_settings(self._home.layout.directory, node=self._home.identity.name)
        if settings is None:
            self._noticer = None
            return
        if self._noticer is None or self._noticer.settings != settings:
            self._noticer = Noticer(self._home, settings, self._now)
        try:
            # Paper first: it waits for no server.
            if settings.paper is not None:
                from detente.node.paper import keep_paper

                keep_paper(self._home, settings, settings.paper, self._now)
        finally:
            self._noticer.turn()


async def keep_noticing(
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
    keeper = NoticeKeeper(home, now)
    await keep_looking(keeper.look, "notices", report, every_s=LOOK_EVERY_S, pause=pause)

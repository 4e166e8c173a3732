"""Looking again and again while a node runs: what is beside its log, and never in its way.

A fault of a look is told once while it lasts and ends neither the node nor the looking.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from detente.errors import UnitError

Pause = Callable[[float], Awaitable[None]]


async def keep_looking(
    look: Callable[[], None],
    what: str,
    report: Callable[[str], None],
    *,
    every_s: float,
    pause: Pause = asyncio.sleep,
) -> None:
    """Look until cancelled, in a thread of the pool.

    Args:
        look: does what is due.
        what: is looked at, for people.
        report: tells the owner what went wrong.
        every_s: seconds between the end of a look and the next.
        pause: waits so many seconds.
    """
    told = ""
    while True:
        fault = ""
        try:
            await asyncio.to_thread(look)
        except UnitError as error:
            fault = f"{what}: {error.message}"
        except Exception:  # a bug of ours: said in full, and it stops no node
            fault = f"{what}: {traceback.format_exc()}"
        if fault and fault != told:
            report(fault)
        told = fault
        await pause(every_s)

"""Reading other TAXII servers on a schedule: what is new becomes this member's statements.

The place moves only after what stood before it was said, and an object that was said in
that version already is not said again: it may be stopped anywhere, and goes on there.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detente.errors import UnitError
from detente.exchange.taxii.client import Place, TaxiiClient
from detente.exchange.taxii.limits import ENVELOPE_OBJECTS_MAX
from detente.node.depositing import HomeDeposits
from detente.node.home import Home
from detente.signing.canonical import JsonValue
from detente.storage.disk import read_capped
from detente.storage.outside_sources import SourceShelf, SourceState

CREDENTIALS_BYTES_MAX = 8_192
_RETRY_LEAST_S = 60
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one reading came to.

    Attributes:
        objects: that came.
        said: of them, or known already.
        refused: of them.
        fault: why it ended early, or "".
    """

    objects: int = 0
    said: int = 0
    refused: int = 0
    fault: str = ""


class OutsideSources:
    """The outside collections that the settings name.

    Args:
        home: open; DIR/credentials/NAME holds the Authorization header of a source that wants one.
        deposits: says what came.
        now: the clock.
    """

    def __init__(self, home: Home, deposits: HomeDeposits, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._deposits = deposits
        self._now = now
        self._shelf = SourceShelf(home.database)

    async def pull_due(self) -> dict[str, Pulled]:
        """Read every source whose time has come; one that fails stops no other.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        results: dict[str, Pulled] = {}
        for name, url in self._home.settings.taxii_sources.items():
            state = await asyncio.to_thread(self._state, name, url)
            if state.due <= self._now():
                results[name] = await self.pull(name, url)
        return results

    async def pull(self, name: str, url: str) -> Pulled:
        """Read one collection to its end.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        state = await asyncio.to_thread(self._state, name, url)
        result = Pulled()
        try:
            authorization = await asyncio.to_thread(read_authorization, self._home, name)
            async with TaxiiClient(url, authorization=authorization) as client:
                async for page in client.pages(_place(state.place)):
                    result = await asyncio.to_thread(self._take, state, list(page.objects), result)
                    state = replace(state, place=_text(page.place))
                    await asyncio.to_thread(self._shelf.keep, state)
        except UnitError as error:
            await asyncio.to_thread(self._shelf.keep, self._later(state, error.message))
            return replace(result, fault=error.message)
        done = self._later(replace(state, read=self._now()), "")
        await asyncio.to_thread(self._shelf.keep, done)
        return result

    def _state(self, name: str, url: str) -> SourceState:
        state = self._shelf.read(name)
        if state is None or state.url != url:
            return SourceState(name=name, url=url, place="", due=self._now())
        return state

    def _take(self, state: SourceState, objects: list[JsonValue], result: Pulled) -> Pulled:
        for start in range(0, len(objects), ENVELOPE_OBJECTS_MAX):
            some = objects[start : start + ENVELOPE_OBJECTS_MAX]
            done = self._deposits.take(some, f"source {state.name}", source=state.url)
            result = replace(
                result,
                objects=result.objects + len(some),
                said=result.said + len(done.successes),
                refused=result.refused + len(done.failures),
            )
        return result

    def _later(self, state: SourceState, fault: str) -> SourceState:
        every = self._home.settings.pull_every_s
        wait = every if not fault else max(_RETRY_LEAST_S, every / 4)
        # Not all nodes of a unit at the same moment.
        wait *= 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - no secret
        return replace(state, due=self._now() + timedelta(seconds=wait), fault=fault[:500])


def read_authorization(home: Home, name: str) -> str:
    """Return the Authorization header that a source wants, "" for none; raises StorageFault."""
    path = home.layout.directory / "credentials" / name
    if "/" in name or not path.is_file():
        return ""
    return read_capped(path, bytes_max=CREDENTIALS_BYTES_MAX).decode("ascii", "replace").strip()


def _place(text: str) -> Place:
    # What is no date was written by an earlier release: it begins anew, and says nothing twice.
    return Place(text) if text[:1].isdigit() else Place()


def _text(place: Place) -> str:
    return place.to_keep.after

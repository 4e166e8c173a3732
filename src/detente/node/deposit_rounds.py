"""What waits to be said for accounts and sources, and what becomes of it within one round.

A round is said together: one commit, one checkpoint, one pass over the shelf. Within it
everything is sorted one after the other, so that of two who bring the same id at the same
moment only one is first.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from detente.exchange.taxii.bringing import Known, Side, Sorted, version_of
from detente.node.publishing import Saying, guess_kind
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Pap, StixObject, Tlp
from detente.statements.handling import Handling

ROUND_BYTES_MAX = 2**19  # brought in one round, if it is not one envelope: it is all in memory
LICENCE = "NOASSERTION"


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """What waits to be sorted and said.

    Attributes:
        account: of whom.
        read: returns the objects; raises TaxiiError where there are none.
        size: about how many bytes they are.
        token: id of the account's token, "" where nobody asks for a status.
        source: who outside said it, where it was read there.
        answer: what became of it, and the status resource where one was asked for.
    """

    account: str
    read: Callable[[], Sequence[JsonValue]]
    size: int
    token: str = ""
    source: str = ""
    answer: "Future[tuple[Sorted, bytes]]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was brought, sorted.

    Attributes:
        brought: as it came.
        began: when it was looked at.
        side: on whose behalf.
        sorted: what is said, and what is refused.
        here: ids that stand here already, among those of the objects.
        leans_on: ids that others will say first, if they can.
    """

    brought: Brought
    began: datetime
    side: Side
    sorted: Sorted
    here: frozenset[str]
    leans_on: frozenset[str]

    @property
    def objects(self) -> Iterator[StixObject]:
        """What is to be said."""
        for _label, batch in self._batches():
            yield from batch.values()

    def sayings(self) -> Iterator[Saying]:
        """Yield the statements to be made: one for each label, more where an id repeats."""
        for label, batch in self._batches():
            objects = list(batch.values())
            handling = Handling(
                kind=guess_kind(objects),
                tlp=label,
                pap=Pap.AMBER,
                licence=LICENCE,
                count=len(objects),
            )
            yield Saying(objects, handling, UNIT, originals=self.here)

    def _batches(self) -> Iterator[tuple[Tlp, dict[str, StixObject]]]:
        for label, batches in self.sorted.say.items():
            for batch in batches:
                yield label, batch


class Coming:
    """What is sorted and not on the shelf yet. Safe for threads."""

    def __init__(self) -> None:
        self._known: dict[str, list[Known]] = {}
        self._faults: dict[str, Exception] = {}
        self._unanswered = 0
        self._lock = Lock()

    def under(self, ids: Collection[str]) -> dict[str, list[Known]]:
        """Return what will stand under these ids."""
        with self._lock:
            return {each: list(self._known[each]) for each in ids if each in self._known}

    def add(self, taken: Taken) -> None:
        """Note what is going to be said."""
        with self._lock:
            self._unanswered += 1
            for each in taken.objects:
                known = Known(taken.side.owner, version_of(each), each.raw)
                self._known.setdefault(each.id, []).append(known)

    def fail(self, taken: Taken, fault: Exception) -> None:
        """Note that what was going to be said is not: who leaned on it is told the same."""
        with self._lock:
            self._faults |= dict.fromkeys((each.id for each in taken.objects), fault)

    def fault(self, taken: Taken) -> Exception | None:
        """Return why it was not said, or why what it leans on was not; None where all is well."""
        with self._lock:
            if not self._faults:
                return None
            ids = taken.leans_on | {each.id for each in taken.objects}
            return next((self._faults[each] for each in ids if each in self._faults), None)

    def remove(self, taken: Collection[Taken]) -> None:
        """Forget what stands on the shelf now, or never will, and was answered."""
        with self._lock:
            self._unanswered -= len(taken)
            for each in (one for some in taken for one in some.objects):
                known = self._known[each.id]
                known.pop(0)
                if not known:
                    del self._known[each.id]
            if not self._unanswered:
                self._faults.clear()


def next_round(waiting: deque[Brought]) -> list[Brought]:
    """Take what waits, as far as it goes into one round; always one, where one waits."""
    taken, size = list[Brought](), 0
    while waiting and (not taken or size + waiting[0].size <= ROUND_BYTES_MAX):
        taken.append(waiting.popleft())
        size += taken[-1].size
    return taken


def tell(waiting: Iterable[Brought], fault: Exception) -> None:
    """Tell everybody who is not answered yet."""
    for each in waiting:
        if not each.answer.done():
            each.answer.set_exception(fault)

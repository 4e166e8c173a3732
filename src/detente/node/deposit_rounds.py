"""What waits to be said for accounts and sources, and what becomes of it within one round.

A round is said together: one commit, one checkpoint, one pass over the shelf. Within it
everything is sorted one after the other, so that of two who bring the same id at the same
moment only one is first.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from detente.exchange.taxii.bringing import Side, Sorted
from detente.node.publishing import Saying, guess_kind
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Pap, StixObject, Tlp
from detente.statements.handling import Handling

ROUND_BYTES_MAX = 3 * 2**20  # brought in one round, or a single envelope: its objects are held
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
        answer: what became of it.
    """

    account: str
    read: Callable[[], Sequence[JsonValue]]
    size: int
    token: str = ""
    source: str = ""
    answer: "Future[Taken]" = field(default_factory=Future)


@dataclass(slots=True)
class Taken:
    """What was brought, sorted.

    Attributes:
        brought: as it came.
        began: when it was looked at.
        side: on whose behalf.
        sorted: what is said, and what is refused.
        here: ids that stand here already, among those of the objects.
        leans_on: ids that others in the same round will say first, if they can.
        status: the status resource, once everything is said.
    """

    brought: Brought
    began: datetime
    side: Side
    sorted: Sorted
    here: frozenset[str]
    leans_on: frozenset[str]
    status: bytes = b""

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

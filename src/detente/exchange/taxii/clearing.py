"""The gate's answers for those who ask again and again: one for each statement and sort of reader.

Nothing here decides. An answer is remembered as long as the unit is the same; objects
leave only with a `Cleared` beside them that shows the leaves they stand or fall with.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import assert_never

from detente.exchange.taxii.limits import ANSWERS_KEPT_MAX
from detente.exchange.taxii.ports import Ground, Holdings, ShelfPage
from detente.release import (
    Circle,
    Cleared,
    Full,
    HeaderOnly,
    Reader,
    Redacted,
    Withheld,
    decide,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Objects that may leave, and the permission they leave by.

    Attributes:
        cleared: of the statement that said them, for the reader they go to.
        page: where they stand.
        start: place of the first.
        end: place after the last.
        added: microseconds since 1970 at which the first entered the view.
    """

    cleared: Cleared
    page: ShelfPage
    start: int
    end: int
    added: int

    @property
    def count(self) -> int:
        """How many objects."""
        return self.end - self.start

    @property
    def last_added(self) -> int:
        """When the last one entered the view."""
        return self.added + self.count - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate said about one statement.

    Attributes:
        said: the answer itself.
        grades: those whose objects may go.
        owner: of the statement's object ids.
    """

    said: Cleared | Withheld
    grades: frozenset[int]
    owner: str

    def permits(self, grade: int) -> Cleared | None:
        """Return the permission under which objects of a grade leave, None where they stay."""
        return self.said if isinstance(self.said, Cleared) and grade in self.grades else None


class Clearances:
    """Asks the gate once for each statement and sort of reader. Safe for threads.

    Args:
        holdings: what the gate decides about.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._circle: Circle | None = None
        self._answers: OrderedDict[tuple[int, Reader], Answer | None] = OrderedDict()
        self._lock = Lock()

    def of(self, statement: int, reader: Reader) -> Answer | None:
        """Return what the gate says, None where nothing of the statement is held.

        Raises:
            StorageFault: what it decides about cannot be read.
            UnitError: what is kept is not what the log commits to.
        """
        key = (statement, reader)
        circle = self._holdings.circle()
        with self._lock:
            if circle is not self._circle:
                self._circle = circle
                self._answers.clear()
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        ground = self._holdings.ground(statement)
        answer = None if ground is None else _ask(ground, reader, circle)
        with self._lock:
            if circle is self._circle:
                self._answers[key] = answer
                while len(self._answers) > ANSWERS_KEPT_MAX:
                    self._answers.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Ask anew from now on: what is held of a statement has changed."""
        with self._lock:
            self._circle = None


def _ask(ground: Ground, reader: Reader, circle: Circle) -> Answer:
    said = decide(ground.held, reader, circle=circle)
    return Answer(said, frozenset(_open_grades(said, ground.grades)), ground.owner)


def _open_grades(said: Cleared | Withheld, grades: tuple[tuple[int, ...], ...]) -> list[int]:
    if isinstance(said, Withheld):
        return []
    match said.form:
        case HeaderOnly():
            return []
        case Full():
            return list(range(len(grades)))
        case Redacted(shown=shown):
            cleared = frozenset(shown)
            return [index for index, leaves in enumerate(grades) if cleared.issuperset(leaves)]
        case never:
            assert_never(never)

"""The view of what may be acted on, for outside tools: it follows what acting decides.

An object stands in it while every value it names is actionable, and leaves it with the
first that is not. How far it followed is kept, and doing it again changes nothing: a
process that stops here goes on here.
"""

from collections.abc import Sequence

from detente.node.acting import Acting
from detente.node.home import Home
from detente.node.shelving import Shelving
from detente.storage.acting_objects import ActingObject, ActingObjects

_STATEMENTS, _CHANGES = "statements", "changes"
_STATEMENTS_AT_ONCE = 64
_CHANGES_AT_ONCE = 400


class ActionableView:
    """Keeps the actionable view of an open home in step with its decisions.

    Args:
        home: open.
        acting: what decides; brought up by somebody else.
        shelving: what the view is made on.
    """

    def __init__(self, home: Home, acting: Acting, shelving: Shelving) -> None:
        self._objects = ActingObjects(home.database)
        self._acting = acting
        self._shelving = shelving

    def follow(self) -> None:
        """Let enter and leave whatever was decided since.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        done = self._objects.done(_STATEMENTS)
        changes = self._objects.done(_CHANGES)
        if not done and not changes:
            # Everything is weighed anew: what acted before may act no more.
            self._shelving.clear_actionable()
        self._follow_statements(done)
        self._follow_changes(changes)

    def look_again(self, number: int) -> None:
        """Let what remains of one statement enter again; raises as `follow`."""
        if number <= self._objects.done(_STATEMENTS):
            self._mark(self._objects.of_statements(number - 1, number))

    def _follow_statements(self, done: int) -> None:
        """Look at what came since: another's word on what acts already acts with it."""
        upto = min(self._acting.shelf.taken(), self._shelving.upto)
        while done < upto and not self._acting.stopping.is_set():
            last = min(done + _STATEMENTS_AT_ONCE, upto)
            self._mark(self._objects.of_statements(done, last))
            self._objects.advance(_STATEMENTS, last)
            done = last

    def _follow_changes(self, done: int) -> None:
        while changes := self._objects.crossings(done, _CHANGES_AT_ONCE):
            if self._acting.stopping.is_set():
                return
            self._mark(self._objects.of_items(sorted({item for _, item in changes})))
            done = changes[-1][0]
            self._objects.advance(_CHANGES, done)

    def _mark(self, objects: Sequence[ActingObject]) -> None:
        for acts in (False, True):
            some = [(each.payload_hash, each.subject) for each in objects if each.acts is acts]
            if some:
                self._shelving.mark_actionable(some, actionable=acts)

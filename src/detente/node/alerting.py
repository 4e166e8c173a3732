"""What live indicators are looked for: those that this node's own reasons let alert.

A warning names a value at once; whether it alerts is decided by acting, from every
reason for and against. Until that is known, and where the answer is no (a list of what
is common and benign, a veto, a claim that ran out), the value is withheld.
"""

from contextlib import AbstractContextManager

from detente.node.acting import Acting
from detente.storage.acting_objects import ActingObjects
from detente.storage.acting_rows import ItemState
from detente.storage.database import Database
from detente.watch import Level, Rule
from detente.watch.indicators import Found, LiveIndicators
from detente.watch.indicators.keys import Key, key_of
from detente.watch.invented import is_invented

_CHANGES_AT_ONCE = 400
_SILENCING = frozenset(
    {Rule.VETO, Rule.PRECISION, Rule.FADED, Rule.FLOOR, Rule.EXPIRED, Rule.WITHDRAWN}
)


class AlertingSet:
    """Keeps live indicators in step with decisions. For one thread at a time.

    Args:
        database: of the node.
        acting: what decides.
        live: the indicators.
        asking: held while they are changed; whoever asks them holds it too.
    """

    def __init__(
        self,
        database: Database,
        acting: Acting,
        live: LiveIndicators,
        *,
        asking: AbstractContextManager[object],
    ) -> None:
        self._objects = ActingObjects(database)
        self._acting = acting
        self._live = live
        self._asking = asking
        self._done = 0
        self._waiting: list[tuple[Key, Found]] = []

    def bring_up(self, named: list[tuple[Key, Found]]) -> list[tuple[Key, Found]]:
        """Decide about what was named newly, and follow what was decided anew.

        What was named stays withheld where this raises, and is decided about the next time.

        Args:
            named: keys that are withheld, and what names them.

        Returns:
            What is looked for from now on and was not before.

        Raises:
            As `Acting.bring_up`.
        """
        self._waiting += named
        self._acting.bring_up()
        begun = self._followed()
        begun += self._judged(self._waiting)
        self._waiting = []
        return begun

    def _judged(self, waiting: list[tuple[Key, Found]]) -> list[tuple[Key, Found]]:
        if not waiting:
            return []
        states = self._objects.states_of([found.item for _, found in waiting])
        # What acting has no word for nobody decides against.
        allowed = [
            each for each in waiting if (state := states.get(each[1].item)) is None or alerts(state)
        ]
        with self._asking:
            self._live.allow(key for key, _ in allowed)
        return allowed

    def _followed(self) -> list[tuple[Key, Found]]:
        last = self._objects.last_change()
        if last < self._done:
            self._begin_anew()
        begun: list[tuple[Key, Found]] = []
        while changes := self._objects.alert_changes(self._done, _CHANGES_AT_ONCE):
            self._done = changes[-1][0]
            for _, state in changes:
                key = key_of(state.item)
                if key is not None:
                    begun += self._set(key, is_loud=alerts(state))
        self._done = max(self._done, last)
        return begun

    def _set(self, key: Key, *, is_loud: bool) -> list[tuple[Key, Found]]:
        with self._asking:
            before = self._live.named(key)
            if not is_loud:
                self._live.withhold([key])
                return []
            self._live.allow([key])
            return [] if before else [(key, found) for found in self._live.named(key)]

    def _begin_anew(self) -> None:
        """Decisions were forgotten and are made again: everything named is looked at again."""
        self._done = 0
        with self._asking:
            keys = self._live.keys()
            self._live.allow(keys)
            named = [(key, found) for key in keys for found in self._live.named(key)]
            self._live.withhold(keys)
        self._waiting += named


def alerts(state: ItemState) -> bool:
    """Say whether a match of a value is to be told.

    Invented addresses and names stand on lists of what is benign because nobody has them.
    Where one is warned of, an exercise is on: it alerts unless something else is against it.
    """
    if state.level >= Level.ALERTING:
        return True
    rules = {reason["rule"] for reason in state.decision["reasons"]}
    return is_invented(state.item) and _SILENCING.isdisjoint(rules)

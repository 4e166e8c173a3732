"""Warnings of the unit, live: what a statement names is looked for from its arrival on.

An id belongs to the member that said it first, so nobody replaces or takes back what
another named. What was newly named is hunted for in stored events at once.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile

from detente.errors import EnvironmentFault, UnitError
from detente.node.benign import PackagedLists
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.outside import guess_item
from detente.node.reading import entry_of
from detente.statements import Handling, Kind, Sealed, Statement, decode_object, parse_entry
from detente.statements.stix import StixObject
from detente.storage.model import StoredStatement
from detente.watch import Item
from detente.watch.indicators import (
    CompoundMatcher,
    Found,
    LiveIndicators,
    Term,
    keys_of_pattern,
    values_it_needs,
    whole_item,
)
from detente.watch.indicators.keys import Key, key_of, spelled
from detente.watch.invented import is_invented

STATEMENTS_AT_ONCE = 256
INDICATORS_MAX = 1_000_000
PATTERNS_MAX = 1_000  # of several values, of all members together
PATTERN_CHARACTERS_MAX = 4_096


@dataclass(slots=True)
class Named:
    """What came to be looked for.

    Attributes:
        keys: of what was named newly.
        statements: how many were read.
    """

    keys: list[tuple[Key, Found]] = field(default_factory=list)
    statements: int = 0


class LiveWarnings:
    """Keeps a set of live indicators in step with what the node holds. For one thread at a time.

    Args:
        home: open.
        live: the set.
        patterns: asks for what names several values.
        asking: held while these are changed; whoever asks them holds it too.

    Attributes:
        texts: key -> pattern, of those of several values.
    """

    def __init__(
        self,
        home: Home,
        live: LiveIndicators,
        patterns: CompoundMatcher,
        *,
        asking: AbstractContextManager[object],
    ) -> None:
        self._home = home
        self._live = live
        self._patterns = patterns
        self._asking = asking
        self._benign = PackagedLists.of_node(home.layout.directory)
        self.texts: dict[Key, str] = {}
        self._taken = 0
        self._issuers: dict[str, str] = {}
        self._of_statement: dict[str, list[str]] = {}

    def bring_up(self) -> Named:
        """Take the statements that came since, in order.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        named = Named()
        while True:
            page = self._home.index.statements(after=self._taken, limit=STATEMENTS_AT_ONCE)
            whole = list(takewhile(lambda stored: stored.objects is not None, page))
            changes: list[Callable[[], None]] = []
            for stored in whole:
                self._take(stored, named, changes)
            # Whoever asks is not stopped once for each of them.
            with self._asking:
                for change in changes:
                    change()
            if whole:
                self._taken = whole[-1].number
                named.statements += len(whole)
            if len(whole) < STATEMENTS_AT_ONCE:
                return named  # the rest is still coming in

    def _take(
        self, stored: StoredStatement, named: Named, changes: list[Callable[[], None]]
    ) -> None:
        if stored.row.ciphertext is None:
            return
        try:
            statement = parse_entry(entry_of(self._home, stored))
            if isinstance(statement.header.says, Sealed):
                self._read(statement, named, changes)
        except EnvironmentFault:
            raise
        except UnitError:
            return  # content that nobody can use is shown where it was received

    def _read(self, statement: Statement, named: Named, changes: list[Callable[[], None]]) -> None:
        leaves = leaves_of(self._home, statement)
        issuer = statement.header.issuer
        for index, leaf in () if leaves is None else leaves.read():
            if index == 0:
                handling = Handling.parse(leaf.data)
                if handling.kind is Kind.RETRACTION:
                    changes.append(partial(self._take_back, handling.about, issuer))
                continue
            try:
                made = decode_object(leaf.data)
                if made.type == "indicator":
                    changes += self._name(made, statement, named)
            except UnitError:
                continue  # no object, or no pattern: the others are

    def _take_back(self, about: Iterable[str], issuer: str) -> None:
        """Look no longer for what a member retracts of its own."""
        for payload_hash in about:
            for identity in self._of_statement.get(payload_hash, ()):
                if self._issuers.get(identity) == issuer:
                    self._forget(identity)

    def _name(
        self, indicator: StixObject, statement: Statement, named: Named
    ) -> list[Callable[[], None]]:
        """Return what is to be changed for one indicator."""
        issuer = statement.header.issuer
        if self._issuers.setdefault(indicator.id, issuer) != issuer:
            return []
        if indicator.properties.get("revoked") is True:
            return [partial(self._forget, indicator.id)]
        pattern = indicator.text("pattern") or ""
        if indicator.text("pattern_type") != "stix":
            return []
        term = Term(
            f"a warning of {issuer[:12]}",
            _seconds(indicator.text("valid_from")),
            _seconds(indicator.text("valid_until")),
        )
        wanted = [(key, Found(indicator.id, item, term)) for key, item in keys_of_pattern(pattern)]
        several = [] if wanted else self._joined(indicator.id, pattern, term)
        self._of_statement.setdefault(statement.payload_hash, []).append(indicator.id)
        return [partial(self._put, indicator.id, wanted, several, pattern, named)]

    def _put(
        self,
        identity: str,
        wanted: list[tuple[Key, Found]],
        several: list[tuple[Key, Found]],
        pattern: str,
        named: Named,
    ) -> None:
        if len(self._live) >= INDICATORS_MAX or (several and len(self._patterns) >= PATTERNS_MAX):
            return
        self._forget(identity)  # a newer version says what it names now
        wanted = [*wanted, *several]
        fresh = [key for key, _ in wanted if not self._live.knows(key)]
        for key, found in wanted:
            self._live.add(key, found)
        self._live.withhold(fresh)
        for _, found in several:
            self._patterns.add(found, pattern)
        named.keys += wanted

    def _forget(self, identity: str) -> None:
        self._live.remove(identity)
        self._patterns.remove(identity)

    def _joined(self, identity: str, pattern: str, term: Term) -> list[tuple[Key, Found]]:
        """Return the key of a pattern of several values; none where it is not looked for live.

        Each event it asks for must be known by a value that is not common: else one member
        could have every event of the others looked at, or what is benign told.
        """
        if len(pattern) > PATTERN_CHARACTERS_MAX:
            return []
        if values_it_needs(pattern, self._is_telling) is None:
            return []
        item = whole_item(pattern)
        key = key_of(item)
        if key is None:
            return []
        self.texts[key] = pattern
        return [(key, Found(identity, item, term))]

    def _is_telling(self, item: Item) -> bool:
        known = spelled(item.path, item.value) or guess_item(item.value)
        if known is None or is_invented(known):
            return True
        return all(each.is_hint for each in self._benign.lists_of(known))


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None

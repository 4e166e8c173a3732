"""Warnings of the unit, live: what a statement names is looked for from its arrival on.

An id belongs to the member that said it first, so nobody replaces or takes back what
another named. What was newly named is hunted for in stored events at once.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from detente.errors import EnvironmentFault, UnitError
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.reading import entry_of
from detente.statements import Handling, Kind, Sealed, Statement, decode_object, parse_entry
from detente.statements.stix import StixObject
from detente.storage.model import StoredStatement
from detente.watch.indicators import Found, LiveIndicators, Term, keys_of_pattern
from detente.watch.indicators.keys import Key

STATEMENTS_AT_ONCE = 256
INDICATORS_MAX = 1_000_000


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
        asking: held while it is changed; whoever asks it holds it too.
    """

    def __init__(
        self, home: Home, live: LiveIndicators, *, asking: AbstractContextManager[object]
    ) -> None:
        self._home = home
        self._live = live
        self._asking = asking
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
            for stored in page:
                if stored.objects is None:
                    return named  # still coming in
                self._take(stored, named)
                self._taken = stored.number
                named.statements += 1
            if len(page) < STATEMENTS_AT_ONCE:
                return named

    def _take(self, stored: StoredStatement, named: Named) -> None:
        if stored.row.ciphertext is None:
            return
        try:
            statement = parse_entry(entry_of(self._home, stored))
            if isinstance(statement.header.says, Sealed):
                self._read(statement, named)
        except EnvironmentFault:
            raise
        except UnitError:
            return  # content that nobody can use is shown where it was received

    def _read(self, statement: Statement, named: Named) -> None:
        leaves = leaves_of(self._home, statement)
        issuer = statement.header.issuer
        for index, leaf in () if leaves is None else leaves.read():
            if index == 0:
                handling = Handling.parse(leaf.data)
                if handling.kind is Kind.RETRACTION:
                    self._take_back(handling.about, issuer)
                continue
            try:
                made = decode_object(leaf.data)
                if made.type == "indicator":
                    self._name(made, statement, named)
            except UnitError:
                continue  # no object, or no pattern: the others are

    def _take_back(self, about: Iterable[str], issuer: str) -> None:
        """Look no longer for what a member retracts of its own."""
        for payload_hash in about:
            for identity in self._of_statement.get(payload_hash, ()):
                if self._issuers.get(identity) == issuer:
                    with self._asking:
                        self._live.remove(identity)

    def _name(self, indicator: StixObject, statement: Statement, named: Named) -> None:
        issuer = statement.header.issuer
        if self._issuers.setdefault(indicator.id, issuer) != issuer:
            return
        if indicator.properties.get("revoked") is True:
            with self._asking:
                self._live.remove(indicator.id)
            return
        pattern = indicator.text("pattern") or ""
        if indicator.text("pattern_type") != "stix" or len(self._live) >= INDICATORS_MAX:
            return
        term = Term(
            f"a warning of {issuer[:12]}",
            _seconds(indicator.text("valid_from")),
            _seconds(indicator.text("valid_until")),
        )
        wanted = [(key, Found(indicator.id, item, term)) for key, item in keys_of_pattern(pattern)]
        with self._asking:
            self._live.remove(indicator.id)  # a newer version says what it names now
            fresh = [key for key, _ in wanted if not self._live.knows(key)]
            for key, found in wanted:
                self._live.add(key, found)
            self._live.withhold(fresh)
        named.keys += wanted
        self._of_statement.setdefault(statement.payload_hash, []).append(indicator.id)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None

"""Indicators that come and go while events are watched: the node's own alerting set."""

from collections import Counter
from collections.abc import Iterable

from detente.watch.indicators.keys import Key, key_of
from detente.watch.indicators.model import Found, Term, id_of_value
from detente.watch.model import Item


class LiveIndicators:
    """Added and removed at any time; `change` tells a matcher that what it remembers is old.

    What is revoked by its id is revoked in every set, sealed ones too.
    """

    def __init__(self) -> None:
        self._found: dict[Key, dict[str, Found]] = {}
        self._keys: dict[str, set[Key]] = {}
        self._of_source: dict[str, frozenset[str]] = {}
        self._revoked: set[str] = set()
        self._withheld: set[Key] = set()
        self._columns: Counter[str] = Counter()
        self.change = 0

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key, found: Found) -> None:
        """Take an indicator; one of the same id and key is replaced."""
        if key not in self._found:
            self._columns[key.path] += 1
        self._found.setdefault(key, {})[found.indicator] = found
        self._keys.setdefault(found.indicator, set()).add(key)
        self._revoked.discard(found.indicator)
        self.change += 1

    def replace(self, source: str, items: Iterable[tuple[Item, Term]]) -> None:
        """Make the values of one source these and no others; ids come from the values."""
        wanted: dict[str, tuple[Key, Found]] = {}
        for item, term in items:
            key = key_of(item)
            if key is not None:
                found = Found(id_of_value(item), item, term)
                wanted[found.indicator] = (key, found)
        gone = self._of_source.pop(source, frozenset()) - wanted.keys()
        for indicator in gone.difference(*self._of_source.values()):
            self.remove(indicator)
        for key, found in wanted.values():
            if found not in self.named(key):
                self.add(key, found)
        self._of_source[source] = frozenset(wanted)

    def remove(self, indicator: str) -> None:
        """Look for it no longer; nothing where it is not known."""
        for key in self._keys.pop(indicator, ()):
            named = self._found[key]
            del named[indicator]
            if not named:
                del self._found[key]
                self._withheld.discard(key)
                self._columns[key.path] -= 1
        self.change += 1

    def revoke(self, indicators: Iterable[str]) -> None:
        """Remove these ids, and pass them over in every sealed set."""
        for indicator in indicators:
            self.remove(indicator)
            self._revoked.add(indicator)

    def withhold(self, keys: Iterable[Key]) -> None:
        """Do not look for these, whoever names them, until allowed or named by nobody."""
        self._withheld.update(key for key in keys if key in self._found)
        self.change += 1

    def allow(self, keys: Iterable[Key]) -> None:
        """Look for these again."""
        self._withheld.difference_update(keys)
        self.change += 1

    def named(self, key: Key) -> tuple[Found, ...]:
        """Return the indicators that name a key; none where it is withheld."""
        return () if key in self._withheld else tuple(self._found.get(key, {}).values())

    def knows(self, key: Key) -> bool:
        """Say whether some indicator names a key, withheld or not."""
        return key in self._found

    def keys(self) -> frozenset[Key]:
        """Return every key that is named, the withheld ones too."""
        return frozenset(self._found)

    def is_revoked(self, indicator: str) -> bool:
        """Say whether an id was revoked."""
        return indicator in self._revoked

    def paths(self) -> frozenset[str]:
        """Return the paths of the columns there are."""
        return frozenset(path for path, count in self._columns.items() if count)

"""Sorted columns of fixed width, one for each path and length of key; nothing else in memory.

A row is its key, two bytes of terms, and 16 bytes of id where the indicator has one of its
own; a value from a plain list takes its id from the value. ADR 0062 has the sums.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detente.watch.errors import WatchError
from detente.watch.indicators.keys import LONGER, WIDTH_MAX, Key
from detente.watch.indicators.model import Found, Term, id_of_value
from detente.watch.model import Item

Keys = npt.NDArray[np.bytes_]
_ID_BYTES = 16
_BLOCK_ROWS = 65_536
TERMS_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """Keys of one path and width, ascending.

    Attributes:
        keys: n of the width.
        terms: n numbers of terms, as narrow as they can be.
        ids: n UUIDs of 16 bytes; None where ids come from the values.
    """

    keys: Keys
    terms: npt.NDArray[np.unsignedinteger[Any]]
    ids: Keys | None

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return self.keys.nbytes + self.terms.nbytes + (0 if self.ids is None else self.ids.nbytes)


class IndicatorSet:
    """Indicators that no longer change. Made by `SetBuilder`."""

    def __init__(self, columns: dict[tuple[str, int], list[Column]], terms: Sequence[Term]) -> None:
        self._columns = columns
        self._terms = terms
        self.paths = frozenset(path for path, _ in columns)

    def __len__(self) -> int:
        return sum(len(column.keys) for column in self._every())

    @property
    def size(self) -> int:
        """Bytes of all columns and their terms."""
        return sum(column.size for column in self._every()) + 200 * len(self._terms)

    def keys(self) -> Iterator[Key]:
        """Yield every key, column by column."""
        for (path, width), columns in self._columns.items():
            for column in columns:
                for key in column.keys.tolist():
                    # Numpy gives bytes without the zeros at their end.
                    yield Key(path, width, key.ljust(width or WIDTH_MAX, b"\0"))

    def find(self, wanted: Sequence[tuple[Key, Item]]) -> list[tuple[Found, ...]]:
        """Look keys up, many at once.

        Returns:
            For each, in order, the indicators that name it.
        """
        found: list[tuple[Found, ...]] = [()] * len(wanted)
        groups: dict[tuple[str, int], list[int]] = {}
        for place, (key, _) in enumerate(wanted):
            if key[:2] in self._columns:
                groups.setdefault(key[:2], []).append(place)
        for where, places in groups.items():
            keys = np.array([wanted[place][0].data for place in places], _dtype(where[1]))
            for column in self._columns[where]:
                first = np.searchsorted(column.keys, keys, "left")
                named = np.minimum(first, len(column.keys) - 1)
                for hit in np.flatnonzero(column.keys[named] == keys):
                    rows = self._rows(column, int(first[hit]), wanted[places[hit]][1])
                    found[places[hit]] += tuple(rows)
        return found

    def _rows(self, column: Column, row: int, item: Item) -> Iterator[Found]:
        key = column.keys[row]
        while row < len(column.keys) and column.keys[row] == key:
            term = self._terms[int(column.terms[row])]
            if column.ids is None:
                yield Found(id_of_value(item), item, term)
            else:
                yield Found(f"{term.kind}--{_uuid(column.ids[row])}", item, term)
            row += 1

    def _every(self) -> Iterator[Column]:
        for columns in self._columns.values():
            yield from columns


class SetBuilder:
    """Takes indicators in any order and seals them."""

    def __init__(self) -> None:
        self._terms: dict[Term, int] = {}
        self._blocks: dict[tuple[str, int, bool], list[tuple[Keys, Any, Keys | None]]] = {}
        self._loose: dict[tuple[str, int, bool], list[tuple[bytes, int, bytes]]] = {}

    def add(self, key: Key, term: Term, indicator: str = "") -> None:
        """Take one indicator.

        Args:
            key: of its value.
            term: as it holds.
            indicator: its id, `type--uuid`; "" where the value is all there is.

        Raises:
            WatchError: an id of another form.
        """
        where = (key.path, key.width, bool(indicator))
        rows = self._loose.setdefault(where, [])
        rows.append((key.data, self._term(term), _id_bytes(indicator) if indicator else b""))
        if len(rows) >= _BLOCK_ROWS:
            self._settle(where)

    def add_keys(self, path: str, width: int, keys: Keys, term: Term) -> None:
        """Take many values of one path and width that have no id of their own."""
        terms = np.full(len(keys), self._term(term), np.uint32)
        self._blocks.setdefault((path, width, False), []).append((keys, _narrow(terms), None))

    def seal(self) -> IndicatorSet:
        """Return the set; the builder is empty afterwards."""
        for where in list(self._loose):
            self._settle(where)
        columns: dict[tuple[str, int], list[Column]] = {}
        for where in sorted(self._blocks):
            path, width, _ = where
            columns.setdefault((path, width), []).append(_sealed(self._blocks.pop(where)))
        terms = tuple(self._terms)
        self._terms = {}
        return IndicatorSet(columns, terms)

    def _term(self, term: Term) -> int:
        return self._terms.setdefault(term, len(self._terms))

    def _settle(self, where: tuple[str, int, bool]) -> None:
        rows = self._loose.pop(where, [])
        if not rows:
            return
        keys = np.array([row[0] for row in rows], _dtype(where[1]))
        terms = _narrow(np.array([row[1] for row in rows], np.uint32))
        ids = np.array([row[2] for row in rows], f"S{_ID_BYTES}") if where[2] else None
        self._blocks.setdefault(where, []).append((keys, terms, ids))


def _dtype(width: int) -> str:
    return f"S{WIDTH_MAX if width == LONGER else max(width, 1)}"


def _narrow(terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.unsignedinteger[Any]]:
    return terms.astype(np.min_scalar_type(int(terms.max(initial=0))))


def _sealed(blocks: list[tuple[Keys, Any, Keys | None]]) -> Column:
    """Sort blocks into one column; of values without an id, each is kept once."""
    keys = np.concatenate([block[0] for block in blocks])
    terms = np.concatenate([block[1] for block in blocks])
    ids = [block[2] for block in blocks if block[2] is not None]
    blocks.clear()
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if ids:
        return Column(keys, terms[order], np.concatenate(ids)[order])
    kept = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    if kept.all():
        return Column(keys, terms[order], None)
    return Column(keys[kept], terms[order[kept]], None)


def _id_bytes(indicator: str) -> bytes:
    _, dashes, digits = indicator.partition("--")
    try:
        data = bytes.fromhex(digits.replace("-", ""))
    except ValueError:
        data = b""
    if not dashes or len(data) != _ID_BYTES:
        raise WatchError(f"the id of an indicator is its type and a UUID, not {indicator[:80]!r}")
    return data


def _uuid(data: bytes) -> str:
    digits = data.ljust(_ID_BYTES, b"\0").hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
